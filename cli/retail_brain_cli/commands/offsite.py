"""Off-site copies of backups, and the keys that open encrypted ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

keys = typer.Typer(help="Keys that open encrypted backups.", no_args_is_help=True)


def copy(
    backup_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this backup; by default every one that was not sent yet.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Send backups and the journal to the off-site place, read them back and compare. `create` does it by itself."""
    from retail_brain.desk.offsite import copy_backups

    with progress() as tell:
        result = copy_backups(configuration(config), backup_id, progress=tell)
    show(result, as_json=as_json)


def fetch(
    backup_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which backup; by default the newest that is whole there.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Bring a backup and the journal back from the off-site place."""
    from retail_brain.desk.offsite import fetch_backup

    with progress() as tell:
        result = fetch_backup(configuration(config), backup_id, progress=tell)
    show(result, as_json=as_json)


@keys.command("create")
def create_key(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The new identity file. Keep it apart from the backups.")
    ],
    as_json: Json = False,
) -> None:
    """Make a key pair: the identity goes into a file, the public key is printed, for backup.recipients."""
    from retail_brain.backup.key import create_key as make

    show(make(file), as_json=as_json)

"""Restoring a backup, rehearsing it, and dropping what a restore had put aside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from retail_brain_cli.options import ConfigFile, DryRun, Identity, Json, Yes, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

_MOMENTS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]

BackupId = Annotated[str, typer.Argument(metavar="ID", help="A backup; see `backup list`.")]


def restore(
    backup_id: BackupId,
    to: Annotated[str | None, typer.Option("--to", metavar="DATABASE", help="Into this database, made where it is missing; by default the configured one, if that is empty.")] = None,
    at: Annotated[datetime | None, typer.Option("--at", formats=_MOMENTS, metavar="TIME", help="Replay the journal up to this moment (UTC), such as 2026-11-23T02:03:11; by default all of it.")] = None,
    identity: Identity = None, dry_run: DryRun = False, yes: Yes = False, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Restore a backup and what the journal adds to it. A database that is not empty must be named, and is put aside."""
    from datetime import UTC

    from retail_brain.desk.restores import plan_restore, restore_backup
    from retail_brain_cli.ask import confirm

    settings = configuration(config)
    plan = plan_restore(settings, backup_id, to=to, at=at.replace(tzinfo=UTC) if at else None)
    if dry_run:
        show(plan, as_json=as_json)
        return
    if plan.database_state == "filled":
        confirm(f"Put the database {plan.database} aside and restore {plan.backup_id} in its place?", yes=yes)
    with progress() as tell:
        result = restore_backup(settings, plan, identity=identity, may_replace=True, progress=tell)
    show(result, as_json=as_json)


def discard(
    database: Annotated[str, typer.Argument(metavar="DATABASE", help="The name that the restore told.")],
    yes: Yes = False, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Drop a database that a restore had put aside."""
    from retail_brain.desk.restores import discard_database
    from retail_brain_cli.ask import confirm

    settings = configuration(config)
    confirm(f"Drop the database {database} for good?", yes=yes)
    show(discard_database(settings, database), as_json=as_json)


def drill(
    backup_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A backup; the newest by default.")] = None,
    here: Annotated[bool, typer.Option("--here", help="Take the backup from the target, also where an off-site place is configured.")] = False,
    identity: Identity = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Rehearse a whole recovery on an empty server beside the running one, and write down how long it took."""
    from retail_brain.desk.drills import run_drill

    settings = configuration(config)
    with progress() as tell:
        result = run_drill(settings, backup_id, identity=identity, here=here, progress=tell)
    show(result, as_json=as_json)

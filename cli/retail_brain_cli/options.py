"""Options that more than one command takes, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="RETAIL_BRAIN_CONFIG", show_default="retail_brain.toml in this folder",
        help="The configuration file, or the folder that holds retail_brain.toml.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a screen.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask. Needed where there is no terminal.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")]
Plan = Annotated[
    str | None, typer.Option("--plan", metavar="HASH", help="Apply exactly the plan with this hash, as --dry-run told it.")
]  # fmt: skip
Identity = Annotated[
    Path | None,
    typer.Option(
        "--identity", metavar="FILE", envvar="RETAIL_BRAIN_IDENTITY",
        help="The file with the key that opens encrypted backups.",
    ),
]  # fmt: skip
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many rows.")]


def need_reason(text: str) -> str:
    """Refuse a reason that says nothing.

    Raises:
        ConfigurationError: it is empty.
    """
    if not text.strip():
        raise ConfigurationError("this needs a reason, which is kept with what is decided", hint="--reason TEXT")
    return text


Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", callback=need_reason, help="Why; kept with the decision.")
]
Ticket = Annotated[str | None, typer.Option("--ticket", metavar="TICKET", help="Where it was asked for.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who decides.", show_default="the user of this process")
]


def configuration(path: Path | None) -> Configuration:
    """Read the configuration that a command works with."""
    from retail_brain.config.file import find_configuration, load_configuration

    return load_configuration(find_configuration(path))

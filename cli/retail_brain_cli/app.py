"""The commands, put together: all of them, or the one that is called, so that a look-up does not wait for the others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START, NIGHT, PEOPLE, DATA, SYSTEM = "Start here", "The night and its stages", "Customers", "Data", "System"

_COMMANDS: tuple[tuple[str, str, str], ...] = (
    (START, "demo", "data.demo"),
    (START, "init", "data.init"),
    (NIGHT, "run", "run.app"),
    (NIGHT, "ingest", "night.ingest"),
    (NIGHT, "match", "night.match"),
    (NIGHT, "publish", "night.publish"),
    (NIGHT, "warm", "night.warm"),
    (PEOPLE, "profile", "profile.app"),
    (PEOPLE, "merge", "identity.app"),
    (PEOPLE, "review", "review.app"),
    (DATA, "model", "model.app"),
    (DATA, "quarantine", "data.quarantine"),
    (DATA, "export", "data.export"),
    (DATA, "synth", "data.synth"),
    (SYSTEM, "backup", "backup.app"),
    (SYSTEM, "db", "system.db"),
    (SYSTEM, "services", "system.services"),
    (SYSTEM, "doctor", "system.doctor"),
    (SYSTEM, "loadtest", "loadtest.loadtest"),
)
"""Under which heading, what it is called, and where in `commands` it stands: a command, or a group of them."""
_LISTS = (["--help"], ["-h"], ["--version"])
"""What is answered without looking at any command's options."""


def make_app(words: Sequence[str] = ()) -> typer.Typer:
    """Put the commands together.

    Args:
        words: what was typed. Where it begins with a command's name, the others are left out; where it asks for the
            list of commands, their options are.

    Returns:
        The application, to be called with the words.
    """
    app = typer.Typer(
        name="retail-brain",
        help="Identity resolution for retailers: customer exports in, one lasting profile per person out.",
        epilog="A newcomer starts with: retail-brain demo",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    called = [entry for entry in _COMMANDS if entry[1] == next(iter(words), None)]
    for panel, name, place in called or _COMMANDS:
        module, _, attribute = place.partition(".")
        found = getattr(import_module(f"retail_brain_cli.commands.{module}"), attribute)
        if list(words) in _LISTS:
            found = _without_options(found)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(found)
    return app


def _without_options(found: typer.Typer | Callable[..., None]) -> typer.Typer | Callable[..., None]:
    """Return a command, or a group, that says what it does and nothing else."""
    if isinstance(found, typer.Typer):
        return typer.Typer(help=found.info.help)

    def listed() -> None:
        pass

    listed.__doc__ = found.__doc__
    return listed


def _version(value: bool) -> None:
    if value:
        from retail_brain import __version__

        typer.echo(f"retail-brain {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass

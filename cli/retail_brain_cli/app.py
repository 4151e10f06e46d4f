"""The commands, put together. Nothing heavy is imported here, so that `--help` answers in a blink."""

from __future__ import annotations

from typing import Annotated

import typer

from retail_brain_cli.commands import data, decisions, identity, night, profile, review, system, unmerge
from retail_brain_cli.commands import model as model_commands
from retail_brain_cli.commands import run as run_commands

app = typer.Typer(
    name="retail-brain",
    help="Identity resolution for retailers: customer exports in, one lasting profile per person out.",
    epilog="A newcomer starts with: retail-brain demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from retail_brain import __version__

        typer.echo(f"retail-brain {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


START, NIGHT, PEOPLE, DATA, SYSTEM = "Start here", "The night and its stages", "Customers", "Data", "System"

app.command(rich_help_panel=START)(data.demo)
app.command(rich_help_panel=START)(data.init)
app.add_typer(run_commands.app, name="run", rich_help_panel=NIGHT)
app.command(rich_help_panel=NIGHT)(night.ingest)
app.command(rich_help_panel=NIGHT)(night.match)
app.command(rich_help_panel=NIGHT)(night.publish)
app.command(rich_help_panel=NIGHT)(night.warm)
app.add_typer(profile.app, name="profile", rich_help_panel=PEOPLE)
identity.app.command("rollback")(unmerge.rollback)
identity.app.command("join")(unmerge.join)
identity.app.add_typer(decisions.app, name="decisions")
app.add_typer(identity.app, name="merge", rich_help_panel=PEOPLE)
app.add_typer(review.app, name="review", rich_help_panel=PEOPLE)
app.add_typer(model_commands.app, name="model", rich_help_panel=DATA)
app.add_typer(data.quarantine, name="quarantine", rich_help_panel=DATA)
app.add_typer(data.export, name="export", rich_help_panel=DATA)
app.command(rich_help_panel=DATA)(data.synth)
app.add_typer(system.db, name="db", rich_help_panel=SYSTEM)
app.add_typer(system.services, name="services", rich_help_panel=SYSTEM)
app.command(rich_help_panel=SYSTEM)(system.doctor)

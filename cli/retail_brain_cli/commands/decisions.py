"""What people ruled about records: decisions in force, withdrawn, and due to be looked at again."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from retail_brain_cli.options import By, ConfigFile, Json, Limit, Reason, Ticket, configuration
from retail_brain_cli.output import show

app = typer.Typer(help="Look after what people ruled about two records.", no_args_is_help=True)


@app.command("list")
def list_decisions(
    state: Annotated[Literal["in-force", "withdrawn", "all"], typer.Option("--state", help="Which decisions.")] = "in-force",
    record: Annotated[str | None, typer.Option("--record", metavar="RECORD", help="Only about this record: SOURCE:RECORD_ID.")] = None,
    profile: Annotated[str | None, typer.Option("--profile", metavar="ID", help="Only about records of this profile (an id, or SOURCE:RECORD_ID).")] = None,
    config: ConfigFile = None, limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """List decisions, newest first: who ruled what about which two records, and why."""
    from retail_brain.desk.decisions import list_decisions as find

    show(find(configuration(config), state=state, record=record, profile=profile, limit=limit), as_json=as_json)


@app.command()
def withdraw(
    decision_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="The number of a decision; see `merge decisions list`.")],
    reason: Reason, ticket: Ticket = None, by: By = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take a decision back. It stays on record; the next run no longer obeys it."""
    from retail_brain.desk.decisions import withdraw_decision

    show(withdraw_decision(configuration(config), decision_id, reason=reason, ticket=ticket, by=by), as_json=as_json)


@app.command()
def stale(config: ConfigFile = None, limit: Limit = 50, as_json: Json = False) -> None:
    """List decisions in force whose records have changed or gone since, newest first."""
    from retail_brain.desk.decisions import list_stale

    show(list_stale(configuration(config), limit=limit), as_json=as_json)

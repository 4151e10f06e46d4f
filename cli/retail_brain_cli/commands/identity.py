"""Merges: which links made the profiles, and why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from retail_brain_cli.commands import decisions, unmerge
from retail_brain_cli.options import ConfigFile, Json, Limit, configuration
from retail_brain_cli.output import show

app = typer.Typer(
    help="Why records are one person; undo merges, join by hand, withdraw decisions.", no_args_is_help=True
)

Kind = Literal["merge", "split", "unmerge"]
MergeId = Annotated[int, typer.Argument(metavar="ID", help="The number of the merge, as `merge list` tells it.")]


@app.command("list")
def list_merges(
    profile: Annotated[str | None, typer.Option(metavar="ID", help="Only about records of this profile (any id ever issued, or SOURCE:RECORD_ID).")] = None,
    record: Annotated[str | None, typer.Option(metavar="RECORD", help="Only about this record, SOURCE:RECORD_ID.")] = None,
    run_id: Annotated[int | None, typer.Option("--run", metavar="RUN", help="Only of this run.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only from this day on (UTC), such as 2026-11-23.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only up to this day.")] = None,
    weight_below: Annotated[float | None, typer.Option(metavar="BITS", help="Only with less evidence than this, in bits.")] = None,
    weight_above: Annotated[float | None, typer.Option(metavar="BITS", help="Only with more evidence than this.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only rows of this kind: merge, split (a record changed or vanished) or unmerge (a person undid it).")] = None,
    live: Annotated[bool | None, typer.Option("--live/--undone", help="Only merges that stand, or only those that were undone.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help='Only pairs that were compared because of this, such as "email_key".')] = None,
    model_id: Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Only what this model scored.")] = None,
    config: ConfigFile = None, limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """List merges, splits and unmerges, newest first."""
    from retail_brain.desk.merges import list_merges as find

    found = find(
        configuration(config), profile=profile, record=record, limit=limit, run_id=run_id, since=since and since.date(),
        until=until and until.date(), weight_below=weight_below, weight_above=weight_above, kind=kind,
        live=live, blocking_rule=rule, model_id=model_id,
    )  # fmt: skip
    show(found, as_json=as_json)


@app.command("show")
def show_merge(merge_id: MergeId, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show one merge: both sides before, the profile after and whose values won, and what became of it."""
    from retail_brain.desk.merges import show_merge as find

    show(find(configuration(config), merge_id), as_json=as_json)


@app.command()
def explain(
    first: Annotated[str, typer.Argument(metavar="ID|RECORD", help="The number of a merge, or SOURCE:RECORD_ID.")],
    second: Annotated[str | None, typer.Argument(metavar="[RECORD]", help="The other record, SOURCE:RECORD_ID.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page that opens offline; it shows what the two records say.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say why two records are one person, or why not: each comparison's part in the match weight, and what holds them together or apart."""
    from retail_brain.desk.explain import explain as find

    show(find(configuration(config), first, second, html=html), as_json=as_json)


@app.command()
def verify(
    expect: Annotated[str | None, typer.Option(metavar="DIGEST", help="A digest that has to be in the chain; `run show` tells one of each run.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Compute the seals of the merge log and the decisions again: was anything changed, added or removed?"""
    from retail_brain.desk.seal import verify as find

    show(find(configuration(config), expect=expect), as_json=as_json)


app.command("rollback")(unmerge.rollback)
app.command("join")(unmerge.join)
app.add_typer(decisions.app, name="decisions")

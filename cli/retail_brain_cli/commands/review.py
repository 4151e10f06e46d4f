"""The review queue: what only a person can tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from retail_brain_cli.options import By, ConfigFile, Json, Limit, Reason, Ticket, configuration
from retail_brain_cli.output import show

if TYPE_CHECKING:
    from retail_brain.store.review import QuestionFilter

app = typer.Typer(help="Rule on pairs that are too close to call.", no_args_is_help=True)

Kind = Literal["borderline", "refused", "weak"]
KindOnly = Annotated[Kind | None, typer.Option("--kind", help="Only questions of this kind.", show_default="all")]
Source = Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Only about records of this source.")]
MinWeight = Annotated[float | None, typer.Option("--min-weight", metavar="BITS", help="At least this match weight.")]
MaxWeight = Annotated[float | None, typer.Option("--max-weight", metavar="BITS", help="At most this match weight.")]


def _wanted(
    kind: Kind | None, source: str | None, min_weight: float | None, max_weight: float | None
) -> QuestionFilter:
    from retail_brain.store.review import QuestionFilter

    return QuestionFilter(kinds=(kind,) if kind else (), source=source, min_weight=min_weight, max_weight=max_weight)


@app.command("list")
def list_review(
    kind: KindOnly = None, source: Source = None, min_weight: MinWeight = None, max_weight: MaxWeight = None,
    config: ConfigFile = None, limit: Limit = 20, as_json: Json = False,
) -> None:  # fmt: skip
    """List what waits for a person, the questions first whose answer sets most records right."""
    from retail_brain.desk.review import list_review as find

    show(find(configuration(config), _wanted(kind, source, min_weight, max_weight), limit=limit), as_json=as_json)


@app.command("next")
def review_next(
    kind: KindOnly = None, source: Source = None, min_weight: MinWeight = None, max_weight: MaxWeight = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with each decision.")] = "looked at side by side",
    ticket: Ticket = None, by: By = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show two people side by side and ask: same or different? One key answers, and the next two come.

    With --json, print the next question and end.
    """
    from retail_brain.desk.review import next_question
    from retail_brain_cli.ask import need_terminal
    from retail_brain_cli.review import ask_on

    settings, wanted = configuration(config), _wanted(kind, source, min_weight, max_weight)
    if as_json:
        show(next_question(settings, wanted), as_json=True)
        return
    need_terminal("retail-brain review next --json and review decide; review export for a spreadsheet")
    ask_on(settings, wanted, reason=reason, ticket=ticket, by=by)


@app.command()
def decide(
    left: Annotated[str, typer.Argument(metavar="RECORD", help="SOURCE:RECORD_ID")],
    right: Annotated[str, typer.Argument(metavar="RECORD", help="SOURCE:RECORD_ID")],
    answer: Annotated[Literal["same", "different"], typer.Argument(metavar="same|different", help="What they are.")],
    reason: Reason, ticket: Ticket = None, by: By = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Rule that two records are the same person or different people, at once and for all later runs."""
    from retail_brain.desk.ruling import decide as rule

    show(rule(configuration(config), left, right, answer, reason=reason, ticket=ticket, by=by), as_json=as_json)


@app.command("export")
def export_review(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The CSV file to write.")],
    kind: KindOnly = None, source: Source = None, min_weight: MinWeight = None, max_weight: MaxWeight = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most this many rows.")] = 1000,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Write what waits as a CSV file with empty columns for the answers: for those who work in a spreadsheet."""
    from retail_brain.desk.review_file import export_review as write

    show(write(configuration(config), to, _wanted(kind, source, min_weight, max_weight), limit=limit), as_json=as_json)


@app.command("import")
def import_review(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file, with answers in the column `decision`.")],
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for rows that say nothing in the column `reason`.")] = None,
    ticket: Ticket = None, by: By = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Apply the answers of a CSV file, all of them or none."""
    from retail_brain.desk.review_file import import_review as apply

    show(apply(configuration(config), path, reason=reason, ticket=ticket, by=by), as_json=as_json)

"""Merges: which links made the profiles, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from retail_brain_cli.options import ConfigFile, Json, Limit, configuration
from retail_brain_cli.output import show

app = typer.Typer(help="Read the merge log.", no_args_is_help=True)


@app.command("list")
def list_merges(
    key: Annotated[str | None, typer.Option("--profile", metavar="ID", help="Only merges of this profile (an id, or SOURCE:RECORD_ID).")] = None,
    run_id: Annotated[int | None, typer.Option("--run", metavar="RUN", help="Only merges of this run.")] = None,
    config: ConfigFile = None, limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """List merges and splits, newest first."""
    from retail_brain.desk.merges import list_merges as find

    show(find(configuration(config), key=key, run_id=run_id, limit=limit), as_json=as_json)


@app.command()
def explain(
    left: Annotated[str, typer.Argument(metavar="RECORD", help="SOURCE:RECORD_ID")],
    right: Annotated[str, typer.Argument(metavar="RECORD", help="SOURCE:RECORD_ID")],
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say why two records are one person, or why not: each comparison's part in the match weight."""
    from retail_brain.desk.merges import explain_pair

    show(explain_pair(configuration(config), left, right), as_json=as_json)


@app.command()
def verify(
    expect: Annotated[str | None, typer.Option(metavar="DIGEST", help="A digest that has to be in the chain; `run show` tells one of each run.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Compute the seals of the merge log and the decisions again: was anything changed, added or removed?"""
    from retail_brain.desk.seal import verify as find

    show(find(configuration(config), expect=expect), as_json=as_json)

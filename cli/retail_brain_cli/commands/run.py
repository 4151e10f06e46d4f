"""`run` is the whole night; below it stand the history of runs and what to do with a held one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from retail_brain_cli.commands.night import Deliveries, leave_if_held, place_those_who_waited
from retail_brain_cli.options import By, ConfigFile, DryRun, Json, Limit, Plan, Yes, configuration, need_reason
from retail_brain_cli.output import note_warnings, show
from retail_brain_cli.progress import progress
from retail_brain_cli.settle import settle

app = typer.Typer(
    help="Run the whole night: ingest, match, publish, warm. Safe to repeat.", invoke_without_command=True
)

RunId = Annotated[int, typer.Argument(metavar="RUN", min=1, help="The number of a run; see `run list`.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", callback=need_reason, help="Why; kept with the run.")]


@app.callback()
def run(context: typer.Context, files: Deliveries = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Run the whole night: ingest, match, publish, warm. Safe to repeat."""
    if context.invoked_subcommand:
        return
    from retail_brain.pipeline.night import run_night

    settings = configuration(config)
    with progress() as tell:
        result = run_night(settings, files=files, progress=tell)
    show(result, as_json=as_json)
    place_those_who_waited(settings)
    leave_if_held(result.status)


@app.command("list")
def list_runs(config: ConfigFile = None, limit: Limit = 20, as_json: Json = False) -> None:
    """List the last runs, newest first."""
    from retail_brain.desk.history import list_runs as find

    show(find(configuration(config), limit=limit), as_json=as_json)


@app.command("show")
def show_run(
    run_id: Annotated[int | None, typer.Argument(metavar="[RUN]", help="A run; the last one by default.")] = None,
    examples: Annotated[bool, typer.Option("--examples", help="Name records that show what it does.")] = False,
    with_values: Annotated[bool, typer.Option("--with-values", help="Tell their values, too.")] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one run: what came in, what changed, why it is held, seconds per stage."""
    from retail_brain.desk.history import show_run as find

    show(find(configuration(config), run_id, examples=examples, with_values=with_values), as_json=as_json)


@app.command()
def report(
    run_id: RunId,
    with_values: Annotated[bool, typer.Option("--with-values", help="Put customers' values into the page.")] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Write the HTML report of a run again."""
    from retail_brain.desk.history import rewrite_report

    show(rewrite_report(configuration(config), run_id, with_values=with_values), as_json=as_json)


@app.command()
def approve(run_id: RunId, reason: Reason, yes: Yes = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Publish a held run all the same."""
    from retail_brain.pipeline.held import approve_run
    from retail_brain_cli.ask import confirm

    settings = configuration(config)
    confirm(f"Publish the held run {run_id}?", yes=yes)
    with progress() as tell:
        result = approve_run(settings, run_id, reason=reason, progress=tell)
    show(result, as_json=as_json)


@app.command()
def discard(run_id: RunId, reason: Reason, yes: Yes = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Drop a held run; its deliveries can be taken again."""
    from retail_brain.pipeline.held import discard_run
    from retail_brain_cli.ask import confirm

    settings = configuration(config)
    confirm(f"Drop run {run_id}?", yes=yes)
    note_warnings(discard_run(settings, run_id, reason=reason))
    show_run(run_id, config=config, as_json=as_json)


@app.command()
def revert(
    run_id: RunId,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the run. Needed unless --dry-run.")] = None,
    by: By = None,
    with_later: Annotated[bool, typer.Option("--with-later", help="Take back as well what was built on it: later runs, what people decided since.")] = False,
    dry_run: DryRun = False, yes: Yes = False, plan: Plan = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take a published run back: records, profiles and ids are as before it, and the next runs leave it so."""
    from retail_brain.desk.revert import revert_run

    change = partial(revert_run, configuration(config), run_id, reason=reason or "", by=by, with_later=with_later)
    settle(change, "Take this back?", reason=reason, dry_run=dry_run, yes=yes, plan=plan, as_json=as_json)

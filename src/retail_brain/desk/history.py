"""What happened: runs, why one is held, the rows that were put aside, the report of a run."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from retail_brain.desk.lookup import open_store
from retail_brain.desk.result import ExportResult, QuarantinedRow, QuarantineResult, RunListResult, RunResult
from retail_brain.errors import ConfigurationError
from retail_brain.store import quarantine
from retail_brain.store import run as runs

if TYPE_CHECKING:
    from retail_brain.audit.example import Example
    from retail_brain.config.file import Configuration


def list_runs(config: Configuration, *, limit: int) -> RunListResult:
    """List the last runs, newest first."""
    with open_store(config) as pg:
        return RunListResult(runs=tuple(_describe(run) for run in runs.list_runs(pg, limit=limit)))


def show_run(
    config: Configuration, run_id: int | None, *, examples: bool = False, with_values: bool = False
) -> RunResult:
    """Show one run, by default the last.

    Args:
        config: the configuration.
        run_id: the run; None for the last.
        examples: find examples of what it does, in the workspace.
        with_values: tell the values of the records in the examples, too.

    Raises:
        ConfigurationError: there is no such run, or the workspace no longer has what examples are taken from.
    """
    with open_store(config) as pg:
        run = _describe(_find(pg, run_id))
    return replace(run, examples=_examples(config, run, with_values=with_values)) if examples or with_values else run


def _examples(config: Configuration, run: RunResult, *, with_values: bool) -> tuple[Example, ...]:
    """Take examples from the artefacts of a run."""
    from retail_brain.audit.example import TABLES, find_examples
    from retail_brain.engine import open_engine
    from retail_brain.workspace import Workspace

    workspace = Workspace(folder=config.workspace_folder)
    folder = workspace.run_folder(run.run_id)
    with open_engine(config.resources, workspace.scratch) as con:
        if not all(folder.read(con, name, as_view=True) for name in TABLES):
            raise ConfigurationError(
                f"the workspace no longer has the tables of run {run.run_id}",
                hint="examples are kept for a run that waits and for the last ones published",
            )
        return tuple(find_examples(con, run.counts.get("findings") or (), with_values=with_values))


def rewrite_report(config: Configuration, run_id: int, *, with_values: bool) -> ExportResult:
    """Write the HTML report of a run again, with customers' values only where asked for.

    Raises:
        ConfigurationError: there is no such run.
    """
    from retail_brain.pipeline.reporting import write_stored_report
    from retail_brain.pipeline.stores import open_stores

    with open_stores(config) as stores:
        run = _find(stores.pg, run_id)
        path = write_stored_report(stores, run, with_values=with_values)
    return ExportResult(path=str(path), rows=1)


def list_quarantined(config: Configuration, *, source: str | None, with_rows: bool, limit: int) -> QuarantineResult:
    """List the rows that were put aside; the rows themselves only where asked for."""
    with open_store(config) as pg:
        found = quarantine.list_quarantined(pg, source=source, limit=limit, with_rows=with_rows)
    rows = (
        QuarantinedRow(
            source=row.source,
            file_name=row.file_name,
            line=row.line,
            reason=row.reason,
            run_id=row.run_id,
            raw=row.raw if with_rows else None,
        )
        for row in found
    )
    return QuarantineResult(rows=tuple(rows))


def _find(pg: Any, run_id: int | None) -> runs.RunResult:
    run = next(iter(runs.list_runs(pg, limit=1)), None) if run_id is None else runs.show_run(pg, run_id)
    if run is None:
        raise ConfigurationError(
            "no run yet" if run_id is None else f"there is no run {run_id}", hint="retail-brain run list"
        )
    return run


def _describe(run: runs.RunResult) -> RunResult:
    names = (field.name for field in fields(RunResult) if field.name != "examples")
    return RunResult(**{name: getattr(run, name) for name in names})

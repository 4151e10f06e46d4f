"""What happened: runs, why one is held, the rows that were put aside, the report of a run."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from retail_brain.desk.lookup import open_store
from retail_brain.desk.result import ExportResult, QuarantinedRow, QuarantineResult, RunListResult, RunResult
from retail_brain.errors import ConfigurationError
from retail_brain.store import quarantine
from retail_brain.store import run as runs

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration


def list_runs(config: Configuration, *, limit: int) -> RunListResult:
    """List the last runs, newest first."""
    with open_store(config) as pg:
        return RunListResult(runs=tuple(_describe(run) for run in runs.list_runs(pg, limit=limit)))


def show_run(config: Configuration, run_id: int | None) -> RunResult:
    """Show one run, by default the last.

    Raises:
        ConfigurationError: there is no such run.
    """
    with open_store(config) as pg:
        return _describe(_find(pg, run_id))


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
    return RunResult(**{field.name: getattr(run, field.name) for field in fields(RunResult)})

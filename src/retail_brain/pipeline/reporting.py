"""The page of a run: written at the end of a night, and again on request from what is stored with the run."""

from __future__ import annotations

from dataclasses import asdict
from math import log2
from typing import TYPE_CHECKING, Any

from retail_brain.report import render_report
from retail_brain.store import run as runs
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.pipeline.result import NightResult
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.run import RunResult


def write_report(stores: Stores, result: NightResult, metrics: dict[str, Any]) -> Path:
    """Write the page of the run that was just published. It holds no customer's value.

    Returns:
        The path of the HTML file.
    """
    return _write(stores, asdict(result), metrics, with_values=False)


def write_stored_report(stores: Stores, run: RunResult, *, with_values: bool) -> Path:
    """Write the page of a run again.

    Args:
        stores: the open stores.
        run: the run as it is stored.
        with_values: put the values that were kept out of matching into the page, as far as the workspace still has them.

    Returns:
        The path of the HTML file.
    """
    data = {
        **run.counts,
        "run_id": run.run_id,
        "status": run.status,
        "generation": run.generation,
        "model_id": run.model_id,
        "seconds": run.seconds,
        "written": run.written,
        "seal": run.seal,
    }
    if with_values:
        data["kept_out"] = _kept_out_values(stores, run.run_id)
    return _write(stores, data, run.counts.get("metrics") or {}, with_values=with_values)


def _write(stores: Stores, data: dict[str, Any], metrics: dict[str, Any], *, with_values: bool) -> Path:
    run = runs.show_run(stores.pg, data["run_id"])
    earlier = [past for past in runs.list_runs(stores.pg, status="published", limit=50) if past.run_id < data["run_id"]]
    data = {
        **data,
        "kept_out": [{**kept, "value": kept.get("value") or kept.get("shape")} for kept in data.get("kept_out") or ()],
    }
    page = render_report(
        data, metrics,
        previous_metrics=earlier[0].counts.get("metrics") if earlier else None,
        model=_model(stores, data.get("model_id")),
        thresholds=_thresholds(stores.config),
        when=f"{run.started_at:%Y-%m-%d %H:%M} UTC" if run else None,
        include_values=with_values,
    )  # fmt: skip
    path = stores.workspace.reports / f"run-{data['run_id']}{'-with-values' if with_values else ''}.html"
    replace_text(path, page)
    return path


def _model(stores: Stores, model_id: str | None) -> dict[str, Any] | None:
    """Return the weights of the model of a published run, if this program can read it."""
    from retail_brain.errors import ConfigurationError
    from retail_brain.matching.model import Model
    from retail_brain.pipeline.weights import describe_model
    from retail_brain.store.memory import fetch_model

    stored = fetch_model(stores.pg, model_id) if model_id else None
    try:
        return asdict(describe_model(Model.from_text(stored.document))) if stored else None
    except ConfigurationError:
        return None


def _thresholds(config: Configuration) -> dict[str, float]:
    limits = {"review": config.matching.review_probability, "merge": config.matching.merge_probability}
    return {name: round(log2(share / (1 - share)), 3) for name, share in limits.items()}


def _kept_out_values(stores: Stores, run_id: int) -> list[dict[str, Any]]:
    import duckdb

    from retail_brain.pipeline.measure import kept_out

    with duckdb.connect() as con:
        if not stores.workspace.run_folder(run_id).read(con, "shared_value"):
            return []
        return [asdict(value) for value in kept_out(con, with_values=True)]

"""Precision and recall of what is published, in a process of its own so that its memory is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_text
from retail_brain.loadtest.result import AccuracyResult

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe
    from pathlib import Path

    from retail_brain.config.file import Configuration


def work(pipe: Pipe, config: Configuration, truth: Path) -> None:
    """Send the `AccuracyResult` over those records that were delivered so far; later nights deliver the others."""
    from retail_brain.engine import open_engine
    from retail_brain.matching.evaluate import evaluate
    from retail_brain.pipeline.stores import open_stores
    from retail_brain.store.export import read_export

    with open_stores(config) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        read_export(stores.pg, con, "crosswalk", table="crosswalk")
        quoted = quote_text(str(truth))
        reader = f"read_csv({quoted}, all_varchar = true)" if truth.suffix == ".csv" else f"read_parquet({quoted})"
        con.execute(f"create or replace temp view truth_row as from {reader}")
        con.execute(sql.load("loadtest/truth"))
        found = evaluate(con, "crosswalk", "truth", worst=0)
    pipe.send(AccuracyResult(records=found.records, precision=found.precision, recall=found.recall, f1=found.f1))

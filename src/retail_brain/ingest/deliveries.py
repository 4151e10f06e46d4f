"""The stage itself: tonight's files claimed, read into `delivered_row`, and every row of them accounted for.

Apart from its parts, so that their order can be read in one place: find, claim, hash, survey, read, confirm, then
one winner per record. One bad file refuses the run, but all files are looked at first, so that everything that is wrong is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.ingest.claim import printable, unstable_files
from retail_brain.ingest.find import find_deliveries
from retail_brain.ingest.reading import Reading
from retail_brain.ingest.result import DeliveryResult, IngestResult
from retail_brain.ingest.winner import keep_winners
from retail_brain.model import no_progress
from retail_brain.sql import load

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.model import Progress

_TABLES = ("create_delivered_row", "create_delivery_new", "create_quarantined_row_new")


def ingest_deliveries(
    con: duckdb.DuckDBPyConnection,
    *,
    sources: Mapping[str, SourceSettings],
    base_folder: Path,
    files: Sequence[Path] | None,
    known: Mapping[str, str],
    settings: IngestSettings,
    scratch: Path,
    progress: Progress | None = None,
) -> IngestResult:
    """Read tonight's files into DuckDB.

    Args:
        con: the engine. Gets the tables delivered_row (one row per record: source, record_id, delivery_id, the delivered
            fields as trimmed text, attributes), delivery_new (one row per new file with its counts) and
            quarantined_row_new (one row per row put aside: delivery_id, source, file_name, line, reason, raw).
        sources: the configured sources by name.
        base_folder: where their patterns start.
        files: files or folders to take instead of what the patterns find; None for the patterns.
        known: SHA-256 of each delivery ingested before, and the run that did.
        settings: limits.
        scratch: an existing folder for unpacked and cleaned copies; what is put there is removed again.
        progress: told after each file.

    Returns:
        The counts of every file, in the order of source and name.

    Raises:
        InputError: at least one file was refused; all reasons are told and the three tables are empty.
        ResourceError: the disk is full, or fails.
    """
    for table in _TABLES:
        con.execute(load(f"ingest/{table}"))
    found, problems = find_deliveries(sources, base_folder, files)
    waiting = unstable_files([path for _, path in found], fresh_s=settings.fresh_s, settle_s=settings.settle_s)
    held = {source for source, path in found if path in waiting and sources[source].delivery == "full"}
    stable = [(source, path) for source, path in found if path not in waiting and source not in held]
    night = Reading(con, sources, known, settings, scratch)
    results = night.read_all(stable, problems, progress or no_progress)
    if problems:
        for table in _TABLES:
            con.execute(load(f"ingest/{table}"))
        raise _all_problems(problems)
    results = _count_winners(con, sources, results)
    reasons = dict(con.execute(load("ingest/count_reasons")).fetchall())
    return IngestResult(
        deliveries=tuple(results),
        quarantine_reasons=reasons,
        sources_delivered=tuple(sorted({r.source for r in results if r.already_ingested_run is None})),
        unstable=tuple(printable(path.name) for source, path in found if path in waiting or source in held),
    )


def _all_problems(problems: Sequence[InputError]) -> InputError:
    if len(problems) == 1:
        return problems[0]
    told = [f"{problem.message}{f' ({problem.hint})' if problem.hint else ''}" for problem in problems]
    return InputError("\n  ".join([f"{len(problems)} files were refused", *told]), hint="nothing was ingested")


def _count_winners(
    con: duckdb.DuckDBPyConnection, sources: Mapping[str, SourceSettings], results: Sequence[DeliveryResult]
) -> list[DeliveryResult]:
    """Keep one row per record and enter the counts of each new delivery."""
    copies: dict[str, int] = {}
    for source in sorted({r.source for r in results if r.already_ingested_run is None}):
        copies.update(keep_winners(con, source, sources[source].date_order))
    counted = []
    for result in results:
        duplicates = copies.get(result.sha256, 0) if result.already_ingested_run is None else 0
        whole = replace(result, duplicates=duplicates, accepted=result.accepted - duplicates)
        counted.append(whole)
        if whole.already_ingested_run is None:
            con.execute(
                load("ingest/insert_delivery"),
                {
                    "delivery_id": whole.sha256, "source": whole.source, "file_name": whole.name,
                    "bytes": whole.bytes, "rows": whole.rows, "accepted": whole.accepted,
                    "quarantined": whole.quarantined, "duplicates": whole.duplicates,
                },
            )  # fmt: skip
    return counted

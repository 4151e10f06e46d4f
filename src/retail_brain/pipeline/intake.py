"""Tonight's deliveries: which files to look at, and what became of them, as the night tells it.

Between `ingest` on its own and `match`, a run waits; its files are taken again together with newer ones, so that
nothing that was ingested and not yet published is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.pipeline.result import FileResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.ingest.deliveries import IngestResult
    from retail_brain.model import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was taken in tonight.

    Attributes:
        new_delivery_ids: deliveries that no published run knows, sorted.
        full_sources: sources among them that deliver full snapshots.
        paths: the files and folders that were named, to be looked at again while the run waits.
        files: one result a file.
        quarantine_reasons: rows put aside, by reason.
        warnings: what a person should know.
    """

    new_delivery_ids: tuple[str, ...]
    full_sources: tuple[str, ...]
    paths: tuple[Path, ...]
    files: tuple[FileResult, ...]
    quarantine_reasons: Mapping[str, int]
    warnings: tuple[str, ...]


def take_deliveries(
    con: duckdb.DuckDBPyConnection,
    config: Configuration,
    *,
    files: Sequence[Path] | None,
    known: Mapping[str, str],
    waiting_paths: Sequence[str],
    scratch: Path,
    progress: Progress,
) -> Intake:
    """Ingest tonight's files, and those of a run that still waits.

    Args:
        con: the engine; gets delivered_row, delivery_new and quarantined_row_new.
        config: the configuration.
        files: files or folders named on the command line; None for what the sources' patterns find.
        known: published deliveries and the run of each.
        waiting_paths: what was named when the waiting run was ingested.
        scratch: folder for unpacked copies.
        progress: told after each file.

    Returns:
        What was taken in.

    Raises:
        InputError: a file was refused; nothing was taken.
    """
    from retail_brain.ingest.deliveries import ingest_deliveries

    paths = list(dict.fromkeys([*(path.absolute() for path in files or ()), *(Path(text) for text in waiting_paths)]))
    if files is None and paths:
        paths.insert(0, config.base_folder)
    scratch.mkdir(parents=True, exist_ok=True)
    result = ingest_deliveries(
        con, sources=config.sources, base_folder=config.base_folder, files=paths or None, known=known,
        settings=config.ingest, scratch=scratch, progress=progress,
    )  # fmt: skip
    new = [delivery for delivery in result.deliveries if delivery.already_ingested_run is None]
    full = {d.source for d in new if config.sources[d.source].delivery == "full"}
    return Intake(
        new_delivery_ids=tuple(sorted(delivery.sha256 for delivery in new)), full_sources=tuple(sorted(full)),
        paths=tuple(path for path in paths if path != config.base_folder), files=_describe(result),
        quarantine_reasons=dict(result.quarantine_reasons), warnings=result.warnings,
    )  # fmt: skip


def _describe(result: IngestResult) -> tuple[FileResult, ...]:
    return tuple(
        FileResult(
            source=d.source, file_name=d.name, rows=d.rows, accepted=d.accepted, quarantined=d.quarantined,
            duplicates=d.duplicates, already_in_run=d.already_ingested_run, warnings=d.warnings,
        )
        for d in result.deliveries
    )

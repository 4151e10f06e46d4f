"""Tonight's deliveries: which files to look at, and what became of them, as the night tells it.

Between `ingest` on its own and `match`, a run waits; its files are taken again together with newer ones, so that
nothing that was ingested and not yet published is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.pipeline.result import FileResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.ingest.result import IngestResult
    from retail_brain.model import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was taken in tonight.

    Attributes:
        new_delivery_ids: deliveries that no published run knows, sorted.
        full_sources: sources among them that deliver full snapshots.
        paths: the files and folders that were named, to be looked at again while the run waits.
        files: one result a file.
        delivered: where each of the new files lies, with source, name, SHA-256 and size.
        quarantine_reasons: rows put aside, by reason.
        warnings: what a person should know.
    """

    new_delivery_ids: tuple[str, ...]
    full_sources: tuple[str, ...]
    paths: tuple[Path, ...]
    files: tuple[FileResult, ...]
    delivered: tuple[dict[str, str | int], ...]
    quarantine_reasons: Mapping[str, int]
    warnings: tuple[str, ...]


def take_deliveries(
    con: duckdb.DuckDBPyConnection,
    config: Configuration,
    *,
    files: Sequence[Path] | None,
    known: Mapping[str, str],
    latest: Mapping[str, int],
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
        latest: for each source the run that published a file of it last.
        waiting_paths: what was named when the waiting run was ingested.
        scratch: folder for unpacked copies.
        progress: told after each file.

    Returns:
        What was taken in.

    Raises:
        InputError: a file was refused, or it cannot be told what belongs to a full snapshot; nothing was taken.
    """
    from retail_brain.ingest.deliveries import ingest_deliveries

    paths = _named_paths(config, files, waiting_paths)
    scratch.mkdir(parents=True, exist_ok=True)

    ingest = partial(
        ingest_deliveries, con, sources=config.sources, base_folder=config.base_folder, files=paths or None,
        settings=config.ingest, scratch=scratch, progress=progress,
    )  # fmt: skip
    result = ingest(known=known)
    parts = _known_parts(config, result, named=files is not None)
    if parts:
        again = ingest(known={sha: run for sha, run in known.items() if sha not in parts})
        result = _mark_known(con, again, parts, known)
    new = [delivery for delivery in result.deliveries if delivery.already_ingested_run is None]
    full = {d.source for d in new if config.sources[d.source].delivery == "full"}
    return Intake(
        new_delivery_ids=tuple(sorted(delivery.sha256 for delivery in new)),
        full_sources=tuple(sorted(full)),
        paths=tuple(path for path in paths if path != config.base_folder),
        files=_describe(result),
        delivered=tuple(
            {"path": str(one.path), "source": one.source, "name": one.name, "sha256": one.sha256, "bytes": one.bytes}
            for one in new
        ),
        quarantine_reasons=dict(result.quarantine_reasons),
        warnings=(*result.warnings, *_older_snapshots(config, result, latest)),
    )


def _older_snapshots(config: Configuration, result: IngestResult, latest: Mapping[str, int]) -> Iterator[str]:
    """Warn where the only file of a source is an older snapshot, byte for byte: it is known, so the newer one stays."""
    for source, settings in config.sources.items():
        mine = [delivery for delivery in result.deliveries if delivery.source == source]
        if settings.delivery != "full" or len(mine) != 1 or mine[0].already_ingested_run is None:
            continue
        if int(mine[0].already_ingested_run) < latest.get(source, 0):
            yield (
                f"{mine[0].name} is the snapshot of run {mine[0].already_ingested_run}, byte for byte; the newer one of run"
                f" {latest[source]} stays. To go back to it, add an empty line at its end and run again"
            )


def _named_paths(config: Configuration, files: Sequence[Path] | None, waiting_paths: Sequence[str]) -> list[Path]:
    """Return what to look at: the named files and those of the waiting run; empty for the sources' patterns alone."""
    paths = list(dict.fromkeys([*(path.absolute() for path in files or ()), *(Path(text) for text in waiting_paths)]))
    if files is None and paths:
        paths.insert(0, config.base_folder)
    return paths


def _known_parts(config: Configuration, result: IngestResult, *, named: bool) -> set[str]:
    """Return known files that are parts of tonight's full snapshots.

    A source that delivers everything in several files may repeat one of them byte for byte; its records are not gone.
    Where files were named, all of them are the snapshot. Where a pattern found them, an older file beside a new one may
    just as well be last night's snapshot, and guessing would lose records or bring dead ones back.

    Raises:
        InputError: a pattern found known and new files of a source that delivers full snapshots.
    """
    parts: set[str] = set()
    for source, settings in config.sources.items():
        mine = [delivery for delivery in result.deliveries if delivery.source == source]
        known = [delivery for delivery in mine if delivery.already_ingested_run is not None]
        if settings.delivery != "full" or not known or len(known) == len(mine):
            continue
        if not named:
            fresh = next(delivery.name for delivery in mine if delivery.already_ingested_run is None)
            old = known[0].name
            raise InputError(
                f"{source} delivers full snapshots, and beside the new {fresh} lies {old}, which is ingested already",
                hint=f"move {old} away if it is an older snapshot; if it is part of this one, name all parts with --from",
            )
        parts |= {delivery.sha256 for delivery in known}
    return parts


def _mark_known(
    con: duckdb.DuckDBPyConnection, result: IngestResult, parts: set[str], known: Mapping[str, str]
) -> IngestResult:
    """Tell the parts that were read again as what they are: known, so that they are not published twice."""
    con.execute("delete from delivery_new where list_contains($1, delivery_id)", [sorted(parts)])
    con.execute("delete from quarantined_row_new where list_contains($1, delivery_id)", [sorted(parts)])
    marked = (replace(d, already_ingested_run=known[d.sha256]) if d.sha256 in parts else d for d in result.deliveries)
    return replace(result, deliveries=tuple(marked))


def _describe(result: IngestResult) -> tuple[FileResult, ...]:
    return tuple(
        FileResult(
            source=d.source,
            file_name=d.name,
            rows=d.rows,
            accepted=d.accepted,
            quarantined=d.quarantined,
            duplicates=d.duplicates,
            already_in_run=d.already_ingested_run,
            warnings=d.warnings,
        )
        for d in result.deliveries
    )

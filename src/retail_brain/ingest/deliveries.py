"""The stage itself: tonight's files claimed, read into `delivered_row`, and every row of them accounted for.

Apart from its parts, so that their order can be read in one place: find, claim, hash, survey, read, confirm, then
one winner per record. While DuckDB reads one file, a thread looks through the next. One bad file refuses the run, but
all files are looked at first, so that everything that is wrong is told at once.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retail_brain.errors import InputError, ResourceError
from retail_brain.ingest.claim import Claim, claim_file, confirm_unchanged, hash_claim, printable, unstable_files
from retail_brain.ingest.exact import read_exactly
from retail_brain.ingest.find import find_deliveries
from retail_brain.ingest.header import Delivery, lay_out, parse_header
from retail_brain.ingest.load import load_exact, load_fast, load_parquet
from retail_brain.ingest.parquet import describe_parquet
from retail_brain.ingest.result import DeliveryResult, IngestResult
from retail_brain.ingest.survey import Survey, survey_file
from retail_brain.ingest.winner import keep_winners
from retail_brain.model import no_progress
from retail_brain.sql import load

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.model import Progress

_READERS = 2
_TABLES = ("create_delivered_row", "create_delivery_new", "create_quarantined_row_new")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A file that was hashed and surveyed, not yet read."""

    claim: Claim
    source: str
    sha256: str
    survey: Survey | None = None


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
        con: the engine. Gets the tables delivered_row (one row per record: source, record_id, delivery_id, line, the
            delivered fields as trimmed text, attributes), delivery_new (one row per new file with its counts) and
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
    night = _Night(con, sources, known, settings, scratch)
    with _ordered_inserts(con):
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


@contextmanager
def _ordered_inserts(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep rows in the order of the file, so that line numbers are right."""
    row = con.execute("select current_setting('preserve_insertion_order')").fetchone()
    con.execute("set preserve_insertion_order = true")
    try:
        yield
    finally:
        con.execute(f"set preserve_insertion_order = {'true' if row and row[0] else 'false'}")


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


def _failed(error: Exception) -> Future[DeliveryResult]:
    future: Future[DeliveryResult] = Future()
    future.set_exception(error)
    return future


class _Night:
    """The files of one call."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        sources: Mapping[str, SourceSettings],
        known: Mapping[str, str],
        settings: IngestSettings,
        scratch: Path,
    ) -> None:
        self._con = con
        self._sources = sources
        self._known = known
        self._settings = settings
        self._scratch = scratch / "ingest"

    def read_all(
        self, files: Sequence[tuple[str, Path]], problems: list[InputError], progress: Progress
    ) -> list[DeliveryResult]:
        """Read all files; what is wrong with one is added to the problems."""
        results: list[DeliveryResult] = []
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700, parents=True)
        try:
            for number, reading in enumerate(self._started(files)):
                try:
                    results.append(reading.result())
                except InputError as error:
                    problems.append(error)
                except OSError as error:
                    raise ResourceError(
                        f"a delivery could not be unpacked or read: {error.strerror or 'input or output failed'}",
                        hint="free disk for the workspace; nothing was ingested",
                    ) from error
                progress("ingest", done=number + 1, total=len(files), detail=printable(files[number][1].name))
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        return results

    def _started(self, files: Sequence[tuple[str, Path]]) -> Iterator[Future[DeliveryResult]]:
        """Yield the readings of the files in order. Lines are counted by one thread a file, so two files are read at a time."""
        seen: dict[str, str] = {}
        with ThreadPoolExecutor(_READERS, thread_name_prefix="ingest-read") as pool:
            started: deque[Future[DeliveryResult]] = deque()
            for preparing in self._prepared(files):
                started.append(self._start(pool, preparing, seen))
                if len(started) == _READERS:
                    yield started.popleft()
            yield from started

    def _start(self, pool: Executor, preparing: Future[_Prepared], seen: dict[str, str]) -> Future[DeliveryResult]:
        try:
            prepared = preparing.result()
        except (InputError, OSError) as error:
            return _failed(error)
        same = seen.get(prepared.sha256)
        seen.setdefault(prepared.sha256, prepared.claim.name)
        return pool.submit(self._read_one, prepared, same)

    def _prepared(self, files: Sequence[tuple[str, Path]]) -> Iterator[Future[_Prepared]]:
        """Yield the files in order, while a thread is one file ahead."""
        with ThreadPoolExecutor(1, thread_name_prefix="ingest-survey") as pool:
            ahead = deque([pool.submit(self._prepare, *files[0], 0)] if files else [])
            try:
                for number in range(len(files)):
                    if number + 1 < len(files):
                        ahead.append(pool.submit(self._prepare, *files[number + 1], number + 1))
                    yield ahead.popleft()
            finally:
                for future in ahead:
                    if future.exception() is None:
                        future.result().claim.handle.close()

    def _prepare(self, source: str, path: Path, number: int) -> _Prepared:
        claim = claim_file(path)
        try:
            sha256 = hash_claim(claim)
            confirm_unchanged(claim)
            survey = None
            if sha256 not in self._known and not _is_parquet(claim, self._sources[source]):
                claim.handle.seek(0)
                survey = survey_file(
                    claim, self._sources[source], self._settings, self._scratch / f"plain-{number}.csv"
                )
            return _Prepared(claim=claim, source=source, sha256=sha256, survey=survey)
        except BaseException:
            claim.handle.close()
            raise

    def _read_one(self, prepared: _Prepared, same: str | None) -> DeliveryResult:
        """Read one file, unless a run before or another file of tonight, `same`, has the same bytes."""
        claim, sha256 = prepared.claim, prepared.sha256
        result = DeliveryResult(
            source=prepared.source, name=claim.name, sha256=sha256, bytes=claim.size, path=claim.path
        )  # fmt: skip
        with claim.handle:
            if sha256 in self._known:
                return replace(result, already_ingested_run=self._known[sha256])
            if same is not None:
                warning = f"the same bytes as {same}; read once"
                return replace(result, already_ingested_run="this run", warnings=(warning,))
            with self._con.cursor() as con:
                result = self._read_rows(con, prepared, result)
            confirm_unchanged(claim)
            if prepared.survey and prepared.survey.path != claim.readable_path:
                Path(prepared.survey.path).unlink(missing_ok=True)
        return result

    def _read_rows(self, con: duckdb.DuckDBPyConnection, prepared: _Prepared, result: DeliveryResult) -> DeliveryResult:
        survey = prepared.survey
        if prepared.claim.size == 0 or (survey and not survey.head.strip(b"\xef\xbb\xbf \t\r\n")):
            return replace(result, warnings=("the file is empty",))
        rows, quarantined, warnings = (
            self._read_csv(con, prepared, survey) if survey else self._read_parquet(con, prepared)
        )
        if not rows:
            warnings = (*warnings, "the file has a header and no rows")
        _refuse_mostly_quarantined(rows, quarantined, result.name, self._settings)
        return replace(result, rows=rows, accepted=rows - quarantined, quarantined=quarantined, warnings=warnings)

    def _delivery(self, prepared: _Prepared, names: Sequence[str]) -> Delivery:
        source, file_name = self._sources[prepared.source], prepared.claim.name
        layout = lay_out(names, source, source_name=prepared.source, file_name=file_name)
        return Delivery(
            source=prepared.source, delivery_id=prepared.sha256, file_name=file_name, shape=source, layout=layout
        )

    def _read_csv(
        self, con: duckdb.DuckDBPyConnection, prepared: _Prepared, survey: Survey
    ) -> tuple[int, int, tuple[str, ...]]:
        """Return rows, quarantined rows and warnings."""
        source = self._sources[prepared.source]
        delivery = self._delivery(prepared, parse_header(survey.head, source, prepared.claim.name, self._settings))
        warnings = delivery.layout.warnings
        rows = survey.records - (1 if source.header else 0)
        even = survey.delimiters == survey.records * (len(delivery.layout.names) - 1)
        if even and not survey.odd and load_fast(con, survey, delivery, self._settings, rows):
            return rows, 0, warnings
        with TemporaryDirectory(dir=self._scratch) as scratch:
            exact = read_exactly(survey.path, delivery, self._settings, Path(scratch))
            load_exact(con, exact, delivery)
        return exact.rows, exact.quarantined, warnings

    def _read_parquet(self, con: duckdb.DuckDBPyConnection, prepared: _Prepared) -> tuple[int, int, tuple[str, ...]]:
        """Return rows, quarantined rows and warnings."""
        path = prepared.claim.readable_path
        shape = describe_parquet(con, path, prepared.claim, self._settings)
        delivery = self._delivery(prepared, shape.names)
        quarantined = load_parquet(con, path, delivery, shape, self._settings)
        return shape.rows, quarantined, delivery.layout.warnings


def _is_parquet(claim: Claim, source: SourceSettings) -> bool:
    return source.format == "parquet" or claim.name.lower().endswith((".parquet", ".pq"))


def _refuse_mostly_quarantined(rows: int, quarantined: int, name: str, settings: IngestSettings) -> None:
    if rows >= 100 and quarantined > rows * settings.max_quarantined_share:
        raise InputError(
            f"{quarantined:,} of {rows:,} rows of {name} cannot be taken",
            hint="check delimiter, quote and encoding, or raise ingest.max_quarantined_share",
        )

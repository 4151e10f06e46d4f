"""Files into `delivered_row`: each claimed, hashed, surveyed, read and confirmed, two at a time.

Apart from the stage because it knows single files and threads, and nothing of what the night makes of them. While DuckDB reads
two files, a thread looks through the next.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retail_brain.errors import InputError, ResourceError
from retail_brain.ingest.claim import Claim, claim_file, confirm_unchanged, hash_claim, printable
from retail_brain.ingest.exact import read_exactly
from retail_brain.ingest.header import Delivery, lay_out, parse_header
from retail_brain.ingest.load import load_exact, load_fast, load_parquet
from retail_brain.ingest.parquet import describe_parquet
from retail_brain.ingest.result import DeliveryResult
from retail_brain.ingest.survey import Survey, survey_file

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.model import Progress

_READERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A file that was hashed and surveyed, not yet read."""

    claim: Claim
    source: str
    sha256: str
    survey: Survey | None = None


def _failed(error: Exception) -> Future[DeliveryResult]:
    future: Future[DeliveryResult] = Future()
    future.set_exception(error)
    return future


class Reading:
    """The files of one night, and what each is read with."""

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
        """Yield the readings of the files in order; two at a time, for files in which something is off keep one core busy each."""
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

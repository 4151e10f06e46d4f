"""The files of made-up exports: CSV, gzip CSV and Parquet, and the rows that are broken on purpose.

Apart from the statements, because formats are about bytes: the same rows have to be the same bytes, however many
threads wrote them.
"""

from __future__ import annotations

import gzip
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from retail_brain.engine import quote_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    import duckdb

    from retail_brain.synth.noise import NoiseSettings

FILES = {
    "pos": "pos.csv",
    "ecommerce": "ecommerce.csv.gz",
    "loyalty": "loyalty.parquet",
    "app": "app.csv",
    "crm": "crm.csv",
}
_DELIMITERS = {"app.csv": ";"}


class FileWriter:
    """Write query results into files; gzip runs on a thread of its own and ends with the block."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Path, *, gzip_level: int) -> None:
        """Take the connection, a folder for files that are compressed yet, and the level, 1 to 9."""
        self._con = con
        self._scratch = scratch
        self._level = gzip_level
        self._packer = ThreadPoolExecutor(max_workers=1)
        self._packed: list[Future[None]] = []

    def __enter__(self) -> FileWriter:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the compression, whose errors count only where nothing else went wrong."""
        self._packer.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            for packed in self._packed:
                packed.result()

    def write(self, query: str, path: Path, *, broken: NoiseSettings | None = None) -> int:
        """Write the rows of a query, in its order.

        Args:
            query: one statement without parameters.
            path: ends with .csv, .csv.gz or .parquet.
            broken: how many rows of pos and crm are to be broken; None breaks none.

        Returns:
            The number of rows written, broken ones included.
        """
        plain = self._scratch / f"{len(self._packed)}.csv" if path.suffix == ".gz" else path
        rows = self._copy(query, plain, delimiter=_DELIMITERS.get(path.name, ","))
        if broken and path.name == FILES["pos"]:
            rows += _break_lines(plain, broken.rows_with_too_many_fields, _too_many_fields)
        if broken and path.name == FILES["crm"]:
            rows += _break_lines(plain, broken.rows_with_bad_bytes, _bad_bytes)
        if plain != path:
            self._packed.append(self._packer.submit(_compress, plain, path, self._level))
        return rows

    def _copy(self, query: str, path: Path, *, delimiter: str) -> int:
        options = (
            "format parquet, compression zstd"
            if path.suffix == ".parquet"
            else f"format csv, header true, delimiter {quote_text(delimiter)}"
        )
        self._con.execute("set preserve_insertion_order = true")
        (rows,) = self._con.execute(f"copy ({query}) to {quote_text(str(path))} ({options})").fetchone() or (0,)
        self._con.execute("set preserve_insertion_order = false")
        return int(rows)


def _compress(plain: Path, path: Path, level: int) -> None:
    """Compress without a time stamp or a name, so that the same rows are the same bytes."""
    with plain.open("rb") as source, path.open("wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    plain.unlink()


def _break_lines(path: Path, number: int, broken: Callable[[bytes, int], bytes]) -> int:
    """Add broken copies of lines spread over a file, each with a record id of its own."""
    if not number:
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    step = max(2, len(lines) // (number + 1))
    for place in range(number, 0, -1):
        at = min(place * step, len(lines) - 1)
        lines.insert(at, broken(lines[at], place))
    path.write_bytes(b"".join(lines))
    return number


def _too_many_fields(line: bytes, place: int) -> bytes:
    return b"9999990%02d,%s,moved,no reply\n" % (place, line.rstrip().partition(b",")[2])


def _bad_bytes(line: bytes, place: int) -> bytes:
    return b"K99999%02d,%s" % (place, b'"Zo\xeb, Ren\xe9e"' + line.partition(b'"')[2].partition(b'"')[2])

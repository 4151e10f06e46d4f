"""The beginning of a file that nobody has described yet: encoding, delimiter, quote, header and some rows.

Apart from the readers of a run, which are told all this and guess nothing.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from retail_brain.config.ingest import IngestSettings, SourceSettings
from retail_brain.engine import quote_identifier
from retail_brain.errors import InputError
from retail_brain.ingest.claim import Claim, claim_file, read_chunks
from retail_brain.ingest.content import looks_like_data
from retail_brain.ingest.header import dialect, parse_header
from retail_brain.ingest.parquet import describe_parquet
from retail_brain.ingest.synonyms import meaning_of
from retail_brain.ingest.unpack import encoding_of, is_packed, recode, refuse_archive, unpack

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

SAMPLE_ROWS = 20_000
_SAMPLE_BYTES = 4 * 1024 * 1024
_DELIMITERS = ",;\t|"
_LOOK_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file's shape, its column names and its first rows as text (empty where there is nothing)."""

    path: Path
    kind: str
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    header: bool = True
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    whole: bool

    def column(self, place: int) -> list[str]:
        """Return the values of one column."""
        return [row[place] for row in self.rows]


def is_parquet_name(name: str) -> bool:
    """Tell from its name whether a file is Parquet."""
    return name.lower().endswith((".parquet", ".pq"))


def take_sample(path: Path, con: duckdb.DuckDBPyConnection) -> Sample:
    """Look at the beginning of a CSV or Parquet file.

    Args:
        path: the file.
        con: the engine, for Parquet.

    Raises:
        InputError: the file cannot be read, is empty, or has no columns that make sense.
    """
    claim = claim_file(path)
    with claim.handle:
        if claim.size == 0:
            raise InputError(f"{claim.name} is empty")
        if is_parquet_name(claim.name):
            return _sample_parquet(claim, con)
        return _sample_csv(claim)


def _sample_parquet(claim: Claim, con: duckdb.DuckDBPyConnection) -> Sample:
    shape = describe_parquet(con, claim.readable_path, claim, IngestSettings())
    columns = ", ".join(f"{quote_identifier(name)}::varchar" for name in shape.names)
    rows = con.execute(f"select {columns} from read_parquet($path) limit {SAMPLE_ROWS}", {"path": claim.readable_path})
    texts = tuple(tuple(value or "" for value in row) for row in rows.fetchall())
    return Sample(path=claim.path, kind="parquet", names=shape.names, rows=texts, whole=shape.rows <= SAMPLE_ROWS)


def _sample_csv(claim: Claim) -> Sample:
    head, encoding, whole = _head(claim)
    text = head.decode("utf-8-sig", errors="replace")
    if "\0" in text[:1000]:
        raise InputError(f"{claim.name} holds NUL bytes; it is no CSV file")
    delimiter, quote = _delimiter_and_quote(text)
    guess = SourceSettings(files=("x",), columns={"record_id": "x"}, delimiter=delimiter, quote=quote)
    names = parse_header(head, guess, claim.name, IngestSettings())
    rows = _rows(text, guess, len(names))
    header = _has_header(names, rows)
    if not header:
        names = tuple(f"column_{number}" for number in range(1, len(names) + 1))
    return Sample(
        path=claim.path, kind="csv", delimiter=delimiter, encoding=encoding, quote=quote, header=header,
        names=names, rows=tuple(rows[1:] if header else rows), whole=whole,
    )  # fmt: skip


def _head(claim: Claim) -> tuple[bytes, str, bool]:
    """Return the first whole lines as UTF-8, their encoding, and whether that is the whole file."""
    first = claim.handle.read(8)
    refuse_archive(claim, first)
    chunks = unpack(claim, IngestSettings()) if is_packed(first) else read_chunks(claim)
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) >= _SAMPLE_BYTES:
            break
    whole = len(data) < _SAMPLE_BYTES
    encoding = _encoding(data)
    if encoding != "utf-8":
        data = b"".join(recode([data if whole else data[:_SAMPLE_BYTES]], encoding, claim.name))
    if not whole:
        data = data[: data.rfind(b"\n") + 1] or data
    return data, encoding, whole


def _encoding(data: bytes) -> str:
    marked = encoding_of(data[:4], "")
    if marked:
        return marked
    if b"\0" in data[:2000]:
        return "utf-16-le" if data[1:200:2].count(0) > data[0:200:2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data)
    except UnicodeDecodeError:
        return "utf-8" if _is_mostly_utf8(data) else "cp1252"
    return "utf-8"


def _is_mostly_utf8(data: bytes) -> bool:
    """Say whether the lines with other letters are UTF-8 but for a few broken ones, which will be quarantined."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    broken = sum(line.decode("utf-8", errors="replace").count("\ufffd") > 0 for line in lines)
    return broken * 4 < len(lines)


def _delimiter_and_quote(text: str) -> tuple[str, str]:
    best, found = (-1.0, 0), (",", '"')
    for delimiter in _DELIMITERS:
        for quote in ('"', "'"):
            options = SourceSettings(files=("x",), columns={"record_id": "x"}, delimiter=delimiter, quote=quote)
            rows = _parsed(text, options, _LOOK_ROWS)
            widths = Counter(len(row) for row in rows)
            if not widths:
                continue
            width, count = widths.most_common(1)[0]
            quoted = sum(cell[:1] == cell[-1:] == "'" and len(cell) > 1 for row in rows for cell in row)
            score = (round(count / len(rows), 2) if width > 1 else 0.0, width - (quoted > len(rows)))
            if score > best:
                best, found = score, (delimiter, quote)
    return found


def _parsed(text: str, options: SourceSettings, limit: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), **{**dialect(options), "strict": False})
    rows: list[list[str]] = []
    try:
        rows.extend(islice((row for row in reader if row), limit))
    except csv.Error:
        return rows
    return rows


def _rows(text: str, options: SourceSettings, width: int) -> list[tuple[str, ...]]:
    rows = _parsed(text, options, SAMPLE_ROWS + 1)
    return [tuple(row) for row in rows if len(row) == width]


def _has_header(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> bool:
    """Decide whether the first line names the columns."""
    if any(looks_like_data(name) for name in names):
        return False
    if any(meaning_of(name)[0] for name in names):
        return True
    return len(set(names)) == len(names) and all(names) and len(rows) > 1

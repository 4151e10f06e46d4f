"""The slow reader for files where something is off: every row is either written out clean or put aside with line and reason.

Apart from the fast reader, which takes well-behaved files only. This one reads line by line in bounded memory and
never guesses: a quote that swallows other rows refuses the whole file, because nobody can say which rows are lost.
"""

from __future__ import annotations

import csv
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from retail_brain.errors import InputError
from retail_brain.ingest.header import BLANKS, INVISIBLE, dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.ingest.header import Delivery, Layout

RAW_CHARACTERS = 10_000
_BATCH_ROWS = 5_000
_BATCH_CHARACTERS = 8_000_000
_INVISIBLE = frozenset(INVISIBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactResult:
    """Rows read, and the two files that hold them."""

    rows: int
    accepted: int
    quarantined: int
    clean: Path
    aside: Path


class _TooLongError(Exception):
    """A record grew beyond the limit inside quotes."""


class _Lines:
    """Physical lines of a file as text, remembering where the current record began."""

    def __init__(self, stream: BinaryIO, source: SourceSettings, settings: IngestSettings) -> None:
        self._stream = stream
        self._quote = source.quote.encode()
        self._limit = settings.max_row_bytes
        self.number = 0
        self.ended = False
        self.start_record()

    def start_record(self) -> None:
        """Forget the lines of the record before."""
        self.record: list[str] = []
        self.bytes = 0
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self._limit)
        if not line:
            self.ended = True
            raise StopIteration
        if self.number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        self.number += 1
        self.bytes += len(line)
        if len(line) == self._limit and not line.endswith(b"\n"):
            self.cut = True
            if self._skip_rest(line.count(self._quote) if self._quote else 0):
                raise _TooLongError
        elif self.bytes > self._limit:
            raise _TooLongError
        text = line.decode("utf-8", errors="surrogateescape")
        self.record.append(text[:RAW_CHARACTERS])
        return "\n" if self.cut else text

    def _skip_rest(self, quotes: int) -> bool:
        """Read to the end of the line; tell whether a quote stays open there."""
        while part := self._stream.readline(self._limit):
            quotes += part.count(self._quote) if self._quote else 0
            if part.endswith(b"\n"):
                break
        return quotes % 2 == 1


def read_exactly(plain_path: str, delivery: Delivery, settings: IngestSettings, scratch: Path) -> ExactResult:
    """Sort the rows of a CSV file into clean ones and quarantined ones.

    Args:
        plain_path: the file as plain UTF-8 bytes.
        delivery: its name for messages, its shape, and where its columns stand.
        settings: limits.
        scratch: folder for the two files that are written: `clean.parquet` (line, then the fields as c0, c1 …) and
            `aside.parquet` (line, reason, raw text of at most 10,000 characters).

    Returns:
        The counts and where the two files are.

    Raises:
        InputError: a quote is opened and never closed as it should be.
    """
    width = len(delivery.layout.names)
    with ExitStack() as stack:
        stream = stack.enter_context(open(plain_path, "rb", buffering=1024 * 1024))  # noqa: PTH123
        stream.seek(0)
        clean = stack.enter_context(_Sink(scratch / "clean.parquet", [f"c{place}" for place in range(width)]))
        aside = stack.enter_context(_Sink(scratch / "aside.parquet", ["reason", "raw"]))
        for line, fields, reason, raw in _records(_Lines(stream, delivery.shape, settings), delivery, settings):
            if reason:
                aside.append(line, (reason, _storable(raw)))
            elif len(raw) == 1 and not _has_invisible(raw[0]):
                clean.append(line, fields)
            else:
                clean.append(line, [text.strip(BLANKS) for text in fields])
    return ExactResult(
        rows=clean.rows + aside.rows, accepted=clean.rows, quarantined=aside.rows, clean=clean.path, aside=aside.path
    )


class _Sink:
    """Rows of texts, each with its line, written to a Parquet file in batches."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path.unlink(missing_ok=True)
        self.path = path
        self.rows = 0
        self._schema = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in names)])
        self._writer = pq.ParquetWriter(path, self._schema, compression="lz4")
        self._batch: list[tuple[int | str, ...]] = []
        self._characters = 0

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._flush()
        self._writer.close()

    def append(self, line: int, fields: Sequence[str]) -> None:
        """Add one row."""
        self.rows += 1
        self._batch.append((line, *fields))
        self._characters += sum(map(len, fields))
        if len(self._batch) >= _BATCH_ROWS or self._characters >= _BATCH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._batch:
            columns = [
                pa.array(values, kind)
                for values, kind in zip(zip(*self._batch, strict=True), self._schema.types, strict=True)
            ]
            self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
            self._batch.clear()
            self._characters = 0


def _has_invisible(line: str) -> bool:
    """Tell whether something other than blanks may stand around the values of a line."""
    return "\t" in line or "\r" in line[:-2] or not (line.isascii() or _INVISIBLE.isdisjoint(line))


def _records(
    lines: _Lines, delivery: Delivery, settings: IngestSettings
) -> Iterator[tuple[int, list[str], str, list[str]]]:
    options: dict[str, Any] = dialect(delivery.shape)
    reader = csv.reader(lines, **options)
    skip_header = delivery.shape.header
    while True:
        lines.start_record()
        first = lines.number + 1
        reason = ""
        try:
            fields = next(reader)
        except StopIteration:
            return
        except _TooLongError:
            raise _unclosed(delivery, first) from None
        except csv.Error as error:
            if lines.ended or len(lines.record) > 1:
                raise _unclosed(delivery, first) from None
            fields, reason = [], _reason_of_error(str(error))
        if skip_header:
            skip_header = False
            continue
        if lines.cut:
            yield first, [], "row too long", lines.record
        elif fields or reason:
            if len(lines.record) > 1:
                _refuse_swallowed(fields, delivery, first)
            yield first, fields, reason or _fault(fields, delivery.layout, settings), lines.record


def _unclosed(delivery: Delivery, line: int) -> InputError:
    return InputError(
        f"{delivery.file_name} opens a quote on line {line} that is not closed as it should be",
        hint="nobody can say where that row ends; deliver the file again",
    )


def _reason_of_error(text: str) -> str:
    if "field larger" in text:
        return "field too long"
    if "new-line character" in text:
        return "line break outside quotes"
    return "text after a closing quote"


def _refuse_swallowed(fields: list[str], delivery: Delivery, line: int) -> None:
    """Refuse a file in which a quoted field holds whole rows of the same shape."""
    width = len(delivery.layout.names)
    if width < 4:
        return
    for value in fields:
        inner = value.split("\n")[1:-1]
        if any(part.count(delivery.shape.delimiter) == width - 1 for part in inner):
            raise _unclosed(delivery, line)


def _fault(fields: list[str], layout: Layout, settings: IngestSettings) -> str:
    """Return why a row cannot be taken, or an empty text."""
    if len(fields) != len(layout.names):
        return "too many fields" if len(fields) > len(layout.names) else "too few fields"
    joined = "".join(fields)
    reason = _forbidden(joined)
    if not reason and len(joined) > settings.max_field_characters:
        reason = "field too long" if max(map(len, fields)) > settings.max_field_characters else ""
    if not reason and not _has_record_id(fields, layout):
        reason = "no record id"
    return reason


def _forbidden(text: str) -> str:
    """Return what keeps a text out of a database, or an empty text."""
    if "\0" in text:
        return "forbidden character"
    if text.isascii():
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "bytes that are not in the encoding"
    return "forbidden character" if "\ufffe" in text or "\uffff" in text else ""


def _has_record_id(fields: list[str], layout: Layout) -> bool:
    """Tell whether every part of a row's record id is there."""
    for places in (layout.fields["record_id"], layout.fallback["record_id"]):
        if places and all(fields[place].strip(BLANKS) for place in places):
            return True
    return False


def _storable(record: list[str]) -> str:
    text = "".join(record).rstrip("\r\n")[:RAW_CHARACTERS]
    data = text.encode("utf-8", errors="surrogateescape")
    shown = data.decode("utf-8", errors="backslashreplace")
    return shown.replace("\0", "\\x00").replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")[:RAW_CHARACTERS]

"""The first line of a delivery held against what the configuration expects of it.

Apart from the readers, so that a missing or renamed column is told in the same words for CSV and Parquet. A first
line that is data rather than names is never shown.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.config.ingest import DELIVERED_FIELDS
from retail_brain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.config.ingest import IngestSettings, SourceSettings

BLANKS = " \t\n\v\f\r\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What is taken away around a value: white space of every script, and characters that nobody sees."""

INVISIBLE = "\t\n\v\f\r\x85\u200b\u2028\u2029\ufeff"
"""Those of them that DuckDB's trim leaves standing unless they are listed."""

_DATA_LIKE = re.compile(r"@|\d{4,}|^\d+$|\d[/.-]\d")
_SHOWN_NAMES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a delivery's columns stand: for each field the positions that are joined, and those that stand in."""

    names: tuple[str, ...]
    fields: dict[str, tuple[int, ...]]
    fallback: dict[str, tuple[int, ...]]
    attributes: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A file that is being read: whose it is, what its bytes are known by, its shape and its columns."""

    source: str
    delivery_id: str
    file_name: str
    shape: SourceSettings
    layout: Layout


def parse_header(head: bytes, source: SourceSettings, name: str, settings: IngestSettings) -> tuple[str, ...]:
    """Return the column names of a CSV file from its first bytes.

    Args:
        head: plain UTF-8 bytes from the start of the file, at least the first record.
        source: delimiter, quote, and whether there is a header.
        name: the file's name for messages.
        settings: the limit of columns.

    Raises:
        InputError: the first line cannot be read, or has too many columns.
    """
    if b"\0" in head.split(b"\n", 1)[0]:
        raise InputError(f"{name} holds NUL bytes in its first line", hint="is it UTF-16? set sources.….encoding")
    lines = io.StringIO(head.decode("utf-8-sig", errors="replace"))
    try:
        names = next(csv.reader(lines, **dialect(source)), [])
    except csv.Error:
        raise InputError(f"the first line of {name} cannot be read as CSV", hint="check delimiter and quote") from None
    if len(names) > settings.max_columns:
        raise InputError(
            f"{name} has {len(names):,} columns, more than {settings.max_columns}", hint="raise ingest.max_columns"
        )
    if not source.header:
        return tuple(f"column_{number}" for number in range(1, len(names) + 1))
    return tuple(" ".join(column.split()) for column in names)


def dialect(source: SourceSettings) -> dict[str, Any]:
    """Return the options of Python's csv module for a source."""
    quoting = csv.QUOTE_MINIMAL if source.quote else csv.QUOTE_NONE
    return {
        "delimiter": source.delimiter, "quotechar": source.quote or None, "quoting": quoting,
        "strict": True, "skipinitialspace": source.delimiter != " ",
    }  # fmt: skip


def lay_out(names: Sequence[str], source: SourceSettings, *, source_name: str, file_name: str) -> Layout:
    """Find the configured columns among those of a file.

    Args:
        names: the file's columns in their order.
        source: the configured columns.
        source_name: for the hint.
        file_name: for the message.

    Returns:
        The layout, with a warning for columns that nobody asked for.

    Raises:
        InputError: a configured column is missing, or a name stands twice.
    """
    wanted = _wanted(source)
    if len({name for name in names if name}) < sum(1 for name in names if name):
        doubles = sorted({name for name in names if name and names.count(name) > 1})
        raise InputError(
            f"{file_name} has a column name twice{_shown(': ', doubles, wanted)}",
            hint="columns must have different names",
        )
    _require(wanted, names, source, source_name=source_name, file_name=file_name)
    place = {name: position for position, name in enumerate(names)}
    extra = [name for name in names if name and name not in wanted]
    return Layout(
        names=tuple(names),
        fields={f: tuple(place[c] for c in source.columns_of(f)) for f in ("record_id", *DELIVERED_FIELDS)},
        fallback={f: tuple(place[c] for c in source.fallback_of(f)) for f in ("record_id", *DELIVERED_FIELDS)},
        attributes=tuple((column, place[column]) for column in source.pass_through),
        warnings=(f"{len(extra)} columns are not in the configuration and were left out",) if extra else (),
    )


def _wanted(source: SourceSettings) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for field in ("record_id", *DELIVERED_FIELDS):
        for column in (*source.columns_of(field), *source.fallback_of(field)):
            wanted.setdefault(column, field)
    for column in source.pass_through:
        wanted.setdefault(column, "pass_through")
    return wanted


def _require(
    wanted: dict[str, str], names: Sequence[str], source: SourceSettings, *, source_name: str, file_name: str
) -> None:
    missing = [column for column in wanted if column not in names]
    if not missing:
        return
    if any(wanted[column] == "record_id" for column in missing):
        what = f"{file_name} has no column for the record id"
        where = f"sources.{source_name}.columns.record_id"
        candidates = list(names)
    else:
        what = f"{file_name} has no column {', '.join(f'{column} ({wanted[column]})' for column in missing)}"
        where = f"sources.{source_name}.columns"
        candidates = [name for name in names if name not in wanted] or list(names)
    found = _shown("found: ", candidates, wanted) or "its first line looks like data, not like names"
    raise InputError(what, hint=f"{found}        set it in retail_brain.toml, {where}")


def _shown(prefix: str, names: Sequence[str], wanted: dict[str, str]) -> str:
    if any(_DATA_LIKE.search(name) for name in names if name not in wanted):
        return ""
    clean = ["".join(c if c.isprintable() else "?" for c in name)[:60] for name in names[:_SHOWN_NAMES] if name]
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return prefix + ", ".join(clean) + more

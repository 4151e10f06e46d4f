"""One record as a program sends it: its columns held against the source's, its values made text as a file would have them.

Apart from the readers of files because there is no file: no line, no encoding, no quotes. What a file's row would be
quarantined for is an error here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.config.ingest import DELIVERED_FIELDS
from retail_brain.errors import InputError
from retail_brain.ingest.header import BLANKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retail_brain.config.ingest import IngestSettings, SourceSettings

_FIELDS = ("record_id", *DELIVERED_FIELDS)
_FORBIDDEN = ("\0", "\ufffe", "\uffff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivered row: source, record_id and the fields as text (None where empty), the columns that are passed through, and
    the names of those that nobody asked for."""

    row: dict[str, str | None]
    passed: dict[str, str]
    unknown: tuple[str, ...] = ()


def deliver_record(name: str, source: SourceSettings, record: Mapping[str, Any], settings: IngestSettings) -> Delivered:
    """Make a delivered row of one record.

    Args:
        name: the source.
        source: its configuration.
        record: values by the source's own column names; a field whose columns are not there may stand under its own name.
        settings: limits.

    Raises:
        InputError: it has no record id, or a value that no file could hold.
    """
    texts = {column: _text(column, value, settings) for column, value in record.items()}
    taken = {column for field in _FIELDS for column in (*source.columns_of(field), *source.fallback_of(field))}
    row: dict[str, str | None] = {}
    for field in _FIELDS:
        own = (*source.columns_of(field), *source.fallback_of(field))
        if field in texts and field not in taken and not any(column in texts for column in own):
            row[field] = texts[field]
        elif field == "record_id":
            row[field] = _record_id(texts, source)
        else:
            row[field] = _joined(texts, source.columns_of(field)) or _joined(texts, source.fallback_of(field))
    if row["record_id"] is None:
        where = " + ".join(source.columns_of("record_id"))
        raise InputError(f"the record of {name} has no record id", hint=f"its column is {where}")
    passed = {column: text for column in source.pass_through if (text := texts.get(column)) is not None}
    known = {*taken, *source.pass_through, *_FIELDS}
    return Delivered(
        row={"source": name, **row},
        passed=passed,
        unknown=tuple(_shown(column) for column in texts if column not in known),
    )


def _record_id(texts: Mapping[str, str | None], source: SourceSettings) -> str | None:
    """Return the record id: nothing unless all its parts are there."""
    for columns in (source.columns_of("record_id"), source.fallback_of("record_id")):
        parts = [texts.get(column) for column in columns]
        if parts and all(parts):
            return " ".join(part for part in parts if part)
    return None


def _joined(texts: Mapping[str, str | None], columns: tuple[str, ...]) -> str | None:
    return " ".join(text for column in columns if (text := texts.get(column))) or None


def _text(column: str, value: Any, settings: IngestSettings) -> str | None:
    """Return a value as a file would have it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"column {_shown(column)} holds no number")
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise InputError(f"column {_shown(column)} holds no single value", hint="text, a number, true, false or null")
    if any(mark in value for mark in _FORBIDDEN) or any("\ud800" <= c <= "\udfff" for c in value):
        raise InputError(f"column {_shown(column)} holds a forbidden character")
    if len(value) > settings.max_field_characters:
        raise InputError(f"column {_shown(column)} is longer than {settings.max_field_characters:,} characters")
    return value.strip(BLANKS) or None


def _shown(column: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in column)[:60]

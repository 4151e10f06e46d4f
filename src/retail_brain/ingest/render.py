"""What was recognised, written as a commented configuration that runs as it is.

Apart from recognising, because this is about what a person reads: what was taken for what, by what, and where to look
again. Column names come from files, so everything is quoted and nothing in a comment can end it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from retail_brain.config.ingest import DELIVERED_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.ingest.mapping import Finding
    from retail_brain.ingest.recognise import RecognisedSource, Recognition

_HEAD = """\
# Retail Brain: where the customer records are and what their columns mean.
# Written by `retail-brain init`; check the lines marked "unsure", then `retail-brain run`.
"""
_DELIVERY = {
    "delta": 'delivery = "delta"    # new and changed records; "full" when every file holds all records',
    "full": 'delivery = "full"    # the later files repeat its records: one that is missing is gone; else "delta"',
}
_INGEST = """\
# [ingest]
# max_quarantined_share = 0.5     # a file of which more rows cannot be taken is refused
# max_field_characters = 65536    # a row with a longer field is quarantined
"""


def render_configuration(recognition: Recognition, *, top: str = "", other_sections: str = "") -> str:
    """Write a configuration for what was recognised.

    Args:
        recognition: the sources and the files left out.
        top: TOML text for keys that stand before all tables.
        other_sections: TOML text of the other rooms' sections, put at the end.

    Returns:
        The text of a retail_brain.toml.
    """
    parts = [_HEAD]
    if top:
        parts.append(top.rstrip() + "\n")
    if recognition.left_out:
        told = [f"#   {_comment(name)}: {_comment(reason)}" for name, reason in recognition.left_out]
        parts.append("\n".join(["# Left out:", *told]) + "\n")
    parts.extend(_source(source) for source in recognition.sources)
    parts.append(_INGEST)
    if other_sections:
        parts.append(other_sections.rstrip() + "\n")
    return "\n".join(parts)


def _source(source: RecognisedSource) -> str:
    sample, mapping = source.sample, source.mapping
    name = source.name
    lines = [
        f"# {_comment(', '.join(source.file_names))}: {len(sample.names)} columns",
        f"[sources.{name}]",
        f"files = {_list(source.patterns)}",
        _DELIVERY[source.delivery],
    ]
    lines += _shape(source)
    if mapping.pass_through:
        lines.append(f"pass_through = {_list(mapping.pass_through)}    # kept with the record, not looked into")
    lines += [f"# {_comment(note)}" for note in _notes(source)]
    lines += ["", f"[sources.{name}.columns]"]
    if "record_id" not in mapping.columns:
        lines.append('# record_id = "…"    # no column is unique and always filled: name it here')
    by_column = {finding.column: finding for finding in mapping.findings}
    for field in ("record_id", *DELIVERED_FIELDS):
        if field in mapping.columns:
            lines.append(_column(field, mapping.columns[field], by_column))
    if mapping.fallback:
        lines += ["", f"[sources.{name}.fallback]    # read where the columns above are empty"]
        lines += [
            _column(field, mapping.fallback[field], by_column)
            for field in DELIVERED_FIELDS
            if field in mapping.fallback
        ]
    return "\n".join(lines) + "\n"


def _shape(source: RecognisedSource) -> list[str]:
    sample = source.sample
    lines = [f'format = "{sample.kind}"']
    if sample.kind == "csv":
        lines += [
            f"delimiter = {_text(sample.delimiter)}",
            f"encoding = {_text(sample.encoding)}",
            f"quote = {_text(sample.quote)}",
        ]
        lines += [] if sample.header else ["header = false    # the first line looks like data"]
    if source.date_order:
        sure = "" if source.date_order_sure else "    # unsure: the dates contradict one another"
        lines.append(f'date_order = "{source.date_order}"{sure}')
    if source.phone_region:
        lines.append(f'phone_region = "{source.phone_region}"    # most numbers with a country code are from there')
    return lines


def _notes(source: RecognisedSource) -> list[str]:
    used = {c for several in (*source.mapping.columns.values(), *source.mapping.fallback.values()) for c in several}
    return [f"unsure: {f.column}: {f.unsure}" for f in source.mapping.findings if f.unsure and f.column not in used]


def _column(field: str, columns: Sequence[str], findings: dict[str, Finding]) -> str:
    value = _text(columns[0]) if len(columns) == 1 else _list(columns)
    own = [findings[column] for column in columns if column in findings]
    by = " and ".join(sorted({part for finding in own for part in finding.by.split(" and ")}, reverse=True))
    unsure = "; ".join(f"unsure: {finding.unsure}" for finding in own if finding.unsure)
    return f"{field} = {value}    # by {_comment(by)}{'; ' + _comment(unsure) if unsure else ''}"


def _text(value: str) -> str:
    if value.isprintable() and '"' in value and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)

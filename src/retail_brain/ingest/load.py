"""Rows into the table `delivered_row`, by DuckDB, and a check that none got lost on the way.

Apart from finding and judging files. Delivered column names never become SQL: columns are read by position, and the
names of passed-through ones are parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.config.ingest import DELIVERED_FIELDS
from retail_brain.engine import quote_identifier
from retail_brain.errors import InputError, IntegrityError
from retail_brain.sql import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.ingest.exact import ExactResult
    from retail_brain.ingest.header import Layout

_BLANKS = "' \t\r\n\u00a0\ufeff'"
_CLEAN_LINE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What every row of a file is loaded with."""

    source: str
    delivery_id: str
    file_name: str


def delivered_row_sql(reader: str, line: str, layout: Layout, cell: Callable[[int], str], where: str) -> str:
    """Build the statement that appends the rows of one file to `delivered_row`.

    Args:
        reader: the table function that reads the file.
        line: SQL of a row's line number.
        layout: where the columns stand.
        cell: gives the SQL of the raw text at a position.
        where: a condition on `record_id` and the line; rows outside it are not loaded.

    Returns:
        An insert with the parameters $path, $source, $delivery_id and $name0, $name1 … for passed-through names.
    """
    columns = [f"{field_sql(layout, field, cell)} as {field}" for field in DELIVERED_FIELDS]
    return (
        "insert into delivered_row\nselect * from (\n  select $source as source, "
        f"{record_id_sql(layout, cell)} as record_id, $delivery_id as delivery_id, {line} as line,\n    "
        + ",\n    ".join(columns)
        + f",\n    {attributes_sql(layout, cell)} as attributes\n  from {reader}\n)\nwhere {where}"
    )


def field_sql(layout: Layout, field: str, cell: Callable[[int], str]) -> str:
    """Build the SQL of one delivered field: its columns joined by a blank, or those that stand in for them."""
    own = _joined(layout.fields[field], cell)
    other = _joined(layout.fallback[field], cell)
    return own if other == "null::varchar" else f"coalesce({own}, {other})"


def record_id_sql(layout: Layout, cell: Callable[[int], str]) -> str:
    """Build the SQL of the record id: NULL unless all its parts are there."""
    parts = [layout.fields["record_id"], layout.fallback["record_id"]]
    joined = [" || ' ' || ".join(_trimmed(cell(p)) for p in places) for places in parts if places]
    return f"coalesce({', '.join(joined)})"


def attributes_sql(layout: Layout, cell: Callable[[int], str]) -> str:
    """Build the SQL of the passed-through columns as one JSON object, NULL when all are empty."""
    if not layout.attributes:
        return "null::varchar"
    cells = [_trimmed(cell(place)) for _, place in layout.attributes]
    pairs = ", ".join(f"$name{number}::varchar, {text}" for number, text in enumerate(cells))
    return f"case when coalesce({', '.join(cells)}) is not null then json_object({pairs})::varchar end"


def _trimmed(cell: str) -> str:
    return f"nullif(trim({cell}, {_BLANKS}), '')"


def _joined(places: Sequence[int], cell: Callable[[int], str]) -> str:
    if not places:
        return "null::varchar"
    parts = [_trimmed(cell(place)) for place in places]
    return parts[0] if len(parts) == 1 else f"nullif(concat_ws(' ', {', '.join(parts)}), '')"


def _csv_reader(columns: int, source: SourceSettings, *, header: bool, line_bytes: int) -> str:
    spec = ", ".join(f"'c{number}': 'varchar'" for number in range(columns))
    quote = "'" + source.quote.replace("'", "''") + "'"
    delimiter = "'" + source.delimiter.replace("'", "''") + "'"
    return (
        f"read_csv($path, auto_detect = false, columns = {{{spec}}}, header = {str(header).lower()}, "
        f"delim = {delimiter}, quote = {quote}, escape = {quote}, nullstr = '', strict_mode = true, "
        f"max_line_size = {line_bytes}, compression = 'none', encoding = 'utf-8')"
    )


def load_fast(
    con: duckdb.DuckDBPyConnection,
    path: str,
    delivery: Delivery,
    source: SourceSettings,
    layout: Layout,
    settings: IngestSettings,
    *,
    expected_rows: int,
) -> bool:
    """Append a well-behaved CSV file to `delivered_row`.

    Args:
        con: a connection whose setting `preserve_insertion_order` is on.
        path: plain UTF-8 bytes.
        delivery: what each row is loaded with.
        source: delimiter, quote and header.
        layout: where the columns stand.
        settings: a row longer than a field may be is left to the exact reader.
        expected_rows: the independent count.

    Returns:
        True when exactly the expected rows are there; False when nothing was changed.
    """
    import duckdb

    reader = _csv_reader(len(layout.names), source, header=source.header, line_bytes=settings.max_field_characters)
    first = 1 if source.header else 0
    statement = delivered_row_sql(
        reader, f"row_number() over () + {first}", layout, lambda place: f"c{place}", "record_id is not null"
    )
    con.execute("begin")
    try:
        loaded = _count(con.execute(statement, _parameters(path, delivery, layout)))
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        con.execute("rollback")
        return False
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit" if loaded == expected_rows else "rollback")
    return loaded == expected_rows


def load_exact(con: duckdb.DuckDBPyConnection, exact: ExactResult, delivery: Delivery, layout: Layout) -> None:
    """Append what the exact reader wrote to `delivered_row` and `quarantined_row_new`.

    Raises:
        IntegrityError: DuckDB did not read back what was written.
    """
    from retail_brain.config.ingest import SourceSettings

    plain = SourceSettings(files=("clean.csv",), columns={"record_id": "line"})
    reader = _csv_reader(len(layout.names) + 1, plain, header=False, line_bytes=_CLEAN_LINE_BYTES)
    statement = delivered_row_sql(reader, "c0::bigint", layout, lambda place: f"c{place + 1}", "record_id is not null")
    loaded = 0
    if exact.accepted:
        loaded = _count(con.execute(statement, _parameters(str(exact.clean), delivery, layout)))
    aside = 0
    if exact.quarantined:
        parameters = {
            "path": str(exact.aside), "delivery_id": delivery.delivery_id,
            "source": delivery.source, "file_name": delivery.file_name,
        }  # fmt: skip
        aside = _count(con.execute(load("ingest/quarantine_aside"), parameters))
    if (loaded, aside) != (exact.accepted, exact.quarantined):
        raise IntegrityError(f"{delivery.file_name}: rows were lost between two readings", hint="report this as a bug")


def load_parquet(
    con: duckdb.DuckDBPyConnection,
    path: str,
    delivery: Delivery,
    layout: Layout,
    types: Sequence[str],
    settings: IngestSettings,
) -> int:
    """Append a Parquet file to `delivered_row`, and the rows without a record id or with forbidden text to the quarantine.

    Returns:
        How many rows were quarantined.

    Raises:
        InputError: the file is damaged.
    """
    import duckdb

    def cell(place: int) -> str:
        name = f"parquet_row.{quote_identifier(layout.names[place])}"
        if types[place] in {"DOUBLE", "FLOAT"}:
            return f"case when {name} = trunc({name}) and abs({name}) < 1e15 then {name}::bigint::varchar else {name}::varchar end"
        return name if types[place] == "VARCHAR" else f"{name}::varchar"

    used = sorted(
        {place for places in layout.fields.values() for place in places} | {place for _, place in layout.attributes}
    )
    texts = ", ".join(cell(place) for place in used)
    limits = f"list_max([length(t) for t in [{texts}]]) > {settings.max_field_characters}"
    forbidden = f"regexp_matches(concat_ws('', {texts}), '[\\x00\\x{{FFFE}}\\x{{FFFF}}]')"
    reason = (
        f"case when {forbidden} then 'forbidden character' when {limits} then 'field too long' "
        f"when {record_id_sql(layout, cell)} is null then 'no record id' end"
    )
    reader = f"(select * from (select *, {reason} as fault_ from read_parquet($path, file_row_number = true) as parquet_row) where fault_ is null) as parquet_row"
    insert = delivered_row_sql(reader, "file_row_number + 1", layout, cell, "true")
    aside = (
        f"insert into quarantined_row_new select $delivery_id, $source, $file_name, file_row_number + 1, {reason} as fault_, "
        f"left(replace(concat_ws(',', {texts}), chr(0), '\\x00'), 10000) "
        "from read_parquet($path, file_row_number = true) as parquet_row where fault_ is not null"
    )
    parameters = {"path": path, "delivery_id": delivery.delivery_id, "source": delivery.source}
    try:
        con.execute(insert, _parameters(path, delivery, layout))
        return _count(con.execute(aside, {**parameters, "file_name": delivery.file_name}))
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException):
        raise InputError(
            f"{delivery.file_name} is damaged: it cannot be read to its end", hint="deliver it again"
        ) from None


def _parameters(path: str, delivery: Delivery, layout: Layout) -> dict[str, str]:
    names = {f"name{number}": column for number, (column, _) in enumerate(layout.attributes)}
    return {"path": path, "source": delivery.source, "delivery_id": delivery.delivery_id, **names}


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0

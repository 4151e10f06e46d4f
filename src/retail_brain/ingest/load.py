"""Rows into the table `delivered_row`, by DuckDB, and a check that none got lost on the way.

Apart from finding and judging files. Delivered column names never become SQL: columns are read by position, and the
names of passed-through ones are parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.config.ingest import DELIVERED_FIELDS
from retail_brain.engine import quote_identifier
from retail_brain.errors import InputError, IntegrityError
from retail_brain.ingest.header import BLANKS, INVISIBLE
from retail_brain.sql import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.ingest.exact import ExactResult
    from retail_brain.ingest.header import Delivery, Layout
    from retail_brain.ingest.parquet import ParquetShape
    from retail_brain.ingest.survey import Survey


def delivered_row_sql(reader: str, layout: Layout, cell: Callable[[int], str], where: str) -> str:
    """Build the statement that appends the rows of one file to `delivered_row`.

    Args:
        reader: the table function that reads the file.
        layout: where the columns stand.
        cell: gives the SQL of the trimmed text at a position, NULL where it is empty.
        where: a condition on `record_id`; rows outside it are not loaded.

    Returns:
        An insert with the parameters $path, $source, $delivery_id and $name0, $name1 … for passed-through names.
    """
    columns = [f"{field_sql(layout, field, cell)} as {field}" for field in DELIVERED_FIELDS]
    return (
        "insert into delivered_row\nselect * from (\n  select $source as source, "
        f"{record_id_sql(layout, cell)} as record_id, $delivery_id as delivery_id,\n    "
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
    joined = [" || ' ' || ".join(cell(p) for p in places) for places in parts if places]
    return f"coalesce({', '.join(joined)})"


def attributes_sql(layout: Layout, cell: Callable[[int], str]) -> str:
    """Build the SQL of the passed-through columns as one JSON object, NULL when all are empty."""
    if not layout.attributes:
        return "null::varchar"
    cells = [cell(place) for _, place in layout.attributes]
    pairs = ", ".join(f"$name{number}::varchar, {text}" for number, text in enumerate(cells))
    return f"case when coalesce({', '.join(cells)}) is not null then json_object({pairs})::varchar end"


def trimmed_sql(text: str, *, wide: bool) -> str:
    """Build the SQL of a text without blanks around it, NULL where nothing is left.

    Args:
        text: SQL of the text.
        wide: also take away tabs, line breaks and invisible characters, which takes twice as long as blanks alone.
    """
    taken = f", '{BLANKS}'" if wide else ""
    return f"nullif(trim({text}{taken}), '')"


def _joined(places: Sequence[int], cell: Callable[[int], str]) -> str:
    if not places:
        return "null::varchar"
    parts = [cell(place) for place in places]
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
    con: duckdb.DuckDBPyConnection, survey: Survey, delivery: Delivery, settings: IngestSettings, expected_rows: int
) -> bool:
    """Append a well-behaved CSV file to `delivered_row`.

    Args:
        con: the engine; it reads with all its threads, so rows come in any order.
        survey: where its plain UTF-8 bytes are.
        delivery: what each row is loaded with, and where the columns stand.
        settings: a row longer than a field may be is left to the exact reader.
        expected_rows: the independent count.

    Returns:
        True when exactly the expected rows are there; False when nothing was changed.
    """
    import duckdb

    shape, layout = delivery.shape, delivery.layout
    reader = _csv_reader(len(layout.names), shape, header=shape.header, line_bytes=settings.max_field_characters)

    def cell(place: int) -> str:
        plain = not (survey.blanks or survey.invisible)
        return f"nullif(c{place}, '')" if plain else trimmed_sql(f"c{place}", wide=survey.invisible)

    statement = delivered_row_sql(reader, layout, cell, "record_id is not null")
    con.execute("begin")
    try:
        loaded = _count(con.execute(statement, _parameters(survey.path, delivery)))
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        con.execute("rollback")
        return False
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit" if loaded == expected_rows else "rollback")
    return loaded == expected_rows


def load_exact(con: duckdb.DuckDBPyConnection, exact: ExactResult, delivery: Delivery) -> None:
    """Append what the exact reader wrote to `delivered_row` and `quarantined_row_new`.

    Args:
        con: the engine.
        exact: the files that it wrote.
        delivery: what each row is loaded with.

    Raises:
        IntegrityError: DuckDB did not read back what was written.
    """

    def cell(place: int) -> str:
        return trimmed_sql(f"c{place}", wide=False)

    statement = delivered_row_sql("read_parquet($path)", delivery.layout, cell, "record_id is not null")
    loaded = 0
    if exact.accepted:
        loaded = _count(con.execute(statement, _parameters(str(exact.clean), delivery)))
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
    con: duckdb.DuckDBPyConnection, path: str, delivery: Delivery, shape: ParquetShape, settings: IngestSettings
) -> int:
    """Append a Parquet file to `delivered_row`, and rows that cannot be taken to `quarantined_row_new`.

    Args:
        con: the engine.
        path: the file.
        delivery: what each row is loaded with, and where the columns stand.
        shape: its columns, their types and its rows.
        settings: the longest field.

    Returns:
        How many rows were quarantined.

    Raises:
        InputError: the file is damaged.
    """
    import duckdb

    layout = delivery.layout
    reader, cell = parquet_reader_sql(layout, shape.types, settings)
    statement = delivered_row_sql(f"(from {reader} where fault is null)", layout, cell, "true")
    aside = (
        "insert into quarantined_row_new\n"
        "select $delivery_id, $source, $file_name, file_row_number + 1, fault, "
        f"left(replace(concat_ws(',', {', '.join(cell(place) for place in _used(layout))}), chr(0), '\\x00'), 10000)\n"
        f"from {reader}\nwhere fault is not null"
    )
    parameters = {
        "path": path, "delivery_id": delivery.delivery_id,
        "source": delivery.source, "file_name": delivery.file_name,
    }  # fmt: skip
    try:
        loaded = _count(con.execute(statement, _parameters(path, delivery)))
        return 0 if loaded == shape.rows else _count(con.execute(aside, parameters))
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException):
        raise InputError(
            f"{delivery.file_name} is damaged: it cannot be read to its end", hint="deliver it again"
        ) from None


def parquet_reader_sql(
    layout: Layout, types: Sequence[str], settings: IngestSettings
) -> tuple[str, Callable[[int], str]]:
    """Build the table expression of a Parquet file with one text column t0, t1 … for each used column, and its fault.

    Returns:
        The expression (file_row_number, t…, fault) and what gives the SQL of the trimmed text at a position.
    """
    texts = ", ".join(f"{_text_sql(layout.names[place], types[place])} as t{place}" for place in _used(layout))
    listed = ", ".join(f"t{place}" for place in _used(layout))
    invisible = " or ".join(f"contains(whole, chr({ord(c)}))" for c in INVISIBLE)
    forbidden = " or ".join(f"contains(whole, chr({code}))" for code in (0, 0xFFFE, 0xFFFF))
    longest = (
        f"strlen(whole) > {settings.max_field_characters} and greatest(length({listed.replace(', ', '), length(')}))"
    )

    def cell(place: int) -> str:
        text = f"t{place}"
        return f"nullif(case when invisible then trim({text}, '{BLANKS}') else trim({text}) end, '')"

    fault = (
        f"case when {forbidden} then 'forbidden character' "
        f"when {longest} > {settings.max_field_characters} then 'field too long' "
        f"when {record_id_sql(layout, cell)} is null then 'no record id' end"
    )
    rows = f"(select file_row_number, {texts} from read_parquet($path, file_row_number = true))"
    whole = f"(select *, concat_ws('', {listed}) as whole from {rows})"
    return f"(select *, {fault} as fault from (select *, {invisible} as invisible from {whole}))", cell


def _used(layout: Layout) -> list[int]:
    places = {
        place for mapping in (layout.fields, layout.fallback) for several in mapping.values() for place in several
    }
    return sorted(places | {place for _, place in layout.attributes})


def _text_sql(name: str, kind: str) -> str:
    column = quote_identifier(name)
    if kind in {"DOUBLE", "FLOAT"}:
        whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        return f"case when {whole} then {column}::bigint::varchar else {column}::varchar end"
    return column if kind == "VARCHAR" else f"{column}::varchar"


def _parameters(path: str, delivery: Delivery) -> dict[str, str]:
    names = {f"name{number}": column for number, (column, _) in enumerate(delivery.layout.attributes)}
    return {"path": path, "source": delivery.source, "delivery_id": delivery.delivery_id, **names}


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0

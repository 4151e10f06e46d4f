"""Bulk in and out: Arrow batches of DuckDB into COPY and COPY back into DuckDB, one batch in memory at a time.

Binary COPY through pgpq where it is installed (it has no wheels for every processor), CSV otherwise. Apart from
publishing, because rebuilding a workspace and the tests use it as well.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql as pg

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    import duckdb
    import pyarrow as pa

    from retail_brain.store.connection import Connection
    from retail_brain.store.shape import Shape

_BATCH_ROWS = 32_768
_BINARY = find_spec("pgpq") is not None  # no wheel for this processor: CSV does the same, more slowly


def copy_in(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    shape: Shape,
    run_id: int,
    *,
    table: str | None = None,
    freeze: bool = False,
) -> int:
    """Copy a DuckDB relation into a table of PostgreSQL.

    Args:
        conn: in a transaction.
        duck: where `shape.origin` is; a cursor that nothing else reads.
        shape: columns, types and expressions.
        run_id: the run, for the columns that say who wrote a row.
        table: the target, when it is not the table of the shape.
        freeze: write rows as visible to all; only right after a TRUNCATE in the same transaction.

    Returns:
        The number of rows copied.
    """
    binary = _BINARY
    duck.execute(f"set session arrow_lossless_conversion = {str(binary).lower()}")
    reader = duck.sql(shape.select_sql(run_id)).to_arrow_reader(_BATCH_ROWS)
    statement = pg.SQL("copy {} ({}) from stdin (format {}, freeze {})").format(
        pg.Identifier(table or shape.table),
        pg.SQL(", ").join(pg.Identifier(name) for name in shape.columns),
        pg.SQL("binary" if binary else "csv"),
        pg.SQL("true" if freeze else "false"),
    )
    chunks = _binary(reader, shape) if binary else _csv(reader)
    with conn.cursor() as cursor:
        with cursor.copy(statement) as copy, closing(_ahead(chunks)) as ready:
            for chunk in ready:
                copy.write(chunk)
        return max(cursor.rowcount, 0)


def copy_out(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    query: LiteralString,
    table: str,
    types: dict[str, str],
    *,
    chunk_bytes: int = 32_000_000,
) -> int:
    """Make a DuckDB table of the rows of a PostgreSQL query.

    Args:
        conn: where the query runs.
        duck: where the table goes.
        query: a select without parameters.
        table: name of the DuckDB table.
        types: column names of the query, in order, with DuckDB's types.
        chunk_bytes: how much CSV is parsed at a time.

    Returns:
        The number of rows.
    """
    from retail_brain.engine import quote_identifier

    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in types.items())
    duck.execute(f"create or replace table {quote_identifier(table)} ({columns})")
    selected = ", ".join(f"cast({quote_identifier(name)} as {kind})" for name, kind in types.items())
    rows = 0
    for batch in copied_tables(conn, query, list(types), chunk_bytes=chunk_bytes):
        duck.register("copied_out", batch)
        duck.execute(f"insert into {quote_identifier(table)} select {selected} from copied_out")
        duck.unregister("copied_out")
        rows += batch.num_rows
    return rows


def copied_tables(
    conn: Connection, query: LiteralString, names: list[str], *, chunk_bytes: int = 32_000_000
) -> Iterator[pa.Table]:
    """Yield the rows of a PostgreSQL query as Arrow tables of text, one chunk at a time.

    Args:
        conn: where the query runs, in a transaction.
        query: a select without parameters.
        names: column names of the query, in order.
        chunk_bytes: how much CSV is parsed at a time.

    Returns:
        Tables with these columns, all of them text.
    """
    import pyarrow.csv as arrow_csv

    options = _csv_options(names)
    with conn.cursor() as cursor, cursor.copy(pg.SQL("copy ({}) to stdout (format csv)").format(pg.SQL(query))) as copy:
        for chunk in _whole_rows(copy, chunk_bytes):
            yield arrow_csv.read_csv(io.BytesIO(chunk), **options)


def _binary(reader: pa.RecordBatchReader, shape: Shape) -> Iterator[bytes]:
    from pgpq import ArrowToPostgresBinaryEncoder
    from pgpq.encoders import StringEncoderBuilder

    encoders = {
        field.name: StringEncoderBuilder(field)
        if shape.types[field.name] == "json"
        else ArrowToPostgresBinaryEncoder.infer_encoder(field)
        for field in reader.schema
    }
    encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(reader.schema, encoders)
    yield encoder.write_header()
    for batch in reader:
        yield encoder.write_batch(batch)
    yield encoder.finish()


def _ahead(chunks: Iterator[bytes]) -> Generator[bytes]:
    """Make the next chunk while PostgreSQL is taking this one."""
    with ThreadPoolExecutor(1, "copy") as worker:
        coming = worker.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = worker.submit(next, chunks, None)
            yield chunk


def _csv(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    import pyarrow.csv as arrow_csv

    options = arrow_csv.WriteOptions(include_header=False)
    for batch in reader:
        buffer = io.BytesIO()
        arrow_csv.write_csv(batch, buffer, write_options=options)
        yield buffer.getvalue()


def _csv_options(names: list[str]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    return {
        "read_options": arrow_csv.ReadOptions(column_names=names, block_size=8_000_000),
        "parse_options": arrow_csv.ParseOptions(newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=False,
        ),
    }


def _whole_rows(copy: Iterable[Any], chunk_bytes: int) -> Iterator[bytes]:
    """Join the rows that COPY yields, one or more at a time and never half of one, into chunks."""
    parts: list[bytes] = []
    size = 0
    for data in copy:
        parts.append(bytes(data))
        size += len(data)
        if size >= chunk_bytes:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)

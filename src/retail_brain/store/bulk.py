"""The first load: COPY into empty tables without indexes, which are built afterwards in the same transaction.

Apart from the usual publishing, because it is only right while the tables are empty: nobody can have read a row
that the short exclusive locks would keep from them. TRUNCATE of an empty table lets COPY write rows that need no
vacuum, and index builds that need not look up who wrote each row (measured: a quarter less time in all).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql as pg

from retail_brain import sql
from retail_brain.store.shape import FIRST_LOAD
from retail_brain.store.transfer import copy_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from retail_brain.store.connection import Connection
    from retail_brain.store.shape import Shape

_WORTHWHILE_ROWS = 20_000


def wants_first_load(conn: Connection, duck: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether all bulk tables are empty, ours, and about to receive enough rows for index building to pay.

    Args:
        conn: in the publishing transaction, holding the lease.
        duck: with `source_record_upsert`.

    Returns:
        True when `first_load` may be used.
    """
    coming = duck.sql("select count(*) from source_record_upsert").fetchall()[0][0]
    if coming < _WORTHWHILE_ROWS:
        return False
    for shape in FIRST_LOAD:
        filled = conn.execute(pg.SQL("select exists (select from {})").format(pg.Identifier(shape.table))).fetchone()
        owned = conn.execute(sql.load("store/owns_table"), {"table": shape.table}).fetchone()
        if filled is None or filled[0] or owned is None or not owned[0]:
            return False
    return True


def first_load(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    run_id: int,
    present: set[str],
    shapes: Iterable[Shape] = FIRST_LOAD,
) -> dict[str, int]:
    """Copy everything into the empty bulk tables and build their indexes.

    Args:
        conn: in the publishing transaction.
        duck: with the tables of the run, as differences against nothing.
        run_id: the run.
        present: the tables that DuckDB has; a missing one counts as empty.
        shapes: which of the tables.

    Returns:
        Rows written, by table.
    """
    conn.execute(sql.load("store/spare_wal_compression"))
    conn.execute("set local default_statistics_target = 20")  # autovacuum looks again, at leisure
    conn.execute(sql.load("store/spare_sort_runs"))
    rows: dict[str, int] = {}
    for shape in (shape for shape in shapes if shape.origin in present):
        definitions = _drop_indexes(conn, shape.table)
        conn.execute(pg.SQL("truncate {}").format(pg.Identifier(shape.table)))
        rows[shape.table] = copy_in(conn, duck, shape, run_id, freeze=True)
        for definition in definitions:
            conn.execute(definition)
        conn.execute(pg.SQL("analyze {}").format(pg.Identifier(shape.table)))
    return rows


def _drop_indexes(conn: Connection, table: str) -> list[pg.Composed]:
    """Drop the indexes of a table and return the statements that bring them back, the primary key first."""
    definitions: list[pg.Composed] = []
    for index, definition, constraint, constraint_definition in _indexes(conn, table):
        if constraint is None:
            conn.execute(pg.SQL("drop index {}").format(pg.Identifier(index)))
            definitions.append(pg.Composed([pg.SQL(definition)]))
        else:
            target = pg.SQL("alter table {} ").format(pg.Identifier(table))
            conn.execute(target + pg.SQL("drop constraint {}").format(pg.Identifier(constraint)))
            added = pg.SQL("add constraint {} ").format(pg.Identifier(constraint))
            definitions.append(target + added + pg.SQL(constraint_definition))
    return definitions


def _indexes(conn: Connection, table: str) -> list[tuple[str, LiteralString, str | None, LiteralString]]:
    rows: list[Any] = conn.execute(sql.load("store/bulk_indexes"), {"table": table}).fetchall()
    return rows

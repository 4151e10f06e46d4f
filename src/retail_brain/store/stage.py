"""Differences brought in by DML: copied into temporary tables first, then one statement a table.

Apart from publishing, because a person who undoes a merge changes profiles by the same statements as a night.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql as pg

from retail_brain import sql
from retail_brain.store import shape
from retail_brain.store.transfer import copy_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import duckdb

    from retail_brain.store.connection import Connection
    from retail_brain.store.shape import Shape

RECORDS: tuple[Shape, ...] = (shape.SOURCE_RECORD, shape.SOURCE_RECORD_GONE)
PROFILES: tuple[Shape, ...] = (
    shape.PROFILE, shape.PROFILE_GONE, shape.PROFILE_ALIAS, shape.REVIEW_ITEM, shape.REVIEW_ITEM_GONE,
)  # fmt: skip

_STATEMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "source_record": (("source_record", "upsert_source_record"),),
    "source_record_gone": (("source_record_gone", "mark_source_record_gone"),),
    "profile": (("profile", "upsert_profile"), ("name_part", "insert_name_part")),
    "profile_gone": (("profile_gone", "delete_profile_gone"),),
    "profile_alias": (("profile_alias", "upsert_profile_alias"),),
    "review_item_gone": (("review_item_gone", "delete_review_item_gone"),),
    "review_item": (("review_item", "upsert_review_item"),),
}
"""For each temporary table what it brings in, and the statement; in this order."""


def stage(
    conn: Connection, duck: duckdb.DuckDBPyConnection, shapes: Iterable[Shape], *, run_id: int, present: Collection[str]
) -> None:
    """Copy differences into temporary tables of the transaction, named like their table with `_new` behind.

    Args:
        conn: in a transaction.
        duck: with the tables of differences.
        shapes: the differences.
        run_id: the run, for the columns that say who wrote a row.
        present: the tables that DuckDB has; a missing one counts as empty.
    """
    for staged in shapes:
        target = f"{staged.table}_new"
        columns = pg.SQL(", ").join(pg.Identifier(name) for name in staged.columns)
        conn.execute(pg.SQL("drop table if exists pg_temp.{}").format(pg.Identifier(target)))  # of a change before
        conn.execute(
            pg.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
                pg.Identifier(target), columns, pg.Identifier(staged.table.removesuffix("_gone"))
            )
        )
        if staged.origin in present:
            copy_in(conn, duck, staged, run_id, table=target)
            conn.execute(pg.SQL("analyze {}").format(pg.Identifier(target)))


def bring_in(conn: Connection, shapes: Iterable[Shape], *, run_id: int) -> dict[str, int]:
    """Write what was staged.

    Args:
        conn: in the transaction in which the shapes were staged.
        shapes: the differences.
        run_id: the run.

    Returns:
        Rows written, by table.
    """
    staged = {one.table for one in shapes}
    rows: dict[str, int] = {}
    for name, statements in _STATEMENTS.items():
        for table, statement in statements if name in staged else ():
            rows[table] = conn.execute(sql.load(f"store/{statement}"), {"run_id": run_id}).rowcount
    return rows

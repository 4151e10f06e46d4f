"""A restored database brought forward with the rows of a journal: each as it stood at the moment of an entry.

Apart from writing the journal, because it happens in another database, on another day. Nothing is computed: rows are put
in by their keys, so profiles, ids, merges, seals and questions are those that were, whatever configuration or version
made them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql as pg
from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.errors import ConfigurationError
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from typing import LiteralString

    from retail_brain.store.connection import Connection


_TABLE = re.compile(r'\{"table":"(\w+)"')
"""The body is not parsed here, so that what stands in it reaches PostgreSQL word for word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    table_name: LiteralString
    columns: LiteralString
    condition: LiteralString
    all_columns: list[LiteralString]
    is_append_only: bool


class Replay:
    """Rows of a journal, put into a database in the order of its entries."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._tables: dict[str, _Table] = {}

    def put(self, body: str) -> tuple[str, int]:
        """Put in the rows of one entry.

        Args:
            body: a JSON object: `table`, `rows` as they stood, `gone` the keys of those that were no more.

        Returns:
            The table, and how many rows were written or removed.

        Raises:
            ConfigurationError: the database has no such table or lacks a column.
        """
        named = _TABLE.match(body)
        assert named is not None, "an entry without its table"
        shape = self._shape(named[1])
        with translated():
            written = self._conn.execute(upsert_sql(shape), {"body": body}).rowcount
            if not shape.is_append_only:
                written += self._conn.execute(delete_sql(shape), {"body": body}).rowcount
        return shape.table_name, written

    def _shape(self, table: str) -> _Table:
        if table not in self._tables:
            with translated(), self._conn.cursor(row_factory=class_row(_Table)) as cursor:
                found = cursor.execute(sql.load("store/journal_table"), {"table_name": table}).fetchone()
            if found is None:
                raise ConfigurationError(
                    f"the journal has rows of {table}, which the database lacks", hint="retail-brain db migrate"
                )
            self._tables[table] = found
        return self._tables[table]


def upsert_sql(shape: _Table) -> pg.Composed:
    """Return the statement that puts rows in by their keys. Rows of a log are only ever added.

    Args:
        shape: the table.
    """
    keys = shape.columns.split(", ")
    others = [] if shape.is_append_only else [name for name in shape.all_columns if name not in keys]
    changes = [pg.SQL("{0} = excluded.{0}").format(pg.Identifier(name)) for name in others]
    return pg.SQL(
        "insert into {table} ({columns}) overriding system value select {columns}"
        " from json_populate_recordset(null::{table}, %(body)s::json -> 'rows') on conflict ({key}) do {action}"
    ).format(
        table=pg.Identifier(shape.table_name),
        columns=pg.SQL(", ").join(map(pg.Identifier, shape.all_columns)),
        key=pg.SQL(", ").join(map(pg.SQL, keys)),
        action=pg.SQL("update set {}").format(pg.SQL(", ").join(changes)) if changes else pg.SQL("nothing"),
    )


def delete_sql(shape: _Table) -> pg.Composed:
    """Return the statement that removes rows by their keys.

    Args:
        shape: the table.
    """
    return pg.SQL(
        "delete from {table} as t using json_array_elements(%(body)s::json -> 'gone') as k (row_key) where {condition}"
    ).format(table=pg.Identifier(shape.table_name), condition=pg.SQL(shape.condition))


def finish_replay(conn: Connection) -> None:
    """Have every numbering go on behind the highest number that the replay brought.

    Args:
        conn: in the transaction of the replay.
    """
    with translated():
        for table, column, sequence in conn.execute(sql.load("store/numbering_column")).fetchall():
            conn.execute(
                pg.SQL(
                    "select setval({sequence}, greatest(max({column}), pg_sequence_last_value({sequence}::regclass))) from {table}"
                ).format(sequence=pg.Literal(sequence), column=pg.Identifier(column), table=pg.Identifier(table))
            )

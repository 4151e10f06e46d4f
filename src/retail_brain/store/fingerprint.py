"""A snapshot that pg_dump can share, and the rows and an order-free hash of every table in it.

Apart from the backup, which calls programs and knows no SQL. The hash of a table is the exclusive or of its rows' hashes, so it does not
depend on their order; a row's hash is PostgreSQL's own for records, which costs a fraction of what printing the row would. Columns of types
that PostgreSQL cannot hash, or hashes by numbers that differ from server to server, are hashed as text. With the same rows it is the same
on every server of the same byte order, whatever their locale.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors
from psycopg import sql as pg
from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.failure import DeniedError, TransientServiceError, translated
from retail_brain.store.journal import quiet_journal
from retail_brain.store.migration import MIGRATION_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retail_brain.store.connection import Connection

_HASHED = frozenset({
    "bigint", "integer", "smallint", "boolean", "text", "character varying", "uuid", "bytea", "jsonb", "numeric", "date",
    "double precision", "real", "timestamp without time zone", "timestamp with time zone",
})  # fmt: skip
"""Types whose hash depends on the value alone."""
_MASK = 2**64 - 1
_MOVED = "somebody changed the structure of the database meanwhile"
_RIGHTS_HINT = (
    "the owner of the tables may make a backup, and so may a member of pg_read_all_data; docs/reference/roles.md"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An exported snapshot, and what it sees of the database's state."""

    snapshot: str
    snapshot_at: str
    snapshot_xmin: int
    wal_position: str
    server_version: str
    database: str
    migration: int
    run_id: int | None
    last_merge_id: int
    last_decision_id: int
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedTable:
    """One table of the database, with its columns but the generated ones."""

    oid: int
    schema: str
    name: str
    bytes: int
    columns: list[str]
    types: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The rows of one table, and the order-free hash of all of them as 16 hexadecimal digits."""

    schema: str
    name: str
    rows: int
    digest: str


@contextmanager
def exported_snapshot(conn: Connection) -> Iterator[Snapshot]:
    """Hold a read-only transaction whose snapshot others can import, and keep migrations and changes of structure waiting meanwhile.

    Every table is locked before the snapshot is taken. Else an `alter table` that rewrites one, or a `truncate`, could come
    between the snapshot and the lock that pg_dump takes by itself: whoever reads the table then, by a snapshot from before,
    finds it empty, pg_dump and the hashing alike.

    Args:
        conn: a connection outside any transaction.

    Returns:
        The snapshot; it can be imported until the block ends.

    Raises:
        ConfigurationError: a table of ours is missing, or the login may not read it.
        ServiceError: a migration, or somebody who changes a table, is at work for longer than this connection waits for
            a lock; or tables came or went at that moment.
    """
    with translated():
        conn.execute(sql.load("store/begin_snapshot"))
        conn.execute("select pg_advisory_lock_shared(%s)", [MIGRATION_LOCK])
        conn.commit()
        try:
            with ExitStack() as quiet:
                quiet.enter_context(quiet_journal(conn))
                with conn.transaction():
                    tables = list_tables(conn)
                with conn.transaction(force_rollback=True):
                    conn.execute("set transaction isolation level repeatable read, read only")
                    _lock(conn, tables)
                    with conn.cursor(row_factory=class_row(Snapshot)) as cursor:
                        found = cursor.execute(sql.load("store/snapshot_state")).fetchone()
                    assert found is not None
                    if _names(list_tables(conn)) != _names(tables):
                        raise TransientServiceError(_MOVED, hint="nothing was changed; repeat it")
                    quiet.close()
                    yield found
        finally:
            if not conn.broken:
                conn.execute("select pg_advisory_unlock_shared(%s)", [MIGRATION_LOCK])
                conn.commit()


def _lock(conn: Connection, tables: Sequence[DumpedTable]) -> None:
    """Lock tables against changes of their structure. Nothing was read in this transaction yet, so that its snapshot comes after."""
    if not tables:
        return
    names = pg.SQL(", ").join(pg.SQL("only {}").format(pg.Identifier(table.schema, table.name)) for table in tables)
    try:
        conn.execute(pg.SQL("lock table {} in access share mode").format(names))
    except errors.UndefinedTable as error:
        raise TransientServiceError(_MOVED, hint="nothing was changed; repeat it") from error


def _names(tables: Sequence[DumpedTable]) -> list[tuple[int, str, str]]:
    return [(table.oid, table.schema, table.name) for table in tables]


def list_tables(conn: Connection) -> list[DumpedTable]:
    """Return the tables whose rows a dump holds, by schema and name."""
    with translated(), conn.cursor(row_factory=class_row(DumpedTable)) as cursor:
        return cursor.execute(sql.load("store/list_dumped_tables")).fetchall()


def check_readable(conn: Connection) -> None:
    """Refuse a login that cannot dump this database, before anything is started.

    Raises:
        DeniedError: it may not read a table or a sequence; the message names the first.
    """
    with translated(), conn.transaction():
        lacking = conn.execute(sql.load("store/unreadable_relation")).fetchall()
    if lacking:
        kind, name = lacking[0]
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise DeniedError(
            f"the PostgreSQL login lacks a right on {kind} {name}{more}: it may not read all that a backup holds",
            hint=_RIGHTS_HINT,
        )


def fingerprints(
    conn: Connection, tables: Sequence[DumpedTable], tell: Callable[[DumpedTable], None] = lambda _: None
) -> list[Fingerprint]:
    """Count and hash the rows of tables.

    Args:
        conn: in a transaction; a repeatable-read one makes them all of one moment.
        tables: which.
        tell: told after each.

    Returns:
        One fingerprint per table, in their order.
    """
    found = []
    with translated():
        for table in tables:
            row = conn.execute(fingerprint_sql(table)).fetchone()
            assert row is not None
            digest = f"{(row[1] or 0) & _MASK:016x}"
            found.append(Fingerprint(schema=table.schema, name=table.name, rows=row[0], digest=digest))
            tell(table)
    return found


def fingerprint_sql(table: DumpedTable) -> pg.Composed:
    """Return the statement whose one row is the number of a table's rows and the exclusive or of their hashes."""
    columns = [
        pg.SQL("t.{}" if kind in _HASHED else "t.{}::text").format(pg.Identifier(name))
        for name, kind in zip(table.columns, table.types, strict=True)
    ]
    return pg.SQL("select count(*), bit_xor(hash_record_extended(row({}), 0)) from only {} t").format(
        pg.SQL(", ").join(columns), pg.Identifier(table.schema, table.name)
    )

"""Migrations on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.store.connection import Connection, connect
from retail_brain.store.migration import migrate, migration_status, migrations, require_migrated

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress


def test_a_bare_database_gets_every_migration_and_a_second_time_none(bare_database: PostgresAddress) -> None:
    with connect(bare_database) as conn:
        assert [state.applied_at for state in migration_status(conn)] == [None] * len(migrations())
        assert migrate(conn).applied == tuple(m.number for m in migrations())
        assert migrate(conn).applied == ()
        assert all(state.applied_at for state in migration_status(conn))


def test_a_bare_database_is_refused_before_anything_is_written(bare_database: PostgresAddress) -> None:
    with connect(bare_database) as conn, pytest.raises(ConfigurationError) as caught:
        require_migrated(conn)
    assert "db migrate" in (caught.value.hint or "")


def test_an_applied_migration_that_changed_stops_the_tool(conn: Connection) -> None:
    conn.execute("update schema_migration set checksum = 'other' where number = 2")
    conn.commit()
    with pytest.raises(ConfigurationError, match="migration 0002 differs"):
        require_migrated(conn)


def test_a_database_of_a_newer_program_stops_the_tool(conn: Connection) -> None:
    conn.execute("insert into schema_migration (number, name, checksum) values (9999, 'later', 'x')")
    conn.commit()
    with pytest.raises(ConfigurationError, match="stands at migration 9999"):
        migrate(conn)


def test_every_table_and_column_is_described(conn: Connection) -> None:
    silent = conn.execute(
        """
        select c.relname, a.attname
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 or a.attrelid = c.oid and a.attname is null
        where c.relkind = 'r' and not a.attisdropped and c.relname <> 'schema_migration'
          and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)
        """
    ).fetchall()
    assert silent == []

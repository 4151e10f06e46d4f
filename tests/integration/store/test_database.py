"""Whole databases: what counts as empty, scratch ones swept away, one put in the place of another in one step."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from retail_brain.errors import ConfigurationError, IntegrityError, ServiceError
from retail_brain.store import database as databases
from retail_brain.store import inside
from retail_brain.store.aside import aside_name, is_aside
from retail_brain.store.connection import connect
from retail_brain.store.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress


@pytest.fixture
def names(bare_database: PostgresAddress) -> Iterator[PostgresAddress]:
    """A name that no database has; whatever has it or a name that begins so at the end is dropped."""
    address = replace(bare_database, dbname=f"rb_named_{uuid.uuid4().hex[:8]}")
    yield address
    with databases.open_server(address) as server:
        found = server.execute("select datname from pg_database where starts_with(datname, %s)", [address.dbname])
        for (name,) in found.fetchall():
            databases.drop_database(server, name)


def has(address: PostgresAddress, name: str) -> bool:
    with databases.open_server(address) as server:
        return server.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def mark(address: PostgresAddress, number: int) -> None:
    with connect(address) as conn:
        conn.execute(f"create table mark as select {number} as number")  # type: ignore[call-overload]


def marked(address: PostgresAddress) -> int:
    with connect(address) as conn:
        return conn.execute("select number from mark").fetchone()[0]  # type: ignore[index]


def test_a_database_is_empty_until_somebody_brings_a_row(database: PostgresAddress) -> None:
    assert databases.database_state(database) == "empty"
    with connect(database) as conn:
        conn.execute("insert into waiting_record (source, record_id, raw) values ('pos', '1', '{}')")
    assert databases.database_state(database) == "filled"


def test_a_table_of_somebody_else_makes_a_database_filled_even_without_rows(bare_database: PostgresAddress) -> None:
    assert databases.database_state(bare_database) == "empty"
    with connect(bare_database) as conn:
        conn.execute("create table till (amount int)")
    assert databases.database_state(bare_database) == "filled"
    assert databases.database_state(replace(bare_database, dbname="rb_nobody")) == "missing"


@pytest.mark.parametrize(
    "statement",
    [
        "create view report as select 1 as amount",
        "create materialized view report as select 1 as amount",
        "create function rate() returns int language sql as 'select 19'",
        "create procedure close_day() language sql as 'select 1'",
        "create sequence receipt",
        "create type size as enum ('s', 'm')",
        "create domain rate as int",
        "create type pair as (one int, other int)",
        "create foreign data wrapper far; create server far foreign data wrapper far; create foreign table far (n int) server far",
        "create schema theirs; create view theirs.run as select 1 as run_id",
        "select lo_create(0)",
    ],
)
def test_whatever_somebody_else_has_made_in_a_database_makes_it_filled(
    database: PostgresAddress, statement: str
) -> None:
    with connect(database) as conn:
        conn.execute("create extension if not exists fuzzystrmatch")
    assert databases.database_state(database) == "empty"
    with connect(database) as conn:
        conn.execute(statement)  # type: ignore[call-overload]
    assert databases.database_state(database) == "filled"


def test_a_scratch_database_is_gone_afterwards_and_one_in_use_is_not_swept(bare_database: PostgresAddress) -> None:
    with databases.scratch_database(bare_database) as first:
        mark(first, 1)
        with databases.scratch_database(bare_database) as second:
            assert second.dbname != first.dbname
            assert marked(first) == 1
        assert not has(bare_database, second.dbname)
    assert not has(bare_database, first.dbname)


def test_what_a_killed_process_left_is_swept(bare_database: PostgresAddress) -> None:
    left = f"{databases.SCRATCH}left"
    with databases.open_server(bare_database) as server:
        server.execute(f"create database {left}")  # type: ignore[call-overload]
        assert databases.sweep_scratch(server) == (left,)
    assert not has(bare_database, left)


def test_a_database_takes_the_place_of_another_and_ends_its_sessions(names: PostgresAddress) -> None:
    with databases.open_server(names) as server:
        server.execute(f"create database {names.dbname}")  # type: ignore[call-overload]
    mark(names, 1)
    idle = connect(names)
    idle.execute("select 1")
    with databases.scratch_database(names) as scratch:
        mark(scratch, 2)
        with databases.open_server(names) as server:
            moment = datetime(2026, 11, 23, 15, 30, 43, tzinfo=UTC)
            aside = aside_name(server, names.dbname, now=moment)
            databases.put_in_place(server, scratch.dbname, names.dbname, aside=aside)
            assert aside == f"{names.dbname}_before_20261123t153043"
            assert aside_name(server, names.dbname, now=moment) == f"{aside}_2"
    assert marked(names) == 2
    assert marked(replace(names, dbname=aside)) == 1
    with pytest.raises(psycopg.OperationalError):
        idle.execute("select 1")
    idle.close()


@pytest.mark.parametrize("name", ["retail_brain", "x", "long_" * 12, "läden_" * 9, "with\nlines"])
def test_a_database_that_is_put_aside_is_known_by_its_name(bare_database: PostgresAddress, name: str) -> None:
    with databases.open_server(bare_database) as server:
        aside = aside_name(server, name)
    assert len(aside.encode()) <= 63 - len("_999")
    assert is_aside(aside)
    assert is_aside(f"{aside}_2")


@pytest.mark.parametrize(
    "name", [
        "crm_before_upgrade", "crm_before_20261123", "crm_before_20261123t153043_old", "crm_before_20261340t153043", "_before_20261123t153043",
    ],
)  # fmt: skip
def test_a_name_that_only_looks_like_it_is_not(name: str) -> None:
    assert not is_aside(name)


def test_an_empty_database_goes_at_once_and_what_another_command_is_making_stays(names: PostgresAddress) -> None:
    another = f"{databases.SCRATCH}another"
    with databases.open_server(names) as server, databases.open_server(names) as other:
        server.execute(f"create database {names.dbname}")  # type: ignore[call-overload]
        with databases.scratch_database(names) as scratch:
            mark(scratch, 2)
            other.execute(f"create database {another}")  # type: ignore[call-overload]
            try:
                kept = databases.put_in_place_of_empty(server, names, scratch.dbname, aside=f"{names.dbname}_aside")
                assert has(names, another)
            finally:
                databases.drop_database(other, another)
    assert (kept, marked(names), has(names, f"{names.dbname}_aside")) == (None, 2, False)


def test_what_somebody_brings_at_the_last_moment_is_kept_aside(names: PostgresAddress) -> None:
    with databases.open_server(names) as server:
        server.execute(f"create database {names.dbname}")  # type: ignore[call-overload]
        mark(names, 1)
        with databases.scratch_database(names) as scratch:
            mark(scratch, 2)
            kept = databases.put_in_place_of_empty(server, names, scratch.dbname, aside=f"{names.dbname}_aside")
    assert kept == f"{names.dbname}_aside"
    assert (marked(names), marked(replace(names, dbname=kept))) == (2, 1)


def test_a_failed_swap_leaves_both_where_they_were(names: PostgresAddress) -> None:
    with databases.open_server(names) as server:
        server.execute(f"create database {names.dbname}")  # type: ignore[call-overload]
    mark(names, 1)
    with databases.open_server(names) as server, pytest.raises((ConfigurationError, ServiceError)):
        databases.put_in_place(server, "rb_never_made", names.dbname, aside=f"{names.dbname}_aside")
    assert marked(names) == 1


def test_indexes_are_read_and_a_constraint_that_is_not_in_force_is_found(database: PostgresAddress) -> None:
    with connect(database) as conn:
        indexes = inside.refuse_broken(conn)
        assert (indexes or 0) > 20 or (indexes is None and conn.info.parameter_status("is_superuser") == "off")
        assert conn.execute("select from pg_extension where extname = 'amcheck'").fetchone() is None
        conn.execute("alter table run add constraint run_id_known check (run_id > 0) not valid")
        conn.commit()
        with pytest.raises(IntegrityError, match="run_id_known"):
            inside.refuse_broken(conn)


def test_a_restored_database_is_newer_than_all_that_redis_or_a_process_knows(database: PostgresAddress) -> None:
    with connect(database) as conn:
        (before,) = conn.execute("select generation from cache_state").fetchone() or (0,)
        conn.execute("update cache_state set generation = generation + 50")
        conn.execute("update lease set token = 7, holder = 'gone:1:x', expires_at = now() + interval '1 day'")
        conn.commit()
        generation = inside.settle_restored(conn, newest_run=41)
        assert generation > before + 50
        assert conn.execute("select holder, expires_at, token > 7 from lease").fetchone() == (None, None, True)
        assert conn.execute("select nextval(pg_get_serial_sequence('run', 'run_id'))").fetchone() == (42,)
        assert migrate(conn).applied == ()

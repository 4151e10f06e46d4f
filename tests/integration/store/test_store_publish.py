"""Publishing into a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from night import Night, first_night, profile_id, publish

from retail_brain.errors import RefusedError
from retail_brain.store.connection import Connection
from retail_brain.store.publish import publish_run
from retail_brain.store.run import acquire_lease, begin_run, show_run

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress


def rows_of(conn: Connection, query: str) -> list[tuple]:
    """Return the rows of a query, ending its transaction."""
    with conn.transaction():
        return conn.execute(query).fetchall()  # type: ignore[arg-type]


def test_a_first_night_is_there_for_readers(database: PostgresAddress, conn: Connection) -> None:
    result = publish(database, first_night())
    assert result.generation == 1
    assert result.rows["source_record"] == 3
    assert rows_of(conn, "select given_search, family_search, version from profile order by profile_id") == [
        ("maria", "lopez garcia", 1),
        ("robert", "hale", 1),
    ]
    run = show_run(conn, result.run_id)
    assert run is not None
    assert (run.status, run.generation) == ("published", 1)
    assert run.written["profile"] == 2


def test_publishing_a_run_twice_changes_nothing(database: PostgresAddress, conn: Connection) -> None:
    night = first_night()
    lease = acquire_lease(conn)
    run_id = begin_run(conn, lease)
    first = publish_run(database, night.con, run_id=run_id, lease_token=lease.token)
    before = rows_of(conn, "select xmin, * from profile")
    again = publish_run(database, night.con, run_id=run_id, lease_token=lease.token)
    assert again.repeated
    assert (again.generation, again.rows) == (first.generation, first.rows)
    assert rows_of(conn, "select xmin, * from profile") == before


def test_a_night_without_differences_writes_no_row(database: PostgresAddress, conn: Connection) -> None:
    publish(database, first_night())
    before = rows_of(conn, "select xmin, * from profile")
    assert publish(database, Night()).rows == {}
    assert rows_of(conn, "select xmin, * from profile") == before


def test_an_unchanged_profile_keeps_its_version_and_a_changed_one_grows(
    database: PostgresAddress, conn: Connection
) -> None:
    publish(database, first_night())
    night = Night()
    night.profile(
        1,
        records=2,
        provenance='{"given_name": 1, "family_name": 1, "email": 2, "phone": 1}',
        email="maria.lopez@example.com",
        phone="+12025550176",
        postal_code="94110",
    )
    night.profile(3, given_name="Bob", family_name="Hale", email="rhale@example.org", postal_code="94110")
    assert publish(database, night).rows["profile"] == 1
    assert rows_of(conn, "select given_name, version from profile order by profile_id") == [("Maria", 1), ("Bob", 2)]


def test_a_run_whose_lease_was_taken_over_publishes_nothing(database: PostgresAddress, conn: Connection) -> None:
    stale = acquire_lease(conn, duration_s=0)
    run_id = begin_run(conn, stale)
    acquire_lease(conn, holder="other")
    with pytest.raises(RefusedError, match="lost its lease"):
        publish_run(database, first_night().con, run_id=run_id, lease_token=stale.token)
    assert rows_of(conn, "select count(*) from profile") == [(0,)]


def test_a_record_that_vanishes_loses_its_profile_and_comes_back_with_its_number(
    database: PostgresAddress, conn: Connection
) -> None:
    publish(database, first_night())
    night = Night()
    night.put("source_record_gone", record_no=3)
    night.put("profile_gone", profile_id=profile_id(3))
    night.put("profile_alias_new", alias_id=profile_id(3), profile_id=None)
    result = publish(database, night)
    assert rows_of(conn, "select profile_id, gone_run from source_record where record_no = 3") == [
        (None, result.run_id)
    ]
    assert rows_of(conn, "select count(*) from profile") == [(1,)]
    back = Night()
    back.deliver(sha="b" * 64)
    back.record(3, 4, sha="b" * 64)
    back.profile(4, first=3)
    publish(database, back)
    assert rows_of(conn, "select profile_id, gone_run from source_record where record_no = 3") == [
        (profile_id(4), None)
    ]


def test_the_outbox_names_every_profile_that_a_night_touches(database: PostgresAddress, conn: Connection) -> None:
    publish(database, first_night())
    rows_of(conn, "delete from cache_outbox returning 1")
    night = Night()
    night.deliver(sha="b" * 64)
    night.record(2, 2, sha="b" * 64)
    night.profile(2, first=2)
    publish(database, night)
    assert rows_of(conn, "select profile_id from cache_outbox order by 1") == [(profile_id(1),), (profile_id(2),)]

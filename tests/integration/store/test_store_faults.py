"""What publishing, connecting and the lease do when something goes wrong."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from night import Night, first_night, publish

from retail_brain.errors import ConfigurationError, LockedError, RefusedError, RetailBrainError, ServiceError
from retail_brain.model import PostgresAddress
from retail_brain.store import bulk, transfer
from retail_brain.store import publish as publishing
from retail_brain.store.connection import Connection, connect
from retail_brain.store.failure import translated
from retail_brain.store.invariant import check_invariants
from retail_brain.store.outbox import cache_generation
from retail_brain.store.run import (
    acquire_lease,
    adopt_run,
    begin_run,
    finish_run,
    known_deliveries,
    latest_published,
    list_runs,
    release_lease,
    renew_lease,
    show_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = ("delivery", "source_record", "profile", "name_part", "profile_alias", "identity_merge_log", "review_item")


def content(conn: Connection) -> dict[str, list[str]]:
    """Return every row of the published tables as text, without the time of writing."""
    with conn.transaction():
        return {
            table: sorted(row[0] for row in conn.execute(f"select (to_jsonb(t) - 'logged_at')::text from {table} t"))
            for table in TABLES
        }  # type: ignore[arg-type]


def failing_once(monkeypatch: pytest.MonkeyPatch, fail: Callable[[Connection], None]) -> list[int]:
    """Let the first try of publishing end in `fail`, after all its rows are written. Returns the tries."""
    original, tries = publishing._publish, []

    def wrapped(conn: Connection, *args: Any, **kwargs: Any) -> Any:
        result = original(conn, *args, **kwargs)
        tries.append(1)
        if len(tries) == 1:
            fail(conn)
        return result

    monkeypatch.setattr(publishing, "_publish", wrapped)
    return tries


def test_a_lost_answer_to_commit_is_read_back_and_the_run_is_published_once(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_answer(publisher: Connection) -> None:
        publisher.execute("commit")
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    tries = failing_once(monkeypatch, lose_the_answer)
    result = publish(database, first_night())
    assert result.repeated
    assert result.rows["profile"] == 2
    assert len(tries) == 1
    assert len(list_runs(conn, status="published")) == 1


def test_a_server_that_kills_the_session_makes_the_whole_transaction_be_repeated(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(publisher: Connection) -> None:
        with conn.transaction():
            conn.execute("select pg_terminate_backend(%s)", [publisher.info.backend_pid])

    tries = failing_once(monkeypatch, kill)
    assert not publish(database, first_night()).repeated
    assert len(tries) == 2
    assert check_invariants(conn) == []


def test_a_deadlock_makes_the_whole_transaction_be_repeated(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(publisher: Connection) -> None:
        publisher.execute("do $$ begin raise exception using errcode = '40P01'; end $$")

    tries = failing_once(monkeypatch, collide)
    publish(database, first_night())
    assert len(tries) == 2
    assert content(conn)["profile"] != []


def test_a_read_only_server_is_told_at_once(database: PostgresAddress) -> None:
    with connect(database) as conn:
        lease = acquire_lease(conn)
        run_id = begin_run(conn, lease)
        conn.autocommit = True
        conn.execute(f"alter database {database.dbname} set default_transaction_read_only = on")  # type: ignore[arg-type]
        with pytest.raises(ServiceError, match="read-only"):
            publishing.publish_run(database, first_night().con, run_id=run_id, lease_token=lease.token)


def test_a_table_locked_by_a_long_reader_ends_in_a_clear_message(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, first_night())
    monkeypatch.setattr(publishing, "connect", partial(connect, lock_timeout_s=0.05))
    monkeypatch.setattr(publishing, "_ATTEMPTS", 2)
    night = Night()
    night.profile(1, records=2, given_name="Mary")
    with connect(database) as holder:
        holder.execute("lock table profile in access exclusive mode")
        with pytest.raises(ServiceError, match="a lock was held too long"):
            publish(database, night)


def test_a_broken_rule_names_table_and_constraint_and_never_the_values(database: PostgresAddress) -> None:
    night = first_night()
    night.record(4, 3, given_name="Secretia")
    night.con.execute("update source_record_upsert set record_id = '101' where record_no = 4")
    with pytest.raises(RetailBrainError) as caught:
        publish(database, night)
    text = f"{caught.value} {caught.value.hint}"
    assert "source_record_key" in text
    assert "23505" in text
    assert "101" not in text


def test_a_first_load_and_a_night_of_differences_write_the_same(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with conn.transaction():
        indexes = conn.execute("select indexdef from pg_indexes where schemaname = 'public' order by 1").fetchall()
        constraints = conn.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2"
        ).fetchall()
    monkeypatch.setattr(bulk, "_WORTHWHILE_ROWS", 1)
    before = cache_generation(conn)
    result = publish(database, first_night())
    assert result.cache_rebuild
    assert result.cache_generation == before + 1
    with conn.transaction():
        assert (
            conn.execute("select indexdef from pg_indexes where schemaname = 'public' order by 1").fetchall() == indexes
        )
        assert (
            conn.execute(
                "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2"
            ).fetchall()
            == constraints
        )
        assert conn.execute("select count(*) from cache_outbox").fetchone() == (0,)
    loaded = content(conn)
    with conn.transaction():
        conn.execute("alter table identity_merge_log disable trigger append_only")
        conn.execute("alter table log_seal disable trigger append_only")
        conn.execute(
            "truncate log_seal, delivery, source_record, former_record, profile, name_part, profile_alias, identity_merge_log, review_item, run restart identity"
        )
        conn.execute("update lease set holder = null, run_id = null")
    monkeypatch.undo()
    assert publish(database, first_night()).cache_rebuild is False
    assert content(conn) == loaded


def test_a_first_load_that_is_killed_leaves_empty_tables_with_their_indexes(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_WORTHWHILE_ROWS", 1)

    def stop(publisher: Connection) -> None:
        raise RefusedError("stopped")

    failing_once(monkeypatch, stop)
    with pytest.raises(RefusedError, match="stopped"):
        publish(database, first_night())
    with conn.transaction():
        assert conn.execute("select count(*) from source_record").fetchone() == (0,)
        assert conn.execute("select count(*) from pg_indexes where tablename = 'source_record'").fetchone() == (8,)


def test_without_the_fast_copy_csv_writes_the_same(
    database: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, first_night())
    binary = content(conn)
    with conn.transaction():
        conn.execute("alter table identity_merge_log disable trigger append_only")
        conn.execute("alter table log_seal disable trigger append_only")
        conn.execute(
            "truncate log_seal, delivery, source_record, former_record, profile, name_part, profile_alias, identity_merge_log, review_item, run restart identity"
        )
    monkeypatch.setattr(transfer, "_BINARY", False)
    publish(database, first_night())
    assert content(conn) == binary


def test_a_quarantined_row_keeps_its_text_without_nul_and_within_its_limit(
    database: PostgresAddress, conn: Connection
) -> None:
    night = Night()
    night.deliver(rows=0)
    night.con.execute("update delivery_new set rows = 1, quarantined = 1")
    night.put(
        "quarantined_row_new",
        delivery_id="a" * 64,
        source="pos",
        file_name="pos.csv",
        line=7,
        reason="NUL byte",
        raw="a\0b" + "x" * 20_000,
    )
    assert publish(database, night).rows == {"delivery": 1, "quarantined_row": 1}
    with conn.transaction():
        assert conn.execute("select line, left(raw, 4), length(raw) from quarantined_row").fetchone() == (
            7,
            "a␀bx",
            10_000,
        )


def test_a_second_run_is_refused_while_the_first_is_alive_and_names_it(conn: Connection) -> None:
    lease = acquire_lease(conn, holder="till:4711")
    run_id = begin_run(conn, lease)
    with pytest.raises(LockedError, match=f"run {run_id} by till:4711"):
        acquire_lease(conn)
    release_lease(conn, lease)
    assert acquire_lease(conn).token > lease.token


def test_a_holder_that_died_is_replaced_and_cannot_come_back(conn: Connection) -> None:
    dead = acquire_lease(conn, duration_s=0)
    run_id = begin_run(conn, dead)
    lease = acquire_lease(conn)
    assert lease.token > dead.token
    with pytest.raises(RefusedError):
        renew_lease(conn, dead)
    with pytest.raises(RefusedError):
        begin_run(conn, dead)
    release_lease(conn, dead)
    assert renew_lease(conn, lease).expires_at > lease.expires_at
    begin_run(conn, lease)
    abandoned = show_run(conn, run_id)
    assert abandoned is not None
    assert abandoned.status == "failed"


def test_a_held_run_can_be_taken_up_and_published_and_a_discarded_one_cannot(
    database: PostgresAddress, conn: Connection
) -> None:
    lease = acquire_lease(conn)
    held, dropped = begin_run(conn, lease), begin_run(conn, lease)
    finish_run(conn, held, "held", counts={"merges": 9}, reason="too many merges")
    finish_run(conn, dropped, "discarded")
    release_lease(conn, lease)
    lease = acquire_lease(conn)
    with pytest.raises(RefusedError):
        adopt_run(conn, lease, dropped)
    adopt_run(conn, lease, held)
    publishing.publish_run(database, first_night().con, run_id=held, lease_token=lease.token, counts={"pairs": 3})
    run = latest_published(conn)
    assert run is not None
    assert (run.run_id, run.counts) == (held, {"merges": 9, "pairs": 3, "last_record_no": 3})
    assert finish_run(conn, held, "failed").status == "published"


def test_a_known_delivery_names_the_run_that_published_it(database: PostgresAddress, conn: Connection) -> None:
    assert known_deliveries(conn) == {}
    result = publish(database, first_night())
    assert known_deliveries(conn) == {"a" * 64: result.run_id}


def test_a_server_that_is_away_is_named_with_the_number_of_tries(tmp_path: Any) -> None:
    with pytest.raises(ServiceError, match=r"does not answer \(tried \d times in \d+ s\)"):
        connect(PostgresAddress(host=str(tmp_path)), patience_s=0.5)


def test_a_role_or_database_that_does_not_exist_is_told_at_once(database: PostgresAddress) -> None:
    with pytest.raises(ConfigurationError, match="the database does not exist"):
        connect(replace(database, dbname="nowhere"))
    with pytest.raises(ConfigurationError, match="refused the credentials"):
        connect(replace(database, user="nobody_at_all"))


def test_a_missing_privilege_is_a_matter_of_configuration(database: PostgresAddress, conn: Connection) -> None:
    with conn.transaction():
        conn.execute("create role rb_test_weak")
    try:
        with pytest.raises(ConfigurationError, match="42501"), translated(), conn.transaction():
            conn.execute("set local role rb_test_weak; select * from profile")
    finally:
        with conn.transaction():
            conn.execute("drop role rb_test_weak")


def test_a_holder_of_this_machine_that_was_killed_is_replaced_at_once(conn: Connection) -> None:
    code = "from retail_brain.store.run import holder_name; print(holder_name(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        name = holder.stdout.readline().strip()
        lease = acquire_lease(conn, holder=name)
        with pytest.raises(LockedError, match=f":{holder.pid} holds"):
            acquire_lease(conn)
        holder.kill()
    assert acquire_lease(conn).token > lease.token


@pytest.mark.parametrize(
    "name", ["elsewhere:1:4026531836.1", f"{socket.gethostname()}:1", f"{socket.gethostname()}:999999999:1.1"]
)
def test_of_a_holder_elsewhere_nothing_is_known_so_its_lease_has_to_lapse(name: str, conn: Connection) -> None:
    acquire_lease(conn, holder=name)
    with pytest.raises(LockedError):
        acquire_lease(conn)

"""What the journal is told, and what a replay makes of it, on a real server."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from night import first_night, publish

from retail_brain.errors import ConfigurationError, LockedError
from retail_brain.store.connection import Connection, connect
from retail_brain.store.fingerprint import exported_snapshot
from retail_brain.store.journal import (
    begin_journal,
    end_journal,
    journal_state,
    taking,
    waiting_for_journal,
)
from retail_brain.store.replay import Replay, finish_replay

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress

PERSON = "insert into waiting_record (source, record_id, raw) values ('pos', %s, '{}')"


def take(conn: Connection) -> list[tuple[str, Any, Any]]:
    """Take what the journal lacks, as a writer does whose target took it."""
    with taking(conn) as found:
        assert found is not None
        rows = [(table, json.loads(key), content and json.loads(content)) for table, key, content in found.rows()]
        found.settle(entries=found.state.entries + 1, digest="x", part="1", size=1)
    return sorted(rows, key=str)


def test_nothing_is_noted_before_a_journal_begins_and_after_it_ends(conn: Connection) -> None:
    conn.execute(PERSON, ["1"])
    conn.commit()
    assert journal_state(conn) is None
    assert waiting_for_journal(conn).rows == 0
    begin_journal(conn)
    conn.execute(PERSON, ["2"])
    conn.commit()
    assert waiting_for_journal(conn).rows == 1
    end_journal(conn)
    conn.execute(PERSON, ["3"])
    conn.commit()
    assert journal_state(conn) is None
    assert waiting_for_journal(conn).rows == 0


def test_rows_are_taken_as_they_stand_and_removed_ones_by_their_keys(conn: Connection) -> None:
    begin_journal(conn)
    for number in ("1", "2"):
        conn.execute(PERSON, [number])
    conn.execute("update waiting_record set raw = '[]' where record_id = '1'")
    conn.execute("delete from waiting_record where record_id = '2'")
    conn.commit()
    found = take(conn)
    assert [(table, key, content and content["raw"]) for table, key, content in found] == [
        ("waiting_record", ["pos", "1"], "[]"),
        ("waiting_record", ["pos", "2"], None),
    ]
    assert take(conn) == []


def test_a_transaction_that_began_earlier_and_commits_later_is_not_lost(
    database: PostgresAddress, conn: Connection
) -> None:
    begin_journal(conn)
    with connect(database) as slow, connect(database) as fast:
        slow.execute(PERSON, ["slow"])  # its number and its place in the table are the first
        fast.execute(PERSON, ["fast"])
        fast.commit()
        assert [key for _, key, _ in take(conn)] == [["pos", "fast"]]
        slow.commit()
        assert [key for _, key, _ in take(conn)] == [["pos", "slow"]]


def test_what_commits_while_the_journal_is_written_comes_with_the_next_time(
    database: PostgresAddress, conn: Connection
) -> None:
    begin_journal(conn)
    conn.execute(PERSON, ["1"])
    conn.commit()
    with connect(database) as other, taking(conn) as found:
        assert found is not None
        other.execute(PERSON, ["2"])
        other.execute("update waiting_record set raw = '[]' where record_id = '1'")
        other.commit()
        assert [(key, json.loads(content or "")["raw"]) for _, key, content in found.rows()] == [('["pos", "1"]', "{}")]
        found.settle(entries=1, digest="x", part="1", size=1)
    assert sorted((key[1], content["raw"]) for _, key, content in take(conn)) == [("1", "[]"), ("2", "{}")]


def test_what_the_target_did_not_take_waits(conn: Connection) -> None:
    begin_journal(conn)
    conn.execute(PERSON, ["1"])
    conn.commit()
    with pytest.raises(ZeroDivisionError), taking(conn):
        raise ZeroDivisionError
    assert len(take(conn)) == 1


def test_a_backup_takes_its_snapshot_when_nobody_writes_the_journal(
    database: PostgresAddress, conn: Connection
) -> None:
    begin_journal(conn)
    with (
        connect(database, lock_timeout_s=0.2) as other,
        taking(conn),
        pytest.raises(LockedError, match="journal"),
        exported_snapshot(other),
    ):
        pass
    with connect(database) as other, exported_snapshot(other):
        assert take(conn) == []  # the journal may go on as soon as the snapshot is there


def test_every_table_with_a_key_is_followed_but_those_that_a_restore_sets_anew(conn: Connection) -> None:
    followed = {row[0] for row in conn.execute("select table_name from journal_key()")}
    tables = {row[0] for row in conn.execute("select tablename from pg_tables where schemaname = 'public'")}
    assert tables - followed == {
        "schema_migration", "lease", "cache_state", "cache_outbox", "journal_state", "journal_touched",
    }  # fmt: skip


def test_a_login_that_only_reads_may_not_take_anything(database: PostgresAddress, conn: Connection) -> None:
    begin_journal(conn)
    login = f"rb_nosy_{uuid.uuid4().hex[:8]}"
    conn.execute(f"create role {login} in role retail_brain_read")  # type: ignore[arg-type]
    try:
        for call in ("journal_take()", "journal_end()", "journal_begin()", "journal_watch()"):
            conn.execute(f"set session authorization {login}")  # type: ignore[arg-type]
            with pytest.raises(Exception, match="permission denied"), conn.transaction():
                conn.execute(f"select {call}")  # type: ignore[arg-type]
            conn.execute("reset session authorization")
    finally:
        conn.rollback()


def test_a_night_and_what_follows_are_put_into_a_copy_word_for_word(
    database: PostgresAddress, conn: Connection, bare_database: PostgresAddress
) -> None:
    from retail_brain.store.migration import migrate

    begin_journal(conn)
    publish(database, first_night())
    with taking(conn) as found:
        assert found is not None
        rows = list(found.rows())
    with connect(bare_database) as copy:
        migrate(copy)
        with copy.transaction():
            replay = Replay(copy)
            for table, key, content in rows:
                there, gone = ("", key) if content is None else (content, "")
                replay.put(f'{{"table":"{table}","rows":[{there}],"gone":[{gone}]}}')
            finish_replay(copy)
        for table in ("source_record", "profile", "identity_merge_log", "log_seal", "run", "name_part", "delivery"):
            statement = f"select t::text from {table} as t order by 1"
            expected = conn.execute(statement).fetchall()  # type: ignore[arg-type]
            assert expected, table
            assert copy.execute(statement).fetchall() == expected, table  # type: ignore[arg-type]
        fresh = copy.execute(
            "insert into delivery (delivery_id, source, file_name, bytes, rows, accepted, quarantined, duplicates, run_id)"
            " values ('n', 'n', 'n', 0, 0, 0, 0, 0, 1) returning delivery_no > (select count(*) from delivery)"
        ).fetchone()
        assert fresh == (True,)


def test_rows_of_a_table_that_the_database_lacks_are_refused(conn: Connection) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        Replay(conn).put('{"table":"nowhere","rows":[],"gone":[]}')

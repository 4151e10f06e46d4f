"""What a person changes between two runs: one at a time, all or nothing, and never lost under a run that is published."""

from __future__ import annotations

import pytest
from night import Night, first_night, publish

from retail_brain.errors import LockedError, RefusedError, StateMovedError
from retail_brain.model import PostgresAddress
from retail_brain.store.change import NewDecision, append_decision, change_by_hand, identity_lock
from retail_brain.store.connection import Connection, connect
from retail_brain.store.publish import publish_run
from retail_brain.store.run import acquire_lease, begin_run
from retail_brain.store.touched import decisions_of, find_standing, log_targets, read_touched

DIFFERENT = NewDecision(
    kind="cannot_link", record_no_l=1, record_no_r=3, reason="two people", ticket="T-1", decided_by="Kim"
)


def _decide_and_fail(conn: Connection) -> None:
    append_decision(conn, DIFFERENT)
    raise RefusedError("on second thoughts")


def test_a_decision_keeps_what_its_records_said_and_who_made_it(database: PostgresAddress) -> None:
    publish(database, first_night())
    with connect(database) as conn:
        with change_by_hand(conn) as head:
            assert (head.run_id, head.last_merge_id, head.last_decision_id) == (1, 1, 0)
            number = append_decision(conn, DIFFERENT)
        [decision] = decisions_of(conn, [3])
        assert (decision.decision_id, decision.pair, decision.ticket, decision.decided_by) == (
            number,
            (1, 3),
            "T-1",
            "Kim",
        )
        hashes = conn.execute("select row_hash_l, row_hash_r from identity_decision").fetchone()
        assert hashes == (f"{1:016x}", f"{3:016x}")


def test_a_change_that_fails_leaves_nothing_and_a_preview_writes_nothing(database: PostgresAddress) -> None:
    publish(database, first_night())
    with connect(database) as conn:
        with pytest.raises(RefusedError), change_by_hand(conn):
            _decide_and_fail(conn)
        with change_by_hand(conn, dry_run=True):
            append_decision(conn, DIFFERENT)
        assert decisions_of(conn, [1, 3]) == []


def test_nothing_can_be_changed_before_something_is_published(database: PostgresAddress) -> None:
    with connect(database) as conn, pytest.raises(RefusedError, match="nothing was published"), change_by_hand(conn):
        pass


def test_whoever_comes_second_waits_and_is_told_when_it_takes_too_long(database: PostgresAddress) -> None:
    publish(database, first_night())
    with connect(database) as first, connect(database) as second:
        with first.transaction():
            identity_lock(first)
            with pytest.raises(LockedError, match="a run is being published"), change_by_hand(second, wait_s=0.2):
                pass
        with change_by_hand(second, wait_s=0.2):
            assert second.execute("show lock_timeout").fetchone() == ("30s",)


def test_a_run_made_from_a_state_that_a_person_has_changed_is_not_published(database: PostgresAddress) -> None:
    publish(database, first_night())
    with connect(database) as conn:
        with change_by_hand(conn):
            append_decision(conn, DIFFERENT)
        lease = acquire_lease(conn)
        run = {"run_id": begin_run(conn, lease), "lease_token": lease.token}
        with pytest.raises(StateMovedError, match="nothing was published"):
            publish_run(database, Night().con, **run, seen_merge_id=1, seen_decision_id=0)
        with pytest.raises(StateMovedError):
            publish_run(database, Night().con, **run, seen_merge_id=0, seen_decision_id=1)
        assert publish_run(database, Night().con, **run, seen_merge_id=1, seen_decision_id=1).generation == 2


def test_what_stands_of_a_profile_is_read_at_once(database: PostgresAddress) -> None:
    publish(database, first_night())
    with connect(database) as conn, change_by_hand(conn, dry_run=True):
        [target] = log_targets(conn, [1, 99])
        assert target.profile_id_l is not None
        touched = read_touched(conn, [target.profile_id_l])
        assert list(touched.members) == [1, 2]
        assert [one.merge_id for one in touched.merges] == [1]
        assert touched.members[1].key == "pos:101"
        assert find_standing(conn, blocking_rule=" email ", limit=5) == [1]
        assert find_standing(conn, model_id="another", limit=5) == []
        assert find_standing(conn, run_id=1, among=[1, 2], limit=5) == [1]

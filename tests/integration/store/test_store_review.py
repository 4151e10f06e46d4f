"""The queue and the decisions as PostgreSQL has them: order, pages, and what is no question any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from night import Night, first_night, profile_id, publish

from retail_brain.store import review
from retail_brain.store.change import NewDecision, append_decision, change_by_hand
from retail_brain.store.decision import list_decisions
from retail_brain.store.review import QuestionFilter, count_questions, list_questions

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection

ALL = QuestionFilter()


def pair(left: int, right: int, *, kind: str = "borderline", stake: float) -> dict[str, object]:
    return {
        "record_no_l": left, "record_no_r": right, "kind": kind, "match_weight": stake, "match_probability": 0.5, "levels": "0",
        "blocking_rule": "email", "reason": None, "stake": stake,
    }  # fmt: skip


@pytest.fixture
def town(database: PostgresAddress) -> PostgresAddress:
    """Ten people of one record each, and questions between neighbours, the later ones with more at stake."""
    night = Night()
    night.deliver(rows=10)
    for number in range(1, 11):
        night.record(number, number)
        night.profile(number)
    for number in range(1, 10):
        night.put("review_item_new", **pair(number, number + 1, stake=number / 10))
    publish(database, night)
    return database


def told(conn: Connection, wanted: QuestionFilter = ALL, *, limit: int = 100) -> list[tuple[int, int]]:
    return [(one.record_no_l, one.record_no_r) for one in list_questions(conn, wanted, limit=limit)]


def rule(conn: Connection, kind: str, left: int, right: int, *, withdraws: int | None = None) -> int:
    decision = NewDecision(
        kind=kind,
        record_no_l=left,
        record_no_r=right,
        reason="seen",
        ticket=None,
        decided_by="Ann",
        withdraws=withdraws,
    )
    with change_by_hand(conn):
        return append_decision(conn, decision)


def test_the_queue_reads_the_same_in_pages_of_any_size(
    town: PostgresAddress, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = told(conn)
    assert whole == [(number, number + 1) for number in range(9, 0, -1)]
    rule(conn, "cannot_link", 8, 9)
    for size in ((1, 1), (2, 3), (50, 5000)):
        monkeypatch.setattr(review, "_PAGE", size)
        assert told(conn) == [one for one in whole if one != (8, 9)]
        assert told(conn, limit=2) == [(9, 10), (7, 8)]
    assert count_questions(conn, ALL) == (8, 8)
    assert told(conn, QuestionFilter(min_weight=0.35, max_weight=0.55)) == [(5, 6), (4, 5)]
    passed = [one.about for one in list_questions(conn, ALL, limit=3)]
    assert [one.record_no_l for one in list_questions(conn, ALL, limit=1, passed=passed)] == [5]
    monkeypatch.setattr(review, "COUNTED", 4)
    assert count_questions(conn, ALL) == (5, 5)


def test_pairs_of_the_same_two_profiles_are_one_question_and_a_decision_between_them_answers_all(
    database: PostgresAddress, conn: Connection
) -> None:
    night = first_night()
    night.put("review_item_new", **pair(2, 3, stake=0.2))
    publish(database, night)
    assert told(conn) == [(1, 3)]
    assert count_questions(conn, ALL) == (1, 2)
    conn.execute("begin")
    conn.execute(
        "insert into identity_decision (kind, record_no_l, record_no_r, reason, decided_by) values ('cannot_link', 2, 3, 'x', 'x')"
    )
    assert told(conn) == []
    conn.execute("rollback")
    rule(conn, "cannot_link", 2, 3)
    with conn.transaction():
        assert conn.execute("select count(*) from review_item").fetchone() == (0,)


def test_a_question_whose_record_or_merge_is_gone_is_not_asked(database: PostgresAddress, conn: Connection) -> None:
    night = first_night()
    night.put("review_item_new", **pair(1, 2, kind="weak", stake=9.0))
    publish(database, night)
    assert told(conn) == [(1, 2), (1, 3)]
    with conn.transaction():
        conn.execute("update source_record set profile_id = null, gone_run = 1 where record_no = 3")
    assert told(conn) == [(1, 2)]
    after = Night()
    after.merge(2, 1, 2, 1, inverts=1)
    after.record(2, 2)
    after.profile(2)
    after.profile(1)
    publish(database, after)
    assert profile_id(2) != profile_id(1)
    assert told(conn) == []


def test_a_decision_tells_what_became_of_its_records_and_who_took_it_back(
    town: PostgresAddress, conn: Connection
) -> None:
    first, second = rule(conn, "cannot_link", 1, 2), rule(conn, "must_link", 5, 6)
    assert list_decisions(conn, stale=True, limit=9) == []
    with conn.transaction():
        conn.execute("update source_record set row_hash = 'other' where record_no = 2")
        conn.execute("update source_record set profile_id = null, gone_run = 1 where record_no = 5")
    states = {one.decision_id: (one.state_l, one.state_r) for one in list_decisions(conn, stale=True, limit=9)}
    assert states == {first: ("same", "changed"), second: ("gone", "same")}
    rule(conn, "withdraw", 1, 2, withdraws=first)
    assert [one.decision_id for one in list_decisions(conn, in_force=True, limit=9)] == [second]
    (taken_back,) = list_decisions(conn, in_force=False, limit=9)
    assert (taken_back.decision_id, taken_back.withdrawn_by, taken_back.withdrawn_reason) == (first, "Ann", "seen")
    assert [one.decision_id for one in list_decisions(conn, record_no=6, limit=9)] == [second]
    assert [one.decision_id for one in list_decisions(conn, profile_id=profile_id(2), limit=9)] == [first]

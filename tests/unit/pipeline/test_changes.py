"""What a night's deliveries change, and which losses are refused."""

from __future__ import annotations

import duckdb
import pytest

from retail_brain.errors import InputError
from retail_brain.pipeline.changes import ChangeResult, apply_changes, take_arrivals
from retail_brain.pipeline.layer import make_whole


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create table arrived_record (record_no bigint, source varchar, record_id varchar, row_hash varchar, updated_at timestamp, linked varchar)"
    )
    return con


def deliver(con: duckdb.DuckDBPyConnection, *rows: tuple[str, str, str]) -> None:
    make_whole(con, "record_tonight")
    con.execute("create table record_tonight (source varchar, record_id varchar, row_hash varchar)")
    if rows:
        con.executemany("insert into record_tonight values (?, ?, ?)", rows)


def next_night(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table record_before as from record")


def records(con: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str, str, bool]]:
    return con.execute("select record_no, source, record_id, row_hash, gone from record order by record_no").fetchall()


def test_the_first_night_numbers_records_by_their_keys_whatever_their_order(con: duckdb.DuckDBPyConnection) -> None:
    deliver(con, ("web", "2", "b"), ("pos", "9", "c"), ("web", "1", "a"))
    assert apply_changes(con, max_loss_share={}) == ChangeResult(new=3)
    assert [row[:3] for row in records(con)] == [(1, "pos", "9"), (2, "web", "1"), (3, "web", "2")]


def test_a_delta_changes_what_it_names_and_leaves_the_rest(con: duckdb.DuckDBPyConnection) -> None:
    deliver(con, ("pos", "1", "a"), ("pos", "2", "b"), ("web", "1", "c"))
    apply_changes(con, max_loss_share={})
    next_night(con)
    deliver(con, ("pos", "1", "a"), ("pos", "2", "B"), ("pos", "0", "n"))
    assert apply_changes(con, max_loss_share={}) == ChangeResult(new=1, changed=1, unchanged=1)
    assert records(con) == [
        (1, "pos", "1", "a", False), (2, "pos", "2", "B", False), (3, "web", "1", "c", False), (4, "pos", "0", "n", False),
    ]  # fmt: skip


def test_a_record_missing_from_a_full_snapshot_is_gone_and_keeps_its_number_when_it_returns(
    con: duckdb.DuckDBPyConnection,
) -> None:
    deliver(con, ("pos", "1", "a"), ("pos", "2", "b"), ("web", "1", "c"))
    apply_changes(con, max_loss_share={})
    next_night(con)
    deliver(con, ("pos", "1", "a"))
    assert apply_changes(con, max_loss_share={"pos": 0.5}) == ChangeResult(unchanged=1, gone=1)
    assert [row[4] for row in records(con)] == [False, True, False]
    next_night(con)
    deliver(con, ("pos", "2", "b"))
    assert apply_changes(con, max_loss_share={}) == ChangeResult(returned=1)
    assert records(con)[1] == (2, "pos", "2", "b", False)


def test_a_snapshot_that_loses_too_much_is_refused_by_name_and_share(con: duckdb.DuckDBPyConnection) -> None:
    deliver(con, *[("pos", str(number), "a") for number in range(10)])
    apply_changes(con, max_loss_share={})
    next_night(con)
    deliver(con, ("pos", "1", "a"))
    with pytest.raises(InputError, match="pos: the full snapshot lacks 9 of 10 records"):
        apply_changes(con, max_loss_share={"pos": 0.1})


def arrive(con: duckdb.DuckDBPyConnection, *rows: tuple[int, str, str, str, str, str]) -> None:
    con.executemany("insert into arrived_record values (?, ?, ?, ?, ?, ?)", rows)
    con.execute("alter table record_tonight add column updated_at timestamp")
    con.execute("alter table record_before add column updated_at timestamp")


def test_a_record_that_came_between_nights_keeps_its_number_and_is_not_gone_though_no_file_holds_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    deliver(con, ("pos", "1", "a"))
    apply_changes(con, max_loss_share={})
    next_night(con)
    deliver(con, ("pos", "1", "a"), ("pos", "0", "n"))
    arrive(con, (2, "pos", "7", "z", "2026-01-01", "1"))
    take_arrivals(con)
    assert apply_changes(con, max_loss_share={"pos": 0.0}) == ChangeResult(new=2, unchanged=1)
    assert records(con) == [(1, "pos", "1", "a", False), (2, "pos", "7", "z", False), (3, "pos", "0", "n", False)]
    assert con.execute("from arrived_link").fetchall() == [(1, 2)]


def test_the_newer_of_a_file_and_a_record_that_came_between_nights_counts(con: duckdb.DuckDBPyConnection) -> None:
    deliver(con, ("pos", "1", "a"), ("pos", "2", "b"))
    apply_changes(con, max_loss_share={})
    next_night(con)
    deliver(con, ("pos", "1", "old"), ("pos", "2", "newer"))
    arrive(con, (1, "pos", "1", "came", "2026-01-02", ""), (2, "pos", "2", "came", "2026-01-02", ""))
    con.execute(
        "update record_tonight set updated_at = case row_hash when 'old' then '2026-01-01' else '2026-01-03' end::timestamp"
    )
    take_arrivals(con)
    assert apply_changes(con, max_loss_share={}) == ChangeResult(changed=2)
    assert [row[3] for row in records(con)] == ["came", "newer"]
    assert con.execute("select record_no from arrived_settled").fetchall() == [(1,)]

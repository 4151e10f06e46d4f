"""The merge log of a first run: the short statement against the one of every other night, with nothing before."""

from __future__ import annotations

import uuid
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain import sql

TABLES = """
create table merge (
  kind varchar, record_no_l bigint, record_no_r bigint, match_weight double, match_probability double,
  levels varchar, blocking_rule varchar);
create table crosswalk_tonight (record_no bigint, profile_id uuid);
create view crosswalk as from crosswalk_tonight;
create table touched_before (record_no bigint, profile_id uuid);
create table standing_merge as select 0::bigint as merge_id, merge.* exclude (kind) from merge;
create table record (record_no bigint, gone boolean);
create table record_change (record_no bigint, action varchar);
create table decision_new (kind varchar, record_no_l bigint, record_no_r bigint);
create table touched_record (record_no bigint)
"""
Merges = dict[tuple[int, int], tuple[str, float]]


@st.composite
def merges(draw: st.DrawFn) -> Merges:
    """Merges of up to twelve records, each record joined at most once with one before it, with kind and probability."""
    found: Merges = {}
    for right in range(2, 13):
        left = draw(st.none() | st.integers(1, right - 1))
        if left is not None:
            found[left, right] = draw(st.sampled_from(["match", "confirm"])), draw(st.sampled_from([0.8, 0.95, 0.99]))
    return found


def logged(statement: str, made: Merges) -> tuple[list[tuple[str, ...]], list[tuple[Any, ...]]]:
    """Return names and types of the columns, and the rows, that a statement makes of a first run."""
    con = duckdb.connect()
    con.execute(TABLES)
    for number in range(1, 13):
        con.execute("insert into record values (?, false)", [number])
        con.execute("insert into touched_record values (?)", [number])
    profile = {number: number for number in range(1, 13)}
    for (left, right), (kind, probability) in sorted(made.items(), key=lambda merge: merge[0][1]):
        profile[right] = profile[left]
        con.execute("insert into merge values (?, ?, ?, 4.5, ?, 'name:2', 'email')", [kind, left, right, probability])
    con.executemany(
        "insert into crosswalk_tonight values (?, ?)", [(no, uuid.UUID(int=root)) for no, root in profile.items()]
    )
    con.execute(sql.load(statement), {"last_merge_id": 7, "model_id": 3})
    columns = con.execute("select column_name, column_type from (describe merge_log_new)").fetchall()
    names = ", ".join(sorted(name for name, _type in columns))
    return sorted(columns), con.execute(f"select {names} from merge_log_new order by merge_id").fetchall()


@settings(max_examples=60, deadline=None)
@given(made=merges())
def test_a_first_run_writes_the_log_that_any_night_would_write_with_nothing_before(made: Merges) -> None:
    assert logged("pipeline/merge_log_first", made) == logged("pipeline/merge_log_new", made)

"""The gate: what an engineer would be woken for, and what must never wake anybody."""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail_brain.audit import Before, RunMetrics, audit, measure
from retail_brain.config.audit import AuditSettings
from retail_brain.model import VALUE_FIELDS

SETTINGS = AuditSettings()
FIRST = RunMetrics(
    records=1_000_000, scored_records=1_000_000, pairs=900_000, profiles=500_000, largest_profile=12, new_merges=480_000
)
NIGHT = replace(
    FIRST,
    first_run=False,
    scored_records=20_000,
    pairs=30_000,
    profiles_before=500_000,
    changed_profiles=9_000,
    new_merges=12_000,
    new_splits=90,
    source_rows={"crm": 10_000},
    completeness={"crm": {"phone": 0.8, "email": 0.6}},
    one_value={"crm": {"phone": 0.0001}},
    fan_out={"phone": 30},
)
HISTORY = [NIGHT, replace(NIGHT, new_merges=25_000), NIGHT, FIRST]


def checks(metrics: RunMetrics, history: list[RunMetrics] = HISTORY) -> list[str]:
    return [finding.check for finding in audit(metrics, history, SETTINGS).findings]


def test_a_usual_night_passes() -> None:
    result = audit(NIGHT, HISTORY, SETTINGS)
    assert (result.verdict, result.findings) == ("passed", ())


def test_a_first_run_passes_whatever_its_size() -> None:
    assert audit(FIRST, [], SETTINGS).verdict == "passed"


def test_a_first_run_with_everybody_in_one_profile_is_held() -> None:
    assert checks(replace(FIRST, largest_profile=879_256), []) == ["largest_profile"]


def test_a_first_delivery_with_one_phone_on_most_rows_is_held() -> None:
    assert checks(replace(FIRST, source_rows={"pos": 5000}, one_value={"pos": {"phone": 0.7}}), []) == [
        "one_value pos.phone"
    ]


def test_one_phone_on_a_third_of_the_rows_is_told_with_the_share_before() -> None:
    result = audit(replace(NIGHT, one_value={"crm": {"phone": 0.38}}), HISTORY, SETTINGS)
    assert result.verdict == "held"
    assert result.findings[0].message == "phone in crm: one value on 38 % of its rows, 0.01 % on the nights before"


def test_too_many_merges_are_told_with_what_is_usual() -> None:
    result = audit(replace(NIGHT, new_merges=1_900_000), HISTORY, SETTINGS)
    assert result.findings[0].message == "merges +1,900,000, usual 12,000 to 25,000"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"pairs": 3_000_000}, "pairs"),
        ({"largest_profile": 60}, "largest_profile"),
        ({"changed_profiles": 300_000}, "changed_profiles"),
        ({"new_splits": 9_000}, "splits"),
        ({"completeness": {"crm": {"phone": 0.3, "email": 0.6}}}, "completeness crm.phone"),
        ({"completeness": {"crm": {"email": 0.6}}}, "completeness crm.phone"),
        ({"fan_out": {"phone": 4_000}}, "fan_out phone"),
    ],
)
def test_each_jump_is_found(change: dict, check: str) -> None:
    assert checks(replace(NIGHT, **change)) == [check]


def test_the_last_delivery_of_a_source_counts_even_when_it_missed_a_night() -> None:
    without = replace(NIGHT, source_rows={}, completeness={}, one_value={})
    broken = replace(NIGHT, completeness={"crm": {"phone": 0.1, "email": 0.6}})
    assert checks(broken, [without, NIGHT]) == ["completeness crm.phone"]


small = st.integers(0, 400)


@given(pairs=small, merges=small, splits=small, changed=small, largest=st.integers(1, 12), share=st.floats(0, 1))
def test_small_data_is_never_held(
    *, pairs: int, merges: int, splits: int, changed: int, largest: int, share: float
) -> None:
    quiet = RunMetrics(first_run=False, records=400, profiles=200, profiles_before=200, largest_profile=3)
    night = replace(
        quiet,
        pairs=pairs,
        new_merges=merges,
        new_splits=splits,
        changed_profiles=changed,
        largest_profile=largest,
        source_rows={"pos": 400},
        completeness={"pos": {"phone": share}},
        one_value={"pos": {"phone": share}},
        fan_out={"phone": pairs // 2},
    )
    before = replace(night, completeness={"pos": {"phone": 1.0}}, one_value={"pos": {"phone": 0.0}}, fan_out={})
    assert audit(night, [before, quiet], SETTINGS).verdict == "passed"


def test_a_gate_that_is_switched_off_passes_everything() -> None:
    assert audit(replace(FIRST, largest_profile=10**6), [], AuditSettings(enabled=False)).verdict == "passed"


def tables() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    columns = ", ".join(f"{name} varchar" for name in VALUE_FIELDS)
    con.execute(f"create table record (record_no bigint, source varchar, record_id varchar, {columns})")
    con.execute(
        "insert into record (record_no, source, record_id, phone, email) select i, if(i < 4, 'pos', 'crm'), i, "
        "if(i < 3, '+12025550101', null), 'p' || i || '@example.com' from range(6) as t(i)"
    )
    con.execute("create table crosswalk as select record_no, (record_no // 2)::varchar as profile_id from record")
    con.execute("create table edge (match_weight double); insert into edge values (3.2), (3.9), (-1.5)")
    con.execute("create table merge as select 1 as record_no_l from range(3)")
    con.execute(
        "create table profile as select profile_id, count(*)::integer as record_count, min(email) as email, "
        "min(phone) as phone, null::varchar as loyalty_id, null::varchar as national_id "
        "from record join crosswalk using (record_no) group by profile_id"
    )
    return con


def test_measures_are_read_from_the_tables_of_a_run() -> None:
    with tables() as con:
        found = measure(con)
    assert (found.first_run, found.records, found.pairs, found.profiles, found.largest_profile) == (True, 6, 3, 3, 2)
    assert found.completeness["pos"]["phone"] == 0.75
    assert found.completeness["crm"]["email"] == 1.0
    assert found.one_value == {"crm": {"email": 0.5}, "pos": {"email": 0.25, "phone": 0.75}}
    assert found.fan_out == {"email": 1, "phone": 2, "loyalty_id": 0, "national_id": 0}
    assert found.match_weights == {"-2": 1, "3": 2}
    assert found.profile_sizes == {"2": 3}


def test_a_night_counts_what_changed_from_the_differences() -> None:
    with tables() as con:
        con.execute("create table merge_log_new as select unnest(['merge', 'merge', 'split']) as kind")
        con.execute("create table before as select unnest(['0', '1', '9']) as profile_id")
        con.execute("create table touched as from profile where profile_id <> '0'")
        con.execute("create table tonight as from record where record_no > 3")
        found = measure(
            con,
            profile="touched",
            merge_log="merge_log_new",
            before=Before(crosswalk="before", walked="before", tonight="crosswalk"),
            delivered="tonight",
            scored_records=2,
        )
    assert (found.new_merges, found.new_splits) == (2, 1)
    assert (found.profiles_before, found.profiles, found.changed_profiles) == (3, 3, 2)
    assert (found.first_run, found.source_rows) == (False, {"crm": 2})


def test_measures_survive_the_way_through_json_and_newer_names() -> None:
    stored = json.loads(json.dumps(NIGHT.to_json() | {"of_a_later_version": 1}))
    assert RunMetrics.from_json(stored) == NIGHT


def test_measures_hold_no_customers_value() -> None:
    with tables() as con:
        text = json.dumps(measure(con).to_json())
    assert "example.com" not in text
    assert "555" not in text

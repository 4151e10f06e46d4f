"""From edges and decisions to groups, as tables."""

from __future__ import annotations

import duckdb
import pytest

from retail_brain.config.matching import BoundSettings, MatchingSettings
from retail_brain.identity.profile_id import assign_profile_ids
from retail_brain.identity.resolve import resolve

SETTINGS = MatchingSettings()


@pytest.fixture
def con():
    connection = duckdb.connect()
    connection.execute("create table match_key as select i as record_no from range(1, 7) t(i)")
    connection.execute(
        "create table record as select record_no, 'pos' as source, record_no::varchar as record_id from match_key"
    )
    connection.execute(
        "create table edge (record_no_l bigint, record_no_r bigint, match_weight double, match_probability double, levels varchar, blocking_rule varchar)"
    )
    connection.execute("create table clash (record_no_l bigint, record_no_r bigint, clash_bits double, reason varchar)")
    yield connection
    connection.close()


def link(con, left, right, weight, probability=0.99):
    con.execute("insert into edge values (?, ?, ?, ?, '1', 'email_key')", [left, right, weight, probability])


def groups(con):
    rows = con.execute(
        "select list(record_no order by record_no) from record_group group by group_no order by group_no"
    ).fetchall()
    return [members for (members,) in rows]


def test_links_below_the_merge_threshold_join_nobody(con):
    link(con, 1, 2, 1.0, probability=0.5)
    resolve(con, settings=SETTINGS)
    assert groups(con) == [[1], [2], [3], [4], [5], [6]]


def test_a_clash_keeps_the_weaker_link_out_and_is_named(con):
    link(con, 1, 2, 9.0)
    link(con, 2, 3, 8.0)
    con.execute("insert into clash values (1, 3, -5, 'given_name')")
    result = resolve(con, settings=SETTINGS)
    assert groups(con) == [[1, 2], [3], [4], [5], [6]]
    assert (result.merges, result.refusals) == (1, 1)
    assert con.execute("select record_no_l, record_no_r, reason, clash_no_l, clash_no_r from refusal").fetchall() == [
        (2, 3, "given_name", 1, 3)
    ]


def test_a_must_link_beats_a_clash_and_a_missing_edge(con):
    con.execute("insert into clash values (1, 2, -5, 'given_name')")
    con.execute(
        "create table decision as select 1 as record_no_l, 2 as record_no_r, 'must_link' as kind union all select 5, 4, 'must_link'"
    )
    resolve(con, settings=SETTINGS, decisions="decision")
    assert groups(con) == [[1, 2], [3], [4, 5], [6]]
    assert con.execute("select kind from merge").fetchall() == [("must_link",), ("must_link",)]


def test_links_that_leave_the_records_walked_change_nothing_among_those(con):
    link(con, 1, 9, 12.0)
    link(con, 1, 2, 9.0)
    link(con, 3, 4, 8.0)
    con.execute("create table decision as select 2 as record_no_l, 8 as record_no_r, 'must_link' as kind")
    resolve(con, settings=SETTINGS, decisions="decision")
    assert groups(con) == [[1, 2], [3, 4], [5], [6]]
    assert con.execute("select record_no_l, record_no_r from merge order by all").fetchall() == [(1, 2), (3, 4)]


def test_a_cannot_link_keeps_two_records_apart_through_others_too(con):
    link(con, 1, 2, 9.0)
    link(con, 2, 3, 8.0)
    link(con, 1, 3, 7.0)
    con.execute("create table decision as select 1 as record_no_l, 2 as record_no_r, 'cannot_link' as kind")
    resolve(con, settings=SETTINGS, decisions="decision")
    assert groups(con) == [[1], [2, 3], [4], [5], [6]]


def test_a_standing_merge_ranks_before_a_stronger_new_link(con):
    link(con, 1, 2, 5.0)
    link(con, 2, 3, 9.0)
    con.execute("insert into clash values (1, 3, -5, 'given_name')")
    con.execute("create table standing as select 1 as record_no_l, 2 as record_no_r")
    resolve(con, settings=SETTINGS, standing="standing")
    assert groups(con) == [[1, 2], [3], [4], [5], [6]]


def test_a_link_refused_before_stays_refused(con):
    link(con, 1, 2, 9.0)
    con.execute("create table refused as select 1 as record_no_l, 2 as record_no_r")
    resolve(con, settings=SETTINGS, refused="refused")
    assert groups(con) == [[1], [2], [3], [4], [5], [6]]
    assert con.execute("select reason from refusal").fetchall() == [("refused_before",)]


def test_a_group_keeps_the_id_of_most_of_its_records_and_the_other_becomes_an_alias(con):
    link(con, 1, 2, 9.0)
    resolve(con, settings=SETTINGS)
    con.execute("create table previous_crosswalk (record_no bigint, profile_id uuid)")
    assign_profile_ids(con, generation="1")
    con.execute("create or replace table previous_crosswalk as select * from crosswalk")
    link(con, 2, 3, 9.0)
    resolve(con, settings=SETTINGS)
    result = assign_profile_ids(con, generation="2")
    before = dict(con.execute("select record_no, profile_id from previous_crosswalk").fetchall())
    after = dict(con.execute("select record_no, profile_id from crosswalk").fetchall())
    assert after[1] == after[2] == after[3] == before[1]
    assert con.execute("select old_profile_id, new_profile_id from profile_alias").fetchall() == [
        (before[3], before[1])
    ]
    assert (len(set(after.values())), result.kept, result.aliases) == (4, 4, 1)


def test_in_a_split_the_larger_part_keeps_the_id_and_a_repeated_run_gives_the_same_ids(con):
    for left, right in ((1, 2), (2, 3)):
        link(con, left, right, 9.0)
    resolve(con, settings=SETTINGS)
    con.execute("create table previous_crosswalk (record_no bigint, profile_id uuid)")
    assign_profile_ids(con, generation="1")
    con.execute("create or replace table previous_crosswalk as select * from crosswalk")
    con.execute("delete from edge where record_no_l = 1")
    resolve(con, settings=SETTINGS)
    assign_profile_ids(con, generation="2")
    first = con.execute("select * from crosswalk order by all").fetchall()
    assign_profile_ids(con, generation="2")
    assert con.execute("select * from crosswalk order by all").fetchall() == first
    ids = dict(first)
    old = dict(con.execute("select * from previous_crosswalk").fetchall())
    assert ids[2] == ids[3] == old[1]
    assert ids[1] != old[1]


def test_a_link_that_is_no_better_than_a_rival_joins_nobody_unless_it_stands(con):
    link(con, 1, 2, 9.0)
    con.execute("create table doubt as select 1 as record_no_l, 2 as record_no_r")
    resolve(con, settings=SETTINGS)
    assert groups(con) == [[1], [2], [3], [4], [5], [6]]
    assert con.execute("select reason from refusal").fetchall() == [("ambiguous",)]
    con.execute("create table standing as select 1 as record_no_l, 2 as record_no_r")
    resolve(con, settings=SETTINGS, standing="standing")
    assert groups(con) == [[1, 2], [3], [4], [5], [6]]


def test_a_profile_with_too_many_values_is_kept_apart_at_its_weakest_link(con):
    con.execute(
        "create table value as select unnest([1, 2, 3, 4]) as record_no, unnest(['A1', null, 'B2', 'A1']) as loyalty_key,"
        " null::varchar as national_key, unnest(['1984-03-11', '1984-11-03', '1984-03-12', null])::date as birth_date"
    )
    for left, right, weight in ((1, 2, 9.0), (2, 3, 8.0), (1, 4, 7.0)):
        link(con, left, right, weight)
    bounds = BoundSettings(loyalty_id=1, date_of_birth=2)
    resolve(con, settings=MatchingSettings(bounds=bounds), values="value")
    assert groups(con) == [[1, 2, 4], [3], [5], [6]]
    query = "select record_no_l, record_no_r, reason, clash_no_l from refusal"
    assert con.execute(query).fetchall() == [(2, 3, "too many loyalty_id", None)]
    resolve(con, settings=MatchingSettings(bounds=BoundSettings(loyalty_id=0, date_of_birth=2)), values="value")
    assert con.execute(query).fetchall() == [(2, 3, "too many date_of_birth", None)]
    resolve(con, settings=MatchingSettings(bounds=BoundSettings(loyalty_id=0, date_of_birth=3)), values="value")
    assert groups(con) == [[1, 2, 3, 4], [5], [6]]


def test_joining_two_profiles_by_hand_tears_neither(con):
    link(con, 1, 2, 9.0)
    link(con, 3, 4, 8.0)
    link(con, 4, 5, 7.0)
    con.execute("insert into clash values (2, 4, -5, 'given_name'), (1, 5, -5, 'given_name')")
    con.execute("create table standing as select 1 as record_no_l, 2 as record_no_r union all select 3, 4")
    con.execute("create table decision as select 1 as record_no_l, 3 as record_no_r, 'must_link' as kind")
    con.execute(
        "create table value as select i as record_no, 'N' || i as loyalty_key, null::varchar as national_key, null::date as birth_date from range(1, 5) t(i)"
    )
    options = {"decisions": "decision", "standing": "standing"}
    resolve(con, settings=SETTINGS, **options)
    assert groups(con) == [[1, 2, 3, 4], [5], [6]]
    assert con.execute("select record_no_l, record_no_r, reason from refusal").fetchall() == [(4, 5, "given_name")]
    con.execute(
        "update value set loyalty_key = 'N1' where record_no < 3; update value set loyalty_key = 'N3' where record_no > 2"
    )
    con.execute("delete from clash")
    resolve(con, settings=SETTINGS, values="value", **options)
    assert groups(con) == [[1, 2, 3, 4, 5], [6]]
    con.execute("insert into decision values (2, 4, 'cannot_link')")
    resolve(con, settings=SETTINGS, **options)
    assert groups(con) == [[1, 2, 3], [4, 5], [6]]

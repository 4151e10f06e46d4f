"""The law of compatibility: whatever the links say, no profile holds two records that clash, unless a person said so."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retail_brain.config.matching import MatchingSettings
from retail_brain.identity.resolve import resolve
from retail_brain.matching.clash import find_clashes
from retail_brain.matching.model import default_model, with_settings
from retail_brain.matching.score import score_all
from retail_brain.matching.terms import count_terms
from retail_brain.standardise.keys import build_keys
from retail_brain.standardise.shared import find_shared

MATCHING = MatchingSettings(merge_probability=0.5)
RULES = (
    ("email_key",),
    ("phone_key",),
    ("address_key", "given_initial"),
    ("family_code", "birth_date"),
    ("given_root", "family_code"),
)

PERSON = st.fixed_dictionaries(
    {
        "given_name": st.sampled_from(("Robert", "Bob", "Mark", "Martha", "R", None)),
        "family_name": st.sampled_from(("Hale", "Hales", "Lopez")),
        "name_suffix": st.sampled_from(("Jr", "Sr", None, None)),
        "date_of_birth": st.sampled_from(("1950-02-03", "1950-03-02", "1981-07-19", None)),
        "email": st.sampled_from(("hale@mail.example", "lopez9@mail.example", None)),
        "phone": st.sampled_from(("2025550111", None)),
        "address": st.sampled_from(("9 Elm St", "77 Oak Rd", None)),
        "loyalty_id": st.sampled_from(("6001234", "6009999", None, None)),
    }
)
OTHERS = ("middle_name", "gender", "city", "region", "postal_code", "country", "national_id")


def resolved(people, must_link) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        f"create table record (record_no bigint, source varchar, record_id varchar, date_of_birth date, {', '.join(f'{name} varchar' for name in (*sorted(set(people[0]) - {'date_of_birth'}), *OTHERS))})"
    )
    for number, person in enumerate(people, start=1):
        con.execute(
            f"insert into record (record_no, source, record_id, {', '.join(person)}) values ({', '.join('?' * (len(person) + 3))})",
            [number, "pos", str(number), *person.values()],
        )
    find_shared(con, settings=MATCHING)
    build_keys(con, settings=MATCHING)
    model = with_settings(default_model(), comparisons=MATCHING.comparisons, blocking_rules=RULES)
    model = replace(
        model, term_totals=count_terms(con, model.comparisons), same_share=0.02, home_share=0.01, records=len(people)
    )
    con.execute("create table decision (record_no_l bigint, record_no_r bigint, kind varchar)")
    if must_link:
        con.execute("insert into decision values (?, ?, 'must_link')", sorted(must_link))
    score_all(con, model, settings=MATCHING)
    find_clashes(con, model, settings=MATCHING, decisions="decision")
    resolve(con, settings=MATCHING, decisions="decision")
    return con


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(people=st.lists(PERSON, min_size=3, max_size=14), said=st.booleans(), data=st.data())
def test_no_two_clashing_records_share_a_profile_unless_a_person_said_so(people, said, data):
    number = st.integers(1, len(people))
    must_link = data.draw(st.sets(number, min_size=2, max_size=2)) if said else None
    con = resolved(people, must_link)
    together = con.execute(
        "select clash.record_no_l, clash.record_no_r, clash.reason from clash"
        " join record_group l on l.record_no = clash.record_no_l join record_group r on r.record_no = clash.record_no_r and r.group_no = l.group_no"
        " anti join decision on decision.record_no_l = clash.record_no_l and decision.record_no_r = clash.record_no_r"
    ).fetchall()
    con.close()
    assert together == []


HOME = {
    "name_suffix": None,
    "email": "hale@mail.example",
    "phone": "2025550111",
    "address": "9 Elm St",
    "loyalty_id": None,
}


@pytest.mark.parametrize("other", ["R", "Bob"])
def test_a_record_with_first_and_last_name_the_wrong_way_round_is_no_rival_of_a_short_name(other):
    names = [("Robert", "Hale"), ("Hale", "Robert"), (other, "Hale")]
    con = resolved(
        [{**HOME, "date_of_birth": None, "given_name": given, "family_name": family} for given, family in names], None
    )
    assert con.execute("select count(distinct group_no) from record_group").fetchall() == [(1,)]
    con.close()


def test_names_that_cross_do_not_bring_two_birthdays_together():
    people = [("Robert", "Hale", "1950-02-03"), ("Hale", "Robert", "1981-07-19"), ("Bob", "Hale", "1950-02-03")]
    con = resolved(
        [{**HOME, "given_name": given, "family_name": family, "date_of_birth": born} for given, family, born in people],
        None,
    )
    groups = dict(con.execute("select record_no, group_no from record_group").fetchall())
    con.close()
    assert groups[2] not in (groups[1], groups[3])

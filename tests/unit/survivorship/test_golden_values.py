"""Golden values: what a support agent would expect to see of a customer whom several systems know."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from retail_brain.config.survivorship import ADDRESS_FIELDS, GOLDEN_FIELDS, SurvivorshipSettings
from retail_brain.survivorship import survive, survivorship_sql

RECORD_COLUMNS = ("record_no", "source", "record_id", *GOLDEN_FIELDS, "updated_at")
TYPES = {"record_no": "bigint", "date_of_birth": "date", "updated_at": "timestamp"}
DEFAULTS = SurvivorshipSettings()


def record(record_no: int, when: str | None = "2025-01-01", source: str = "pos", **values: object) -> dict[str, object]:
    updated_at = datetime.fromisoformat(when) if when else None
    return {
        "record_no": record_no,
        "source": source,
        "record_id": f"{source}-{record_no}",
        "updated_at": updated_at,
        **values,
    }


def database(records: list[dict[str, object]], groups: dict[int, int] | None = None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set threads = 1")
    columns = ", ".join(f"{name} {TYPES.get(name, 'varchar')}" for name in RECORD_COLUMNS)
    con.execute(f"create table record ({columns})")
    con.execute("create table crosswalk (record_no bigint, profile_id uuid)")
    for row in records:
        con.execute(
            f"insert into record values ({', '.join('?' * len(RECORD_COLUMNS))})",
            [row.get(name) for name in RECORD_COLUMNS],
        )
        group = (groups or {}).get(int(str(row["record_no"])), 1)
        con.execute("insert into crosswalk values (?, ?)", [row["record_no"], uuid.UUID(int=group)])
    return con


def profiles(con: duckdb.DuckDBPyConnection, rules: SurvivorshipSettings = DEFAULTS, **options: str) -> list[dict]:
    survive(con, settings=rules, **options)
    cursor = con.execute("select * from profile order by profile_id")
    names = [column[0] for column in cursor.description or []]
    return [
        {**dict(zip(names, row, strict=True)), "provenance": json.loads(row[names.index("provenance")])}
        for row in cursor.fetchall()
    ]


def golden(*records: dict[str, object], rules: SurvivorshipSettings = DEFAULTS) -> dict:
    with database(list(records)) as con:
        return profiles(con, rules)[0]


def test_the_newest_phone_wins_and_names_its_record() -> None:
    profile = golden(record(1, "2024-01-01", phone="+12025550101"), record(2, "2025-01-01", phone="+12025550102"))
    assert profile["phone"] == "+12025550102"
    assert profile["provenance"]["phone"] == 2


def test_an_empty_value_never_beats_an_older_one() -> None:
    profile = golden(record(1, "2024-01-01", email="a@example.com"), record(2, "2025-01-01"))
    assert (profile["email"], profile["provenance"]) == ("a@example.com", {"email": 1})


def test_records_of_one_moment_are_decided_by_source_priority_then_by_the_older_record() -> None:
    records = [
        record(1, phone="+1", source="pos"),
        record(2, phone="+2", source="crm"),
        record(3, phone="+3", source="crm"),
    ]
    rules = SurvivorshipSettings(source_priority=("crm", "pos"))
    assert golden(*records, rules=rules)["phone"] == "+2"
    assert golden(*records)["phone"] == "+1"


def test_the_most_frequent_name_beats_a_newer_typing_error() -> None:
    names = ["Maria", "Maria", "Mariaa"]
    profile = golden(*(record(n, f"202{n}-01-01", given_name=name) for n, name in enumerate(names, 1)))
    assert profile["given_name"] == "Maria"
    assert profile["provenance"]["given_name"] == 2


def test_among_equally_frequent_names_the_newest_wins() -> None:
    profile = golden(record(1, "2024-01-01", family_name="Hale"), record(2, "2025-01-01", family_name="Hales"))
    assert profile["family_name"] == "Hales"


@pytest.mark.parametrize("initial", ["M", "m.", "M. J.", "J.R.", "M J"])
def test_an_initial_never_beats_a_full_name(initial: str) -> None:
    rows = [record(n, "2025-05-05", given_name=initial) for n in (1, 2, 3)]
    assert golden(*rows, record(4, "2020-01-01", given_name="Bo"))["given_name"] == "Bo"


def test_a_one_letter_name_of_another_script_is_no_initial() -> None:
    rows = [record(1, "2024-01-01", given_name="Wei"), record(2, "2025-01-01", given_name="伟")]
    assert golden(*rows)["given_name"] == "伟"


def test_the_spelling_that_people_write_beats_a_shouted_one_without_losing_its_votes() -> None:
    rows = [
        record(1, "2025-01-03", family_name="MCDONALD"),
        record(2, "2025-01-01", family_name="McDonald"),
        record(3, "2025-01-04", family_name="Macdonald"),
    ]
    profile = golden(*rows)
    assert profile["family_name"] == "McDonald"
    assert profile["provenance"]["family_name"] == 2


def test_an_address_comes_whole_from_one_record() -> None:
    profile = golden(
        record(1, "2024-01-01", address="2 Elm St", city="Salem", region="OR", postal_code="97301", country="US"),
        record(2, "2025-01-01", address="18 Oak Ave", postal_code="94110"),
    )
    assert [profile[field] for field in ADDRESS_FIELDS] == ["18 Oak Ave", None, None, "94110", None]
    assert profile["provenance"] == {"address": 2, "postal_code": 2}


def test_a_newer_record_with_a_city_alone_does_not_drive_out_a_full_address() -> None:
    profile = golden(
        record(1, "2024-01-01", address="2 Elm St", city="Salem", postal_code="97301"),
        record(2, "2025-01-01", city="Portland", country="US"),
    )
    assert (profile["address"], profile["city"], profile["country"]) == ("2 Elm St", "Salem", None)


def test_a_listed_source_gives_the_value_whatever_its_age() -> None:
    rules = SurvivorshipSettings(rules={"email": ("crm", "loyalty")})
    rows = [
        record(1, "2020-01-01", source="crm", email="old@example.com"),
        record(2, "2025-01-01", source="pos", email="new@example.com"),
    ]
    assert golden(*rows, rules=rules)["email"] == "old@example.com"


def test_the_longest_value_wins_when_asked_for() -> None:
    rules = SurvivorshipSettings(rules={"middle_name": "longest"})
    rows = [record(1, "2020-01-01", middle_name="Anne"), record(2, "2025-01-01", middle_name="Ann")]
    assert golden(*rows, rules=rules)["middle_name"] == "Anne"


def test_a_default_that_was_set_also_rules_the_names() -> None:
    rules = SurvivorshipSettings(default="newest")
    names = ["Maria", "Maria", "Mara"]
    rows = [record(n, f"202{n}-01-01", given_name=name) for n, name in enumerate(names, 1)]
    assert golden(*rows, rules=rules)["given_name"] == "Mara"


def test_most_records_decide_a_date_of_birth() -> None:
    days = [date(1984, 3, 11), date(1984, 3, 11), date(1984, 11, 3)]
    rows = [record(n, f"202{n}-01-01", date_of_birth=day) for n, day in enumerate(days, 1)]
    assert golden(*rows)["date_of_birth"] == date(1984, 3, 11)


AVOIDED = [("email", "test@test.com", "placeholder"), ("phone", "2015550144", "shared")]


def avoiding(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create table shared_value (field varchar, value varchar, kind varchar, records bigint, people bigint)")
    con.executemany("insert into shared_value values (?, ?, ?, 30, 30)", AVOIDED)


def test_placeholders_and_shared_values_never_beat_real_ones() -> None:
    rows = [
        record(1, "2020-01-01", email="real@example.com", phone="+12025550101"),
        record(2, "2025-01-01", email="test@test.com", phone="+12015550144"),
    ]
    with database(rows) as con:
        avoiding(con)
        profile = profiles(con, avoid="shared_value")[0]
    assert (profile["email"], profile["phone"]) == ("real@example.com", "+12025550101")


def test_a_placeholder_is_no_golden_value_but_a_shared_phone_may_be_the_best_there_is() -> None:
    alone = record(1, email="test@test.com", phone="+12015550144")
    pair = [record(n, email="test@test.com", phone="+12015550144") for n in (2, 3)]
    with database([alone, *pair], {1: 1, 2: 2, 3: 2}) as con:
        avoiding(con)
        found = profiles(con, avoid="shared_value")
        kept = profiles(con, SurvivorshipSettings(keep_placeholders=True), avoid="shared_value")
    assert [(profile["email"], profile["phone"]) for profile in found] == [(None, "+12015550144")] * 2
    assert {profile["email"] for profile in kept} == {"test@test.com"}


def test_a_profile_of_one_record_is_that_record() -> None:
    profile = golden(record(7, "2025-02-03", given_name="M.", city="Salem", date_of_birth=date(1990, 1, 2)))
    assert (profile["given_name"], profile["city"], profile["date_of_birth"]) == ("M.", "Salem", date(1990, 1, 2))
    assert (profile["record_count"], profile["first_record_no"]) == (1, 7)
    assert profile["updated_at"] == datetime.fromisoformat("2025-02-03")
    assert profile["provenance"] == {"given_name": 7, "date_of_birth": 7, "city": 7}


def test_records_without_any_time_still_have_golden_values() -> None:
    profile = golden(record(1, None, email="a@example.com"), record(2, None, email="b@example.com"))
    assert profile["email"] == "a@example.com"
    assert profile["updated_at"] is None


def test_the_result_counts_profiles_and_records() -> None:
    with database([record(1), record(2), record(3)], {1: 1, 2: 1, 3: 2}) as con:
        result = survive(con, settings=DEFAULTS)
    assert (result.profiles, result.records, result.single_record_profiles) == (2, 3, 1)


def test_a_source_name_with_a_quote_is_only_a_name() -> None:
    rules = SurvivorshipSettings(source_priority=("o'brien; drop table record",))
    assert golden(record(1, phone="+1"), record(2, phone="+2"), rules=rules)["phone"] == "+1"


def test_a_rule_for_half_an_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="no rule can be set for city"):
        SurvivorshipSettings(rules={"city": "newest"})


names_of_people = st.sampled_from([None, "Ana", "ANA", "ana", "A", "A.", "Anna", "Anne-Marie", "伟"])
moments = st.sampled_from([None, "2024-01-01", "2025-01-01", "2025-01-01T10:00:00.000001"])
some_records = st.lists(
    st.fixed_dictionaries(
        {
            "given_name": names_of_people,
            "email": st.sampled_from([None, "a@example.com", "b@example.com", "test@test.com"]),
            "date_of_birth": st.sampled_from([None, date(1984, 3, 11), date(1984, 11, 3)]),
            "address": st.sampled_from([None, "2 Elm St", "18 Oak Ave"]),
            "city": st.sampled_from([None, "Salem", "Portland"]),
            "when": moments,
            "source": st.sampled_from(["pos", "crm"]),
            "group": st.integers(1, 3),
        }
    ),
    min_size=1,
    max_size=8,
)
some_rules = st.sampled_from(
    [
        DEFAULTS,
        SurvivorshipSettings(default="longest"),
        SurvivorshipSettings(default=("crm",), source_priority=("pos",)),
        SurvivorshipSettings(rules={"email": "most_frequent"}, keep_placeholders=True),
    ]
)


def built(rows: list[dict], order: list[int]) -> duckdb.DuckDBPyConnection:
    records = [record(n, **{k: v for k, v in row.items() if k != "group"}) for n, row in enumerate(rows, 1)]
    con = database([records[place] for place in order], {n: row["group"] for n, row in enumerate(rows, 1)})
    avoiding(con)
    return con


@given(rows=some_records, rules=some_rules, data=st.data())
@settings(max_examples=25, deadline=None)
def test_golden_values_depend_neither_on_row_order_nor_on_parts_and_empty_fields(
    rows: list[dict], rules: SurvivorshipSettings, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    with built(rows, list(range(len(rows)))) as con:
        expected = profiles(con, rules, avoid="shared_value")
    with built(rows, order) as con:
        assert profiles(con, rules, avoid="shared_value") == expected
        delivered = {field for row in rows for field, value in row.items() if value is not None}
        for present in (GOLDEN_FIELDS, [field for field in GOLDEN_FIELDS if field in delivered]):
            parts = [
                survivorship_sql(rules, avoid="shared_value", present=present, part=part, parts=2) for part in (0, 1)
            ]
            in_parts = con.execute(" union all ".join(f"({part})" for part in parts)).fetchall()
            assert sorted(in_parts) == sorted(con.execute("from profile").fetchall())


@given(rows=some_records, rules=some_rules)
@settings(max_examples=25, deadline=None)
def test_every_golden_value_stands_on_the_member_that_it_names(rows: list[dict], rules: SurvivorshipSettings) -> None:
    with built(rows, list(range(len(rows)))) as con:
        found = profiles(con, rules, avoid="shared_value")
    for profile in found:
        for field in GOLDEN_FIELDS:
            number = profile["provenance"].get(field)
            assert (number is None) == (profile[field] is None)
            if number is not None:
                assert rows[number - 1].get(field) == profile[field]
                assert uuid.UUID(int=rows[number - 1]["group"]) == profile["profile_id"]
        homes = {profile["provenance"][field] for field in ADDRESS_FIELDS if field in profile["provenance"]}
        assert len(homes) <= 1

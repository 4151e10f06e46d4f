"""Keys and shared values, as a handful of records shows them."""

from __future__ import annotations

import duckdb
import pytest

from retail_brain.config.matching import MatchingSettings
from retail_brain.standardise.keys import build_keys
from retail_brain.standardise.shared import find_shared

SETTINGS = MatchingSettings()
COLUMNS = (
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "gender",
    "email",
    "phone",
    "date_of_birth",
    "address",
    "city",
    "region",
    "postal_code",
    "country",
    "loyalty_id",
    "national_id",
)


@pytest.fixture
def con():
    connection = duckdb.connect()
    fields = ", ".join(f"{name} {'date' if name == 'date_of_birth' else 'varchar'}" for name in COLUMNS)
    connection.execute(f"create table record (record_no bigint, source varchar, record_id varchar, {fields})")
    yield connection
    connection.close()


def add(con, number, **values):
    names = ["record_no", "source", "record_id", *values]
    con.execute(
        f"insert into record ({', '.join(names)}) values ({', '.join('?' * len(names))})",
        [number, "pos", str(number), *values.values()],
    )


def keys(con, *columns):
    find_shared(con, settings=SETTINGS)
    build_keys(con, settings=SETTINGS)
    return con.execute(f"select {', '.join(columns)} from match_key order by record_no").fetchall()


@pytest.mark.parametrize(
    ("column", "value", "key", "folded"),
    [
        ("family_name", "O'Háre", "family_key", "ohare"),
        ("family_name", "Васильев", "family_key", "vasilev"),
        ("given_name", "Xiu Ying", "given_key", "xiuying"),
        ("phone", "+12025550176", "phone_key", "2025550176"),
        ("phone", "12", "phone_key", None),
        ("address", "12 North Elm Street, Suite 9", "address_key", "12 9 elm n st"),
        ("address", "Suite 9, 12 N Elm St.", "address_key", "12 9 elm n st"),
        ("postal_code", "89132-0000", "postal_key", "89132"),
        ("postal_code", "m1s 1t4", "postal_key", "M1S1T4"),
        ("loyalty_id", "40-017", "loyalty_key", "40017"),
    ],
)
def test_a_value_is_folded(con, column, value, key, folded):
    add(con, 1, **{column: value})
    assert keys(con, key) == [(folded,)]


def test_nicknames_of_one_name_share_a_form_and_patrick_is_not_patricia(con):
    for number, name in enumerate(("Bob", "Roberto", "Pat", "Patrick", "Patricia"), start=1):
        add(con, number, given_name=name)
    forms = [set(found) for (found,) in keys(con, "given_forms")]
    assert forms[0] & forms[1]
    assert forms[2] & forms[3]
    assert forms[2] & forms[4]
    assert not forms[3] & forms[4]


def test_an_office_mailbox_of_many_people_is_shared_and_a_household_one_is_not(con):
    people = [
        ("Andy", "Anderson"),
        ("Jim", "Muir"),
        ("Jorg", "Swarm"),
        ("Gaston", "Gray"),
        ("Henry", "Howard"),
        ("Inez", "Brown"),
        ("Julia", "Kellar"),
    ]
    for number, (given, family) in enumerate(people, start=1):
        add(con, number, given_name=given, family_name=family, email="info@office.example")
    for number, given in enumerate(("Ed", "Mary", "Mark", "Tom"), start=10):
        add(con, number, given_name=given, family_name="Kusha", email="kusha@home.example")
    found = {email for (email,) in keys(con, "email_key")}
    assert found == {None, "kusha@home.example"}
    assert con.execute("select field, value, kind, records, people from shared_value").fetchall() == [
        ("email", "info@office.example", "shared", 7, 7)
    ]


def test_placeholders_are_kept_out_even_if_they_are_rare(con):
    add(con, 1, phone="0000000000", email="test@test.com")
    assert keys(con, "phone_key", "email_key") == [(None, None)]
    assert con.execute("select field, kind from shared_value order by field").fetchall() == [
        ("email", "placeholder"),
        ("phone", "placeholder"),
    ]


def test_a_date_of_birth_on_far_too_many_people_is_a_placeholder(con):
    for number in range(1, 400):
        day = "1900-01-01" if number % 4 == 0 else f"{1950 + number % 50}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        add(con, number, family_name=chr(97 + number % 26) + chr(97 + number // 26), date_of_birth=day)
    found = {str(day) for (day,) in keys(con, "birth_date")}
    assert "1900-01-01" not in found
    assert "None" in found

"""Looking customers up in a real PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pytest
from night import Night, first_night, profile_id, publish
from psycopg.pq import TransactionStatus

from retail_brain.store.connection import connect
from retail_brain.store.lookup import fetch_by_record, fetch_profile, fetch_profiles, members, profile_history
from retail_brain.store.outbox import trusted_generation
from retail_brain.store.search import (
    PersonKeys,
    SearchKeys,
    fold_name,
    resolve_by_name,
    resolve_candidates,
    search_candidates,
)

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection


@pytest.fixture
def shop(database: PostgresAddress, conn: Connection) -> Connection:
    """The first night is published."""
    publish(database, first_night())
    return conn


def join_everybody(database: PostgresAddress) -> None:
    """A second night in which Robert turns out to be Maria."""
    night = Night()
    night.deliver(sha="b" * 64)
    night.record(3, 1, sha="b" * 64, given_name="Robert", family_name="Hale")
    night.profile(1, records=3, provenance='{"given_name": 1, "family_name": 1}')
    night.put("profile_gone", profile_id=profile_id(3))
    night.put("profile_alias_new", alias_id=profile_id(3), profile_id=profile_id(1))
    night.merge(2, 1, 3, 1)
    publish(database, night)


def test_a_profile_names_the_record_behind_each_value(shop: Connection) -> None:
    found = fetch_profile(shop, profile_id(1))
    assert found is not None
    assert found.profile is not None
    assert found.profile.values["email"] == "maria.lopez@example.com"
    assert found.profile.provenance["email"] == 2
    assert found.followed == ()


def test_a_profile_of_one_record_has_all_values_from_it(shop: Connection) -> None:
    found = fetch_profile(shop, profile_id(3))
    assert found is not None
    assert found.profile is not None
    assert found.profile.provenance == dict.fromkeys(("given_name", "family_name", "email", "postal_code"), 3)


def test_an_id_that_was_never_issued_is_not_found(shop: Connection) -> None:
    assert fetch_profile(shop, uuid.uuid4()) is None


def test_a_retired_id_leads_to_the_profile_that_took_it_over(database: PostgresAddress, shop: Connection) -> None:
    join_everybody(database)
    found = fetch_profile(shop, profile_id(3))
    assert found is not None
    assert found.profile is not None
    assert found.profile.profile_id == profile_id(1)
    assert found.followed == (profile_id(3),)
    assert [retired.alias_id for retired in profile_history(shop, profile_id(1)).retired] == [profile_id(3)]


def test_an_id_whose_records_are_all_gone_has_ended(database: PostgresAddress, shop: Connection) -> None:
    night = Night()
    night.put("source_record_gone", record_no=3)
    night.put("profile_gone", profile_id=profile_id(3))
    night.put("profile_alias_new", alias_id=profile_id(3), profile_id=None)
    publish(database, night)
    found = fetch_profile(shop, profile_id(3))
    assert found is not None
    assert (found.profile, found.ended) == (None, True)


def test_a_record_is_found_by_the_key_of_its_source(shop: Connection) -> None:
    record = fetch_by_record(shop, "pos", "101")
    assert record is not None
    assert (record.record_no, record.profile_id) == (1, profile_id(1))
    assert record.values["date_of_birth"] == date(1984, 3, 11)
    assert fetch_by_record(shop, "crm", "101") is None


def test_the_members_of_a_profile_are_its_records(shop: Connection) -> None:
    assert [record.record_no for record in members(shop, [profile_id(1)])] == [1, 2]


def test_the_history_tells_each_merge_with_its_records_and_whether_it_stands(
    database: PostgresAddress, shop: Connection
) -> None:
    join_everybody(database)
    night = Night()
    night.merge(3, 1, 3, 1, inverts=2)
    publish(database, night)
    log = profile_history(shop, profile_id(1)).log
    assert [(entry.merge_id, entry.kind, entry.undone_by) for entry in log] == [
        (1, "merge", None),
        (2, "merge", 3),
        (3, "split", None),
    ]
    assert (log[0].record_id_l, log[0].record_id_r, log[0].levels) == ("101", "102", "3,0,-1")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (SearchKeys(phones=["+12025550176"]), 1),
        (SearchKeys(emails=["maria@example.com"]), 1),
        (SearchKeys(given="María", family="Lopes Garcia"), 1),
        (SearchKeys(given="Lopez-Garcia", family="Maria"), 1),
        (SearchKeys(given="M", family="Lopez Garcia"), 1),
        (SearchKeys(given="Rob", postal_code="94110"), 3),
        (SearchKeys(either="hal", postal_code="94110"), 3),
        (SearchKeys(either="lopez"), 1),
        (SearchKeys(either="robbert"), 3),
    ],
    ids=[
        "phone",
        "former e-mail",
        "typing errors",
        "swapped",
        "initial",
        "part and postcode",
        "either part",
        "half a surname",
        "a given name",
    ],
)
def test_a_search_finds_the_person_by(shop: Connection, keys: SearchKeys, expected: int) -> None:
    assert profile_id(expected) in [profile.profile_id for profile in search_candidates(shop, keys)]


@pytest.mark.parametrize(("given", "wide", "narrow"), [("Robbert", True, True), ("Robbirt", True, False)])
def test_names_that_are_far_off_are_found_by_looking_farther(
    shop: Connection, given: str, wide: bool, narrow: bool
) -> None:
    keys = SearchKeys(given=given, family="Hale")
    for far, expected in ((True, wide), (False, narrow)):
        found = [profile.profile_id for profile in search_candidates(shop, keys, wide=far)]
        assert (profile_id(3) in found) is expected


def test_a_search_for_nothing_finds_nobody(shop: Connection) -> None:
    assert search_candidates(shop, SearchKeys()) == []
    assert search_candidates(shop, SearchKeys(either="'-.")) == []


@pytest.mark.parametrize(
    "values",
    [
        {"email": "maria@example.com"},
        {"given_name": "Maria", "family_name": "Lopez Garcia"},
        {"date_of_birth": date(1984, 3, 11), "family_name": "Lopez Garcya"},
        {"postal_code": "94110", "given_name": "Marya"},
    ],
)
def test_a_person_is_compared_with_all_records_of_whoever_it_could_be(
    shop: Connection, values: dict[str, object]
) -> None:
    keys = PersonKeys(values=values)
    found = sorted({record.record_no for find in (resolve_candidates, resolve_by_name) for record in find(shop, keys)})
    assert found[:2] == [1, 2]


@pytest.mark.parametrize(
    "name",
    ["Lopez-García", "O'Brien", "ÅSA", "Jean-Luc", "St. John", "李小龙", "Ødegård", " ", "Nguyễn", "van der Berg"],
)
def test_what_a_person_types_is_folded_like_what_is_stored(
    database: PostgresAddress, conn: Connection, name: str
) -> None:
    night = Night()
    night.deliver()
    night.record(1, 1, family_name=name)
    night.profile(1, family_name=name)
    publish(database, night)
    with conn.transaction():
        row = conn.execute("select family_search from profile").fetchone()
    assert row == (fold_name(name),)


@pytest.mark.parametrize("autocommit", [True, False])
def test_looking_up_leaves_no_transaction_open_and_inside_one_it_stays_open(
    database: PostgresAddress, shop: Connection, autocommit: bool
) -> None:
    idle, within = TransactionStatus.IDLE, TransactionStatus.INTRANS
    with connect(database, autocommit=autocommit) as desk:
        for look_up in (
            lambda: fetch_profile(desk, profile_id(1)), lambda: fetch_profiles(desk, [profile_id(1)]),
            lambda: members(desk, [profile_id(1)]), lambda: trusted_generation(desk, profile_id(1)),
            lambda: search_candidates(desk, SearchKeys(given="Maria", family="Lopez")),
        ):  # fmt: skip
            look_up()
            assert desk.info.transaction_status is idle
            with desk.transaction():
                look_up()
                assert desk.info.transaction_status is within

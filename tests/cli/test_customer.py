"""Looking a customer up, from the cache and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop


@pytest.fixture(scope="session")
def known(sample_shop: Shop) -> dict:
    """A profile of the sample that several sources know."""
    source, record_id, _ = next(row for row in sample_shop.crosswalk() if row[0] == "loyalty")
    return sample_shop.must("profile", "show", f"{source}:{record_id}")


def test_a_profile_is_found_by_its_id_and_by_each_of_its_records(sample_shop: Shop, known: dict) -> None:
    for key in (known["profile_id"], *known["records"]):
        assert sample_shop.must("profile", "show", key)["profile_id"] == known["profile_id"]


def test_every_golden_value_stands_on_the_record_that_it_names(sample_shop: Shop, known: dict) -> None:
    shown = sample_shop.must("profile", "show", known["profile_id"], "--records")
    members = {member["key"]: member["values"] for member in shown["members"]}
    assert set(members) == set(shown["records"])
    for field, key in shown["came_from"].items():
        assert members[key][field] == shown["values"][field]
    assert set(shown["came_from"]) == set(shown["values"])


def test_the_answer_is_the_same_with_redis_flushed(sample_shop: Shop, known: dict) -> None:
    cached = sample_shop.must("profile", "show", known["profile_id"])
    assert cached["served_from"] == "redis"
    flush(sample_shop)
    plain = sample_shop.must("profile", "show", known["profile_id"])
    assert plain["served_from"] == "postgresql"
    assert {**plain, "served_from": ""} == {**cached, "served_from": ""}
    assert sample_shop.must("warm")["warmed"] > 1000
    assert sample_shop.must("profile", "show", known["profile_id"]) == cached


def flush(shop: Shop) -> None:
    import redis

    from retail_brain.config.services import PostgresSettings, RedisSettings
    from retail_brain.services import find_services

    found = find_services(shop.folder / ".retail-brain", postgres=PostgresSettings(), redis=RedisSettings())
    assert found is not None
    with redis.Redis(unix_socket_path=found.redis.socket_path) as client:
        client.flushall()


def test_a_search_finds_a_phone_in_any_spelling_an_e_mail_and_a_misspelt_name(sample_shop: Shop) -> None:
    for source, record_id, profile_id in sample_shop.crosswalk():  # noqa: B007 - the last one is used below
        values = sample_shop.must("profile", "show", f"{source}:{record_id}")["values"]
        if {"given_name", "family_name", "email", "phone"} <= set(values) and len(values["family_name"]) > 6:
            break
    digits = values["phone"][-10:]
    name = f"{values['given_name']} {values['family_name'][:3]}{values['family_name'][4:]}"
    for text in (f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", values["email"].upper(), name.lower()):
        hits = sample_shop.must("profile", "search", text, "--limit", "50")["hits"]
        assert profile_id in [hit["profile_id"] for hit in hits], text
        assert hits == sorted(hits, key=lambda hit: -hit["score"])


def test_an_id_that_was_never_issued_is_told_so(sample_shop: Shop) -> None:
    answer = sample_shop.call("profile", "show", "00000000-0000-8000-8000-000000000000")
    assert answer.code == 2
    assert "no profile was ever issued" in answer.err


def test_a_record_that_was_never_delivered_is_told_so(sample_shop: Shop) -> None:
    answer = sample_shop.call("profile", "show", "pos:does-not-exist")
    assert answer.code == 2
    assert "never delivered" in answer.err


def test_history_names_the_merges_that_hold_a_profile_together(sample_shop: Shop, known: dict) -> None:
    history = sample_shop.must("profile", "history", known["profile_id"])
    assert len([entry for entry in history["entries"] if entry["live"]]) == len(known["records"]) - 1

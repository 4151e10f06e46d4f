"""What a torn read looks like: each rule notices what breaks it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from retail_brain.desk.result import ProfileResult
from retail_brain.loadtest.check import View, misfits
from retail_brain.loadtest.doors import fits
from retail_brain.store.lookup import StoredProfile, StoredRecord

ID = uuid4()


def record(number: int, **values: str) -> StoredRecord:
    return StoredRecord(
        record_no=number, source="pos", record_id=str(number), profile_id=ID, values=dict(values), updated_at=None,
        attributes={}, gone_run=None,
    )  # fmt: skip


WHOLE = View(
    profile=StoredProfile(
        profile_id=ID, values={"given_name": "Maria", "email": "m@shop.example"}, provenance={"given_name": 1, "email": 3},
        record_count=3, first_record_no=1, updated_at=None, version=4, run_id=7,
    ),
    records=[record(1, given_name="Maria"), record(2, given_name="M."), record(3, email="m@shop.example")],
    merges=[(1, 2, 7), (2, 3, None)], published_run=7, cache_generation=1, is_pending=False,
)  # fmt: skip


def with_profile(**changes: Any) -> View:
    assert WHOLE.profile is not None
    return replace(WHOLE, profile=replace(WHOLE.profile, **changes))


def test_a_whole_profile_fits() -> None:
    assert misfits(WHOLE) == []
    assert misfits(replace(WHOLE, profile=None)) == [], "a profile that has ended is no torn read"


@pytest.mark.parametrize(
    ("view", "rule"),
    [
        (with_profile(record_count=2), "a profile counts its records"),
        (with_profile(first_record_no=2), "its first record is its own"),
        (with_profile(values={"given_name": "Mara"}), "each value stands on the record that it names"),
        (with_profile(provenance={"given_name": 1, "email": 9}), "each value stands on the record that it names"),
        (with_profile(run_id=8), "nothing is newer than the published run"),
        (replace(WHOLE, merges=[(1, 2, 7)]), "its merges join its records, one fewer than there are"),
        (replace(WHOLE, merges=[(1, 2, 7), (1, 2, 7)]), "its merges join its records, one fewer than there are"),
        (replace(WHOLE, merges=[(1, 2, 7), (3, 4, 7)]), "its merges join its records, one fewer than there are"),
        (replace(WHOLE, merges=[(1, 2, 8), (2, 3, 7)]), "nothing is newer than the published run"),
    ],
)
def test_each_tear_is_told_by_its_rule(view: View, rule: str) -> None:
    assert misfits(view) == [rule]


def test_a_member_that_is_missing_breaks_all_that_it_held() -> None:
    assert misfits(replace(WHOLE, records=WHOLE.records[:2])) == [
        "a profile counts its records",
        "each value stands on the record that it names",
        "its merges join its records, one fewer than there are",
    ]


def test_an_answer_of_which_a_value_stands_on_nothing_is_torn() -> None:
    answer = ProfileResult(
        profile_id="1", asked_for="1", values={"email": "m@shop.example"}, came_from={"email": "pos:1"},
        records=("pos:1", "pos:2"), version=1, served_from="redis",
    )  # fmt: skip
    assert fits(answer)
    assert not fits(replace(answer, came_from={}))
    assert not fits(replace(answer, records=("pos:2",)))
    assert not fits(replace(answer, records=()))


def test_a_cached_profile_may_be_newer_than_the_transaction_and_never_older() -> None:
    from retail_brain.loadtest.check import _behind

    def cache(version: int) -> Any:
        return SimpleNamespace(read=lambda key, generation: SimpleNamespace(document=b'{"version": %d}' % version))

    assert _behind(WHOLE, cache(4), {}, set()) == []
    assert _behind(WHOLE, cache(5), {}, set()) == []
    assert _behind(WHOLE, cache(3), {}, set()) == ["a trusted cached profile is not older"]
    assert _behind(replace(WHOLE, is_pending=True), cache(3), {}, set()) == []
    assert _behind(WHOLE, cache(4), {str(ID): 5}, set()) == ["the version of a profile never falls"]

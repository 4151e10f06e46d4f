"""Nights that the audit gate holds: nothing is published until a person says so, or the run is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backstage import keys, rows, versions
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from shop import Shop

TILL_PHONE = "415-555-0133"


@pytest.fixture
def held(shop: Shop) -> Shop:
    """A shop whose second night carries one phone on half of its rows."""
    shop.deliver("pos.csv", *people(*range(60)))
    shop.deliver("crm.csv", *people(*range(10)))
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write("\n[audit]\nrows_least = 20\n")
    shop.must("run")
    shop.deliver("pos_2.csv", *(person(n, phone=TILL_PHONE) if n % 2 else person(n) for n in range(100, 140)))
    answer = shop.call("run", "--json")
    assert answer.code == 5, answer.err
    assert answer.json["status"] == "held"
    assert answer.json["findings"]
    return shop


def test_a_held_run_publishes_nothing_and_says_why(held: Shop) -> None:
    shown = held.must("run", "show")
    assert (shown["run_id"], shown["status"]) == (2, "held")
    assert "phone in pos" in shown["reason"]
    assert TILL_PHONE.replace("-", "") not in str(shown)
    assert rows(held, "select count(*) from source_record") == [(70,)]
    assert rows(held, "select count(*) from delivery") == [(2,)]
    screen = held.call("run", "show")
    assert screen.code == 0
    for word in ("phone in pos", "retail-brain run approve 2", "retail-brain run discard 2"):
        assert word in screen.out


def test_a_held_run_stays_held_through_further_commands(held: Shop) -> None:
    before = len(held.crosswalk())
    for command in ("run", "run"):
        answer = held.call(command)
        assert answer.code == 5, answer.err
        assert "HELD: nothing was published" in answer.out
    assert_told(held.call("publish"), 5, "run 2 is held", "retail-brain run show 2")
    assert held.must("run", "show", "2")["status"] == "held"
    assert len(held.must("run", "list")["runs"]) == 2
    assert len(held.crosswalk()) == before


def test_a_held_run_is_published_once_a_person_approves_it(held: Shop) -> None:
    assert_told(held.call("run", "approve", "2", "--reason", "a till"), 2, "--yes")
    assert_told(held.call("run", "approve", "1", "--reason", "a till", "--yes"), 5, "run 1 is not waiting")
    night = held.must("run", "approve", "2", "--reason", "a new till", "--yes")
    assert (night["status"], night["generation"]) == ("published", 2)
    assert held.must("run", "show", "2")["reason"] == "a new till"
    assert ("pos", "101") in [row[:2] for row in held.crosswalk()]
    assert held.must("profile", "show", "pos:101")["served_from"] == "redis"
    assert held.must("run")["status"] == "nothing new"
    assert_told(held.call("run", "approve", "2", "--reason", "again", "--yes"), 5, "run 2 is not waiting")
    assert_told(held.call("run", "discard", "2", "--reason", "too late", "--yes"), 5, "run 2 is published")


def test_a_held_run_that_is_dropped_changes_nothing_and_its_files_can_come_again(held: Shop) -> None:
    before, cached = versions(held), keys(held)
    dropped = held.must("run", "discard", "2", "--reason", "a broken till", "--yes")
    assert (dropped["status"], dropped["reason"]) == ("discarded", "a broken till")
    after = versions(held)
    assert {table: found for table, found in after.items() if table not in ("run", "lease")} == {
        table: found for table, found in before.items() if table not in ("run", "lease")
    }
    assert keys(held) == cached
    assert_told(held.call("run", "approve", "2", "--reason", "x", "--yes"), 5, "run 2 is not waiting")
    held.deliver("pos_2.csv", *people(*range(100, 140)))
    night = held.must("run")
    assert (night["status"], night["run_id"], night["generation"]) == ("published", 3, 2)


def test_newer_files_join_what_is_held(held: Shop) -> None:
    held.deliver("crm_2.csv", *people(*range(200, 210)))
    held.deliver("pos_3.csv", *people(*range(300, 380)))
    held.must("run", "list")
    answer = held.call("run", "--json")
    names = {file["file_name"] for file in answer.json["files"] if file["already_in_run"] is None}
    assert names == {"pos_2.csv", "pos_3.csv", "crm_2.csv"}


def test_examples_name_records_and_their_values_only_when_asked(held: Shop) -> None:
    told = held.must("run", "show", "2", "--examples")["examples"]
    column = next(example for example in told if example["kind"] == "column")
    assert column["what"] == "phone in pos_2.csv"
    assert set(column["keys"]) <= {f"pos:{n}" for n in range(101, 140, 2)}
    assert all(not example["values"] for example in told)
    screen = held.call("run", "show", "--examples").out
    assert column["keys"][0] in screen
    assert TILL_PHONE not in screen
    assert TILL_PHONE in held.call("run", "show", "--with-values").out


def test_a_merge_that_is_undone_while_a_run_is_held_stays_undone_when_it_is_published(held: Shop) -> None:
    merge = held.must("merge", "list")["entries"][0]["merge_id"]
    plan = held.must("merge", "rollback", str(merge), "--dry-run")["plan"]
    done = held.must("merge", "rollback", str(merge), "--reason", "two people", "--yes", "--plan", plan)
    left, right = (done["merges"][0][side] for side in ("left", "right"))
    assert held.must("run", "approve", "2", "--reason", "a new till", "--yes")["status"] == "published"
    profile_of = {f"{source}:{record_id}": profile_id for source, record_id, profile_id in held.crosswalk()}
    assert profile_of[left] != profile_of[right]
    assert "pos:101" in profile_of

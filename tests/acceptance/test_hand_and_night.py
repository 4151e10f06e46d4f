"""A person and a night at once, in every order: neither change is lost, and what was undone stays undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

WHY = ("--reason", "two sisters", "--by", "Kim", "--yes")
ORDERS = ("before the night", "after ingest", "after match", "after publish")
FIRST = range(1, 13)


@pytest.fixture
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    made = make_shop("hand and night")
    made.deliver("pos.csv", *people(*FIRST, *range(40, 60)))
    made.deliver("crm.csv", *[person(number, city="Northport") for number in FIRST])
    made.must("init", ".")
    made.must("run")
    return made


def deliver(shop: Shop, name: str) -> None:
    """One more record of persons 1 and 2 that matches both of theirs, and one new person."""
    shop.deliver(f"{name}.csv", person(1, f"{name}1"), person(2, f"{name}2"), person(70, f"{name}70"))


def merge_of(shop: Shop, left: str, right: str) -> str:
    entries = shop.must("merge", "list", "--profile", left)["entries"]
    [entry] = [entry for entry in entries if entry["live"] and {entry["left"], entry["right"]} == {left, right}]
    return str(entry["merge_id"])


def act(shop: Shop) -> None:
    """Undo the merge of person 1 and join persons 3 and 4 by hand."""
    shop.must("merge", "rollback", merge_of(shop, "pos:1", "crm:1"), *WHY)
    shop.must("merge", "join", "pos:3", "crm:4", *WHY)


def healthy(shop: Shop) -> None:
    assert shop.call("doctor").code == 0
    shop.must("merge", "verify")


def assert_both_kept(shop: Shop, name: str) -> None:
    groups = shop.groups()
    [mine] = [group for group in groups if f"pos:{name}1" in group]
    assert len(mine & {"pos:1", "crm:1"}) == 1, "the new record went to one side and did not join the two"
    assert frozenset({"pos:2", "crm:2", f"pos:{name}2"}) in groups
    assert frozenset({"pos:3", "crm:3", "pos:4", "crm:4"}) in groups
    assert frozenset({f"pos:{name}70"}) in groups


@pytest.mark.parametrize("order", ORDERS)
def test_a_change_by_hand_and_a_night_keep_each_other_in_every_order(shop: Shop, order: str) -> None:
    if order == "before the night":
        act(shop)
    deliver(shop, "pos_a")
    for stage in ("ingest", "match", "publish"):
        shop.must(stage)
        if order == f"after {stage}":
            act(shop)
    assert_both_kept(shop, "pos_a")
    before = shop.crosswalk()
    shop.deliver("pos_z.csv", person(71, "z71"))
    assert shop.must("run")["merges"] == 0
    assert [row for row in shop.crosswalk() if row[1] != "z71"] == before
    healthy(shop)


def test_a_held_run_approved_after_a_change_by_hand_keeps_the_change(shop: Shop) -> None:
    config = shop.folder / "retail_brain.toml"
    config.write_text(
        config.read_text(encoding="utf-8")
        + "\n[audit]\nmerges_least = 0\nmerges_ratio = 1.01\nchanged_least = 0\nchanged_share = 0.01\n",
        encoding="utf-8",
    )
    deliver(shop, "pos_a")
    answer = shop.call("run", "--json")
    assert answer.code == 5, answer.err
    run_id = str(answer.json["run_id"])
    act(shop)
    assert shop.must("run", "approve", run_id, "--reason", "looked at", "--yes")["status"] == "published"
    assert_both_kept(shop, "pos_a")
    healthy(shop)


def test_withdrawn_decisions_count_with_the_next_run_although_no_file_is_new(shop: Shop) -> None:
    before = shop.groups()
    act(shop)
    decisions: list[dict[str, Any]] = shop.must("merge", "decisions", "list")["decisions"]
    for decision in decisions:
        shop.must(
            "merge", "decisions", "withdraw", str(decision["decision_id"]), "--reason", "a mistake", "--by", "Kim"
        )
    assert shop.groups() != before
    assert shop.must("run")["status"] == "published"
    assert shop.groups() == before
    assert [cause for (cause,) in rows(shop, "select cause from identity_merge_log where kind = 'split'")] == [
        "withdrawn"
    ]
    assert shop.must("run")["status"] == "nothing new"
    healthy(shop)

"""A published run taken back: what was before stands again, the next night leaves it so, and what came on top is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

WHY = ("--reason", "a till sent wrong phones", "--by", "Dana")
OLD = range(1, 31)
LOG = "select merge_id, kind, cause, record_no_l, record_no_r, inverts, run_id from identity_merge_log order by 1"


def revert(shop: Shop, run_id: int, *more: str) -> dict[str, Any]:
    return shop.must("run", "revert", str(run_id), *WHY, "--yes", *more)


def golden(shop: Shop) -> list[Any]:
    """Every profile with its values, as readers have them."""
    return rows(
        shop,
        "select profile_id, given_name, middle_name, family_name, email, phone, date_of_birth, address, city, record_count,"
        " first_record_no, provenance::text, updated_at from profile order by 1",
    )


def values(shop: Shop) -> list[Any]:
    """Every record that is delivered, as it stands."""
    return rows(
        shop,
        "select source, record_id, profile_id, delivery_no, row_hash, email, phone, family_name, updated_at"
        " from source_record where profile_id is not null order by 1, 2",
    )


def standing(shop: Shop) -> list[Any]:
    """The merges that stand, without their numbers."""
    return rows(
        shop,
        "select record_no_l, record_no_r, match_weight, levels, blocking_rule from identity_merge_log as made where kind = 'merge'"
        " and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id) order by 1, 2",
    )


def state(shop: Shop) -> tuple[Any, ...]:
    return golden(shop), values(shop), standing(shop)


def healthy(shop: Shop) -> None:
    answer = shop.call("doctor")
    assert answer.code == 0, answer.out
    assert shop.call("merge", "verify").code == 0


def deliver_badly(shop: Shop) -> None:
    """A night with all kinds of news: new records, a bridge between two profiles, changed values, records that vanish."""
    shop.deliver(
        "pos_3.csv",
        *people(101, 102, 103, 104),
        person(1, "1x", email=person(2)["email"], phone=person(2)["phone"], updated_at="2026-04-04"),
        person(3, "3", email="other@example.org", phone="206-555-0111", updated_at="2026-04-04"),
        person(40, "4", updated_at="2026-04-04"),
    )
    shop.deliver(
        "crm.csv", *[person(number, city="Northport", updated_at="2026-02-02") for number in OLD if number % 10]
    )


@pytest.fixture(scope="module")
def three_nights(make_shop: Callable[[str], Shop]) -> tuple[Shop, dict[str, Any]]:
    """Two good nights and a bad one, and what stood before it."""
    shop = make_shop("revert")
    shop.deliver("pos.csv", *people(*OLD))
    shop.deliver("crm.csv", *[person(number, city="Northport", updated_at="2026-02-02") for number in OLD])
    shop.must("init", ".")
    path = shop.folder / "retail_brain.toml"
    head, crm, tail = path.read_text(encoding="utf-8").partition("[sources.crm]")
    tail = tail.replace('delivery = "delta"', 'delivery = "full"\nmax_loss_share = 0.5', 1)
    path.write_text(head + crm + tail, encoding="utf-8")
    shop.must("run")
    shop.deliver(
        "pos_2.csv", *[person(no, f"{no}b", email=f"p{no}@example.org", updated_at="2026-03-03") for no in range(1, 9)]
    )
    shop.must("run")
    before = {"state": state(shop), "crosswalk": shop.crosswalk()}
    deliver_badly(shop)
    night = shop.call("run", "--json")
    if night.code:
        shop.must("run", "approve", "3", "--reason", "looked at", "--yes")
    assert shop.crosswalk() != before["crosswalk"]
    return shop, before


def test_the_preview_changes_nothing_and_the_run_is_taken_back_as_shown(three_nights: Any) -> None:
    shop, before = three_nights
    now = (state(shop), rows(shop, LOG))
    plan = shop.must("run", "revert", "3", "--dry-run")
    assert (plan["status"], state(shop), rows(shop, LOG)) == ("planned", now[0], now[1])
    told = shop.call("run", "revert", "3", "--dry-run").out
    assert "example.com" not in told
    assert max(len(line) for line in told.splitlines()) <= 100

    done = revert(shop, 3, "--plan", plan["plan"])
    assert (done["status"], done["run_ids"], done["revert_run_id"]) == ("reverted", [3], 4)
    assert done["records_out"] == 5
    assert shop.crosswalk() == before["crosswalk"]
    assert state(shop) == before["state"]
    healthy(shop)
    runs = {run["run_id"]: run["status"] for run in shop.must("run", "list")["runs"]}
    assert runs == {1: "published", 2: "published", 3: "reverted", 4: "published"}


def test_taken_back_twice_is_told_and_nothing_is_written(three_nights: Any) -> None:
    shop, before = three_nights
    log = rows(shop, LOG)
    again = shop.call("run", "revert", "3", *WHY, "--yes")
    assert (again.code, rows(shop, LOG)) == (0, log)
    assert "run 3 was already taken back by Dana on " in again.out
    assert state(shop) == before["state"]


def test_the_next_nights_leave_it_so_and_a_corrected_file_is_taken(three_nights: Any) -> None:
    shop, before = three_nights
    assert shop.must("run")["status"] == "nothing new", "files of a run that was taken back are known all the same"
    shop.deliver("pos_5.csv", person(201, updated_at="2026-05-05"))
    assert shop.must("run")["records"]["new"] == 1
    mine = [row for row in shop.crosswalk() if row[1] != "201"]
    assert mine == before["crosswalk"], "what was taken back came again, or something else moved"
    healthy(shop)

    shop.deliver("pos_6.csv", *people(101, 102), person(3, "3", email="right@example.org", updated_at="2026-05-06"))
    night = shop.must("run")
    assert (night["records"]["returned"], night["records"]["changed"]) == (2, 1)
    assert shop.must("profile", "show", "pos:101")["records"] == ["pos:101"]
    healthy(shop)


def test_a_file_that_was_taken_back_is_taken_again_where_it_is_named(three_nights: Any) -> None:
    shop, _before = three_nights
    night = shop.must("run", "--from", "pos_3.csv")
    assert night["status"] in ("published", "held")
    if night["status"] == "held":
        shop.must("run", "approve", str(night["run_id"]), "--reason", "as it is", "--yes")
    assert shop.must("profile", "show", "pos:104")["records"] == ["pos:104"]
    assert shop.must("run", "--from", "pos_3.csv")["status"] == "nothing new"
    healthy(shop)


def test_what_cannot_be_taken_back_is_said(three_nights: Any) -> None:
    shop, _before = three_nights
    assert_told(shop.call("run", "revert", "99", *WHY, "--yes"), 2, "there is no run 99")
    assert_told(shop.call("run", "revert", "1", *WHY, "--yes"), 5, "nothing stands behind it")
    assert_told(shop.call("run", "revert", "4", *WHY, "--yes"), 5, "only took other runs back")
    assert_told(shop.call("run", "revert", "2", "--yes"), 2, "--reason")
    assert_told(shop.call("run", "revert", "2", *WHY), 2, "--yes")
    assert_told(shop.call("run", "revert", "2", *WHY, "--yes"), 5, "builds on run 2", "run 5", "--with-later")


def test_what_people_did_since_is_named_and_goes_with_it_only_where_that_is_asked_for(shop: Shop) -> None:
    shop.deliver("pos.csv", *people(*range(1, 41)))
    shop.deliver("crm.csv", *[person(no, updated_at="2026-02-02") for no in range(1, 11)])
    shop.must("init", ".")
    shop.must("run")
    before, crosswalk = state(shop), shop.crosswalk()
    shop.deliver("pos_2.csv", *[person(no, f"{no}b", updated_at="2026-03-03") for no in range(1, 6)])
    shop.must("run")

    run_2 = [row[0] for row in rows(shop, LOG) if row[6] == 2]
    why = ("--reason", "two sisters", "--ticket", "CS-7", "--by", "Kim", "--yes")
    shop.must("merge", "rollback", str(run_2[0]), *why)
    shop.must("merge", "join", "pos:30", "pos:31", *why)
    shop.must("merge", "join", "pos:2b", "pos:20", *why)
    joined = shop.must("merge", "join", "pos:1", "pos:3", *why)
    last = shop.must("profile", "show", "pos:30")["records"]

    now = (state(shop), rows(shop, LOG))
    refused = shop.call("run", "revert", "2", *WHY, "--yes")
    assert_told(refused, 5, "CS-7", "Kim", "pos:1 ─ pos:3", "--with-later")
    assert "pos:30" not in refused.err, "a decision about others does not stand in the way"
    assert (state(shop), rows(shop, LOG)) == now

    done = revert(shop, 2, "--with-later")
    assert done["withdrawn"] == [joined["decision_id"]], "only what contradicts it goes; pos:2b is no longer delivered"
    assert shop.must("profile", "show", "pos:30")["records"] == last, "what did not build on it stays"
    others = [row for row in shop.crosswalk() if row[1] not in ("30", "31")]
    assert others == [row for row in crosswalk if row[1] not in ("30", "31")]
    assert [row for row in values(shop) if row[1] not in ("30", "31")] == [
        row for row in before[1] if row[1] not in ("30", "31")
    ]
    healthy(shop)
    after = state(shop)
    assert shop.must("run")["status"] in ("nothing new", "published")
    assert state(shop) == after
    healthy(shop)


def test_a_record_that_came_between_runs_is_told_of_and_finds_its_place_in_the_next_run(shop: Shop) -> None:
    shop.deliver("pos.csv", *people(*range(1, 31)))
    shop.must("init", ".")
    shop.must("run")
    shop.deliver("pos_2.csv", person(5, "5b", email="new@example.org", updated_at="2026-03-03"))
    shop.must("run")
    came = person(5, "5c", email="new@example.org", updated_at="2026-03-04")
    placed = shop.must("ingest", "--record", json.dumps({"source": "pos", "record": came}))
    assert placed["profile_id"] == shop.must("profile", "show", "pos:5b")["profile_id"]

    assert_told(shop.call("run", "revert", "2", *WHY, "--yes"), 5, "pos:5c, which came between runs")
    done = revert(shop, 2, "--with-later")
    assert (done["records_out"], done["records_waiting"]) == (1, 1)
    assert shop.must("profile", "show", "pos:5c")["records"] == ["pos:5c"], "nothing that came is lost"
    assert shop.must("profile", "show", placed["profile_id"])["records"] == ["pos:5"]
    healthy(shop)
    assert shop.must("run")["status"] == "published"
    assert shop.must("profile", "show", "pos:5c")["records"] == ["pos:5", "pos:5c"]
    healthy(shop)

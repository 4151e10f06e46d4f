"""A merge undone for good: each half is what its own records make, whatever came on top, and no later run brings it back."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from backstage import addresses, rows
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop

CROWD = range(40, 60)
FIRST, SECOND, THIRD = range(1, 13), range(1, 9), range(1, 5)
WHY = ("--reason", "two sisters", "--ticket", "CS-1042", "--by", "Kim")


def profile(shop: Shop, key: str) -> dict[str, Any]:
    return shop.must("profile", "show", key)


def undo(shop: Shop, *arguments: str) -> dict[str, Any]:
    return shop.must("merge", "rollback", *arguments, *WHY, "--yes")


def join(shop: Shop, *arguments: str) -> dict[str, Any]:
    return shop.must("merge", "join", *arguments, *WHY, "--yes")


def merges_of(shop: Shop, key: str) -> list[dict[str, Any]]:
    """The merges that hold a profile together, oldest first."""
    entries = shop.must("merge", "list", "--profile", profile(shop, key)["profile_id"], "--limit", "100")["entries"]
    return sorted((entry for entry in entries if entry["live"]), key=lambda entry: entry["merge_id"])


def state(shop: Shop) -> dict[str, Any]:
    """All that a change by hand could touch."""
    tables = ("source_record", "profile", "profile_alias", "identity_merge_log", "identity_decision", "review_item")
    return {table: rows(shop, f"select xmin::text, ctid::text from {table} order by 2, 1") for table in tables}


def healthy(shop: Shop) -> None:
    answer = shop.call("doctor")
    assert answer.code == 0, answer.out


@pytest.fixture(scope="module")
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    """Three nights: most people have two records, some three, some four."""
    made = make_shop("undo")
    made.deliver("pos.csv", *people(*FIRST, *CROWD))
    made.deliver("crm.csv", *[person(number, city="Northport", updated_at="2026-02-02") for number in FIRST])
    made.must("init", ".")
    made.must("run")
    made.deliver(
        "pos_2.csv", *[person(no, f"{no}b", email=f"p{no}@example.org", updated_at="2026-03-03") for no in SECOND]
    )
    made.must("run")
    made.deliver(
        "crm_3.csv", *[person(no, f"{no}c", email=f"p{no}@example.org", updated_at="2026-04-04") for no in THIRD]
    )
    made.must("run")
    return made


def test_the_preview_says_all_and_changes_nothing_and_its_hash_is_applied_as_shown(shop: Shop) -> None:
    before = state(shop)
    whole = profile(shop, "pos:1")
    merge_id = str(merges_of(shop, "pos:1")[0]["merge_id"])
    plan = shop.must("merge", "rollback", merge_id, "--dry-run")
    assert (plan["status"], state(shop)) == ("planned", before)
    [split] = plan["profiles"]
    stays, leaves = split["parts"]
    assert (stays["kept"], stays["profile_id"], leaves["kept"]) == (True, whole["profile_id"], False)
    assert sorted(stays["records"] + leaves["records"]) == sorted(whole["records"])
    came = {later["record"]: later for part in split["parts"] for later in part["later"]}
    assert set(came) == {"pos:1b", "crm:1c"}
    assert came["pos:1b"]["shared"]
    screen = shop.call("merge", "rollback", merge_id, "--dry-run").out
    assert max(len(line) for line in screen.splitlines()) <= 100
    assert "came later (merge" in screen
    assert plan["plan"] in screen

    done = undo(shop, merge_id, "--plan", plan["plan"])
    assert (done["status"], done["plan"], done["profiles"]) == ("undone", plan["plan"], plan["profiles"])
    for part in (stays, leaves):
        shown = profile(shop, part["records"][0])
        assert (shown["profile_id"], shown["records"]) == (part["profile_id"], part["records"])
        assert (shown["values"], shown["came_from"]) == (part["values"], part["came_from"])
        assert set(shown["came_from"].values()) <= set(part["records"])
    healthy(shop)


def test_undone_twice_is_told_and_nothing_is_written(shop: Shop) -> None:
    merge_id = str(merges_of(shop, "pos:9")[0]["merge_id"])
    undo(shop, merge_id)
    before = state(shop)
    again = shop.call("merge", "rollback", merge_id, *WHY, "--yes")
    assert again.code == 0
    assert f"merge {merge_id} was already undone by Kim on " in again.out
    assert undo(shop, merge_id)["status"] == "already undone"
    assert state(shop) == before
    assert shop.call("merge", "rollback", "999999", *WHY, "--yes").code == 2
    log = {entry["merge_id"]: entry for entry in shop.must("merge", "list", "--limit", "500")["entries"]}
    unmerge = next(number for number, entry in log.items() if entry["kind"] == "unmerge")
    assert_told(shop.call("merge", "rollback", str(unmerge), *WHY, "--yes"), 2, "is no merge")


def test_a_plan_of_a_state_that_has_moved_is_refused_and_the_new_plan_is_shown(shop: Shop) -> None:
    first, second = (str(entry["merge_id"]) for entry in merges_of(shop, "pos:5")[:2])
    plan = shop.must("merge", "rollback", first, "--dry-run")["plan"]
    undo(shop, second)
    before = state(shop)
    answer = shop.call("merge", "rollback", first, *WHY, "--yes", "--plan", plan, "--json")
    assert answer.code == 5
    assert "the state has moved" in answer.err
    assert answer.json["status"] == "moved"
    assert answer.json["plan"] in answer.err
    assert state(shop) == before
    assert undo(shop, first, "--plan", answer.json["plan"])["status"] == "undone"
    assert len({profile(shop, key)["profile_id"] for key in ("pos:5", "crm:5", "pos:5b")}) == 3


def test_without_a_terminal_or_a_reason_nothing_is_undone(shop: Shop) -> None:
    merge_id, before = str(merges_of(shop, "pos:10")[0]["merge_id"]), state(shop)
    assert_told(shop.call("merge", "rollback", merge_id, "--reason", "x"), 2, "--yes")
    assert_told(shop.call("merge", "rollback", merge_id, "--yes"), 2, "--reason")
    assert_told(shop.call("merge", "rollback", "--yes", "--reason", "x"), 2, "say which merges")
    assert_told(shop.call("merge", "rollback", merge_id, "--yes", "--reason", "x" * 2001), 2, "--reason is longer")
    assert_told(shop.call("merge", "rollback", "--run", "9" * 20, "--dry-run"), 2, "number is larger")
    assert state(shop) == before


def test_every_merge_of_a_profile_undone_in_any_order_gives_its_records_back(shop: Shop) -> None:
    for seed, number in enumerate((2, 3)):
        keys = profile(shop, f"pos:{number}")["records"]
        assert len(keys) == 4
        merges = [str(entry["merge_id"]) for entry in merges_of(shop, f"pos:{number}")]
        random.Random(seed).shuffle(merges)
        for merge_id in merges:
            undo(shop, merge_id)
            healthy(shop)
        for key in keys:
            [record] = shop.must("profile", "show", key, "--records")["members"]
            assert profile(shop, key)["values"] == record["values"]


def test_a_former_id_leads_to_the_half_whose_records_once_bore_it(shop: Shop) -> None:
    kept, retired = (profile(shop, key)["profile_id"] for key in ("pos:50", "pos:51"))
    join(shop, "pos:50", "pos:51")
    assert profile(shop, retired)["profile_id"] == kept
    [merge] = merges_of(shop, "pos:51")
    done = undo(shop, str(merge["merge_id"]))
    apart = profile(shop, "pos:51")["profile_id"]
    assert apart not in (kept, retired)
    assert profile(shop, retired)["profile_id"] == apart
    assert done["former_ids"] == [{"former_id": retired, "leads_to": apart}]
    assert len(done["withdrawn"]) == 1
    healthy(shop)


def test_all_merges_on_an_identifier_are_undone_at_once_in_whatever_spelling_it_is_given(shop: Shop) -> None:
    phone = person(7)["phone"].replace("-", " ")
    whole = profile(shop, "pos:7")
    done = undo(shop, "--identifier", f"+1 ({phone[:3]}) {phone[4:]}")
    assert {merge["left"] for merge in done["merges"]} | {merge["right"] for merge in done["merges"]} <= set(
        whole["records"]
    )
    assert len(done["merges"]) == len(whole["records"]) - 1
    assert len({profile(shop, key)["profile_id"] for key in whole["records"]}) == len(whole["records"])
    assert undo(shop, "--identifier", person(7)["email"].upper())["status"] == "nothing to undo"
    assert_told(shop.call("merge", "rollback", "--identifier", "@", *WHY, "--yes"), 2, "no phone")
    healthy(shop)


def test_a_must_link_across_the_cut_forbids_it_and_nothing_of_a_bulk_is_done(shop: Shop) -> None:
    for pair in (("pos:4", "crm:4"), ("crm:4", "pos:4b"), ("pos:4", "pos:4b")):
        join(shop, *pair)
    before = state(shop)
    merge_id = next(
        str(one["merge_id"]) for one in merges_of(shop, "pos:4") if {one["left"], one["right"]} == {"pos:4", "crm:4"}
    )
    another = str(merges_of(shop, "pos:12")[0]["merge_id"])
    for arguments in ((merge_id,), (another, merge_id), (merge_id, "--dry-run")):
        answer = shop.call("merge", "rollback", *arguments, *WHY, "--yes")
        assert_told(answer, 5, "ticket CS-1042", "by Kim", "merge decisions withdraw")
        assert state(shop) == before


def test_joining_in_one_profile_changes_only_what_holds_it_together(shop: Shop) -> None:
    whole = profile(shop, "pos:8")
    far = next(
        (left, right) for left in whole["records"] for right in whole["records"]
        if left < right and {left, right} not in [{one["left"], one["right"]} for one in merges_of(shop, "pos:8")]
    )  # fmt: skip
    plan = shop.must("merge", "join", *far, "--dry-run")
    done = join(shop, *far, "--plan", plan["plan"])
    assert (done["status"], done["replaced_merge_id"]) == ("joined", plan["replaced_merge_id"])
    assert profile(shop, "pos:8") == whole
    assert {done["merge_id"]} < {entry["merge_id"] for entry in merges_of(shop, "pos:8")}
    assert len(merges_of(shop, "pos:8")) == len(whole["records"]) - 1
    again = shop.call("merge", "join", *far, *WHY, "--yes")
    assert (again.code, "already joined by Kim" in again.out) == (0, True)
    healthy(shop)


def test_joining_what_a_person_keeps_apart_is_refused_with_the_ticket(shop: Shop) -> None:
    merge = merges_of(shop, "pos:11")[0]
    undo(shop, str(merge["merge_id"]))
    before = state(shop)
    answer = shop.call("merge", "join", merge["left"], merge["right"], "--reason", "one after all", "--yes")
    assert_told(answer, 5, "ticket CS-1042", "by Kim", "merge decisions withdraw")
    assert_told(shop.call("merge", "join", "pos:11", "pos:11", "--reason", "x", "--yes"), 2, "one record")
    assert_told(shop.call("merge", "join", "pos:11", "pos:none", "--reason", "x", "--yes"), 2, "never delivered")
    assert state(shop) == before


def test_two_people_undo_at_once_and_one_of_them_is_told(shop: Shop) -> None:
    merge_id = str(merges_of(shop, "pos:12")[0]["merge_id"])
    start = (sys.executable, "-c", "from retail_brain_cli.main import run; run()")
    command = [*start, "merge", "rollback", merge_id, *WHY, "--yes", "--json"]
    both = [
        subprocess.Popen(command, cwd=shop.folder, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [json.loads(process.communicate(timeout=60)[0])["status"] for process in both]
    assert sorted(told) == ["already undone", "undone"]
    assert [process.returncode for process in both] == [0, 0]
    healthy(shop)


def test_with_redis_away_a_merge_is_undone_and_the_cache_never_lies(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    join(shop, "pos:52", "pos:53")
    merge_id = str(merges_of(shop, "pos:52")[0]["merge_id"])
    profile(shop, "pos:52")
    place = addresses(shop)
    with monkeypatch.context() as patch:
        patch.setenv("POSTGRES_HOST", place.postgres.host)
        patch.setenv("POSTGRES_PORT", str(place.postgres.port))
        patch.setenv("POSTGRES_DB", place.postgres.dbname)
        patch.setenv("POSTGRES_USER", place.postgres.user)
        patch.setenv("REDIS_HOST", str(tmp_path / "nobody.sock"))
        answer = shop.call("merge", "rollback", merge_id, *WHY, "--yes")
    assert answer.code == 0, answer.err
    assert "Redis was not warmed" in answer.out
    assert profile(shop, "pos:52")["records"] == ["pos:52"]
    assert profile(shop, "pos:52")["served_from"] == "postgresql"
    shop.must("warm")
    assert profile(shop, "pos:52")["served_from"] == "redis"


def test_no_later_run_brings_back_what_was_undone(shop: Shop) -> None:
    merge = merges_of(shop, "pos:6")[0]
    undo(shop, str(merge["merge_id"]))
    groups, crosswalk = shop.groups(), shop.crosswalk()
    night = shop.must("run")  # without a new file: only the must-links that were taken back are looked at again
    assert (night["merges"], night["splits"]) == (0, 0)
    assert shop.crosswalk() == crosswalk
    assert shop.must("run")["status"] == "nothing new"
    shop.deliver("pos_9.csv", person(200))
    night = shop.must("run")
    assert (night["merges"], night["splits"]) == (0, 0)
    assert {row for row in shop.crosswalk() if row[1] != "200"} == set(crosswalk)
    shop.deliver("crm_9.csv", person(6, "6z", updated_at="2026-05-05"))
    night = shop.must("run")
    assert night["merges"] == 1
    assert night["refused"] >= 1
    after = {frozenset(group - {"crm:6z"}) for group in shop.groups()}
    assert groups | {frozenset({"pos:200"})} == after
    healthy(shop)


def test_a_damaged_or_lost_workspace_keeps_nobody_from_undoing(shop: Shop) -> None:
    artefacts = sorted((shop.folder / ".retail-brain" / "runs").glob("*/edge*.parquet"))
    assert artefacts
    for path in artefacts:
        path.unlink()
        path.write_bytes(b"PAR1 no longer")
    crosswalk = shop.crosswalk()
    join(shop, "pos:56", "pos:57")
    undo(shop, str(merges_of(shop, "pos:56")[0]["merge_id"]))
    shop.deliver("pos_11.csv", person(202))
    night = shop.must("run")
    assert (night["merges"], night["splits"]) == (0, 0)
    assert {key[:2] for key in shop.crosswalk()} == {key[:2] for key in crosswalk} | {("pos", "202")}
    healthy(shop)


def test_what_a_person_does_between_matching_and_publishing_is_not_lost(shop: Shop) -> None:
    merge = merges_of(shop, "pos:10")[0]
    shop.deliver("crm_10.csv", person(201), person(10, "10z", updated_at="2026-06-06"))
    shop.must("ingest")
    shop.must("match")
    undo(shop, str(merge["merge_id"]))
    join(shop, "pos:54", "pos:55")
    night = shop.must("publish")
    assert night["status"] == "published"
    assert profile(shop, "pos:10")["profile_id"] != profile(shop, "crm:10")["profile_id"]
    assert profile(shop, "crm:10z")["profile_id"] in {profile(shop, key)["profile_id"] for key in ("pos:10", "crm:10")}
    assert profile(shop, "pos:54")["records"] == ["pos:54", "pos:55"]
    assert profile(shop, "crm:201")["records"] == ["crm:201"]
    healthy(shop)


def test_a_half_is_what_its_own_records_make_in_a_shop_that_has_no_others(
    shop: Shop, make_shop: Callable[[str], Shop]
) -> None:
    halves = [profile(shop, key) for key in ("pos:1", "pos:5", "pos:6", "crm:8")]
    kept = {key for half in halves for key in half["records"]} | {
        f"{source}:{no}" for source in ("pos", "crm") for no in CROWD
    }
    alone = make_shop("alone")
    for source, files in {"pos": ("pos.csv", "pos_2.csv"), "crm": ("crm.csv", "crm_3.csv", "crm_9.csv")}.items():
        texts = [(shop.folder / file).read_text(encoding="utf-8") for file in files]
        found = [row for text in texts for row in csv.DictReader(text.splitlines())]
        alone.deliver(f"{source}.csv", *(row for row in found if f"{source}:{row['record_id']}" in kept))
    alone.must("init", ".")
    alone.must("run")
    several = 0
    for half in halves:
        there = profile(alone, half["records"][0])
        assert there["records"] == half["records"]
        assert (there["values"], there["came_from"]) == (half["values"], half["came_from"])
        several += len(half["records"]) > 1
    assert several >= 1

"""Whatever was scored is explained by the same number, whichever model scored it and whatever was decided since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import people, person

from retail_brain.matching.explain import explain
from retail_brain.matching.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

EXACT = 1e-9


def models(shop: Shop) -> dict[str, Model]:
    return {name: Model.from_text(text) for name, text in rows(shop, "select model_id, document::text from model")}


def test_every_merge_and_every_question_of_the_sample_adds_up_to_the_weight_that_was_stored(sample_shop: Shop) -> None:
    known = models(sample_shop)
    query = "select levels, match_weight, match_probability, model_id from identity_merge_log where kind = 'merge'"
    waiting = "select levels, match_weight, match_probability, model_id from review_item join run using (run_id)"
    found = [*rows(sample_shop, query), *rows(sample_shop, waiting)]
    assert len(found) > 5_000
    for levels, weight, probability, model_id in found:
        told = explain(known[model_id], levels)
        assert told.match_weight == pytest.approx(weight, rel=0, abs=EXACT)
        assert told.match_probability == pytest.approx(probability, rel=0, abs=EXACT)
        assert sum(line.weight_bits for line in told.lines) == pytest.approx(weight, rel=0, abs=EXACT)


@pytest.fixture(scope="module")
def asked(make_shop: Callable[[str], Shop]) -> dict[str, Any]:
    """Two runs with a model each; then one merge undone, and two people joined who were never compared."""
    shop = make_shop("asked")
    shop.deliver("pos.csv", *people(*range(40)))
    shop.deliver("crm.csv", *people(*range(40)), person(3, "3b"))
    shop.must("init", ".")
    first = shop.must("run")
    shop.must("model", "train")
    shop.deliver("crm_2.csv", *people(*range(100, 120), updated_at="2026-02-02"))
    shop.deliver("pos_2.csv", *people(*range(100, 120)))
    second = shop.must("run")
    assert second["status"] == "published", second["findings"]
    before = shop.must("profile", "show", "pos:7")
    (undone,) = shop.must("merge", "list", "--record", "pos:7")["entries"]
    shop.must("merge", "rollback", str(undone["merge_id"]), "--yes", "--reason", "two sisters", "--ticket", "T-1", "--by", "anna")  # fmt: skip
    shop.must("merge", "join", "pos:11", "pos:30", "--yes", "--reason", "married", "--ticket", "T-2", "--by", "ben")
    return {"shop": shop, "runs": (first, second), "undone": undone["merge_id"], "before": before}


def explained(shop: Shop, *words: str) -> dict[str, Any]:
    told = shop.must("merge", "explain", *words)
    assert sum(line["weight_bits"] for line in told["lines"]) == pytest.approx(told["match_weight"], rel=0, abs=EXACT)
    return told


def test_a_merge_is_explained_with_the_model_that_made_it_also_when_another_is_in_use(asked: dict[str, Any]) -> None:
    shop, nights = asked["shop"], asked["runs"]
    assert nights[0]["model_id"] != nights[1]["model_id"]
    for night in nights:
        listed = shop.must("merge", "list", "--run", str(night["run_id"]), "--live", "--limit", "3")["entries"]
        assert len(listed) == 3
        for entry in listed:
            told = explained(shop, str(entry["merge_id"]))
            assert told["match_weight"] == pytest.approx(entry["match_weight"], rel=0, abs=EXACT)
            assert (told["model_id"], told["scored"]) == (night["model_id"], "as_logged")
            assert (told["run_id"], told["blocking_rule"]) == (night["run_id"], entry["blocking_rule"])
            assert told == explained(shop, entry["left"], entry["right"])


def test_a_chain_of_merges_leads_from_one_record_to_the_other(asked: dict[str, Any]) -> None:
    told = explained(asked["shop"], "pos:3", "crm:3b")
    assert told["same_profile"]
    assert (told["chain"][0], told["chain"][-1]) == tuple(told[side] for side in ("left", "right"))
    assert len(told["chain"]) == len(told["links"]) + 1
    for here, there, link in zip(told["chain"], told["chain"][1:], told["links"], strict=False):
        assert {here, there} == {link["left"], link["right"]}


def test_an_undone_merge_shows_both_sides_as_they_were_and_who_undid_it(asked: dict[str, Any]) -> None:
    shop, before = asked["shop"], asked["before"]
    told = shop.must("merge", "show", str(asked["undone"]))
    assert {*told["left"]["records"], *told["right"]["records"]} == set(before["records"])
    assert {field["name"]: field["value"] for field in told["fields"] if field["value"]} == before["values"]
    ruled = told["undone"]["decision"]
    assert (ruled["reason"], ruled["ticket"], ruled["decided_by"]) == ("two sisters", "T-1", "anna")
    assert told["left"]["profile_id_now"] != told["right"]["profile_id_now"]
    assert shop.must("merge", "show", str(told["undone"]["merge_id"])) == told
    assert [entry["merge_id"] for entry in shop.must("merge", "list", "--undone")["entries"]] == [asked["undone"]]
    unmerges = shop.must("merge", "list", "--kind", "unmerge")["entries"]
    assert [entry["merge_id"] for entry in unmerges] == [told["undone"]["merge_id"]]


def test_why_not_names_the_decision_first_and_its_ticket(asked: dict[str, Any]) -> None:
    shop = asked["shop"]
    told = explained(shop, "pos:7", "crm:7")
    assert not told["same_profile"]
    first = told["obstacles"][0]
    assert (first["kind"], first["ticket"]) == ("decision", "T-1")
    assert "two sisters" in first["said"]
    undone = explained(shop, str(asked["undone"]))
    assert (undone["live"], undone["obstacles"]) == (False, told["obstacles"])
    screen = shop.call("merge", "explain", "pos:7", "crm:7").out
    assert "Why not" in screen
    assert "(T-1)" in screen


def test_why_not_says_that_two_records_were_never_compared(asked: dict[str, Any]) -> None:
    told = explained(asked["shop"], "pos:20", "crm:33")
    assert [one["kind"] for one in told["obstacles"]] == ["never_compared", "below_threshold"]
    assert told["links"] == []


def test_people_joined_by_hand_are_explained_by_the_decision_and_weighed_as_they_are(asked: dict[str, Any]) -> None:
    told = explained(asked["shop"], "pos:11", "pos:30")
    assert told["same_profile"]
    assert (told["scored"], told["stored_weight"]) == ("now", None)
    assert [(ruled["kind"], ruled["ticket"]) for ruled in told["decisions"]] == [("must_link", "T-2")]
    assert told["match_weight"] < 0
    shown = asked["shop"].must("merge", "show", str(told["merge_id"]))
    assert {len(shown[side]["records"]) for side in ("left", "right")} == {2}
    assert shown["left"]["profile_id"] != shown["right"]["profile_id"]


def test_refused_links_of_the_sample_say_which_records_cannot_be_one_person(sample_shop: Shop) -> None:
    (item,) = [
        item
        for item in sample_shop.must("review", "list", "--kind", "refused", "--limit", "200")["items"]
        if item["reason"] == "loyalty_id"
    ][:1]
    told = explained(sample_shop, item["left"]["key"], item["right"]["key"])
    kinds = [one["kind"] for one in told["obstacles"]]
    assert kinds[:2] == ["refused", "clash"]
    assert "loyalty number" in told["obstacles"][1]["said"]
    assert told["match_weight"] == pytest.approx(item["match_weight"], rel=0, abs=EXACT)
    sides = [
        set(sample_shop.must("profile", "show", told[f"{side}_profile_id"])["records"]) for side in ("left", "right")
    ]
    assert all(side & set(told["obstacles"][1]["records"]) for side in sides)


def test_a_live_merge_shows_the_profile_as_it_is_with_the_record_of_each_value(sample_shop: Shop) -> None:
    for entry in sample_shop.must("merge", "list", "--limit", "2")["entries"]:
        told = sample_shop.must("merge", "show", str(entry["merge_id"]))
        profile = sample_shop.must("profile", "show", entry["left"])
        assert sorted([*told["left"]["records"], *told["right"]["records"]]) == sorted(profile["records"])
        assert {field["name"]: field["value"] for field in told["fields"] if field["value"]} == profile["values"]
        assert {field["name"]: field["came_from"] for field in told["fields"] if field["value"]} == profile["came_from"]
        for field in told["fields"]:
            if field["side"] in ("left", "right"):
                assert field["came_from"] in told[field["side"]]["records"]
        assert json.dumps(told)

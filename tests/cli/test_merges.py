"""The merge log asked at the desk: filters, what JSON promises, screens that fit, mistakes that are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from shop import Shop

ENTRY = {
    "merge_id", "logged_at", "run_id", "kind", "cause", "left", "right", "match_probability", "match_weight",
    "blocking_rule", "live", "undone_by",
}  # fmt: skip
SHOWN = {"merge", "model_id", "profile_id", "left", "right", "fields", "undone", "decisions"}
EXPLAINED = {
    "left", "right", "left_values", "right_values", "left_profile_id", "right_profile_id", "same_profile", "merge_id",
    "live", "run_id", "logged_at", "undone", "scored", "match_weight", "match_probability", "stored_weight",
    "blocking_rule", "model_id", "lines", "chain", "links", "obstacles", "decisions", "html",
}  # fmt: skip


def listed(shop: Shop, *words: str) -> list[dict[str, Any]]:
    return shop.must("merge", "list", *words)["entries"]


@pytest.fixture(scope="module")
def some(sample_shop: Shop) -> list[dict[str, Any]]:
    """The three merges with most evidence below four bits, and three far above."""
    return listed(sample_shop, "--weight-below", "4", "--limit", "3") + listed(
        sample_shop, "--weight-above", "30", "--limit", "3"
    )


def test_each_filter_of_the_list_keeps_what_it_names_and_nothing_else(sample_shop: Shop) -> None:
    everything = listed(sample_shop, "--limit", "10000")
    assert [entry["merge_id"] for entry in everything] == sorted((e["merge_id"] for e in everything), reverse=True)
    one = everything[7]
    narrow = {
        ("--weight-below", "4"): lambda e: e["match_weight"] < 4,
        ("--weight-above", "30"): lambda e: e["match_weight"] > 30,
        ("--weight-above", "10", "--weight-below", "11"): lambda e: 10 < e["match_weight"] < 11,
        ("--rule", one["blocking_rule"]): lambda e: e["blocking_rule"] == one["blocking_rule"],
        ("--record", one["left"]): lambda e: one["left"] in (e["left"], e["right"]),
    }
    for words, wanted in narrow.items():
        expected = [entry["merge_id"] for entry in everything if wanted(entry)]
        assert [entry["merge_id"] for entry in listed(sample_shop, *words, "--limit", "10000")] == expected, words
        assert 0 < len(expected) < len(everything), words
    for words in (("--kind", "unmerge"), ("--undone",), ("--run", "77"), ("--model", "another")):
        assert listed(sample_shop, *words) == []
    for words in (("--kind", "merge"), ("--live",), ("--run", "1")):
        assert len(listed(sample_shop, *words, "--limit", "10000")) == len(everything)


def test_the_list_of_a_profile_holds_the_merges_that_made_it(sample_shop: Shop) -> None:
    entry = listed(sample_shop, "--limit", "1")[0]
    profile = sample_shop.must("profile", "show", entry["left"])
    found = listed(sample_shop, "--profile", profile["profile_id"])
    assert len(found) == len(profile["records"]) - 1
    assert {key for one in found for key in (one["left"], one["right"])} == set(profile["records"])
    assert listed(sample_shop, "--profile", profile["profile_id"], "--record", entry["right"])


def test_the_list_knows_days(sample_shop: Shop) -> None:
    day = datetime.fromisoformat(listed(sample_shop, "--limit", "1")[0]["logged_at"]).astimezone(UTC).date()
    before, after = (f"{day + timedelta(days=step)}" for step in (-1, 1))
    assert listed(sample_shop, "--since", f"{day}", "--until", f"{day}", "--limit", "1")
    assert listed(sample_shop, "--since", after) == []
    assert listed(sample_shop, "--until", before) == []
    assert sample_shop.call("merge", "list", "--since", "yesterday").code == 2


def test_what_json_promises(sample_shop: Shop, some: list[dict[str, Any]]) -> None:
    assert set(some[0]) == ENTRY
    shown = sample_shop.must("merge", "show", str(some[0]["merge_id"]))
    assert set(shown) == SHOWN
    assert set(shown["merge"]) == ENTRY
    assert set(shown["left"]) == {"key", "profile_id", "profile_id_now", "records", "values"}
    assert {*shown["fields"][0]} == {"name", "left", "right", "value", "came_from", "side", "rule"}
    told = sample_shop.must("merge", "explain", str(some[0]["merge_id"]))
    assert set(told) == EXPLAINED
    assert set(told["lines"][0]) == {"comparison", "left", "right", "level", "weight_bits"}
    assert set(told["links"][0]) == {"merge_id", "left", "right", "cause", "match_weight", "match_probability"}
    apart = sample_shop.must("merge", "explain", some[0]["left"], some[1]["left"])
    assert set(apart["obstacles"][0]) == {"kind", "said", "records", "decision_id", "ticket"}


def test_no_line_of_a_screen_is_longer_than_eighty_columns(sample_shop: Shop, some: list[dict[str, Any]]) -> None:
    screens = [sample_shop.call("merge", "list", "--limit", "40")]
    for entry in some:
        screens += [sample_shop.call("merge", what, str(entry["merge_id"])) for what in ("show", "explain")]
    screens.append(sample_shop.call("merge", "explain", some[0]["left"], some[-1]["right"]))
    for answer in screens:
        assert answer.code == 0, answer.err
        assert max(len(line) for line in answer.out.splitlines()) <= 80, answer.out


def test_the_waterfall_ends_where_its_bars_lead(sample_shop: Shop, some: list[dict[str, Any]]) -> None:
    out = sample_shop.call("merge", "explain", str(some[-1]["merge_id"])).out
    bars = [line for line in out.splitlines() if re.search(r"[█▌▐▏] *(0\.0|[+−]\d+\.\d)$", line)]
    assert "starting odds" in bars[0]
    assert "match weight" in bars[-1]
    said = [float(line.rsplit(maxsplit=1)[-1].replace("−", "-").rsplit("█")[-1].strip("▌▐▏")) for line in bars]
    assert sum(said[:-1]) == pytest.approx(said[-1], abs=0.05 * len(said))


def test_an_explanation_is_a_page_that_needs_no_network(sample_shop: Shop, some: list[dict[str, Any]]) -> None:
    told = sample_shop.must("merge", "explain", str(some[0]["merge_id"]), "--html", "why.html")
    assert told["html"] == "why.html"
    page = (sample_shop.folder / "why.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    for word in (some[0]["left"], some[0]["right"], "match weight", "What holds them together"):
        assert word in page
    sample_shop.must("merge", "explain", some[0]["left"], some[-1]["right"], "--html", "why.html")
    assert "What keeps them apart" in (sample_shop.folder / "why.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "99999999"), "there is no merge 99999999"),
        (("explain", "99999999"), "there is no merge 99999999"),
        (("explain", "pos:1"), "not the number of a merge"),
        (("explain", "pos:1", "nowhere:1"), "never delivered"),
        (("list", "--profile", "nobody"), "neither a profile id nor"),
    ],
)
def test_a_mistake_is_told_in_one_line(sample_shop: Shop, words: tuple[str, ...], said: str) -> None:
    key = sample_shop.crosswalk()[0]
    answer = sample_shop.call("merge", *(f"{key[0]}:{key[1]}" if word == "pos:1" else word for word in words))
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""

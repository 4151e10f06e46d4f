"""Who is this, why are these two one person, what does the model weigh, how good is it: asked at the desk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop


@pytest.fixture(scope="module")
def known(sample_shop: Shop) -> dict:
    """A profile of several records with name, e-mail and date of birth."""
    for source, record_id, _ in sample_shop.crosswalk():
        found = sample_shop.must("profile", "show", f"{source}:{record_id}", "--records")
        if len(found["records"]) > 2 and {"given_name", "family_name", "email", "date_of_birth"} <= set(
            found["values"]
        ):
            return found
    raise AssertionError("the sample has no such profile")


def test_a_person_typed_in_is_recognised_as_the_profile(sample_shop: Shop, known: dict) -> None:
    values = known["values"]
    options = [f"--{name.replace('_', '-')}={values[name].upper()}" for name in ("given_name", "family_name", "email")]
    answer = sample_shop.must("profile", "resolve", *options, f"--date-of-birth={values['date_of_birth']}")
    assert (answer["verdict"], answer["profile_id"]) == ("same", known["profile_id"])
    assert answer["match_probability"] > 0.99


def test_a_stranger_is_nobody_we_know(sample_shop: Shop) -> None:
    person = {"full_name": "Xqwzy, Vbnmk", "email": "xqwzy@nowhere.example", "date_of_birth": "1911-01-07"}
    (sample_shop.folder / "person.json").write_text(json.dumps(person), encoding="utf-8")
    answer = sample_shop.must("profile", "resolve", "--person", "person.json")
    assert (answer["verdict"], answer["profile_id"]) == ("unknown", None)


def test_a_person_with_an_unknown_field_or_nothing_at_all_is_refused(sample_shop: Shop) -> None:
    (sample_shop.folder / "odd.json").write_text('{"shoe_size": 43}', encoding="utf-8")
    answer = sample_shop.call("profile", "resolve", "--person", "odd.json")
    assert answer.code == 2
    assert "shoe_size" in answer.err
    assert sample_shop.call("profile", "resolve").code == 2


def test_the_parts_of_an_explanation_add_up_to_the_match_weight(sample_shop: Shop, known: dict) -> None:
    left, right = known["records"][:2]
    told = sample_shop.must("merge", "explain", left, right)
    assert told["same_profile"]
    assert sum(line["weight_bits"] for line in told["lines"]) == pytest.approx(told["match_weight"], abs=2e-6)
    assert (told["chain"][0], told["chain"][-1]) == (told["left"], told["right"])


def test_an_explanation_repeats_what_the_log_says_of_a_merge(sample_shop: Shop) -> None:
    for entry in sample_shop.must("merge", "list", "--limit", "20")["entries"]:
        told = sample_shop.must("merge", "explain", entry["left"], entry["right"])
        assert told["match_weight"] == pytest.approx(entry["match_weight"], abs=2e-6)
        assert told["blocking_rule"] == entry["blocking_rule"]


def test_why_not_is_told_for_records_of_two_profiles(sample_shop: Shop) -> None:
    (first, *_), (second, *_) = (sorted(group) for group in sorted(sample_shop.groups(), key=min)[:2])
    told = sample_shop.must("merge", "explain", first, second)
    assert not told["same_profile"]
    assert told["chain"] == []
    screen = sample_shop.call("merge", "explain", first, second)
    assert "are in two profiles" in screen.out


def test_the_model_in_use_is_listed_and_shown(sample_shop: Shop) -> None:
    models = sample_shop.must("model", "list")["models"]
    (in_use,) = [model for model in models if model["in_use"]]
    shown = sample_shop.must("model", "show", "--html", "weights.html")
    assert shown["model_id"] == in_use["model_id"]
    assert {"given_name", "date_of_birth", "email"} <= {comparison["name"] for comparison in shown["comparisons"]}
    assert "<html" in (sample_shop.folder / "weights.html").read_text(encoding="utf-8")


def test_the_sample_is_matched_as_well_as_the_pages_say(sample_shop: Shop) -> None:
    scores = sample_shop.must("model", "evaluate", "--truth", "truth.csv")
    assert scores["precision"] > 0.96
    assert scores["recall"] > 0.96
    assert scores["missing"] == 0


def test_a_truth_without_its_columns_is_refused(sample_shop: Shop) -> None:
    (sample_shop.folder / "lie.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    answer = sample_shop.call("model", "evaluate", "--truth", "lie.csv")
    assert answer.code == 3
    assert "source, record_id, person_id" in answer.err

"""The review queue as programs read it, and what is said of commands and files that cannot be."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Shop

ITEM = {
    "kind", "left", "right", "match_probability", "match_weight", "blocking_rule", "reason", "stake", "merge_id",
    "differing", "state",
}  # fmt: skip
SIDE = {"key", "profile_id", "profile_records", "values"}


def test_the_queue_and_the_next_question_as_json(sample_shop: Shop) -> None:
    queue = sample_shop.must("review", "list", "--limit", "7")
    assert set(queue) == {"items", "waiting", "pairs", "or_more"}
    assert len(queue["items"]) == 7 < queue["waiting"] <= queue["pairs"]
    for item in queue["items"]:
        assert set(item) == ITEM
        assert set(item["left"]) == set(item["right"]) == SIDE
    found = sample_shop.must("review", "next")
    assert set(found) == {"item", "waiting", "or_more"}
    assert found["item"] == queue["items"][0]


def test_a_run_counts_what_the_queue_holds(sample_shop: Shop) -> None:
    counts = sample_shop.must("run", "show", "1")["counts"]
    pairs = {
        kind: sample_shop.must("review", "list", "--kind", kind)["pairs"] for kind in ("borderline", "weak", "refused")
    }
    assert pairs["borderline"] + pairs["weak"] == counts["for_review"]
    assert pairs["refused"] <= counts["refused"]


def test_nobody_has_decided_anything_yet(sample_shop: Shop) -> None:
    assert sample_shop.must("merge", "decisions", "list") == {"decisions": [], "stale": False}
    assert sample_shop.must("merge", "decisions", "stale") == {"decisions": [], "stale": True}
    assert sample_shop.call("merge", "decisions", "list").out == "no decision\n"


def test_an_export_has_a_row_for_each_question_and_room_for_the_answers(sample_shop: Shop) -> None:
    told = sample_shop.must("review", "export", "--to", "questions.csv", "--limit", "50")
    with (sample_shop.folder / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert told["rows"] == len(table) == 50
    assert list(table[0])[:3] == ["decision", "reason", "ticket"]
    assert {row["decision"] for row in table} == {""}
    nothing = sample_shop.must("review", "import", "questions.csv")
    assert (nothing["same"], nothing["different"], nothing["undecided"]) == (0, 0, 50)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("review", "export", "--to", "questions.xlsx"), 2, "must end in .csv"),
        (("review", "export", "--to", "nowhere/questions.csv"), 2, "no folder"),
        (("review", "import", "missing.csv"), 2, "cannot be read"),
        (("review", "list", "--kind", "odd"), 2, "--kind"),
        (("review", "decide", "pos:1", "pos:2", "perhaps", "--reason", "x"), 2, "perhaps"),
        (("merge", "decisions", "withdraw", "1", "--reason", "x"), 2, "no decision 1"),
    ],
)
def test_what_cannot_be_is_told(sample_shop: Shop, arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = sample_shop.call(*arguments)
    assert answer.code == code
    assert words in answer.err


@pytest.mark.parametrize("text", ['left,right,decision\n"a', "left,right,decision\nÜ".encode("latin-1")])
def test_a_file_that_is_no_csv_is_refused(sample_shop: Shop, text: str | bytes) -> None:
    (sample_shop.folder / "broken.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    answer = sample_shop.call("review", "import", "broken.csv")
    assert answer.code == 3
    assert "broken.csv" in answer.err

"""The page of a run: complete, safe to open and to pass on, and never broken by what it shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.report import render_explanation, render_report, render_weights
from retail_brain.report.markup import element, percent

RUN = {
    "run_id": 214,
    "status": "published",
    "generation": 1187,
    "model_id": "m-1",
    "files": [
        {"source": "pos", "file_name": "pos.csv", "rows": 3407, "accepted": 3398, "quarantined": 7, "duplicates": 2},
        {"source": "crm", "file_name": "crm.csv", "rows": 1807, "accepted": 1802, "quarantined": 4, "duplicates": 1},
    ],
    "quarantine_reasons": {"too many fields": 7, "bytes that are not UTF-8": 4},
    "records": {"new": 5200, "gone": 0},
    "merges": 2300,
    "for_review": 12,
    "pairs": 9000,
    "kept_out": [
        {"field": "email", "kind": "placeholder", "records": 22, "people": 21, "value": "noreply1@shop.example"}
    ],
    "written": {"profile": 3100},
    "seconds": {"ingest": 0.9, "match": 2.6},
}
METRICS = {
    "records": 5200,
    "profiles": 2900,
    "completeness": {"pos": {"phone": 0.31, "email": 0.0}, "crm": {"phone": 0.7, "email": 0.999}},
    "match_weights": {"-2": 5, "3": 40, "12": 100},
    "profile_sizes": {"1": 1000, "2": 1899, "40": 1},
}
BEFORE = {**METRICS, "completeness": {"pos": {"phone": 0.51}}, "records": 5000}
MODEL = {"model_id": "m-1", "comparisons": [{"name": "phone", "levels": [{"label": "same", "bits": 12.1}]}]}
VOID = {"meta"}


class Outline(HTMLParser):
    """Reads a page as a browser would, and notes what it would do."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    reader = Outline()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def said(page: str) -> str:
    return " ".join(" ".join(outline(page).text).split())


def test_the_page_says_what_came_in_and_what_became_of_it() -> None:
    text = said(render_report(RUN, METRICS, previous_metrics=BEFORE, model=MODEL, when="2026-11-23 02:00"))
    for expected in (
        "Run 214",
        "published as 1,187",
        "5,214 rows = 5,200 accepted + 11 quarantined + 3 exact duplicates",
        "2,900 people 1.79 records each",
        "too many fields",
        "145 scored pairs by match weight",
        "more than 12",
        "The largest profile holds 40 records.",
        "31 % −20",
        ">99 %",
        "records 5,000 5,200 +200",
        "What the model learnt",
        "Audit passed.",
    ):
        assert expected in text


def test_the_page_needs_no_network_and_runs_nothing() -> None:
    reader = outline(render_report(RUN, METRICS, previous_metrics=BEFORE, model=MODEL))
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "a", "form"}
    assert not [name for name, _ in reader.attributes if name in {"src", "href"} or name.startswith("on")]
    page = render_report(RUN, METRICS)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|url\(|@import", page)


def test_a_held_run_says_why_before_anything_else() -> None:
    finding = {"check": "merges", "message": "merges +1.9M, usual 12,000 to 25,000"}
    text = said(render_report({**RUN, "status": "held", "findings": [finding]}, METRICS))
    assert text.index("Held: a person has to look") < text.index(finding["message"]) < text.index("Delivered")


def test_an_approved_run_still_shows_what_was_found() -> None:
    text = said(render_report({**RUN, "findings": [{"message": "merges +1.9M"}]}, METRICS))
    assert "A person approved what the audit had held." in text
    assert "merges +1.9M" in text


def test_customers_values_appear_only_when_asked_for() -> None:
    hidden, shown = render_report(RUN, METRICS), render_report(RUN, METRICS, include_values=True)
    assert "noreply1@shop.example" not in hidden
    assert "aaaaaaa0@aaaa.aaaaaaa" in hidden
    assert "noreply1@shop.example" in shown
    assert "keep it as you keep the exports" in shown


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "a&b'\""]
)
def test_hostile_names_are_only_text(hostile: str) -> None:
    run = {
        **RUN,
        "run_id": hostile,
        "model_id": hostile,
        "files": [{"source": hostile, "file_name": hostile, "rows": 1, "accepted": 1, "warnings": [hostile]}],
        "quarantine_reasons": {hostile: 3},
        "records": {hostile: 2},
        "written": {hostile: 1},
        "seconds": {hostile: 1.0},
        "warnings": [hostile],
        "kept_out": [{"field": hostile, "kind": hostile, "records": 1, "people": 1, "value": hostile}],
    }
    metrics = {**METRICS, "completeness": {hostile: {hostile: 0.5}}}
    model = {"model_id": hostile, "comparisons": [{"name": hostile, "levels": [{"label": hostile, "bits": 1.0}]}]}
    page = render_report(run, metrics, model=model, when=hostile, thresholds={hostile: 1.0}, include_values=True)
    reader = outline(page)
    assert not reader.tags & {"script", "img"}
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert hostile in "".join(reader.text)


@given(st.text(), st.text())
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_as_it_was_written(text: str, value: str) -> None:
    page = element("p", text, title=value)
    reader = Outline()
    reader.feed(page)
    reader.close()
    assert (reader.tags, reader.open) == ({"p"}, [])
    assert [name for name, _ in reader.attributes] == ["title"]


def test_a_run_that_did_nothing_is_still_a_page() -> None:
    assert "Run" in said(render_report({}, {}))
    assert "nothing new" in said(render_report({"status": "nothing new"}, {}))


def test_shares_are_never_a_false_nothing_or_a_false_all() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.5, 0.9999, 1)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]


def test_the_weights_of_a_model_are_a_page_of_their_own_that_needs_no_network() -> None:
    levels = [{"label": "same", "bits": 8.5}, {"label": "different <b>", "bits": -3.0}]
    page = render_weights(
        {"model_id": "2026-11-23-1", "records": 1234, "comparisons": [{"name": "email", "levels": levels}]}
    )
    assert "learnt from 1,234 records" in page
    assert "different &lt;b&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


HOSTILE = "<script>alert('x')</script>"
EXPLAINED = {
    "left": f"pos:{HOSTILE}", "right": "crm:7", "left_values": {"given_name": HOSTILE, "email": "m@example.com"},
    "right_values": {"given_name": "M."}, "same_profile": False, "merge_id": None, "run_id": None, "logged_at": None,
    "undone": None, "scored": "now", "match_weight": -2.5, "match_probability": 0.15, "blocking_rule": "email_key",
    "model_id": "m-1", "chain": (), "links": (), "decisions": (),
    "lines": (
        {"comparison": "starting odds", "left": None, "right": None, "level": "", "weight_bits": -10.0},
        {"comparison": "first name", "left": HOSTILE, "right": "M.", "level": "initial", "weight_bits": 7.5},
        {"comparison": "phone", "left": None, "right": None, "level": "nothing to say", "weight_bits": 0.0},
    ),
    "obstacles": ({"kind": "decision", "said": f"ruled: {HOSTILE}", "records": (), "decision_id": 3, "ticket": "T-9"},),
}  # fmt: skip


def test_an_explanation_shows_every_part_that_says_something_and_no_value_can_become_markup() -> None:
    page = render_explanation(EXPLAINED)
    assert not outline(page).tags & {"script", "link", "img", "iframe", "object", "a", "form"}
    text = said(page)
    for expected in (
        "They are in two profiles: p = 0.1500, −2.5 bits.",
        "starting odds −10.0",
        "+7.5",
        "match weight −2.5",
        "(decision 3, T-9)",
        HOSTILE,
    ):
        assert expected in text
    assert "phone" not in text

"""Why two records are one person, or why not, as the parts of a page.

Apart from the sections of a run, because it is about one pair and shows what the two records say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain.model import VALUE_FIELDS
from retail_brain.report.charts import waterfall
from retail_brain.report.markup import Html, element, join, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping


def lead(told: Mapping[str, Any]) -> Html:
    """The line below the title: the merge, its run and model, and what brought the two together."""
    merge = f"merge {told['merge_id']}" if told.get("merge_id") else None
    parts = (
        merge,
        f"run {told['run_id']}" if told.get("run_id") else None,
        f"{told['logged_at']:%Y-%m-%d}" if told.get("logged_at") else None,
        f"compared because of {told['blocking_rule']}" if told.get("blocking_rule") else None,
        f"model {told['model_id']}",
    )
    return element("p", " · ".join(part for part in parts if part))


def verdict(told: Mapping[str, Any]) -> Html:
    """What it comes to, in one box."""
    evidence = f"p = {told['match_probability']:.4f}, {told['match_weight']:+.1f} bits".replace("-", "−")
    together = "They are in one profile" if told["same_profile"] else "They are in two profiles"
    undone = told.get("undone")
    ended = f" The merge of the two was undone on {undone['logged_at']:%Y-%m-%d}." if undone else ""
    return element(
        "div",
        element("b", f"{together}: {evidence}."),
        ended,
        class_=f"box {'good' if told['same_profile'] else 'warn'}",
    )


def sections(told: Mapping[str, Any]) -> tuple[Html | None, ...]:
    """The sections of the page, in order."""
    return _evidence(told), _records(told), _apart(told), _chain(told), _decisions(told)


def _evidence(told: Mapping[str, Any]) -> Html:
    rows = [
        (line["comparison"], ": ".join(part for part in (line["level"], _pair(line)) if part), line["weight_bits"])
        for line in told["lines"]
        if line["left"] or line["right"] or line["weight_bits"]
    ]
    when = "as it was scored when the two were merged" if told["scored"] == "as_logged" else "as it is today"
    note = f"The weight of the evidence in bits, {when}. Each bit for doubles the odds that they are one person."
    return section("Evidence", waterfall(rows, total="match weight"), note=note, wide=True)


def _pair(line: Mapping[str, Any]) -> str:
    if not (line["left"] or line["right"]):
        return ""
    if line["left"] == line["right"]:
        return str(line["left"])
    return f"{line['left'] or '–'} / {line['right'] or '–'}"


def _records(told: Mapping[str, Any]) -> Html:
    left, right = told["left_values"], told["right_values"]
    names = [name for name in VALUE_FIELDS if name in left or name in right]
    rows = [[name.replace("_", " "), left.get(name, "–"), right.get(name, "–")] for name in names]
    return section("What they say", table(("", told["left"], told["right"]), rows, texts=3), note="As delivered last.")


def _apart(told: Mapping[str, Any]) -> Html | None:
    if not told["obstacles"]:
        return None
    items = []
    for one in told["obstacles"]:
        where = f" (decision {one['decision_id']}" + (f", {one['ticket']})" if one["ticket"] else ")")
        items.append(element("li", one["said"], where if one["decision_id"] else None))
    return section("What keeps them apart", element("ul", *items))


def _chain(told: Mapping[str, Any]) -> Html | None:
    if not told["links"]:
        return None
    rows = [
        [f"{link['left']} ─ {link['right']}", link["cause"].replace("_", " "), str(link["merge_id"]), _share(link)]
        for link in told["links"]
    ]
    note = element("p", join((" ─ ".join(told["chain"]),)))
    return section("What holds them together", note, table(("merge of", "because of", "merge", "p"), rows, texts=2))


def _share(link: Mapping[str, Any]) -> str:
    return "–" if link["match_probability"] is None else f"{link['match_probability']:.4f}"


def _decisions(told: Mapping[str, Any]) -> Html | None:
    if not told["decisions"]:
        return None
    rows = [
        [
            str(one["decision_id"]),
            "one person" if one["kind"] == "must_link" else "two people",
            one["reason"],
            one["ticket"] or "–",
            f"{one['decided_by']}, {one['decided_at']:%Y-%m-%d}",
            "in force" if one["in_force"] else f"withdrawn by {one['withdrawn_by']}",
        ]
        for one in told["decisions"]
    ]
    return section("What people ruled", table(("decision", "", "why", "ticket", "by", ""), rows, texts=6), wide=True)

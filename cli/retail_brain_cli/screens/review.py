"""How questions and rulings look: the queue, two people side by side, decisions, what deciding did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from retail_brain.desk.review_result import (
    DecideResult,
    DecisionEntry,
    DecisionListResult,
    ImportResult,
    ReviewItem,
    ReviewListResult,
    ReviewNextResult,
    WithdrawResult,
)
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import LABELS, full_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

EMPTY = "Nothing to decide. The next run may bring new questions."
_RULED = {"must_link": "same person", "cannot_link": "different"}
_OUTCOME = {
    "joined": "are one person now",
    "confirmed": "stay one person",
    "kept_apart": "stay two people",
    "unmerged": "are two people now",
}
_WHY = {
    "borderline": "too close to call",
    "refused": "linked, but held apart by a rule",
    "weak": "one person now, but by one weak link",
}
_NAMES = ("given_name", "middle_name", "family_name", "name_suffix")
_SHOWN = (
    "date_of_birth", "email", "phone", "address", "city", "region", "postal_code", "country", "gender", "loyalty_id", "national_id",
)  # fmt: skip
_LABEL = 12


@screen.register(ReviewListResult)
def _list(result: ReviewListResult, console: Console) -> None:
    if not result.items:
        console.print(EMPTY)
        return
    for item in result.items:
        names = " / ".join(full_name(side.values) for side in (item.left, item.right))
        merge = f"  merge {item.merge_id}" if item.merge_id else ""
        console.print(Text.assemble((f"{_probability(item)}  {item.kind:<10} ", "bold"), names))
        console.print(f"        {clean(item.left.key)} ─ {clean(item.right.key)}{merge}", style="dim")
        console.print(f"        {_what_differs(item)}", style="dim")
    listed = f"{len(result.items):,} of {count_of(result)}" if len(result.items) < result.waiting else count_of(result)
    about = f" about {result.pairs:,} pairs" if result.pairs > result.waiting and not result.or_more else ""
    console.print(f"\n{listed} question{'s' * (result.waiting != 1)}{about}, most at stake first.")
    console.print("Answer them   retail-brain review next")


def count_of(result: ReviewListResult | ReviewNextResult) -> str:
    """Return how many wait, as far as they were counted."""
    return f"more than {result.waiting:,}" if result.or_more else f"{result.waiting:,}"


def draw_question(item: ReviewItem, place: str, console: Console) -> None:
    """Draw two people side by side, with the fields marked in which they differ."""
    width = max((min(console.width, 100) - _LABEL - 6) // 2, 16)
    why = _WHY[item.kind] + (f" ({clean(item.reason).replace('_', ' ')})" if item.kind == "refused" else "")
    evidence = f"p = {_probability(item).strip()}, {item.match_weight:+.1f} bits"
    console.print(Text.assemble((f"{place}   {evidence}   ", "bold"), (why, "dim")))
    sides = (item.left, item.right)
    console.print(_row("", [clean(side.key) for side in sides], width), style="bold")
    console.print(_row("name", [full_name(side.values) for side in sides], width, differs=_differ(item, _NAMES)))
    for name in _SHOWN:
        values = [clean(side.values.get(name)) for side in sides]
        if any(values):
            label = LABELS.get(name, name.replace("_", " "))
            console.print(_row(label, [value or "–" for value in values], width, differs=_differ(item, (name,))))
    console.print(_row("profile", [_size(side.profile_records) for side in sides], width), style="dim")
    if item.merge_id:
        console.print(f"    both are in profile {item.left.profile_id}, by merge {item.merge_id}", style="dim")


def _row(label: str, sides: Sequence[str], width: int, *, differs: bool = False) -> Text:
    """Return one line, or as many as the longer value needs."""
    parts = [[value[at : at + width] for at in range(0, len(value), width)] or [""] for value in sides]
    lines = []
    for number in range(max(map(len, parts))):
        one, other = (part[number] if number < len(part) else "" for part in parts)
        mark = "≠" if differs and number == 0 else " "
        lines.append(f"  {label if number == 0 else '':<{_LABEL}}{one:<{width}} {mark} {other}".rstrip())
    return Text("\n".join(lines), style="yellow" if differs else "")


def _differ(item: ReviewItem, names: tuple[str, ...]) -> bool:
    return any(name in item.differing for name in names)


def _size(records: int) -> str:
    return f"{records:,} record{'s' * (records != 1)}"


def _probability(item: ReviewItem) -> str:
    return "     –" if item.match_probability is None else f"{item.match_probability:.4f}"


def _what_differs(item: ReviewItem) -> str:
    if item.kind == "refused" and item.reason:
        return f"held apart: {clean(item.reason).replace('_', ' ')}"
    names = [LABELS.get(name, name.replace("_", " ")) for name in item.differing]
    return f"differ in {', '.join(names)}" if names else "nothing that both have differs"


@screen.register(DecideResult)
def _decided(result: DecideResult, console: Console) -> None:
    pair = f"{clean(result.left)} and {clean(result.right)}"
    if result.outcome == "already_decided":
        console.print(f"{pair}: already decided by {clean(result.decided_by)} on {result.decided_at:%Y-%m-%d %H:%M}")
    else:
        console.print(f"{pair} {_OUTCOME[result.outcome]}", style="bold")
    if result.left_profile_id == result.right_profile_id:
        console.print(f"  profile {result.left_profile_id}", style="dim")
    else:
        for key, profile_id in ((result.left, result.left_profile_id), (result.right, result.right_profile_id)):
            console.print(f"  profile {profile_id}  {clean(key)}", style="dim")
    console.print(f"  take it back: retail-brain merge decisions withdraw {result.decision_id} --reason …", style="dim")
    for warning in result.warnings:
        console.print(f"  warning: {clean(warning)}", style="yellow")


@screen.register(ImportResult)
def _imported(result: ImportResult, console: Console) -> None:
    console.print(f"{clean(result.path)}: {result.same:,} same, {result.different:,} different", style="bold")
    console.print(f"  {result.already_decided:,} decided before, {result.undecided:,} without a decision")
    for warning in result.warnings:
        console.print(f"  warning: {clean(warning)}", style="yellow")


@screen.register(DecisionListResult)
def _decisions(result: DecisionListResult, console: Console) -> None:
    if not result.decisions:
        console.print("no decision is out of date" if result.stale else "no decision")
    for one in result.decisions:
        _decision(one, console)
    if result.decisions and result.stale:
        console.print(
            "\nLook again   retail-brain merge explain RECORD RECORD\nTake back    retail-brain merge decisions withdraw ID --reason …"
        )


def _decision(one: DecisionEntry, console: Console) -> None:
    title = f"{one.decision_id:>5}  {_RULED[one.kind]:<12} {clean(one.left)} ─ {clean(one.right)}"
    console.print(title, style="bold" if one.in_force else "dim strike")
    ticket = f"  {clean(one.ticket)}" if one.ticket else ""
    console.print(
        f"       {one.decided_at:%Y-%m-%d %H:%M}  {clean(one.decided_by)}{ticket}  {clean(one.reason)}", style="dim"
    )
    for key, since in ((one.left, one.left_since), (one.right, one.right_since)):
        if since != "same" and one.in_force:
            console.print(
                f"       {clean(key)} {'has changed' if since == 'changed' else 'is gone'} since", style="yellow"
            )
    if one.withdrawn_at:
        ticket = f"  {clean(one.withdrawn_ticket)}" if one.withdrawn_ticket else ""
        console.print(
            f"       withdrawn {one.withdrawn_at:%Y-%m-%d %H:%M}  {clean(one.withdrawn_by)}{ticket}  {clean(one.withdrawn_reason)}"
        )


@screen.register(WithdrawResult)
def _withdrawn(result: WithdrawResult, console: Console) -> None:
    one = result.decision
    if result.already:
        console.print(f"already withdrawn by {clean(one.withdrawn_by)} on {one.withdrawn_at:%Y-%m-%d %H:%M}")
        return
    console.print(
        f"decision {one.decision_id} is withdrawn: {_RULED[one.kind]}, {clean(one.left)} ─ {clean(one.right)}"
    )
    console.print("  Nothing changes at once; the next run no longer obeys it.   retail-brain run", style="dim")

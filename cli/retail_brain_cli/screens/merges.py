"""How merges look: the log, and one merge with both sides before and the profile after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from retail_brain.desk.merge_result import MergeField, MergeShowResult, MergeSide, Undoing
from retail_brain.desk.result import MergeListResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import LABELS, full_name, table

if TYPE_CHECKING:
    from rich.console import Console

    from retail_brain.desk.result import HistoryEntry
    from retail_brain.desk.review_result import DecisionEntry

WIDTH = 80
_LABEL, _SIDE = 13, 21
_ENDED = {
    "changed": "a record changed",
    "gone": "a record is not delivered any more",
    "rescored": "it was scored again",
    "reverted": "the run was taken back",
}


@screen.register(MergeListResult)
def _merges(result: MergeListResult, console: Console) -> None:
    if not result.entries:
        console.print("no merge")
        return
    rows = table("merge", "run", "day", "what", "p", "records", right=("merge", "run", "p"))
    for entry in result.entries:
        rows.add_row(
            str(entry.merge_id),
            str(entry.run_id or ""),
            f"{entry.logged_at:%Y-%m-%d}",
            "merge, undone" if entry.kind == "merge" and not entry.live else entry.kind,
            "" if entry.match_probability is None else f"{entry.match_probability:.4f}",
            f"{clean(entry.left)} ─ {clean(entry.right)}",
        )
    console.print(rows, width=WIDTH)


@screen.register(MergeShowResult)
def _show(result: MergeShowResult, console: Console) -> None:
    merge = result.merge
    state = "stands" if result.undone is None else "undone"
    run = f"run {merge.run_id}" if merge.run_id else "between runs"
    style = "bold" if merge.live else "bold yellow"
    console.print(f"merge {merge.merge_id}   {run}   {merge.logged_at:%Y-%m-%d %H:%M} UTC   {state}", style=style)
    console.print(fit(f"  {clean(merge.left)} ─ {clean(merge.right)}   {evidence_of(merge)}", WIDTH))
    if merge.blocking_rule:
        console.print(
            fit(f"  linked by {clean(merge.blocking_rule)}   model {clean(result.model_id)}", WIDTH), style="dim"
        )
    for line in _rulings(result.decisions) + (ended(result.undone) if result.undone else []):
        print_wrapped(line, console, indent="  ", style="yellow")
    console.print()
    sides = (("left", result.left), ("right", result.right))
    for title, side in sides:
        _side(title, side, console)
    now = {side.profile_id_now for _, side in sides}
    for title, side in sides if len(now) > 1 else (("", result.left),):
        console.print(f"{f'now {title}':<{_LABEL}}{side.profile_id_now or 'in no profile'}", style="dim")
    took = "the profile takes" if result.undone is None else "the profile took"
    console.print(f"\n{'':<{_LABEL}}{'left':<{_SIDE}}{'right':<{_SIDE}}{took}", style="dim")
    for field in result.fields:
        _field(field, console)
    console.print(f"\nWhy: retail-brain merge explain {merge.merge_id}", style="dim")


def _side(title: str, side: MergeSide, console: Console) -> None:
    console.print(fit(f"{title:<{_LABEL}}{full_name(side.values)}", WIDTH), style="bold")
    console.print(f"{'was':<{_LABEL}}{side.profile_id or 'in no profile'}", style="dim")
    print_wrapped(", ".join(clean(key) for key in side.records), console, indent=" " * _LABEL)


def _field(field: MergeField, console: Console) -> None:
    """One field: what each side says, and an arrow to whose value the profile takes, with record and rule."""
    line = Text(f"{LABELS.get(field.name, field.name.replace('_', ' ')):<{_LABEL}}")
    for side, value in (("left", field.left), ("right", field.right)):
        shown = fit("–" if value is None else clean(value), _SIDE - 1)
        line.append(f"{shown:<{_SIDE}}", style="bold" if field.side == side else "")
    took, *more = _took(field)
    line.append(took, style="dim" if field.side == "both" else "")
    console.print(line)
    for text in more:
        console.print(f"{'':{_LABEL + 2 * _SIDE + 2}}{text}", style="dim")


def _took(field: MergeField) -> list[str]:
    """What the profile takes: the side, the record, and on further lines why, where that is not plain."""
    room = WIDTH - _LABEL - 2 * _SIDE
    if field.side == "both":
        return ["the same"]
    if field.side == "neither":
        return [fit("neither", room), fit(field.rule, room - 2)]
    first = f"{'←' if field.side == 'left' else '→'} {clean(field.came_from)}"
    more = [] if field.value in (field.left, field.right) else [clean(field.value)]
    more += [field.rule] if field.left is not None and field.right is not None else []
    return [fit(first, room), *(fit(text, room - 2) for text in more)]


def evidence_of(merge: HistoryEntry) -> str:
    """Return what a merge stands on."""
    if merge.match_probability is None or merge.match_weight is None:
        return merge.cause.replace("_", " ")
    said = f"p = {merge.match_probability:.4f}, {signed(merge.match_weight)} bits"
    return said if merge.cause == "match" else f"{merge.cause.replace('_', ' ')}; {said}"


def _rulings(decisions: tuple[DecisionEntry, ...]) -> list[str]:
    return [ruling(one) for one in decisions]


def ruling(one: DecisionEntry) -> str:
    """Return a decision as a sentence."""
    said = {"must_link": "are one person", "cannot_link": "are two people"}[one.kind]
    ticket = f", {clean(one.ticket)}" if one.ticket else ""
    back = "" if one.in_force else f" (withdrawn by {clean(one.withdrawn_by)} on {one.withdrawn_at:%Y-%m-%d})"
    return f"decision {one.decision_id}{ticket}: they {said}, {clean(one.decided_by)} on {one.decided_at:%Y-%m-%d}: {clean(one.reason)}{back}"


def ended(undone: Undoing) -> list[str]:
    """Return how a merge ended."""
    when = f"{undone.logged_at:%Y-%m-%d %H:%M} UTC"
    if undone.kind == "unmerge" and undone.decision is not None:
        return [f"undone by {clean(undone.decision.decided_by)} on {when} (merge {undone.merge_id})"]
    why = _ENDED.get(undone.cause, undone.cause.replace("_", " "))
    run = f" in run {undone.run_id}" if undone.run_id else ""
    return [f"ended on {when}{run}: {why} (merge {undone.merge_id})"]


def fit(text: str, width: int) -> str:
    """Return a text that is no longer than so many columns."""
    return text if len(text) <= width else text[: width - 1] + "…"


def signed(bits: float) -> str:
    """Return bits with their sign, a real minus."""
    return "0.0" if abs(bits) < 0.05 else f"{bits:+.1f}".replace("-", "−")


def print_wrapped(text: str, console: Console, *, indent: str = "", style: str = "") -> None:
    """Print a text in as many lines as it needs, all of them indented, none longer than the screen."""
    from textwrap import wrap

    for line in wrap(text, WIDTH - len(indent)) or [""]:
        console.print(f"{indent}{line}", style=style)

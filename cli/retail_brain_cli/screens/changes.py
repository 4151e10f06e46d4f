"""How a change by hand looks: what stays, what leaves, which values change, what came later, and what follows from it."""

from __future__ import annotations

from textwrap import TextWrapper
from typing import TYPE_CHECKING

from retail_brain.desk.change_result import (
    AlreadyUndone,
    JoinResult,
    LaterRecord,
    PartResult,
    UnmergeResult,
    ValueChange,
)
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import LABELS, full_name

if TYPE_CHECKING:
    from rich.console import Console

_MOST = 10
"""So many merges and profiles are shown; a program reads them all."""


@screen.register(UnmergeResult)
def _unmerge(result: UnmergeResult, console: Console) -> None:
    for one in result.already[:_MOST]:
        say(console, _ended(one))
    if not result.merges:
        say(console, "" if result.already else "no standing merge fits: nothing to undo")
        return
    for merge in result.merges[:_MOST]:
        odds = "" if merge.match_probability is None else f"   {_odds(merge.match_probability)}"
        run = f"run {merge.run_id}" if merge.run_id else "by hand"
        when = f"{merge.logged_at:%Y-%m-%d}"
        head = f"merge {merge.merge_id}  {run}  {when}   {clean(merge.left)} ─ {clean(merge.right)}{odds}"
        say(console, head, style="bold")
    _more(console, len(result.merges), "merges")
    for split in result.profiles[:_MOST]:
        console.print()
        for part in split.parts:
            _part(console, "stays" if part.kept else "leaves", part)
        if result.status != "undone":
            _changes(console, split.parts[0])
    _more(console, len(result.profiles), "profiles")
    console.print()
    _after(result, console)


def _after(result: UnmergeResult, console: Console) -> None:
    for former in result.former_ids[:_MOST]:
        say(console, f"former id {former.former_id} leads to {former.leads_to}", indent=2)
    if result.withdrawn:
        say(console, f"Taken back with it: {_decisions(result.withdrawn)}.", indent=2)
    if result.refused_links:
        links = "1 further link" if result.refused_links == 1 else f"{result.refused_links} further links"
        say(console, f"{links} between the parts will be refused and shown for review.", indent=2)
    several = len(result.merges) > 1
    if result.status == "undone":
        what = f"{len(result.merges)} merges were undone" if several else "The merge was undone"
        kept = "keep" if len(result.decisions) > 1 else "keeps"
        say(console, f"{what}; {_decisions(result.decisions)} {kept} the records apart.", style="green", indent=2)
    else:
        whom = "The records of each of these merges" if several else "These two"
        say(console, f"{whom} will be kept apart from now on. Nothing else changes.", indent=2)
        say(console, f"plan {result.plan}", style="dim", indent=2)
    _warn(console, result.warnings)


def _ended(one: AlreadyUndone) -> str:
    if one.by is not None:
        return f"merge {one.merge_id} was already undone by {clean(one.by)} on {one.at:%Y-%m-%d %H:%M}"
    run = f" in run {one.run_id}" if one.run_id else ""
    if one.cause == "reverted":
        return f"merge {one.merge_id} was taken back with its run{run} on {one.at:%Y-%m-%d %H:%M}: nothing to undo"
    return f"merge {one.merge_id} ended{run} on {one.at:%Y-%m-%d %H:%M} by itself ({clean(one.cause)}): nothing to undo"


@screen.register(JoinResult)
def _join(result: JoinResult, console: Console) -> None:
    say(console, f"{clean(result.left)} ─ {clean(result.right)}", style="bold")
    if result.status == "already joined":
        when = f"{result.decided_at:%Y-%m-%d %H:%M}" if result.decided_at else ""
        say(
            console, f"already joined by {clean(result.decided_by)} on {when} (decision {result.decision_id})", indent=2
        )
        return
    done = result.status == "joined"
    if result.profile is None or result.retired_id is None:
        say(console, "Both are in one profile already; from now on a person's word holds them together.", indent=2)
        if result.replaced_merge_id:
            say(console, f"The new link takes the place of merge {result.replaced_merge_id}.", indent=2)
    else:
        console.print()
        _part(console, "stays", result.profile)
        say(console, f"ends    {result.retired_id}  leads there from now on", indent=2)
        if not done:
            _changes(console, result.profile)
    console.print()
    if done:
        say(console, f"Joined; decision {result.decision_id} keeps them together.", style="green", indent=2)
    else:
        say(console, f"plan {result.plan}", style="dim", indent=2)
    _warn(console, result.warnings)


def _part(console: Console, verb: str, part: PartResult) -> None:
    new = "" if part.kept else "new id "
    say(console, f"{verb:<7} {new}{part.profile_id}  {full_name(part.values)}", indent=2)
    say(console, ", ".join(clean(key) for key in part.records), indent=10)
    for later in part.later:
        say(console, _came(later), style="dim", indent=10)


def _came(later: LaterRecord) -> str:
    because = (
        f"{clean(later.because_of)}'s {LABELS.get(later.shared[0], later.shared[0].replace('_', ' '))}"
        if later.shared
        else clean(later.because_of)
    )
    through = "" if later.through == later.record else f" with {clean(later.through)}"
    return f"{clean(later.record)} came later{through} (merge {later.merge_id}) because of {because}"


def _changes(console: Console, part: PartResult) -> None:
    if not part.kept:
        return
    console.print()
    for change in part.changes:
        label = LABELS.get(change.field, change.field.replace("_", " "))
        say(console, f"{label:<13} {_arrow(change)}", indent=10, hang=14)
    if not part.changes:
        say(console, "its golden values stay as they are", style="dim", indent=10)


def _arrow(change: ValueChange) -> str:
    before, after = (clean(value) or "–" for value in (change.before, change.after))
    source = f"   (was from {clean(change.before_from)})" if change.before_from else ""
    return f"{before} → {after}{source}"


def _more(console: Console, count: int, what: str) -> None:
    if count > _MOST:
        console.print()
        say(console, f"… and {count - _MOST:,} more {what}; --json lists them all", style="dim", indent=2)


def _decisions(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return f"decision {numbers[0]}"
    return f"decisions {numbers[0]} {'to' if len(numbers) > 2 else 'and'} {numbers[-1]}"


def _odds(probability: float) -> str:
    return "p > 0.9999" if probability > 0.9999 else f"p = {probability:.4f}"


def _warn(console: Console, warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        say(console, clean(warning), style="yellow", indent=2)


def say(console: Console, text: str, *, style: str | None = None, indent: int = 0, hang: int = 0) -> None:
    """Print text inside the terminal's width; lines after the first start where the first one's words do."""
    wrapper = TextWrapper(
        width=console.width, initial_indent=" " * indent, subsequent_indent=" " * (indent + hang), drop_whitespace=True,
        break_on_hyphens=False, replace_whitespace=False,
    )  # fmt: skip
    for line in wrapper.wrap(text) or ([""] if text else []):
        console.print(line, style=style, no_wrap=True, overflow="ignore", crop=False)

"""How merges look: the log, and a pair explained as a waterfall of bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.result import ExplainResult, MergeListResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 22
_LABEL = 15
_VALUE = 17


@screen.register(MergeListResult)
def _merges(result: MergeListResult, console: Console) -> None:
    rows = table("merge", "run", "what", "records", "p", right=("merge", "run"))
    for entry in result.entries:
        probability = "" if entry.match_probability is None else f"{entry.match_probability:.4f}"
        what = f"{entry.kind} ({entry.cause})" if entry.live or entry.kind != "merge" else "merge, undone"
        rows.add_row(
            str(entry.merge_id),
            str(entry.run_id or ""),
            what,
            f"{clean(entry.left)} ─ {clean(entry.right)}",
            probability,
        )
    console.print(rows if result.entries else "no merge")


@screen.register(ExplainResult)
def _explain(result: ExplainResult, console: Console) -> None:
    together = "are in one profile" if result.same_profile else "are in two profiles"
    console.print(f"{clean(result.left)} and {clean(result.right)} {together}", style="bold")
    console.print(
        f"p = {result.match_probability:.4f}, {result.match_weight:+.1f} bits   model {clean(result.model_id)}",
        style="dim",
    )
    if result.blocking_rule:
        console.print(f"compared because of {clean(result.blocking_rule)}", style="dim")
    if result.held_apart_by:
        console.print(f"held apart by a rule: {clean(result.held_apart_by).replace('_', ' ')}", style="yellow")
    console.print()
    _waterfall(result, console)
    console.print()
    if result.same_profile:
        console.print(f"They are in profile {result.left_profile_id}")
        console.print(f"through {' ─ '.join(clean(key) for key in result.chain)}")
    else:
        console.print(f"{clean(result.left)} is in {result.left_profile_id or 'no profile'}")
        console.print(f"{clean(result.right)} is in {result.right_profile_id or 'no profile'}")


def _waterfall(result: ExplainResult, console: Console) -> None:
    sums, total = [], 0.0
    for line in result.lines:
        sums.append((total, total + line.weight_bits))
        total += line.weight_bits
    low = min(0.0, *(min(pair) for pair in sums))
    high = max(0.0, *(max(pair) for pair in sums))
    scale = _WIDTH / max(high - low, 1e-9)
    room = max(console.width - _LABEL - _WIDTH - 12, 20)
    for line, (start, end) in zip(result.lines, sums, strict=True):
        left, right = sorted((round((start - low) * scale), round((end - low) * scale)))
        bar = (" " * min(left, _WIDTH - 1) + ("█" * (right - left) or "▏")).ljust(_WIDTH)
        values = " / ".join(_short(value) for value in (line.left, line.right)) if line.left or line.right else ""
        console.print(
            f"  {clean(line.comparison)[:_LABEL]:<{_LABEL}} {bar} {line.weight_bits:+6.1f}  {clean(line.level)[:room]}"
        )
        if values:
            console.print(f"  {'':<{_LABEL}} {values}", style="dim")


def _short(value: str | None) -> str:
    text = clean(value) if value else "–"
    return text if len(text) <= 2 * _VALUE else text[: 2 * _VALUE - 1] + "…"

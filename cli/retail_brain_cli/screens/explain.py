"""How an explanation looks: a waterfall of bits, and what holds two records together or apart."""

from __future__ import annotations

from itertools import accumulate, zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from retail_brain.desk.merge_result import ExplainLine, ExplainResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.merges import WIDTH, ended, fit, print_wrapped, ruling, signed
from retail_brain_cli.screens.people import full_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_LABEL, _VALUE, _LEVEL, _BAR, _BITS = 16, 22, 18, 16, 6


@screen.register(ExplainResult)
def _explain(result: ExplainResult, console: Console) -> None:
    names = " and ".join(fit(full_name(values), 28) for values in (result.left_values, result.right_values))
    are = "are one person" if result.same_profile else "are in two profiles"
    console.print(fit(f"{names} {are}", WIDTH), style="bold")
    console.print(
        f"  p = {result.match_probability:.4f}, {signed(result.match_weight)} bits   model {clean(result.model_id)}"
    )
    console.print(fit(f"  {clean(result.left)} ─ {clean(result.right)}{_merge(result)}", WIDTH))
    if result.blocking_rule:
        console.print(fit(f"  compared because of {clean(result.blocking_rule)}", WIDTH), style="dim")
    if result.undone:
        for line in ended(result.undone):
            print_wrapped(line, console, indent="  ", style="yellow")
    for one in result.decisions:
        print_wrapped(ruling(one), console, indent="  ", style="yellow")
    if result.stored_weight is not None and abs(result.stored_weight - result.match_weight) > 1e-9:
        was = "the log says" if result.scored == "as_logged" else "when they were merged it was"
        print_wrapped(f"{was} {signed(result.stored_weight)} bits", console, indent="  ", style="yellow")
    console.print()
    _waterfall(result.lines, console)
    console.print()
    _together(result, console) if result.same_profile else _apart(result, console)
    if result.html:
        print_wrapped(f"as a page: {clean(result.html)}", console, style="dim")


def _merge(result: ExplainResult) -> str:
    if result.merge_id is None:
        return ""
    run = f"run {result.run_id}" if result.run_id else "between runs"
    return f"   merge {result.merge_id}, {run}, {result.logged_at:%Y-%m-%d}"


def _waterfall(lines: Sequence[ExplainLine], console: Console) -> None:
    """Draw each part of the weight from where the one before it ended, and the sum at last."""
    silent = [line for line in lines if not (line.left or line.right or line.weight_bits)]
    told = [line for line in lines if line not in silent]
    ends = [0.0, *accumulate(line.weight_bits for line in told)]
    low, high = min(ends), max(ends)
    scale = 2 * _BAR / max(high - low, 1e-9)
    for line, start, end in zip(told, ends, ends[1:], strict=False):
        _row(line, bar(start - low, end - low, scale), console)
    total = Text(
        f"  {'match weight':<{_LABEL + _VALUE + _LEVEL}}{bar(-low, ends[-1] - low, scale):<{_BAR}}", style="bold"
    )
    console.print(total.append(f"{signed(ends[-1]):>{_BITS}}"))
    if silent:
        nothing = " · ".join(clean(line.comparison) for line in silent)
        print_wrapped(f"nothing known of: {nothing}", console, indent="  ", style="dim")


def _row(line: ExplainLine, drawn: str, console: Console) -> None:
    """Draw one part; what does not fit beside the bar goes on below it."""
    beside = zip_longest(_values(line), cut(clean(line.level), _LEVEL - 1), fillvalue="")
    for place, (value, level) in enumerate(beside):
        text = Text(f"  {clean(line.comparison) if place == 0 else '':<{_LABEL}}{value:<{_VALUE}}")
        text.append(f"{level:<{_LEVEL}}", style="dim")
        if place == 0:
            text.append(f"{drawn:<{_BAR}}", style="green" if line.weight_bits >= 0 else "yellow")
            text.append(f"{signed(line.weight_bits):>{_BITS}}")
        text.rstrip()
        console.print(text)


def bar(start: float, end: float, scale: float) -> str:
    """Return a bar between two places, in half characters; never quite nothing."""
    left, right = sorted((round(start * scale), round(end * scale)))
    if left == right:
        return (" " * min(left // 2, _BAR - 1)) + "▏"
    cells = []
    for cell in range((right + 1) // 2):
        first, second = left <= 2 * cell < right, left <= 2 * cell + 1 < right
        cells.append("█" if first and second else "▌" if first else "▐" if second else " ")
    return "".join(cells)


def _values(line: ExplainLine) -> list[str]:
    """Return what the two sides say, in one line or two; once where they say the same."""
    if not (line.left or line.right):
        return [""]
    left, right = (clean(value or "–") for value in (line.left, line.right))
    if left == right:
        return cut(left, _VALUE - 1)
    both = f"{left} / {right}"
    return [both] if len(both) < _VALUE else [fit(left, _VALUE - 1), fit(f"/ {right}", _VALUE - 1)]


def cut(text: str, width: int) -> list[str]:
    """Return a text in lines of so many columns, two at most."""
    lines = wrap(text, width) or [""]
    return lines if len(lines) <= 2 else [lines[0], fit(" ".join(lines[1:]), width)]


def _together(result: ExplainResult, console: Console) -> None:
    print_wrapped(f"They are in profile {result.left_profile_id} through:", console)
    print_wrapped(" ─ ".join(clean(key) for key in result.chain), console, indent="  ")
    for link in result.links:
        why = link.cause.replace("_", " ") if link.match_probability is None else f"p = {link.match_probability:.4f}"
        pair = f"{clean(link.left)} ─ {clean(link.right)}"
        console.print(f"  merge {link.merge_id:<8} {fit(pair, 44):<44}  {why}", style="dim")


def _apart(result: ExplainResult, console: Console) -> None:
    console.print("Why not:" if result.obstacles else "Nothing keeps them apart that is known.", style="bold")
    for one in result.obstacles:
        ticket = f" ({clean(one.ticket)})" if one.ticket else ""
        decision = f"decision {one.decision_id}{ticket}: " if one.decision_id else ""
        print_wrapped(f"{decision}{clean(one.said)}", console, indent="  ")
    console.print()
    for key, profile_id in ((result.left, result.left_profile_id), (result.right, result.right_profile_id)):
        console.print(fit(f"{clean(key)} is in {profile_id or 'no profile'}", WIDTH), style="dim")

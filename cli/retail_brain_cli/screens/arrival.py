"""How a record between nights looks: what became of it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.arrival_result import ArrivalResult
from retail_brain.desk.arrivals import RefusedLine
from retail_brain_cli.output import clean, screen

if TYPE_CHECKING:
    from rich.console import Console

_TOLD = {
    "new profile": "is a new profile",
    "joined": "joined profile",
    "changed": "changed in profile",
    "moved": "moved to profile",
    "unchanged": "is as it was in profile",
    "waiting": "waits: a run is at work, and it gets its place when that has ended",
}


@screen.register(ArrivalResult)
def _arrival(result: ArrivalResult, console: Console) -> None:
    place = f" {result.profile_id}" if result.profile_id else ""
    console.print(clean(f"{result.source}:{result.record_id} {_TOLD[result.status]}{place}"))
    for merge in result.merges:
        evidence = f"  p = {merge.match_probability:.4f}" if merge.match_probability is not None else ""
        why = f"  {merge.blocking_rule}" if merge.blocking_rule else ""
        sign = "─" if merge.kind == "merge" else "╳"
        console.print(clean(f"  {merge.kind} {merge.merge_id}  {merge.left} {sign} {merge.right}{evidence}{why}"))
    for refusal in result.refused:
        console.print(
            clean(f"  kept apart from {refusal.record}  p = {refusal.match_probability:.4f}  {refusal.reason}"),
            style="yellow",
        )
    for former in result.retired_ids:
        console.print(f"  {former} leads to it from now on", style="dim")
    for warning in result.warnings:
        console.print(f"  warning: {clean(warning)}", style="yellow")


@screen.register(RefusedLine)
def _refused(result: RefusedLine, console: Console) -> None:
    hint = f"  ({result.hint})" if result.hint else ""
    console.print(clean(f"line {result.line} refused: {result.error}{hint}"), style="red")

"""How a restore, its preview and a drill look."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from retail_brain.backup.drill import DrillResult
from retail_brain.desk.drill_page import span
from retail_brain.desk.restore_result import DiscardResult, RestorePlan, RestoreResult
from retail_brain_cli.output import clean, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

_STATES = {
    "missing": "it will be made",
    "empty": "it is empty",
    "filled": "it holds something, and would be put aside under another name",
}


@screen.register(RestorePlan)
def _plan(result: RestorePlan, console: Console) -> None:
    console.print(f"backup {result.backup_id} ({result.backup_bytes / 2**20:,.1f} MiB)", style="bold")
    console.print(f"  state of    {_moment(result.state_at)}")
    console.print(f"  journal     {'up to ' + _moment(result.at) if result.at else 'all of it'}")
    console.print(f"  database    {clean(result.database)}: {_STATES[result.database_state]}")
    console.print("nothing was changed", style="dim")


@screen.register(RestoreResult)
def _restored(result: RestoreResult, console: Console) -> None:
    console.print(f"restored {result.backup_id} into {clean(result.database)}", style="bold")
    console.print(f"  recovered up to  {_moment(result.recovered_until)}")
    console.print(
        f"  checked          {result.rows:,} rows in {result.tables} tables, equal by count and hash{_indexes(result.indexes)}"
    )
    if result.replayed:
        console.print(f"  from the journal {_counts(result.replayed)}")
    if result.returned:
        console.print(f"  not published    {clean(', '.join(result.returned))}: delivered, and in no published run")
        console.print(
            f"    unless they lie where they were: retail-brain run --from {clean(result.returned_to)}", style="dim"
        )
    if result.models:
        console.print(f"  models put back  {clean(', '.join(result.models))}")
    if result.configuration:
        console.print(f"  configuration    {clean(result.configuration)}", soft_wrap=True)
    if result.warmed:
        console.print(f"  cache            {result.warmed:,} keys")
    _seconds(result.seconds, console)
    for warning in result.warnings:
        console.print(f"! {clean(warning)}", style="yellow")
    if result.aside:
        console.print(f"What stood there is now the database {clean(result.aside)}.")
        console.print(
            f"  when nobody needs it any more: retail-brain backup discard {clean(result.aside)}", style="dim"
        )
    if result.new_backup:
        console.print(f"Backed up again as {result.new_backup}, on which the journal stands from now on.")
    console.print("Next: retail-brain doctor, then retail-brain run", style="dim")


@screen.register(DiscardResult)
def _discarded(result: DiscardResult, console: Console) -> None:
    console.print(f"dropped the database {clean(result.database)}")


@screen.register(DrillResult)
def _drill(result: DrillResult, console: Console) -> None:
    console.print(f"recovered {result.backup_id} on an empty server", style="bold")
    console.print(f"  RTO      {span(result.rto_s)} from nothing to the first look-up")
    newer = "" if result.replayed else "; nothing newer is in the journal"
    console.print(
        f"  RPO      at most {span(result.rpo_s)} of work lost (recovered up to {_moment(result.recovered_until)}{newer})"
    )
    console.print(
        f"  checked  {result.rows:,} rows in {result.tables} tables, equal by count and hash{_indexes(result.indexes)}"
    )
    if result.replayed:
        console.print(f"  journal  {_counts(result.replayed)}")
    console.print(
        f"  asked    {result.lookups:,} look-ups, p95 {result.lookup_p95_ms:,.1f} ms; {result.warmed:,} keys in the cache"
    )
    _seconds(result.seconds, console)
    for warning in result.warnings:
        console.print(f"! {clean(warning)}", style="yellow")
    console.print(f"record: {clean(result.page)}", style="dim")


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _indexes(count: int | None) -> str:
    return f"; {count:,} indexes read whole" if count is not None else ""


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {clean(kind)}" for kind, count in counts.items())


def _seconds(seconds: Mapping[str, float], console: Console) -> None:
    told = [f"{name} {took:,.1f}" for name, took in seconds.items() if took >= 0.05]
    if told:
        console.print(f"  seconds  {' · '.join(told)}", style="dim")

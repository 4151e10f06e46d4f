"""How a load test looks: the verdict first, then latencies phase by phase, then nights and the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.loadtest.result import LoadTestResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console

    from retail_brain.loadtest.result import PhaseResult


@screen.register(LoadTestResult)
def _loadtest(result: LoadTestResult, console: Console) -> None:
    _verdict(result, console)
    _latencies(result, console)
    for phase in result.phases:
        _phase(phase, console)
    _nights(result, console)
    if result.accuracy is not None:
        found = result.accuracy
        console.print(f"  precision {found.precision:.4f}   recall {found.recall:.4f}   F1 {found.f1:.4f}")
    console.print(f"  memory {result.peak_memory_mb:,.0f} MB at most   {result.seconds:,.0f} s in all")
    for note in result.notes:
        console.print(f"  {clean(note)}", style="dim")
    if result.html:
        console.print(f"report: {clean(result.html)}")


def _verdict(result: LoadTestResult, console: Console) -> None:
    failed = [verdict for verdict in result.verdicts if not verdict.met]
    told = f"{len(result.verdicts)} targets" if not failed else f"{len(failed)} of {len(result.verdicts)} targets"
    console.print(
        f"{'met' if result.met else 'MISSED'}: {told} of {clean(result.targets)}, {result.records:,} records",
        style="bold green" if result.met else "bold red",
    )
    for verdict in failed:
        console.print(f"  ✗ {clean(verdict.told())}", style="red")


def _latencies(result: LoadTestResult, console: Console) -> None:
    columns = ("requests", "p50", "p95", "p99", "max", "errors")
    rows = table("milliseconds from when due", *columns, right=columns)
    for phase in result.phases:
        rows.add_row(clean(phase.title), style="bold")
        for found in phase.latencies:
            figures = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
            rows.add_row(
                f"  {found.kind}", f"{found.requests:,}", *(f"{figure:,.1f}" for figure in figures), f"{found.errors:,}"
            )
    console.print(rows)


def _phase(phase: PhaseResult, console: Console) -> None:
    hits = "" if phase.cache_hits is None else f"   cache hits {phase.cache_hits:.1%}"
    console.print(f"{clean(phase.title)}: {phase.throughput:,.1f} of {phase.rate:g} a second{hits}")
    console.print(
        f"  {phase.pool.clients} clients {phase.pool.busy:.0%} busy, wait for one p99 {phase.pool.wait_p99_ms:,.1f} ms   "
        f"own lag p99 {phase.generator.lag_p99_ms:,.1f} ms, {phase.generator.cpu_share:.1%} of a core"
    )
    if phase.checking is not None:
        found = phase.checking
        console.print(
            f"  {found.checks:,} transactions checked, {found.torn:,} torn   {found.torn_answers:,} torn answers   "
            f"{found.changed:,} profiles seen to change"
        )
    for name, count in phase.error_kinds.items():
        console.print(f"  {count:,} requests: {clean(name)}", style="red")


def _nights(result: LoadTestResult, console: Console) -> None:
    for found in result.nights:
        stages = "  ".join(f"{stage} {seconds:.1f}" for stage, seconds in found.stages.items())
        console.print(
            f"night {found.night}: {found.status} in {found.seconds:,.1f} s, {found.peak_memory_mb:,.0f} MB"
            f"{' beside the load' if found.during else ''}"
        )
        console.print(f"  {stages}", style="dim")

"""How a night looks: what came in, what changed, what was kept out, how long it took; runs, demo, quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from retail_brain.desk.result import QuarantineResult, RunListResult, RunResult
from retail_brain.pipeline.result import STAGE_NAMES, DemoResult, NightResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import full_name, one_line, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from retail_brain.audit.example import Example

_TITLES = {
    "nothing new": "Nothing new: every file is known, nothing was written.",
    "ingested": "Ingested; not matched yet.   Next: retail-brain match",
    "matched": "Matched; not published yet.   Next: retail-brain publish",
    "warmed": "Redis is up to date.",
}


@screen.register(NightResult)
def _night(result: NightResult, console: Console) -> None:
    if result.status == "held":
        console.print(f"run {result.run_id}  HELD: nothing was published", style="bold red")
    elif result.status == "published":
        console.print(f"run {result.run_id}  published as generation {result.generation}", style="bold")
    else:
        console.print(_TITLES[result.status], style="bold")
    _files(result, console)
    if result.records:
        _counts(result, console)
    elif result.warmed:
        console.print(f"  warm {result.warmed:,} keys that Redis lacked")
    if result.status == "held":
        _findings(result.findings, result.run_id, console)
    for warning in result.warnings:
        console.print(f"  warning: {clean(warning)}", style="yellow")
    if result.written:
        console.print(
            "  rows written  " + "  ".join(f"{name} {rows:,}" for name, rows in result.written.items() if rows),
            style="dim",
        )
    _seal(result.seal, console)
    console.print("  " + seconds_line(result.seconds), style="dim")
    if result.report:
        console.print(f"  report {clean(result.report)}", style="dim")


def seconds_line(seconds: Mapping[str, float]) -> str:
    """Return the seconds of a run, in all and per stage."""
    known = {stage: seconds[stage] for stage in STAGE_NAMES if stage in seconds} | dict(seconds)
    parts = "  ".join(f"{stage} {value:.1f}" for stage, value in known.items() if value >= 0.05)
    return f"{sum(seconds.values()):.1f} s: {parts}"


def _seal(digest: str | None, console: Console) -> None:
    if digest:
        console.print(f"  seal {digest}", style="dim")


def _files(result: NightResult, console: Console) -> None:
    rows = table(
        "file",
        "rows",
        "accepted",
        "quarantined",
        "duplicates",
        "",
        right=("rows", "accepted", "quarantined", "duplicates"),
    )
    for file in result.files:
        note = f"already ingested in run {file.already_in_run}" if file.already_in_run else "; ".join(file.warnings)
        counts = (
            ("", "", "", "")
            if file.already_in_run
            else tuple(f"{n:,}" for n in (file.rows, file.accepted, file.quarantined, file.duplicates))
        )
        rows.add_row(clean(f"{file.source}: {file.file_name}"), *counts, clean(note))
    if result.files:
        console.print(rows)
    for reason, count in sorted(result.quarantine_reasons.items(), key=lambda item: (-item[1], item[0])):
        console.print(f"  quarantined {count:,}: {clean(reason)}", style="yellow")


def _counts(result: NightResult, console: Console) -> None:
    records = "  ".join(f"{name} {count:,}" for name, count in result.records.items())
    console.print(f"  records  {records}")
    console.print(
        f"  pairs {result.pairs:,}   merges +{result.merges:,}   splits {result.splits:,}"
        f"   held apart by rules {result.refused:,}   for review {result.for_review:,}"
    )
    console.print(f"  profiles {result.profiles:,}   largest {result.largest_profile}   warm {result.warmed:,} keys")
    kept_out(result, console)


def kept_out(result: NightResult, console: Console) -> None:
    """Print the values that were kept out of matching: the ones on most records, by shape."""
    shown = sorted(result.kept_out, key=lambda item: -item.records)[:5]
    for value in shown:
        name = f"{value.field.replace('_', ' ')} {clean(value.value or value.shape)}"
        console.print(
            f"  kept out: {name} ({value.kind}: {value.records:,} records, {value.people:,} people)",
            style="dim",
        )
    if len(result.kept_out) > len(shown):
        console.print(f"  … and {len(result.kept_out) - len(shown):,} more values", style="dim")


def _findings(findings: Sequence[Mapping[str, Any]], run_id: int | None, console: Console) -> None:
    for finding in findings:
        console.print(Padding(clean(finding.get("message", finding)), (0, 0, 0, 2)), style="red")
    if findings:
        console.print(f"  See it             retail-brain run show {run_id}")
        console.print(f"  Publish it anyway  retail-brain run approve {run_id} --reason …")
        console.print(f"  Drop it            retail-brain run discard {run_id} --reason …")


def _examples(examples: Sequence[Example], console: Console) -> None:
    told = {
        "joined": "{records:,} records, from {profiles:,} profiles, become profile {what}",
        "split": "profile {what} falls into {profiles:,}: {records:,} records",
        "column": "{what}",
    }
    for example in examples:
        text = told[example.kind].format(what=example.what, records=example.records, profiles=example.profiles)
        console.print(f"  for example  {clean(text)}", style="bold")
        lines = zip(example.keys, example.values, strict=True) if example.values else [(", ".join(example.keys), "")]
        for keys, value in lines:
            console.print(Padding(clean(f"{keys}   {value}".rstrip()), (0, 0, 0, 4)))


@screen.register(DemoResult)
def _demo(result: DemoResult, console: Console) -> None:
    night = result.night
    _files(night, console)
    console.print()
    rows = [
        sum(getattr(file, name) for file in night.files) for name in ("rows", "accepted", "quarantined", "duplicates")
    ]
    console.print("  {:,} rows = {:,} accepted + {:,} quarantined + {:,} duplicates".format(*rows))
    kept_out(night, console)
    console.print()
    average = sum(night.records.get(kind, 0) for kind in ("new", "unchanged", "changed")) / max(night.profiles, 1)
    console.print(
        Text.assemble(
            (f"  {night.profiles:,} people", "bold"),
            f"   {average:.2f} records each, largest profile {night.largest_profile}",
        )
    )
    console.print(f"  {night.merges:,} merges, {night.refused:,} links refused by rules")
    console.print(f"  precision {result.precision:.3f}   recall {result.recall:.3f}   (against sample_data/truth.csv)")
    console.print("  " + seconds_line(night.seconds))
    for profile in result.examples:
        console.print()
        console.print(f"  {full_name(profile.values)}", style="bold")
        console.print(f"    {one_line(profile.values)}")
        console.print(f"    from {', '.join(clean(key) for key in profile.records)}", style="dim")
    console.print("\nTry next")
    for line in result.try_next:
        console.print(f"  {clean(line)}")


@screen.register(RunListResult)
def _runs(result: RunListResult, console: Console) -> None:
    rows = table(
        "run",
        "status",
        "started",
        "generation",
        "new",
        "changed",
        "gone",
        "profiles",
        "seconds",
        right=("run", "generation", "new", "changed", "gone", "profiles", "seconds"),
    )
    for run in result.runs:
        records = run.counts.get("records") or {}
        counts = [records.get("new"), records.get("changed"), records.get("gone"), run.counts.get("profiles")]
        rows.add_row(
            str(run.run_id), run.status, f"{run.started_at:%Y-%m-%d %H:%M}", str(run.generation or ""),
            *(f"{count:,}" if count is not None else "" for count in counts), f"{sum(run.seconds.values()):.1f}",
        )  # fmt: skip
    console.print(rows if result.runs else "no run yet")


@screen.register(RunResult)
def _run(result: RunResult, console: Console) -> None:
    ended = f" → {result.ended_at:%H:%M}" if result.ended_at else ""
    title = f"run {result.run_id}  {result.started_at:%Y-%m-%d %H:%M}{ended}  {result.status}"
    console.print(
        title + (f" as generation {result.generation}" if result.generation else ""),
        style="bold red" if result.status == "held" else "bold",
    )
    if result.reason and result.status != "held":
        console.print(f"  {clean(result.reason)}")
    counts = result.counts
    if counts.get("records"):
        console.print("  records  " + "  ".join(f"{name} {count:,}" for name, count in counts["records"].items()))
        console.print(
            f"  pairs {counts.get('pairs', 0):,}   merges +{counts.get('merges', 0):,}   splits {counts.get('splits', 0):,}   held apart by rules {counts.get('refused', 0):,}   for review {counts.get('for_review', 0):,}"
        )
        console.print(
            f"  profiles {counts.get('profiles', 0):,}   largest {counts.get('largest_profile', 0)}   model {clean(result.model_id)}"
        )
    if result.status == "held":
        _findings(counts.get("findings") or (), result.run_id, console)
    _examples(result.examples, console)
    if result.written:
        console.print(
            "  rows written  " + "  ".join(f"{name} {rows:,}" for name, rows in result.written.items() if rows),
            style="dim",
        )
    _seal(result.seal, console)
    console.print("  " + seconds_line(result.seconds), style="dim")


@screen.register(QuarantineResult)
def _quarantine(result: QuarantineResult, console: Console) -> None:
    rows = table("file", "line", "run", "reason", right=("line", "run"))
    for row in result.rows:
        rows.add_row(clean(f"{row.source}: {row.file_name}"), str(row.line or ""), str(row.run_id), clean(row.reason))
        if row.raw is not None:
            rows.add_row("", "", "", clean(row.raw))
    console.print(rows if result.rows else "no row was quarantined")

"""How the schema, the servers, a check of everything, a new configuration and written files look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.result import ExportResult, InitResult, SynthResult
from retail_brain.desk.system import HealthResult, SchemaResult, ServicesResult
from retail_brain.services.lifecycle import StopResult
from retail_brain.store.migration import MigrationResult
from retail_brain.store.seal import VerifiedLog
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console

    from retail_brain.store.role import RoleState

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


@screen.register(HealthResult)
def _health(result: HealthResult, console: Console) -> None:
    for check in result.checks:
        mark, style = _MARKS[check.outcome]
        console.print(f"{mark} {check.name:<12} {clean(check.what)}", style=style if check.outcome != "ok" else None)
        if check.hint:
            console.print(f"  {'':<12} {clean(check.hint)}", style="dim")


@screen.register(SchemaResult)
def _schema(result: SchemaResult, console: Console) -> None:
    rows = table("migration", "applied")
    for state in result.migrations:
        rows.add_row(
            f"{state.number:04} {state.name}", f"{state.applied_at:%Y-%m-%d %H:%M}" if state.applied_at else "not yet"
        )
    console.print(rows)
    _roles(result.roles, console)


@screen.register(ServicesResult)
def _services(result: ServicesResult, console: Console) -> None:
    rows = table("server", "", "state", "version", "process", "place")
    for service in result.services:
        kind = "embedded" if service.embedded else "external"
        rows.add_row(
            service.name,
            kind,
            service.state,
            service.version or "",
            str(service.process_id or ""),
            clean(service.place),
        )
    console.print(rows)


@screen.register(ExportResult)
def _export(result: ExportResult, console: Console) -> None:
    console.print(f"{result.rows:,} rows written to {clean(result.path)}")


@screen.register(SynthResult)
def _synth(result: SynthResult, console: Console) -> None:
    nights = f", {result.nights} nights" if result.nights > 1 else ""
    console.print(f"{result.records:,} records of {result.persons:,} people{nights} in {clean(result.folder)}")


@screen.register(InitResult)
def _init(result: InitResult, console: Console) -> None:
    console.print(f"wrote {clean(result.path)}", style="bold")
    for source in result.sources:
        recognised = ", ".join(source.recognised)
        console.print(f"  {clean(source.name)}: {clean(', '.join(source.files))}")
        console.print(f"    recognised {clean(recognised)}")
        if source.passed_through:
            console.print(f"    passed through {clean(', '.join(source.passed_through))}", style="dim")
        for doubt in source.unsure:
            console.print(f"    unsure: {clean(doubt)}", style="yellow")
    for note in result.left_out:
        console.print(f"  left out {clean(note)}", style="dim")
    console.print(f"Next: look it over, then retail-brain run -c {clean(result.folder)}")


@screen.register(StopResult)
def _stopped(result: StopResult, console: Console) -> None:
    console.print(f"stopped {' and '.join(result.stopped)}" if result.stopped else "no embedded server was running")


@screen.register(MigrationResult)
def _migrated(result: MigrationResult, console: Console) -> None:
    done = f"applied {len(result.applied)} migrations" if result.applied else "nothing to do"
    console.print(f"{done}; the schema stands at {result.current:04}")
    _roles(result.roles, console)


def _roles(state: RoleState | None, console: Console) -> None:
    if state is None or not state.advice:
        return
    told = (
        f"roles are missing: {', '.join(state.missing)}" if state.missing else "a role has other rights than it should"
    )
    console.print(told, style="yellow")
    console.print(f"  {state.advice}", style="dim")


@screen.register(VerifiedLog)
def _verified(result: VerifiedLog, console: Console) -> None:
    console.print(f"{result.rows:,} rows under {result.seals:,} seals are as they were written")
    if result.digest:
        console.print(f"  newest seal {result.digest}", style="dim")

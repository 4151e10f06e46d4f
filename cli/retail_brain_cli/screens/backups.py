"""How backups, what was found in them, and what is pruned look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.backup_result import (
    BackupCreated,
    BackupEntry,
    BackupList,
    BackupsChecked,
    PruneResult,
)
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"verified": None, "checked": None, "unchecked": "yellow", "failed": "red"}
_LEVELS = {"": "not checked", "files": "files", "decoded": "decoded", "restored": "restored"}
_FOUND = {"files": "", "decoded": ", and decoded", "restored": ", decoded, and restored"}
_TRIALS = {
    "": "verified", "passed": "verified, and restored to try it", "failed": "NOT GOOD: what was restored to try it is not the same",
    "no room": "verified, NOT restored to try it", "broken off": "verified, NOT restored to try it",
}  # fmt: skip


@screen.register(BackupCreated)
def _created(result: BackupCreated, console: Console) -> None:
    again = ", at the second try" if result.tries > 1 else ""
    console.print(f"backup {result.backup_id}: {_TRIALS[result.restore_check]}{again}", style="bold")
    if result.restore_problem:
        console.print(
            f"  {clean(result.restore_problem)}", style="red" if result.restore_check == "failed" else "yellow"
        )
    encrypted = ", encrypted" if result.encrypted else ""
    offsite = {"copied": ", copied off-site", "failed": ", NOT copied off-site"}.get(result.offsite, "")
    console.print(f"  {clean(result.path)}: {size(result.size)}{encrypted}{offsite}")
    run = f"run {result.run_id}" if result.run_id is not None else "nothing published yet"
    console.print(f"  {result.rows:,} rows of {result.tables} tables as of {result.snapshot_at[:19]} UTC ({run})")
    if result.seal:
        console.print(f"  seal {result.seal}", style="dim")
    if result.removed_leftovers:
        console.print(
            f"  removed {result.removed_leftovers} unfinished, left by a process that was killed", style="dim"
        )
    for warning in result.warnings:
        console.print(f"  {clean(warning)}", style="yellow")
    steps = "  ".join(f"{name} {seconds:.1f}" for name, seconds in result.seconds.items())
    console.print(f"  {sum(result.seconds.values()):.1f} s: {steps}", style="dim")


@screen.register(BackupList)
def _list(result: BackupList, console: Console) -> None:
    if not result.backups:
        console.print(f"there is no backup in {clean(result.folder)}")
    else:
        rows = table("backup", "age", "size", "rows", "checked", "off-site")
        for backup in result.backups:
            rows.add_row(
                backup.backup_id, age(backup.age_hours), size(backup.size), f"{backup.rows:,}", _checked(backup),
                clean(backup.offsite.get("state", "")), style=_STYLES[backup.state],
            )  # fmt: skip
        console.print(rows)
        for backup in result.backups:
            for problem in backup.problems[:3]:
                console.print(f"  {backup.backup_id}: {clean(problem)}", style="red")
    for name in result.leftovers:
        console.print(f"  {clean(name)}: being made, or left by a killed process", style="dim")


def _checked(backup: BackupEntry) -> str:
    level = _LEVELS.get(backup.level, backup.level)
    return f"FAILED (was: {level})" if backup.state == "failed" else level + (", encrypted" if backup.encrypted else "")


@screen.register(BackupsChecked)
def _found(result: BackupsChecked, console: Console) -> None:
    for backup in result.backups:
        told = f"every file is as it was written{_FOUND[backup.level]}" if backup.level else "not looked at"
        mark = (
            f"{'!' if backup.untried else '✓'} {backup.backup_id}  {told}" if backup.sound else f"✗ {backup.backup_id}"
        )
        console.print(mark, style=None if backup.sound else "red")
        for problem in backup.problems:
            console.print(f"    {clean(problem)}", style="red")
        if backup.untried:
            console.print(f"    not looked at as closely as asked: {clean(backup.untried)}", style="yellow")
        for warning in backup.warnings:
            console.print(f"    {clean(warning)}", style="yellow")


@screen.register(PruneResult)
def _pruned(result: PruneResult, console: Console) -> None:
    for backup_id in result.offsite:
        console.print(f"off-site copy {backup_id}: {'removed' if result.status == 'pruned' else 'would be removed'}")
    for name in result.in_use:
        console.print(f"{name}: in use, kept this time", style="yellow")
    if not result.prune:
        console.print(f"nothing to prune: {clean(result.why_none)}; {result.kept} backups stay")
        return
    verb = "removed" if result.status == "pruned" else "would remove"
    console.print(f"{verb} {len(result.prune)} backups, {size(result.size)}; {result.kept} stay")
    for backup_id in result.prune:
        console.print(f"  {backup_id}")


def size(number: int) -> str:
    """Return a number of bytes as a person reads it."""
    value = float(number)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def age(hours: float) -> str:
    """Return an age as a person reads it."""
    if abs(hours) < 48:
        return f"{hours:.1f} h"
    return f"{hours / 24:.0f} d"

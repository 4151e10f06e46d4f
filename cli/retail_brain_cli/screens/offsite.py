"""How off-site copies and keys look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.backup.key import KeyResult
from retail_brain.desk.offsite_result import CopyResult, FetchResult, OffsiteList
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.backups import age, size
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console


@screen.register(CopyResult)
def _copied(result: CopyResult, console: Console) -> None:
    console.print(f"sent to {clean(result.where)}, read back and compared", style="bold")
    for backup_id in result.copied or ("no backup: all were there",):
        console.print(f"  {backup_id}")
    if result.journal_files is None:
        console.print("  another process is sending the journal", style="dim")
    else:
        console.print(f"  {result.journal_files} files of the journal", style="dim")


@screen.register(OffsiteList)
def _list(result: OffsiteList, console: Console) -> None:
    if not result.backups:
        console.print(f"there is no backup in {clean(result.where)}")
        return
    rows = table("backup", "age", "size", "off-site", "here")
    for backup in result.backups:
        state = "not whole" if not backup.complete else "whole, encrypted" if backup.encrypted else "whole"
        here, style = "yes" if backup.here else "no", None if backup.complete else "yellow"
        rows.add_row(backup.backup_id, age(backup.age_hours), size(backup.size), state, here, style=style)
    console.print(rows)


@screen.register(FetchResult)
def _fetched(result: FetchResult, console: Console) -> None:
    state = "is here already, only the journal was fetched" if result.was_here else "every file is as it was written"
    console.print(f"backup {result.backup_id}: {state}", style="bold")
    console.print(f"  {clean(result.path)}: {size(result.size)}, and {result.journal_files} files of the journal")


@screen.register(KeyResult)
def _key(result: KeyResult, console: Console) -> None:
    console.print(f"the identity is in {clean(result.path)}; keep it apart from the backups, and more than once")
    console.print(f'  recipients = ["{result.recipient}"]', soft_wrap=True)

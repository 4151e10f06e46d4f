"""How the journal is shown to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.pipeline.journaling import JournalResult
from retail_brain_cli.output import clean, screen

if TYPE_CHECKING:
    from rich.console import Console


@screen.register(JournalResult)
def _journal(result: JournalResult, console: Console) -> None:
    if result.status == "off":
        console.print("No journal is kept. One begins with: retail-brain backup create")
        return
    written = f"{result.rows:,} rows" if result.rows else "nothing new"
    files = f", {result.files:,} delivered files" * bool(result.files)
    console.print(
        f"Written: {written}{files}. The journal holds everything up to {result.reached_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    for warning in result.warnings:
        console.print(f"  {clean(warning)}", style="yellow")

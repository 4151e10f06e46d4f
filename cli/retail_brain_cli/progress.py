"""How far a long command is: a bar with the time left on a terminal, one JSON line per step in cron.

Everything goes to stderr, because stdout is data.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain_cli.collector import work_long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import Progress

_NAMES = {
    "ingest": "Ingesting", "standardise": "Standardising", "train": "Training", "match": "Matching",
    "resolve": "Resolving", "survive": "Choosing values", "audit": "Checking", "publish": "Publishing",
    "warm": "Warming", "services": "Starting", "report": "Reporting", "dump": "Dumping", "decode": "Decoding",
    "verify": "Checking files", "encrypt": "Encrypting", "copy": "Sending away", "fetch": "Bringing back", "sync": "Writing to disk",
    "files": "Checking files", "restore": "Restoring", "compare": "Comparing", "replay": "Replaying", "check": "Checking",
    "look-ups": "Looking up",
}  # fmt: skip


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a progress function that suits where stderr goes. Who wants one works for long."""
    work_long()
    if sys.stderr.isatty():
        with _bars() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from retail_brain_cli.output import make_console

    columns = (
        TextColumn("{task.description:<16}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[detail]}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=make_console(stderr=True), transient=False) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_NAMES.get(stage, stage), total=total, detail=detail)
            bars.update(tasks[stage], completed=done, total=total, detail=detail)

        yield tell


def _lines() -> Progress:
    """One JSON line for the beginning and one for the end of a step. A logging library would take longer to import than
    all of them to write."""
    started = time.monotonic()
    told: set[tuple[str, bool]] = set()

    def tell(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        finished = total is not None and done >= total
        if (stage, finished) in told:
            return
        told.add((stage, finished))
        line = {
            "stage": stage, "state": "done" if finished else "started", "detail": detail,
            "seconds": round(time.monotonic() - started, 3), "event": "step",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }  # fmt: skip
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201

    return tell

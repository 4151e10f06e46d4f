"""The journal beside the backups: brought up to date once, or followed by a service."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show, show_line

if TYPE_CHECKING:
    from retail_brain.errors import RetailBrainError
    from retail_brain.pipeline.journaling import JournalResult


def journal(
    follow: Annotated[bool, typer.Option("--follow", help="Do it again and again, until the process is told to end.")] = False,
    every: Annotated[float, typer.Option("--every", metavar="SECONDS", min=0.1, help="With --follow: how long to wait in between.")] = 60.0,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Write what was committed since the last time beside the backups. Commands do it by themselves; this catches up."""
    from retail_brain.desk import journal as desk

    settings = configuration(config)
    if not follow:
        show(desk.bring_up_to_date(settings), as_json=as_json)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def tell(result: JournalResult | RetailBrainError) -> None:
        if isinstance(result, Exception):
            sys.stderr.write(f"warning: {result.message}\n")
        elif result.status == "written" or result.files or result.warnings:
            show_line(result, as_json=as_json)

    desk.follow(settings, every_s=every, stop=stop, tell=tell)

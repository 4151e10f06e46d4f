"""What becomes of a held run: a person publishes it all the same, or drops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.errors import RefusedError
from retail_brain.model import Progress, no_progress
from retail_brain.pipeline.journaling import keep_journal
from retail_brain.pipeline.night import continue_night
from retail_brain.pipeline.stores import open_stores
from retail_brain.store import run as runs

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.pipeline.result import NightResult


def approve_run(config: Configuration, run_id: int, *, reason: str, progress: Progress = no_progress) -> NightResult:
    """Publish a held run and warm the cache.

    Args:
        config: the configuration.
        run_id: the held run.
        reason: why; kept with the run.
        progress: told how far it is.

    Raises:
        RefusedError: that run does not wait, or another was published since it was matched.
    """
    return continue_night(config, stage="publish", progress=progress, run_id=run_id, approve=reason)


def discard_run(config: Configuration, run_id: int, *, reason: str) -> tuple[str, ...]:
    """Drop a run that was not published; its deliveries can be taken again.

    Args:
        config: the configuration.
        run_id: the run.
        reason: why; kept with the run.

    Returns:
        What a person should know.

    Raises:
        RefusedError: there is no such run, or it is published.
    """
    with open_stores(config) as stores, stores.workspace.lock(f"retail-brain run discard {run_id}"):
        run = runs.show_run(stores.pg, run_id)
        if run is None or run.status in ("published", "reverted"):
            state = "is not known" if run is None else f"is {run.status}"
            raise RefusedError(f"run {run_id} {state}; nothing was changed", hint="retail-brain run list")
        runs.finish_run(stores.pg, run_id, "discarded", reason=reason)
        return keep_journal(stores)

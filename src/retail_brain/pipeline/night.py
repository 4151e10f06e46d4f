"""The night: the stages in order, each safe to repeat, with one run id, one lock and one lease.

A stage leaves its artefacts in the run's folder and its name in the manifest, so that a command that was cut off goes
on where it stopped. Nothing is visible to readers before `publish` commits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.model import no_progress
from retail_brain.pipeline import stages
from retail_brain.pipeline.keeping import keep
from retail_brain.pipeline.lease import HeldLease
from retail_brain.pipeline.result import Clock, NightResult
from retail_brain.pipeline.resume import INGESTED, MATCHED, read_intake, reload, waiting_run
from retail_brain.pipeline.state import load_previous
from retail_brain.pipeline.stores import open_stores
from retail_brain.priority import giving_way
from retail_brain.store.connection import follow_priority

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

STAGES = ("ingest", "match", "publish", "warm")


@dataclass(slots=True, kw_only=True)
class Night:
    """One command of the night: the open stores, the engine, the clock, and what is known so far."""

    stores: Stores
    con: duckdb.DuckDBPyConnection
    lease: HeldLease
    progress: Progress
    clock: Clock
    result: NightResult
    run_id: int = 0
    folder: RunFolder | None = None
    base: RunFolder | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    kept: bool = False
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "artefacts"))

    @property
    def config(self) -> Configuration:
        """The configuration of the command."""
        return self.stores.config

    @property
    def artefacts(self) -> RunFolder:
        """The folder of the open run."""
        if self.folder is None:
            raise RefusedError("no run is open")
        return self.folder

    def tell(self, **values: Any) -> None:
        """Add to the result."""
        self.result = replace(self.result, **values, seconds=dict(self.clock.seconds))


@contextmanager
def open_night(config: Configuration, progress: Progress, what: str) -> Iterator[Night]:
    """Open everything that a stage needs, holding the workspace's lock.

    Raises:
        LockedError: another run is at work.
        ConfigurationError: the configuration has no source.
    """
    if not config.sources:
        raise ConfigurationError(
            "the configuration names no source", hint="retail-brain init writes the sources it finds"
        )
    clock = Clock()
    with (
        open_stores(config, progress) as stores,
        stores.workspace.lock(what),
        giving_way(
            config.resources.nice
        ),  # after the servers, which would inherit it, and before the engine, which shall
        HeldLease(stores) as lease,
        open_engine(config.resources, stores.workspace.scratch) as con,
    ):
        follow_priority(stores.pg)
        clock.lap("services")
        night = Night(
            stores=stores,
            con=con,
            lease=lease,
            progress=progress,
            clock=clock,
            result=NightResult(status="nothing new"),
        )
        try:
            yield night
        except BaseException:
            if night.run_id and night.result.status != "held":
                lease.note_failure(night.run_id)
            raise
        finally:
            night.writer.shutdown(wait=True)


def run_night(
    config: Configuration, *, files: Sequence[Path] | None = None, progress: Progress = no_progress, last: str = "warm"
) -> NightResult:
    """Run the whole night, or its first stages.

    Args:
        config: the configuration.
        files: files or folders to take deliveries from; by default the files that the sources name.
        progress: told how far each stage is.
        last: the last stage to run: ingest, match, publish or warm.

    Returns:
        What was done; status "nothing new" where every file is known already and no run waits.

    Raises:
        RetailBrainError: one of the kinds in `errors`; nothing half-done is visible.
    """
    with open_night(config, progress, f"retail-brain {'run' if last == 'warm' else last}") as night:
        wanted = STAGES[: STAGES.index(last) + 1]
        if not stages.ingest(night, files):
            if "warm" in wanted and night.stores.has_published:
                stages.warm_up(night, all_keys=False)
        elif "match" in wanted:
            stages.match(night)
            if "publish" in wanted and night.result.status != "held":
                stages.publish(night, warm="warm" in wanted)
            else:
                keep(night, night.con)
        stages.journal(night)
        return night.result


def continue_night(
    config: Configuration,
    *,
    stage: str,
    progress: Progress = no_progress,
    run_id: int | None = None,
    approve: str | None = None,
) -> NightResult:
    """Run one later stage of the run that waits for it.

    Args:
        config: the configuration.
        stage: match, publish or warm.
        progress: told how far the stage is.
        run_id: the run that must be the waiting one.
        approve: reason to publish a held run all the same.

    Returns:
        What was done; "nothing new" where no run waits for this stage.

    Raises:
        RefusedError: the run is held and was not approved, or is not the one that waits.
    """
    with open_night(config, progress, f"retail-brain {stage}") as night:
        if stage == "warm":
            stages.warm_up(night, all_keys=False, strict=True)
            night.tell(status="warmed")
        elif reopen(night, INGESTED if stage == "match" else MATCHED, run_id):
            if stage == "match":
                stages.match(night)
                keep(night, night.con)
            else:
                stages.publish(night, warm=approve is not None, approve=approve)
        elif run_id is not None:
            raise RefusedError(f"run {run_id} is not waiting", hint="retail-brain run list")
        stages.journal(night)
        return night.result


def reopen(night: Night, stage: str, run_id: int | None) -> bool:
    """Take up the waiting run, if it is at this stage."""
    waiting = waiting_run(night.stores)
    manifest = waiting.manifest if waiting is not None else {}
    if waiting is None or manifest["stage"] != stage or (run_id is not None and manifest["run_id"] != run_id):
        return False
    night.folder, night.run_id = waiting, night.lease.adopt(manifest["run_id"])
    night.tell(run_id=night.run_id, status="ingested")
    if stage == INGESTED:
        read_intake(night)
        return True
    previous = load_previous(night.stores, night.con)
    if manifest["base_run"] != previous.run_id:
        raise RefusedError(f"run {night.run_id} was matched before the last one was published", hint="retail-brain run")
    if reload(night):
        stages.hold_if_held(night)
    else:
        read_intake(night)
        stages.match(night)
    return True

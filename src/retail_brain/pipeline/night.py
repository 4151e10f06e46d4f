"""The night: the stages in order, each safe to repeat, with one run id and one lock.

A stage leaves its artefacts in the run's folder and its name in the manifest, so that a command that was cut off goes
on where it stopped. Nothing is visible to readers before `publish` commits.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.model import no_progress
from retail_brain.pipeline import match as steps
from retail_brain.pipeline.intake import Intake, describe_files, take_deliveries
from retail_brain.pipeline.measure import audit_run, kept_out, night_counts
from retail_brain.pipeline.result import Clock, NightResult
from retail_brain.pipeline.state import STATE, PreviousState, load_previous
from retail_brain.pipeline.stores import open_stores
from retail_brain.store import run as runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

INGESTED, MATCHED, PUBLISHED = "ingested", "matched", "published"
_INTAKE = ("delivered_row", "delivery_new", "quarantined_row_new")
_DIFFERENCES = ("record_change", "profile", "profile_gone", "profile_alias_new", "merge_log_new", "shared_value")


@dataclass(slots=True, kw_only=True)
class Night:
    """One command of the night: the open stores, the engine, the clock, and what is known so far."""

    stores: Stores
    con: duckdb.DuckDBPyConnection
    progress: Progress
    clock: Clock
    result: NightResult = NightResult(status="nothing new")  # noqa: RUF009 - frozen
    lease: runs.Lease | None = None
    folder: RunFolder | None = None

    @property
    def config(self) -> Configuration:
        """The configuration of the command."""
        return self.stores.config

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
        raise ConfigurationError("the configuration names no source", hint="retail-brain init writes the sources it finds")
    clock = Clock()
    with open_stores(config, progress) as stores, stores.workspace.lock(what):
        with open_engine(config.resources, stores.workspace.scratch) as con:
            clock.lap("services")
            yield Night(stores=stores, con=con, progress=progress, clock=clock)


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
    with open_night(config, progress, f"retail-brain {last}") as night:
        _ingest(night, files)
        if last == "ingest" or night.lease is None:
            return _finish(night)
        _match(night)
        if last == "match" or night.result.status == "held":
            return _finish(night)
        _publish(night)
        if last == "warm":
            _warm(night)
        return _finish(night)


def continue_night(config: Configuration, *, stage: str, progress: Progress = no_progress, approve: str | None = None) -> NightResult:
    """Run one later stage of the run that waits for it.

    Args:
        config: the configuration.
        stage: match, publish or warm.
        progress: told how far the stage is.
        approve: reason to publish a held run all the same.

    Returns:
        What was done; "nothing new" where no run waits for this stage.
    """
    with open_night(config, progress, f"retail-brain {stage}") as night:
        if stage == "warm":
            _warm(night)
            return _finish(night)
        if not _reopen(night, INGESTED if stage == "match" else MATCHED):
            return _finish(night)
        if stage == "match":
            _match(night)
        else:
            _publish(night, approve=approve)
        return _finish(night)


def _ingest(night: Night, files: Sequence[Path] | None) -> None:
    waiting = _waiting_run(night)
    known = runs.known_deliveries(night.stores.pg)
    intake = take_deliveries(night.con, night.config, files=files, known=known, waiting=waiting, scratch=night.stores.workspace.scratch, progress=night.progress)
    night.clock.lap("ingest")
    night.tell(files=describe_files(intake), quarantine_reasons=dict(intake.result.quarantine_reasons), warnings=tuple(intake.result.warnings))
    if not intake.new_delivery_ids:
        return
    fingerprint = _fingerprint(night, intake)
    if waiting and waiting.manifest.get("fingerprint") == fingerprint and waiting.manifest.get("run_id"):
        night.lease = runs.resume_run(night.stores.pg, waiting.manifest["run_id"])
        night.folder = waiting
    else:
        night.lease = runs.begin_run(night.stores.pg)
        night.folder = night.stores.workspace.create_run_folder(night.lease.run_id)
        for name in _INTAKE:
            night.folder.write(night.con, name)
        night.folder.note(
            run_id=night.lease.run_id, fingerprint=fingerprint, stage=INGESTED, delivery_paths=[str(path) for path in intake.paths],
            full_sources=list(intake.full_sources), result=_plain(night.result),
        )  # fmt: skip
    night.clock.lap("ingest")
    night.tell(run_id=night.lease.run_id, status="ingested")


def _match(night: Night) -> None:
    folder, con, config = _folder(night), night.con, night.config
    previous = load_previous(night.stores, con)
    if folder.manifest.get("stage") == MATCHED and folder.manifest.get("base_run") == previous.run_id and _reload(night):
        return
    first = previous.run_id is None
    changes = steps.standardise(con, config, tuple(folder.manifest.get("full_sources", ())))
    steps.build_keys(con, config)
    night.clock.lap("standardise")
    model = steps.choose_model(con, config, night.stores.workspace, previous, night.progress)
    night.clock.lap("train")
    pairs = steps.score(con, config, model, previous, night.progress)
    night.clock.lap("match")
    night.progress("resolve", total=1)
    steps.resolve(con, config, previous.generation + 1)
    night.progress("resolve", done=1, total=1)
    night.clock.lap("resolve")
    steps.survive(con, config, first=first)
    night.clock.lap("survive")
    steps.find_differences(con, config, first=first, model_id=model.model_id, last_merge_id=previous.last_merge_id)
    night.tell(**night_counts(con, changes), pairs=pairs, model_id=model.model_id, kept_out=kept_out(con))
    verdict = audit_run(night.stores, con, night.result)
    for name in (*STATE, *_DIFFERENCES):
        folder.write(con, name)
    folder.note(stage=MATCHED, base_run=previous.run_id, first=first, model_id=model.model_id, verdict=verdict.verdict, metrics=verdict.metrics)
    night.clock.lap("audit")
    night.tell(status="held" if verdict.verdict == "held" else "matched", findings=verdict.findings)
    folder.note(result=_plain(night.result), finished=True)
    if verdict.verdict == "held":
        runs.hold_run(night.stores.pg, _lease(night), counts=_plain(night.result), metrics=verdict.metrics)


def _publish(night: Night, *, approve: str | None = None) -> None:
    from retail_brain.store.publish import publish_run

    folder = _folder(night)
    if folder.manifest.get("verdict") == "held" and approve is None:
        raise RefusedError(
            f"run {folder.manifest['run_id']} is held and was not approved", hint=f"retail-brain run show {folder.manifest['run_id']}"
        )
    night.progress("publish", total=1)
    published = publish_run(
        night.stores.pg, night.con, lease=_lease(night), model_id=folder.manifest["model_id"],
        counts=_plain(night.result), metrics=folder.manifest.get("metrics", {}), approved_because=approve,
    )  # fmt: skip
    night.progress("publish", done=1, total=1)
    night.clock.lap("publish")
    night.tell(status="published", generation=published.generation, written=dict(published.rows))


def _warm(night: Night) -> None:
    from retail_brain.pipeline.warm import warm_cache

    warmed = warm_cache(night.stores, night.con, progress=night.progress)
    night.clock.lap("warm")
    night.tell(warmed=warmed.keys, warnings=(*night.result.warnings, *warmed.warnings))


def _finish(night: Night) -> NightResult:
    from retail_brain.pipeline.reporting import write_report

    if night.result.status == "published" and night.lease is not None:
        report = write_report(night.stores, night.con, night.result)
        night.clock.lap("report")
        night.tell(report=str(report))
        runs.finish_run(night.stores.pg, night.lease, counts=_plain(night.result), seconds=night.clock.seconds)
        keep = {night.lease.run_id, *runs.published_run_ids(night.stores.pg, limit=night.config.workspace.keep_runs)}
        night.stores.workspace.forget_runs(keep)
    night.tell()
    return night.result


def _waiting_run(night: Night) -> RunFolder | None:
    run_id = runs.waiting_run_id(night.stores.pg)
    folder = night.stores.workspace.run_folder(run_id) if run_id is not None else None
    return folder if folder is not None and folder.manifest.get("stage") else None


def _reopen(night: Night, stage: str) -> bool:
    waiting = _waiting_run(night)
    if waiting is None or waiting.manifest.get("stage") != stage:
        return False
    night.folder = waiting
    night.lease = runs.resume_run(night.stores.pg, waiting.manifest["run_id"])
    night.tell(run_id=night.lease.run_id, status="ingested")
    if stage == INGESTED:
        return all(waiting.read(night.con, name) for name in _INTAKE)
    load_previous(night.stores, night.con)
    return _reload(night)


def _reload(night: Night) -> bool:
    """Take the matched tables of a run that was cut off before it was published."""
    folder = _folder(night)
    names = (*STATE, *_DIFFERENCES, *_INTAKE)
    if not all(folder.read(night.con, name) for name in names):
        folder.note(stage=INGESTED)
        return False
    steps.prepare_publish(night.con, first=bool(folder.manifest.get("first")))
    saved = folder.manifest.get("result", {})
    known = {key: saved[key] for key in ("records", "pairs", "merges", "splits", "refused", "for_review", "profiles", "largest_profile", "model_id") if key in saved}
    night.tell(**known, status="held" if folder.manifest.get("verdict") == "held" else "matched")
    return True


def _fingerprint(night: Night, intake: Intake) -> str:
    parts = [*sorted(intake.new_delivery_ids), night.config.fingerprint()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _folder(night: Night) -> RunFolder:
    if night.folder is None:
        raise RefusedError("no run is open")
    return night.folder


def _lease(night: Night) -> runs.Lease:
    if night.lease is None:
        raise RefusedError("no run is open")
    return night.lease


def _plain(result: NightResult) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(result)

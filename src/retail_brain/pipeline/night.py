"""The night: the stages in order, each safe to repeat, with one run id, one lock and one lease.

A stage leaves its artefacts in the run's folder and its name in the manifest, so that a command that was cut off goes
on where it stopped. Nothing is visible to readers before `publish` commits.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.model import no_progress
from retail_brain.pipeline import match as steps
from retail_brain.pipeline.intake import take_deliveries
from retail_brain.pipeline.lease import HeldLease
from retail_brain.pipeline.measure import audit_run, kept_out, night_counts
from retail_brain.pipeline.result import Clock, NightResult
from retail_brain.pipeline.state import STATE, load_previous
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

INGESTED, MATCHED = "ingested", "matched"
STAGES = ("ingest", "match", "publish", "warm")
_INTAKE = ("delivered_row", "delivery_new", "quarantined_row_new")
_DIFFERENCES = ("record_change", "profile", "profile_gone", "profile_alias_new", "merge_log_new")
_TOLD = ("records", "pairs", "merges", "splits", "refused", "for_review", "profiles", "largest_profile", "model_id")


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
    facts: dict[str, Any] = field(default_factory=dict)
    kept: bool = False

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
        raise ConfigurationError("the configuration names no source", hint="retail-brain init writes the sources it finds")
    clock = Clock()
    with open_stores(config, progress) as stores, stores.workspace.lock(what), HeldLease(stores) as lease:
        with open_engine(config.resources, stores.workspace.scratch) as con:
            clock.lap("services")
            night = Night(
                stores=stores, con=con, lease=lease, progress=progress, clock=clock, result=NightResult(status="nothing new")
            )
            try:
                yield night
            except BaseException:
                if night.run_id and night.result.status != "held":
                    lease.note_failure(night.run_id)
                raise


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
        if not _ingest(night, files):
            if "warm" in wanted and night.stores.has_published:
                _warm(night, all_keys=False)
        elif "match" in wanted:
            _match(night)
            if "publish" in wanted and night.result.status != "held":
                _publish(night, warm="warm" in wanted)
            else:
                _keep(night, night.con)
        night.tell()
        return night.result


def continue_night(
    config: Configuration, *, stage: str, progress: Progress = no_progress, run_id: int | None = None, approve: str | None = None
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
            _warm(night, all_keys=False, strict=True)
            night.tell(status="warmed")
        elif _reopen(night, INGESTED if stage == "match" else MATCHED, run_id):
            if stage == "match":
                _match(night)
                _keep(night, night.con)
            else:
                _publish(night, warm=approve is not None, approve=approve)
        elif run_id is not None:
            raise RefusedError(f"run {run_id} is not waiting", hint="retail-brain run list")
        night.tell()
        return night.result


def _ingest(night: Night, files: Sequence[Path] | None) -> bool:
    """Take in tonight's files; say whether there is anything to match."""
    pg, workspace = night.stores.pg, night.stores.workspace
    waiting = waiting_run(night.stores)
    known = {delivery: str(run_id) for delivery, run_id in runs.known_deliveries(pg).items()}
    intake = take_deliveries(
        night.con, night.config, files=files, known=known, waiting_paths=waiting.manifest["paths"] if waiting else (),
        scratch=workspace.scratch, progress=night.progress,
    )  # fmt: skip
    night.clock.lap("ingest")
    night.tell(files=intake.files, quarantine_reasons=dict(intake.quarantine_reasons), warnings=intake.warnings)
    if not intake.new_delivery_ids:
        return False
    parts = [*intake.new_delivery_ids, night.config.fingerprint()]
    fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if waiting is not None and waiting.manifest["fingerprint"] == fingerprint:
        night.folder, night.run_id = waiting, night.lease.adopt(waiting.manifest["run_id"])
        for name in _INTAKE:
            if not waiting.is_intact(name):
                waiting.write(night.con, name)
    else:
        night.run_id = night.lease.begin()
        night.folder = workspace.create_run_folder(night.run_id)
        for name in _INTAKE:
            night.folder.write(night.con, name)
        night.folder.note(
            run_id=night.run_id, fingerprint=fingerprint, stage=INGESTED, paths=[str(path) for path in intake.paths],
            full_sources=list(intake.full_sources), files=[asdict(file) for file in intake.files],
        )  # fmt: skip
    night.clock.lap("ingest")
    night.tell(run_id=night.run_id, status="ingested")
    return True


def _match(night: Night) -> None:
    folder, con, config = night.artefacts, night.con, night.config
    previous = load_previous(night.stores, con)
    manifest = folder.manifest
    if manifest["stage"] == MATCHED and manifest["base_run"] == previous.run_id and _reload(night):
        return
    night.progress("standardise", total=2)
    changes = steps.standardise(con, config, tuple(manifest["full_sources"]))
    night.progress("standardise", done=1, total=2)
    steps.build_keys(con, config, previous)
    night.progress("standardise", done=2, total=2)
    night.clock.lap("standardise")
    model = steps.choose_model(con, config, night.stores.workspace, previous, night.progress)
    night.clock.lap("train")
    scored = steps.score(con, config, model, previous, night.progress)
    night.clock.lap("match")
    night.progress("resolve", total=1)
    steps.resolve(con, config, model, previous)
    night.progress("resolve", done=1, total=1)
    night.clock.lap("resolve")
    steps.survive(con, config, first=previous.run_id is None)
    night.clock.lap("survive")
    steps.find_differences(con, config, previous, model_id=model.model_id)
    night.tell(**night_counts(con, changes), pairs=scored.pairs, model_id=model.model_id, kept_out=kept_out(con))
    history = [run.counts.get("metrics") or {} for run in runs.list_runs(night.stores.pg, status="published", limit=config.audit.history_runs)]
    verdict, metrics = audit_run(con, history, config.audit, pairs=scored.pairs, scored=scored.records)
    night.tell(status=verdict.verdict == "held" and "held" or "matched", findings=tuple(f.to_json() for f in verdict.findings))
    night.facts = {
        "base_run": previous.run_id, "first": previous.run_id is None, "model_id": model.model_id,
        "metrics": metrics.to_json(), "counts": _counts(night.result), "status": night.result.status,
    }  # fmt: skip
    night.clock.lap("audit")
    if night.result.status == "held":
        _hold(night)


def _keep(night: Night, con: duckdb.DuckDBPyConnection) -> None:
    """Write the artefacts of a matched run, so that it can be published later and the next night can build on it."""
    if night.kept:
        return
    for name in (*STATE, *_DIFFERENCES):
        night.artefacts.write(con, name)
    night.artefacts.note(**night.facts, stage=MATCHED, finished=True)
    night.kept = True


def _hold(night: Night) -> None:
    messages = "; ".join(finding["message"] for finding in night.result.findings)
    runs.finish_run(
        night.stores.pg, night.run_id, "held", reason=messages, counts=_counts(night.result), seconds=night.clock.seconds
    )


def _publish(night: Night, *, warm: bool, approve: str | None = None) -> None:
    from retail_brain.pipeline.publishing import publish_run_tables
    from retail_brain.pipeline.reporting import write_report

    facts = night.facts
    if facts["status"] == "held" and approve is None:
        raise RefusedError(f"run {night.run_id} is held and was not approved", hint=f"retail-brain run show {night.run_id}")
    run = {
        "run_id": night.run_id, "lease_token": night.lease.token, "model_id": facts["model_id"],
        "counts": {**facts["counts"], "metrics": facts["metrics"]}, "seconds": night.clock.seconds,
    }  # fmt: skip
    keep = None if night.kept else lambda cursor: _keep(night, cursor)
    done = publish_run_tables(night.stores, night.con, run=run, keep=keep, warm_first=warm and facts["first"], progress=night.progress)
    night.clock.lap("publish")
    warnings = (*night.result.warnings, *done.warnings)
    night.tell(status="published", generation=done.published.generation, written=dict(done.published.rows), warnings=warnings)
    if done.warmed is not None:
        night.tell(warmed=done.warmed.keys)
    elif warm:
        _warm(night, all_keys=bool(facts["first"]))
    night.tell(report=str(write_report(night.stores, night.result, facts["metrics"])))
    night.clock.lap("report")
    runs.finish_run(night.stores.pg, night.run_id, reason=approve, counts={"warmed": night.result.warmed}, seconds=night.clock.seconds)
    kept = runs.list_runs(night.stores.pg, status="published", limit=night.config.workspace.keep_runs)
    night.stores.workspace.forget_runs({night.run_id, *(run.run_id for run in kept)})


def _warm(night: Night, *, all_keys: bool, strict: bool = False) -> None:
    from retail_brain.pipeline.warm import warm_cache

    warmed = warm_cache(night.stores, night.con if all_keys else None, progress=night.progress, strict=strict)
    night.clock.lap("warm")
    night.tell(warmed=warmed.keys, warnings=(*night.result.warnings, *warmed.warnings))


def waiting_run(stores: Stores) -> RunFolder | None:
    """Return the folder of the run that was begun last, if it was neither published nor dropped and can go on."""
    last = next(iter(runs.list_runs(stores.pg, limit=1)), None)
    if last is None or last.status in ("published", "discarded"):
        return None
    folder = stores.workspace.run_folder(last.run_id)
    return folder if folder.manifest.get("stage") else None


def _reopen(night: Night, stage: str, run_id: int | None) -> bool:
    """Take up the waiting run, if it is at this stage."""
    waiting = waiting_run(night.stores)
    manifest = waiting.manifest if waiting is not None else {}
    if waiting is None or manifest["stage"] != stage or (run_id is not None and manifest["run_id"] != run_id):
        return False
    night.folder, night.run_id = waiting, night.lease.adopt(manifest["run_id"])
    night.tell(run_id=night.run_id, status="ingested")
    if stage == INGESTED:
        _read_intake(night)
        return True
    previous = load_previous(night.stores, night.con)
    if manifest["base_run"] != previous.run_id:
        raise RefusedError(f"run {night.run_id} was matched before the last one was published", hint="retail-brain run")
    if not _reload(night):
        _read_intake(night)
        _match(night)
    return True


def _read_intake(night: Night) -> None:
    if not all(night.artefacts.read(night.con, name) for name in _INTAKE):
        raise RefusedError(
            f"what run {night.run_id} ingested is damaged in the workspace", hint="retail-brain run reads the deliveries again"
        )


def _reload(night: Night) -> bool:
    """Take the tables of a matched run from its folder; False where one is damaged, and it is matched again."""
    folder = night.artefacts
    if not all(folder.read(night.con, name) for name in (*STATE, *_DIFFERENCES, *_INTAKE)):
        folder.note(stage=INGESTED)
        night.tell(warnings=(*night.result.warnings, "an artefact of the run was damaged; it was matched again"))
        return False
    manifest = night.facts = folder.manifest
    night.kept = True
    night.con.execute("create or replace view live_record as select * exclude (gone) from record where not gone")
    steps.prepare_publish(night.con, first=bool(manifest["first"]))
    night.tell(**{key: manifest["counts"][key] for key in _TOLD}, status=manifest["status"])
    if manifest["status"] == "held":
        night.tell(findings=tuple(manifest["counts"]["findings"]))
        _hold(night)
    return True


def _counts(result: NightResult) -> dict[str, Any]:
    """What is kept with the run: counts, never a value."""
    names = (*_TOLD, "findings", "quarantine_reasons", "kept_out", "files")
    return {name: value for name, value in asdict(result).items() if name in names}

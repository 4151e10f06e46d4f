"""The stages of a night, one function each: what they read, what they leave in the run's folder, what they tell.

Apart from the night, which says which of them run. Each takes the open night and adds to its result.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from retail_brain.errors import RefusedError, RetailBrainError, StateMovedError
from retail_brain.pipeline import identify
from retail_brain.pipeline import match as steps
from retail_brain.pipeline.intake import take_deliveries
from retail_brain.pipeline.keeping import keep, release, settle_rest
from retail_brain.pipeline.layer import make_whole, settle
from retail_brain.pipeline.measure import audit_run, kept_out, night_counts
from retail_brain.pipeline.models import model_in_use, unpublished_model
from retail_brain.pipeline.readahead import read_ahead
from retail_brain.pipeline.resume import (
    INGESTED,
    MATCHED,
    TOLD,
    read_intake,
    reload,
    waiting_run,
    write_intake,
)
from retail_brain.pipeline.state import load_previous
from retail_brain.store import run as runs
from retail_brain.store.state import has_arrivals, has_withdrawals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retail_brain.pipeline.night import Night
    from retail_brain.pipeline.result import NightResult


MOVED_TRIES = 4
"""How often a run is matched again because people change what it started from."""


def ingest(night: Night, files: Sequence[Path] | None) -> bool:
    """Take in tonight's files; say whether there is anything to match."""
    pg, workspace = night.stores.pg, night.stores.workspace
    waiting = waiting_run(night.stores)
    known = {delivery: str(run_id) for delivery, run_id in runs.known_deliveries(pg, again=bool(files)).items()}
    intake = take_deliveries(
        night.con, night.config, files=files, known=known, latest=runs.latest_deliveries(pg), waiting_paths=waiting.manifest["paths"] if waiting else (),
        scratch=workspace.scratch, progress=night.progress,
    )  # fmt: skip
    night.clock.lap("ingest")
    night.tell(files=intake.files, quarantine_reasons=dict(intake.quarantine_reasons), warnings=intake.warnings)
    if not intake.new_delivery_ids and not _asked_again(night):
        return False
    night.writer.submit(_load_matching)
    asked_by = () if intake.new_delivery_ids else (model_in_use(workspace, pg) or "",)
    parts = [*intake.new_delivery_ids, night.config.fingerprint(), *asked_by]
    fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if waiting is not None and waiting.manifest["fingerprint"] == fingerprint:
        night.folder, night.run_id = waiting, night.lease.adopt(waiting.manifest["run_id"])
        write_intake(night)
    else:
        night.run_id = night.lease.begin()
        night.folder = workspace.create_run_folder(night.run_id)
        write_intake(night)
        night.folder.note(
            run_id=night.run_id, fingerprint=fingerprint, stage=INGESTED, paths=[str(path) for path in intake.paths],
            full_sources=list(intake.full_sources), files=[asdict(file) for file in intake.files],
            delivered=list(intake.delivered),
        )  # fmt: skip
    make_whole(night.con, "delivered_row")
    night.folder.read(night.con, "delivered_row", as_view=True, checked=False)
    night.clock.lap("ingest")
    night.tell(run_id=night.run_id, status="ingested")
    return True


def _load_matching() -> None:
    """Load the libraries of the next stages while files are still being read: half a second of a short night."""
    import retail_brain.identity.resolve  # noqa: F401
    from retail_brain.matching.linker import load_splink

    load_splink()


def _asked_again(night: Night) -> set[str]:
    """Say why the published records are to be matched anew: another "model", other "matching" or "survivorship" rules, a
    "decision" that was taken back, or an "arrival" between nights that no night has taken in yet."""
    published = runs.latest_published(night.stores.pg)
    if published is None:
        return set()
    before, now = published.counts.get("rules") or {}, night.config.rules()
    reasons = {name for name in now if before.get(name) != now[name]}
    in_use = model_in_use(night.stores.workspace, night.stores.pg)
    if has_withdrawals(night.stores.pg):
        reasons.add("decision")
    if has_arrivals(night.stores.pg):
        reasons.add("arrival")
    return reasons | ({"model"} if in_use is not None and in_use != published.model_id else set())


def match(night: Night, *, again: bool = False) -> None:
    """Standardise, score and resolve what was taken in, and have the audit gate judge it.

    Args:
        night: the open night; its run was taken in.
        again: it was matched before, on a state that a person has changed since.
    """
    folder, con, config = night.artefacts, night.con, night.config
    asked_again = _asked_again(night)
    previous = load_previous(night.stores, con, night.progress, scored=not asked_again & {"model", "matching"})
    manifest = folder.manifest
    if not again and manifest["stage"] == MATCHED and manifest["base_run"] == previous.run_id and reload(night):
        hold_if_held(night)
        return
    night.base, night.kept = previous.folder, False
    night.progress("standardise", total=2)
    changes = steps.standardise(con, config, tuple(manifest["full_sources"]), folder)
    if previous.run_id is not None:
        read_ahead(night.stores, changes.touched)
    night.progress("standardise", done=1, total=2)
    steps.build_keys(con, config, previous, folder)
    settle_rest(night, record=previous.run_id is None, match_key=not previous.has_edges)
    night.progress("standardise", done=2, total=2)
    night.clock.lap("standardise")
    model = steps.choose_model(con, config, night.stores, previous, night.progress)
    night.clock.lap("train")
    scored = steps.score(con, config, model, previous, night.progress)
    if scored.complete:
        settle(con, "edge", folder)
    settle_rest(night, edge=scored.complete)
    night.clock.lap("match")
    night.progress("resolve", total=1)
    complete = scored.complete or previous.head.is_revert
    identify.resolve(con, config, model, previous, complete=complete)
    night.progress("resolve", done=1, total=1)
    night.clock.lap("resolve")
    identify.survive(con, config, everything=previous.run_id is None or "survivorship" in asked_again)
    night.clock.lap("survive")
    identify.find_differences(con, config, previous, model_id=model.model_id)
    night.tell(**night_counts(con, changes), pairs=scored.pairs, model_id=model.model_id, kept_out=kept_out(con))
    history = [
        run.counts.get("metrics") or {}
        for run in runs.list_runs(night.stores.pg, status="published", limit=config.audit.history_runs)
    ]
    verdict, metrics = audit_run(con, history, config, pairs=scored.pairs, scored=scored.records)
    night.tell(
        status="held" if verdict.verdict == "held" else "matched", findings=tuple(f.to_json() for f in verdict.findings),
        profiles=metrics.profiles, largest_profile=metrics.largest_profile,
    )  # fmt: skip
    night.facts = {
        "rules": config.rules(),
        "base_run": previous.run_id, "seen": {"merge_id": previous.head.last_merge_id, "decision_id": previous.head.last_decision_id, "arrival_no": previous.head.last_arrival_no}, "first": previous.run_id is None, "model_id": model.model_id,
        "metrics": metrics.to_json(), "counts": counts_of(night.result), "status": night.result.status,
    }  # fmt: skip
    release(night)
    night.clock.lap("audit")
    hold_if_held(night)


def hold_if_held(night: Night) -> None:
    """Mark the run as held where the audit gate said so; a person then approves or discards it."""
    if night.result.status != "held":
        return
    messages = "; ".join(finding["message"] for finding in night.result.findings)
    runs.finish_run(
        night.stores.pg,
        night.run_id,
        "held",
        reason=messages,
        counts=counts_of(night.result),
        seconds=night.clock.seconds,
    )


def publish(night: Night, *, warm: bool, approve: str | None = None) -> None:
    """Publish the matched run, warm the cache where asked for, and write the run's page.

    What a person changed since the run took its state is never lost: the run is then matched again on the new state.
    """
    from retail_brain.pipeline.publishing import publish_run_tables
    from retail_brain.pipeline.reporting import write_report

    for left in reversed(range(MOVED_TRIES)):
        if night.facts["status"] == "held" and approve is None:
            raise RefusedError(
                f"run {night.run_id} is held and was not approved", hint=f"retail-brain run show {night.run_id}"
            )
        write = None if night.kept else lambda cursor: keep(night, cursor, to_publish=False)
        first = bool(night.facts["first"])
        try:
            done = publish_run_tables(
                night.stores, night.con, run=_facts_to_publish(night), keep=write, warm_first=warm and first,
                progress=night.progress,
            )  # fmt: skip
            break
        except StateMovedError:
            if not left:
                raise
            night.artefacts.note(stage=INGESTED)
            read_intake(night)
            match(night, again=True)
        except RetailBrainError:
            keep(night, night.con)
            raise
    facts = night.facts
    night.clock.lap("publish")
    warnings = (*night.result.warnings, *done.warnings)
    night.tell(
        status="published",
        generation=done.published.generation,
        written=dict(done.published.rows),
        warnings=warnings,
        seal=done.published.seal or None,
    )
    if done.warmed is not None:
        night.progress("warm", done=done.warmed.keys, total=done.warmed.keys, detail=f"{done.warmed.keys:,} keys")
        night.tell(warmed=done.warmed.keys)
    elif warm:
        warm_up(night, all_keys=bool(facts["first"]))
    night.tell(report=str(write_report(night.stores, night.result, facts["metrics"])))
    night.clock.lap("report")
    runs.finish_run(
        night.stores.pg,
        night.run_id,
        reason=approve,
        counts={"warmed": night.result.warmed},
        seconds=night.clock.seconds,
    )
    kept = runs.list_runs(night.stores.pg, status="published", limit=night.config.workspace.keep_runs)
    night.stores.workspace.forget_runs({night.run_id, *(run.run_id for run in kept)})


def journal(night: Night) -> None:
    """Have what the night took in and published beside the backups, where a journal is kept."""
    from retail_brain.pipeline.journaling import keep_deliveries, keep_journal

    warnings = (*keep_deliveries(night.stores), *keep_journal(night.stores))
    night.clock.lap("journal")
    night.tell(warnings=(*night.result.warnings, *warnings))


def _facts_to_publish(night: Night) -> dict[str, Any]:
    """Return what `publish_run` wants to know of the run; its row tells later how far log and decisions were seen."""
    facts, seen = night.facts, night.facts["seen"]
    reached = {
        "seen_merge_id": seen["merge_id"] + steps.count(night.con, "merge_log_new"),
        "seen_decision_id": seen["decision_id"],
    }
    return {
        "run_id": night.run_id, "lease_token": night.lease.token, "model_id": facts["model_id"],
        "model": unpublished_model(night.stores.workspace, night.stores.pg, facts["model_id"]),
        "counts": {**facts["counts"], "metrics": facts["metrics"], "rules": facts["rules"], **reached},
        "seconds": night.clock.seconds, "seen_merge_id": seen["merge_id"], "seen_decision_id": seen["decision_id"],
        "seen_arrival_no": seen.get("arrival_no", 0),
    }  # fmt: skip


def warm_up(night: Night, *, all_keys: bool, strict: bool = False) -> None:
    """Bring the cache up to date; with `strict`, Redis being away is an error."""
    from retail_brain.pipeline.warm import warm_cache

    warmed = warm_cache(night.stores, night.con if all_keys else None, progress=night.progress, strict=strict)
    night.progress("warm", done=warmed.keys or 1, total=warmed.keys or 1, detail=f"{warmed.keys:,} keys")
    night.clock.lap("warm")
    night.tell(warmed=warmed.keys, warnings=(*night.result.warnings, *warmed.warnings))


def counts_of(result: NightResult) -> dict[str, Any]:
    """What is kept with the run: counts, never a value."""
    names = (*TOLD, "findings", "quarantine_reasons", "kept_out", "files")
    return {name: value for name, value in asdict(result).items() if name in names}

"""A load test from its first record to its verdict: data, two nights, accuracy, then the phases of the load."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retail_brain.loadtest import accuracy, night
from retail_brain.loadtest.check import Checking
from retail_brain.loadtest.client import started
from retail_brain.loadtest.hot import profiles_of_delivery
from retail_brain.loadtest.night import RunningNight
from retail_brain.loadtest.phase import Phase, run_phase
from retail_brain.loadtest.place import own_place
from retail_brain.loadtest.requests import draw_requests
from retail_brain.loadtest.result import LoadTestResult
from retail_brain.loadtest.verdict import judge
from retail_brain.loadtest.watch import Watch
from retail_brain.model import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.place import Place
    from retail_brain.loadtest.plan import LoadPlan
    from retail_brain.loadtest.requests import Requests
    from retail_brain.loadtest.result import AccuracyResult, NightMeasure, PhaseResult
    from retail_brain.loadtest.target import Targets

_NIGHT_S = 24 * 3600.0
_FLUENT = 2
"""How many nights are run before the load."""


def run_loadtest(
    plan: LoadPlan, targets: Targets, *, html: Path | None = None, progress: Progress = no_progress
) -> LoadTestResult:
    """Run a load test.

    Args:
        plan: what to do.
        targets: what must hold.
        html: where to write the report.
        progress: told how far each part is.

    Returns:
        What was measured, and the verdict.

    Raises:
        RetailBrainError: one of the kinds in `errors`; what was begun is cleaned up.
    """
    plan.check()
    began = time.monotonic()
    if plan.serve is not None:
        result = _serve_only(plan, plan.serve, targets, progress)
    else:
        with own_place(plan, progress) as place:
            result = _whole(plan, place, targets, progress)
    result = replace(result, seconds=round(time.monotonic() - began, 3), html=str(html) if html else None)
    if html is not None:
        from retail_brain.loadtest.page import render_page
        from retail_brain.workspace import replace_text

        replace_text(html, render_page(result))
    return result


def _whole(plan: LoadPlan, place: Place, targets: Targets, progress: Progress) -> LoadTestResult:
    config = place.config
    notes: list[str] = []
    with _watch(config) as watch:
        nights = [
            _night(config, number, folder, watch, progress) for number, folder in enumerate(place.nights[:_FLUENT], 1)
        ]
        if len(nights) < _FLUENT:
            notes.append("the data holds one night only: no second night was run")
        scores = _accuracy(config, place.truth, progress) if place.truth else None
        if scores is None:
            notes.append("the data has no truth.csv: precision and recall were not measured")
        requests = _draw(config, plan.seed)
        phases = [run_phase(phase, requests, watch, progress) for phase in _phases(plan, place, requests, notes)]
        nights += [phase.night for phase in phases if phase.night is not None]
        return _told(
            plan, targets, config, watch, nights=nights, phases=phases, scores=scores, notes=notes, made=place.made_seconds,
        )  # fmt: skip


def _serve_only(plan: LoadPlan, config: Configuration, targets: Targets, progress: Progress) -> LoadTestResult:
    notes = ["no night was run: the workspace is served as it is"]
    if "ingest" not in plan.schedule().deck:
        notes.append("no record was taken in: --writes allows it")
    with _watch(config) as watch:
        requests = _draw(config, plan.seed)
        titled = (("serve", "as it is", config), ("no-redis", "without Redis", without_redis(config)))
        phases = [
            run_phase(
                Phase(
                    name=name, title=title, config=with_or_without, schedule=plan.schedule(), clients=plan.clients,
                    seconds=plan.seconds, longest_s=plan.longest_s, checking=_checking(plan, requests, len(titled)),
                ),
                requests, watch, progress,
            )
            for name, title, with_or_without in titled
        ]  # fmt: skip
        return _told(plan, targets, config, watch, nights=(), phases=phases, scores=None, notes=notes, made=0.0)


def _phases(plan: LoadPlan, place: Place, requests: Requests, notes: list[str]) -> Iterator[Phase]:
    """Yield the phases, each prepared when its turn has come."""
    config, left = place.config, list(enumerate(place.nights, 1))[_FLUENT:]
    titles = (
        ("quiet", "warm cache, no night"), ("publish", "warm cache, a night at work"),
        ("cold", "cold cache, a night at work"), ("no-redis", "without Redis, a night at work"),
    )  # fmt: skip
    for name, title in titles:
        number, folder = left.pop(0) if name != "quiet" and left else (0, None)
        if name != "quiet" and folder is None:
            notes.append(f"no deliveries were left for a night in the phase {title}: it was quiet")
        if name == "cold":
            _cool(config)
        yield Phase(
            name=name, title=title, config=without_redis(config) if name == "no-redis" else config,
            schedule=plan.schedule(), clients=plan.clients, seconds=plan.seconds, longest_s=plan.longest_s,
            checking=_checking(plan, requests, len(titles), profiles_of_delivery(config, folder) if folder else ()),
            night_number=number, night_config=config, night_folder=folder,
        )  # fmt: skip


def _checking(plan: LoadPlan, requests: Requests, phases: int, hot: tuple[str, ...] = ()) -> tuple[Checking, ...]:
    checks = -(-plan.checks // phases)
    if not checks:
        return ()
    pace = checks / plan.seconds
    return (Checking(checks=checks, per_second=pace, profile_ids=requests.profile_ids, hot=hot, seed=plan.seed),)


def without_redis(config: Configuration) -> Configuration:
    """Return a configuration whose Redis does not answer, as when it is stopped: nothing listens at its address."""
    nowhere = str(config.workspace_folder / "no-redis.sock")
    return config.model_copy(update={"redis": config.redis.model_copy(update={"host": nowhere})})


def _cool(config: Configuration) -> None:
    """Ask for a new set of keys, so that no reader believes what Redis holds: as after FLUSHALL, but nothing is deleted."""
    from retail_brain.pipeline.stores import open_stores
    from retail_brain.store.outbox import renew_generation

    with open_stores(config) as stores:
        renew_generation(stores.pg)


def _night(config: Configuration, number: int, folder: Path, watch: Watch, progress: Progress) -> NightMeasure:
    with started(night.work, config, folder) as child:
        watch.night = child.process.pid or 0
        running = RunningNight(number=number, child=child, progress=progress)
        deadline = time.monotonic() + _NIGHT_S
        while not running.look(1.0) and time.monotonic() < deadline:
            continue
        watch.night = 0
        return running.result()


def _accuracy(config: Configuration, truth: Path, progress: Progress) -> AccuracyResult:
    progress("accuracy", total=1)
    with started(accuracy.work, config, truth) as child:
        found: AccuracyResult = child.receive(_NIGHT_S)
    progress("accuracy", done=1, total=1)
    return found


def _draw(config: Configuration, seed: int) -> Requests:
    from retail_brain.desk.lookup import open_store

    with open_store(config) as pg:
        return draw_requests(pg, seed=seed)


def _watch(config: Configuration) -> Watch:
    """Return a watch over the embedded servers, started if need be; external ones are not looked into."""
    from retail_brain.pipeline.stores import open_workspace
    from retail_brain.services import ensure_services, service_status

    folder = open_workspace(config).folder
    found = ensure_services(folder, config.services, postgres=config.postgres, redis=config.redis)
    states = service_status(folder, postgres=config.postgres, redis=config.redis)
    return Watch({state.name: state.process_id or 0 for state in states}, found.postgres)


def _told(
    plan: LoadPlan, targets: Targets, config: Configuration, watch: Watch, *, nights: Sequence[NightMeasure],
    phases: Sequence[PhaseResult], scores: AccuracyResult | None, notes: list[str], made: float,
) -> LoadTestResult:  # fmt: skip
    verdicts = judge(targets, nights=nights, phases=phases, accuracy=scores)
    held = [found for found in nights if found.approved]
    notes += [f"the audit gate held night {found.night}; it was approved by the load test" for found in held]
    return LoadTestResult(
        met=all(verdict.met for verdict in verdicts), targets=targets.name, records=_records(config), seed=plan.seed,
        seconds=0.0, prepare_seconds={"synth": made} if made else {}, nights=tuple(nights), phases=tuple(phases),
        accuracy=scores, peak_memory_mb=max((sample.total for sample in watch.samples), default=0.0),
        verdicts=verdicts, notes=tuple(notes), machine=_machine(),
        workspace=str(plan.workspace) if plan.workspace else None, memory=tuple(watch.samples),
    )  # fmt: skip


def _records(config: Configuration) -> int:
    from retail_brain import sql
    from retail_brain.desk.lookup import open_store

    with open_store(config) as pg:
        return int((pg.execute(sql.load("loadtest/last_record")).fetchone() or (0,))[0])


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory, 1), "system": platform.system(),
        "python": platform.python_version(), "load_before": round(os.getloadavg()[0], 2),
    }  # fmt: skip

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
from retail_brain.loadtest.plan import CHECKS_BESIDE
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
_CHECKERS = 2
_APART = 1_000_003
"""How far apart the numbers of the requests of two phases lie."""
_TITLES = (
    ("quiet", "warm cache, no night"), ("publish", "warm cache, a night at work"),
    ("cold", "cold cache, a night at work"), ("no-redis", "without Redis, a night at work"),
)  # fmt: skip
_ALONE = ("checks", "many checks, nights at work")


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
    began, machine = time.monotonic(), _machine()
    if plan.serve is not None:
        result = _serve_only(plan, plan.serve, targets, progress)
    else:
        with own_place(plan, progress) as place:
            result = _whole(plan, place, targets, progress)
    result = replace(
        result, machine=machine, seconds=round(time.monotonic() - began, 3), html=str(html) if html else None
    )
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
        requests = _draw(config, plan.seed, str(plan.seed))
        phases = [run_phase(phase, requests, watch, progress) for phase in _phases(plan, place, requests, notes)]
        nights += [night for phase in phases for night in phase.nights]
        return _told(
            plan, targets, config, watch, nights=nights, phases=phases, scores=scores, notes=notes, made=place.made_seconds,
        )  # fmt: skip


def _serve_only(plan: LoadPlan, config: Configuration, targets: Targets, progress: Progress) -> LoadTestResult:
    notes = ["no night was run: the workspace is served as it is"]
    if "ingest" not in plan.schedule().deck:
        notes.append("no record was taken in: --writes allows it")
    with _watch(config) as watch:
        requests = _draw(config, plan.seed, f"{time.time():.0f}")  # no second load test brings the same records
        wanted = [
            _phase(plan, requests, "serve", "as it is", config, turn=0),
            _phase(plan, requests, "no-redis", "without Redis", without_redis(config), turn=1),
        ]
        if plan.checks_alone:
            wanted.append(_alone(plan, _phase(plan, requests, *_ALONE, config, turn=2)))
        chosen = [phase for phase in wanted if phase.until_checked or phase.name in plan.wanted()]
        phases = [run_phase(phase, requests, watch, progress) for phase in chosen]
        return _told(plan, targets, config, watch, nights=(), phases=phases, scores=None, notes=notes, made=0.0)


def _phases(plan: LoadPlan, place: Place, requests: Requests, notes: list[str]) -> Iterator[Phase]:
    """Yield the phases, each prepared when its turn has come."""
    config, left = place.config, list(enumerate(place.nights, 1))[_FLUENT:]
    for turn, (name, title) in enumerate(_TITLES):
        if name not in plan.wanted():
            continue
        nights = tuple(left[:1]) if name != "quiet" else ()
        left = left[len(nights) :]
        if name != "quiet" and not nights:
            notes.append(f"no deliveries were left for a night in the phase {title}: it was quiet")
        if name == "cold":
            _cool(config)
        clients = without_redis(config) if name == "no-redis" else config
        yield _phase(plan, requests, name, title, clients, turn=turn, nights=nights, night_config=config)
    if plan.checks_alone:
        turn, (name, title) = len(_TITLES), _ALONE
        yield _alone(plan, _phase(plan, requests, name, title, config, turn=turn, nights=left, night_config=config))


def _phase(
    plan: LoadPlan, requests: Requests, name: str, title: str, config: Configuration, *,
    turn: int, nights: Sequence[tuple[int, Path]] = (), night_config: Configuration | None = None,
) -> Phase:  # fmt: skip
    first = turn * _APART
    schedule = replace(plan.schedule(), first=first)
    numbers = [number for number in range(schedule.scheduled(plan.seconds)) if schedule.kind(number) == "ingest"]
    hot = [requests.pick("ingest", first + number).profile_id for number in numbers]
    if night_config is not None:
        hot += [profile_id for _, folder in nights for profile_id in profiles_of_delivery(night_config, folder)]
    pace = min(plan.checks, CHECKS_BESIDE) / plan.seconds / len(plan.wanted())
    checking = Checking(per_second=pace, profile_ids=requests.profile_ids, hot=tuple(hot), seed=plan.seed)
    return Phase(
        name=name, title=title, config=config, schedule=schedule, clients=plan.clients, seconds=plan.seconds,
        longest_s=plan.longest_s, checking=(checking,) if plan.checks else (), nights=tuple(nights),
        night_config=night_config,
    )  # fmt: skip


def _alone(plan: LoadPlan, phase: Phase) -> Phase:
    """Return a phase that does the many checks as fast as it can; its latencies do not count, for that takes the processor."""
    share = -(-plan.checks // _CHECKERS)
    checkers = tuple(
        replace(phase.checking[0], per_second=None, at_most=share, seed=plan.seed + number)
        for number in range(1, _CHECKERS + 1)
    )
    return replace(phase, checking=checkers, until_checked=True, judged=False)


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


def _draw(config: Configuration, seed: int, tag: str) -> Requests:
    from retail_brain.desk.lookup import open_store

    with open_store(config) as pg:
        return draw_requests(pg, seed=seed, tag=tag)


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
    checked = sum(phase.checking.checks for phase in phases if phase.checking)
    if checked < plan.checks:
        notes.append(f"{checked:,} of {plan.checks:,} transactions were checked: there was no time for more")
    held = [found for found in nights if found.approved]
    notes += [f"the audit gate held night {found.night}; it was approved by the load test" for found in held]
    return LoadTestResult(
        met=all(verdict.met for verdict in verdicts), targets=targets.name, records=_records(config), seed=plan.seed,
        seconds=0.0, prepare_seconds={"synth": made} if made else {}, nights=tuple(nights), phases=tuple(phases),
        accuracy=scores, peak_memory_mb=max((sample.total for sample in watch.samples), default=0.0),
        verdicts=verdicts, notes=tuple(notes), machine={},
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

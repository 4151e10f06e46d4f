"""One phase: clients and checkers started, the load held up for its time, perhaps with a night at work, and all collected."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.loadtest import check, client, night
from retail_brain.loadtest.client import SharedTurnstile, started
from retail_brain.loadtest.measure import Measured, percentile
from retail_brain.loadtest.night import RunningNight
from retail_brain.loadtest.result import CheckingResult, NightMeasure, PhaseResult, PoolResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.check import Checked, Checking
    from retail_brain.loadtest.client import Child
    from retail_brain.loadtest.drive import Recording
    from retail_brain.loadtest.requests import Requests
    from retail_brain.loadtest.schedule import Schedule
    from retail_brain.loadtest.watch import Watch
    from retail_brain.model import Progress

_OPENING_S = 300.0
_LEAD_S = 0.3
_TAIL_S = 2.0
_LOOK_S = 0.05
GRACE_S = 30.0
"""How long requests that are late when the load ends may still begin; those that do not are counted as errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a phase is: its clients' configuration, how long it lasts at least and at most, and the night at work in it.

    `night_config` is the night's own configuration, `night_folder` its deliveries; None where no night runs.
    """

    name: str
    title: str
    config: Configuration
    schedule: Schedule
    clients: int
    seconds: float
    longest_s: float
    checking: tuple[Checking, ...] = ()
    night_number: int = 0
    night_config: Configuration | None = None
    night_folder: Path | None = None


def run_phase(phase: Phase, requests: Requests, watch: Watch, progress: Progress) -> PhaseResult:
    """Hold a load up and measure it.

    Args:
        phase: what to do.
        requests: what is asked.
        watch: gets to know the processes.
        progress: told every now and then.

    Returns:
        What was measured.

    Raises:
        RetailBrainError: a client cannot open the desk, or the night failed.
    """
    turnstile = SharedTurnstile(phase.schedule, grace_s=GRACE_S)
    first_sample = len(watch.samples)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(started(client.work, phase.config, requests, turnstile)) for _ in range(phase.clients)
        ]
        checkers = [stack.enter_context(started(check.work, phase.config, what, turnstile)) for what in phase.checking]
        everybody = [*clients, *checkers]
        watch.clients = tuple(child.process.pid or 0 for child in clients)
        for child in everybody:
            child.receive(_OPENING_S)
        start = time.monotonic() + _LEAD_S
        turnstile.start(start)
        for child in everybody:
            child.pipe.send("go")
        measured_night, lasted = _hold(phase, everybody, start, watch=watch, progress=progress, stack=stack)
        turnstile.stop(start + lasted)
        recordings: list[Recording] = [child.receive(GRACE_S + _OPENING_S) for child in clients]
        checked: list[Checked] = [child.receive(GRACE_S + _OPENING_S) for child in checkers]
    watch.clients = ()
    measured = Measured(recordings, phase.schedule, start)
    peak = max((sample.total for sample in watch.samples[first_sample:]), default=0.0)
    return _result(phase, measured, checked, measured_night, lasted=lasted, peak=peak, watch=watch)


def _hold(
    phase: Phase,
    everybody: Sequence[Child],
    start: float,
    *,
    watch: Watch,
    progress: Progress,
    stack: contextlib.ExitStack,
) -> tuple[NightMeasure | None, float]:
    """Wait until the phase is over; start its night after a while, and stay until that has ended."""
    at_work: RunningNight | None = None
    ended_at: float | None = None
    begin = start + (min(3.0, phase.seconds / 5) if phase.night_folder else float("inf"))
    while True:
        time.sleep(_LOOK_S)
        now = time.monotonic()
        if at_work is None and now >= begin:
            child = stack.enter_context(started(night.work, phase.night_config, phase.night_folder))
            watch.night = child.process.pid or 0
            at_work = RunningNight(number=phase.night_number, child=child, progress=progress)
        if at_work is not None and ended_at is None and at_work.look():
            ended_at, watch.night = now, 0
        for child in everybody:
            if child.pipe.poll(0) and child.process.exitcode not in (None, 0):
                child.receive(0)
        progress(
            phase.name, done=int(now - start), total=max(int(phase.seconds), int(now - start) + 1), detail=phase.title
        )
        enough = start + phase.seconds if at_work is None else max(start + phase.seconds, (ended_at or now) + _TAIL_S)
        if (now >= enough and (phase.night_folder is None or ended_at is not None)) or now >= start + phase.longest_s:
            break
    lasted = round(now - start, 3)
    progress(phase.name, done=int(lasted) + 1, total=int(lasted) + 1, detail=phase.title)
    watch.night = 0
    return (at_work.result(during=phase.name, start=start) if at_work and ended_at else None), lasted


def _result(
    phase: Phase, measured: Measured, checked: Sequence[Checked], at_work: NightMeasure | None, *, lasted: float,
    peak: float, watch: Watch,
) -> PhaseResult:  # fmt: skip
    scheduled = phase.schedule.scheduled(lasted)
    failed = int(measured.failed.sum())
    made = len(measured.due)
    errors = failed + max(scheduled - made, 0)
    kinds = dict(measured.errors) | ({"never begun": scheduled - made} if scheduled > made else {})
    last = float(measured.ended.max()) if made else lasted
    return PhaseResult(
        name=phase.name, title=phase.title, seconds=lasted, rate=phase.schedule.rate, scheduled=scheduled,
        answered=made - failed, errors=errors, error_rate=round(errors / scheduled, 6) if scheduled else 0.0,
        error_kinds=kinds, throughput=round((made - failed) / max(lasted, last), 2), cache_hits=measured.cache_hits(),
        latencies=measured.latencies(),
        pool=PoolResult(
            clients=phase.clients, busy=measured.busy(phase.clients), wait_p99_ms=percentile(measured.wait_ms, 99),
            connections_most=watch.connections_most, connections_limit=watch.connections_limit,
        ),
        generator=measured.generator(), checking=_checking(phase, checked, measured), peak_memory_mb=round(peak, 1),
        night=at_work,
    )  # fmt: skip


def _checking(phase: Phase, checked: Sequence[Checked], measured: Measured) -> CheckingResult | None:
    if not phase.checking:
        return None
    rules: dict[str, int] = {}
    for one in checked:
        for rule, count in one.rules.items():
            rules[rule] = rules.get(rule, 0) + count
    return CheckingResult(
        checks=sum(one.checks for one in checked), torn=sum(one.torn for one in checked),
        torn_answers=measured.torn_answers(), changed=sum(one.changed for one in checked),
        seconds=round(max((one.seconds for one in checked), default=0.0), 3), rules=rules,
    )  # fmt: skip

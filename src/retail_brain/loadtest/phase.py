"""One phase: clients and checkers started, the load held up for its time, perhaps with a night at work, and all collected."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
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

    `nights` are the deliveries of nights that run one after the other, each by its number; `night_config` is their own
    configuration. `until_checked`: it lasts until the checkers have done all that they were asked. `judged`: whether its
    latencies count.
    """

    name: str
    title: str
    config: Configuration
    schedule: Schedule
    clients: int
    seconds: float
    longest_s: float
    checking: tuple[Checking, ...] = ()
    nights: tuple[tuple[int, Path], ...] = ()
    night_config: Configuration | None = None
    until_checked: bool = False
    judged: bool = True


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
        held = _Hold(phase=phase, start=start, watch=watch, progress=progress, stack=stack)
        lasted = held.hold(clients, checkers)
        turnstile.stop(start + lasted)
        recordings: list[Recording] = [child.receive(GRACE_S + _OPENING_S) for child in clients]
        checked: list[Checked] = [child.receive(GRACE_S + _OPENING_S) for child in checkers]
    watch.clients = ()
    measured = Measured(recordings, phase.schedule, start, lasted=lasted, given_up=lasted + GRACE_S)
    peak = max((sample.total for sample in watch.samples[first_sample:]), default=0.0)
    return _result(phase, measured, checked, held.ended, lasted=lasted, peak=peak, watch=watch)


@dataclass(slots=True, kw_only=True)
class _Hold:
    """The time in which the load is held up: nights are started one after the other, and everybody is looked after."""

    phase: Phase
    start: float
    watch: Watch
    progress: Progress
    stack: contextlib.ExitStack
    ended: list[NightMeasure] = field(default_factory=list)

    def hold(self, clients: Sequence[Child], checkers: Sequence[Child]) -> float:
        """Wait until the phase is over and return how long it lasted, in seconds."""
        phase, at_work = self.phase, None
        left = list(phase.nights)
        next_night, quiet_until = self.start + min(3.0, phase.seconds / 5), self.start + phase.seconds
        while True:
            time.sleep(_LOOK_S)
            now = time.monotonic()
            if at_work is None and left and now >= next_night:
                at_work = self._begin(*left.pop(0))
            if at_work is not None and at_work.look():
                self.ended.append(at_work.result(during=phase.name, start=self.start))
                at_work, self.watch.night = None, 0
                next_night, quiet_until = now + _TAIL_S, max(quiet_until, now + _TAIL_S)
            for child in (*clients, *checkers):
                if child.process.exitcode not in (None, 0):
                    child.receive(0)
            checking = phase.until_checked and not all(child.pipe.poll(0) for child in checkers)
            self._tell(now)
            busy = now < quiet_until or at_work is not None or bool(left) or checking
            if not busy or now >= self.start + phase.longest_s:
                break
        self.watch.night = 0
        lasted = round(now - self.start, 3)
        self.progress(phase.name, done=int(lasted) + 1, total=int(lasted) + 1, detail=phase.title)
        return lasted

    def _begin(self, number: int, folder: Path) -> RunningNight:
        child = self.stack.enter_context(started(night.work, self.phase.night_config, folder))
        self.watch.night = child.process.pid or 0
        return RunningNight(number=number, child=child, progress=self.progress)

    def _tell(self, now: float) -> None:
        done = int(now - self.start)
        self.progress(self.phase.name, done=done, total=max(int(self.phase.seconds), done + 1), detail=self.phase.title)


def _result(
    phase: Phase, measured: Measured, checked: Sequence[Checked], nights: Sequence[NightMeasure], *, lasted: float,
    peak: float, watch: Watch,
) -> PhaseResult:  # fmt: skip
    scheduled, errors = len(measured.due), int(measured.failed.sum())
    return PhaseResult(
        name=phase.name, title=phase.title, seconds=lasted, rate=phase.schedule.rate, scheduled=scheduled,
        answered=scheduled - errors, errors=errors, error_rate=round(errors / scheduled, 6) if scheduled else 0.0,
        error_kinds=dict(measured.errors), throughput=round((scheduled - errors) / max(lasted, measured.span_s()), 2), cache_hits=measured.cache_hits(),
        latencies=measured.latencies(),
        pool=PoolResult(
            clients=phase.clients, busy=measured.busy(phase.clients), wait_p99_ms=percentile(measured.wait_ms, 99),
            connections_most=watch.connections_most, connections_limit=watch.connections_limit,
        ),
        generator=measured.generator(), checking=_checking(phase, checked, measured), peak_memory_mb=round(peak, 1),
        nights=tuple(nights), nights_missed=len(phase.nights) - len(nights), judged=phase.judged,
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

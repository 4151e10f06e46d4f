"""One client: takes the next request, waits until it is due, makes it, and notes when what happened.

Whichever client is free takes the next request, as the workers of a server do. Three things are kept apart: how late a
request began because every client was busy (the product's doing), how late because this program was (the load test's own
lag), and how long the answer took. The latency is all of it.
"""

from __future__ import annotations

import os
import time
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from retail_brain.loadtest.schedule import Schedule

_SLICE_S = 0.2

OK, ERROR = 0, 1
CACHED, FOUND, TORN, WAITING = 1, 2, 4, 8
"""Marks of an answer: it came from the cache; it names the expected profile; its parts do not fit one another; a record was
kept and waits for the end of a night."""


class Turnstile(Protocol):
    """Hands each request to one client."""

    @property
    def start_s(self) -> float:
        """When the load starts, on the clock of `time.monotonic`."""

    def take(self) -> int:
        """Return the number of the next request."""

    def is_open(self, due: float) -> bool:
        """Say whether a request that is due then (on the clock of `time.monotonic`) belongs to the load and may still begin."""


@dataclass(slots=True)
class Recording:
    """What one client did: one place per request in every array; moments on the clock of `time.monotonic`."""

    number: array[int] = field(default_factory=lambda: array("q"))
    due: array[float] = field(default_factory=lambda: array("d"))
    ready: array[float] = field(default_factory=lambda: array("d"))
    begun: array[float] = field(default_factory=lambda: array("d"))
    ended: array[float] = field(default_factory=lambda: array("d"))
    outcome: array[int] = field(default_factory=lambda: array("b"))
    marks: array[int] = field(default_factory=lambda: array("b"))
    errors: dict[str, int] = field(default_factory=dict)
    own_cpu_s: float = 0.0

    def add(self, number: int, moments: tuple[float, float, float, float], *, outcome: int, marks: int) -> None:
        """Note one request: when it was due, when a client was ready for it, when it began and when it ended."""
        self.number.append(number)
        self.outcome.append(outcome)
        self.marks.append(marks)
        for moment, column in zip(moments, (self.due, self.ready, self.begun, self.ended), strict=True):
            column.append(moment)


def drive(ask: Callable[[int], int], turnstile: Turnstile, schedule: Schedule) -> Recording:
    """Make requests until the load is over.

    Args:
        ask: makes the request of a number and returns the marks of its answer; what it raises counts as an error.
        turnstile: hands the requests out.
        schedule: says when each is due.

    Returns:
        What happened.
    """
    recording = Recording()
    parent = os.getppid()
    cpu = time.process_time()
    while True:
        number = turnstile.take()
        ready = time.monotonic()
        due = turnstile.start_s + schedule.due_s(number)
        if not _wait_until(due, turnstile, parent):
            return recording
        recording.own_cpu_s += time.process_time() - cpu
        begun = time.monotonic()
        outcome, marks = OK, 0
        try:
            marks = ask(number)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a failed request
            outcome = ERROR
            name = type(error).__name__
            recording.errors[name] = recording.errors.get(name, 0) + 1
        ended = time.monotonic()
        cpu = time.process_time()
        recording.add(number, (due, ready, begun, ended), outcome=outcome, marks=marks)


def _wait_until(due: float, turnstile: Turnstile, parent: int) -> bool:
    """Sleep until a request is due, and say whether it still belongs to the load."""
    while (left := due - time.monotonic()) > 0:
        if not turnstile.is_open(due) or os.getppid() != parent:
            return False
        time.sleep(min(left, _SLICE_S))
    return turnstile.is_open(due)

"""The processes of a phase: the clients, and the turnstile that hands the requests out among them.

Processes and not threads, because two requests of one interpreter would wait for one another and be counted as slow.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from retail_brain.errors import RetailBrainError, ServiceError
from retail_brain.loadtest.drive import Recording, drive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.process import BaseProcess

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.requests import Requests
    from retail_brain.loadtest.schedule import Schedule

SPAWN = multiprocessing.get_context("spawn")
_END_S = 5.0
_WARMING = 3


class SharedTurnstile:
    """A turnstile for several processes: the next number, when the load starts, and when it ends."""

    def __init__(self, schedule: Schedule, *, grace_s: float) -> None:
        self.schedule = schedule
        self.grace_s = grace_s
        self._next = SPAWN.Value("q", 0)
        self._start = SPAWN.Value("d", float("inf"), lock=False)
        self._stop = SPAWN.Value("d", float("inf"), lock=False)

    @property
    def start_s(self) -> float:
        """When the load starts, on the clock of `time.monotonic`."""
        return self._start.value

    def start(self, moment: float) -> None:
        """Say when the load starts."""
        self._start.value = moment

    def stop(self, moment: float) -> None:
        """Say when the load ends; requests that are late then may still begin for the time of grace."""
        self._stop.value = moment

    def take(self) -> int:
        """Return the number of the next request."""
        with self._next.get_lock():
            number: int = self._next.value
            self._next.value = number + 1
        return number

    def is_open(self, due: float) -> bool:
        """Say whether a request that is due then belongs to the load and may still begin."""
        stop: float = self._stop.value
        return due < stop and time.monotonic() < stop + self.grace_s


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was started, and the way to it."""

    process: BaseProcess
    pipe: Pipe

    def receive(self, timeout_s: float) -> Any:
        """Return what the process sends next.

        Raises:
            RetailBrainError: what went wrong in it.
            ServiceError: it ended, or said nothing in time.
        """
        try:
            if not self.pipe.poll(timeout_s):
                raise ServiceError("a process of the load test does not answer", hint="is the machine out of memory?")
            answer = self.pipe.recv()
        except EOFError:
            self.process.join(_END_S)
            raise ServiceError(
                f"a process of the load test ended with code {self.process.exitcode}",
                hint="is the machine out of memory?",
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


@contextmanager
def started(work: Callable[..., None], *arguments: Any) -> Iterator[Child]:
    """Start a process that calls `work(pipe, *arguments)`; at the end of the block it is ended if it still runs."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_run, args=(work, there, arguments), daemon=True)
    process.start()
    there.close()
    try:
        yield Child(process, here)
    except BaseException:  # nobody waits for what it does any more
        process.terminate()
        raise
    finally:
        here.close()
        _end(process)


def _end(process: BaseProcess) -> None:
    for end in (lambda: None, process.terminate, process.kill):
        end()
        process.join(_END_S if end != process.kill else None)
        if process.exitcode is not None:
            return


def _run(work: Callable[..., None], pipe: Pipe, arguments: tuple[Any, ...]) -> None:
    """Run in the new process: Ctrl-C is the parent's affair, and every error goes there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work(pipe, *arguments)
        pipe.close()
    except RetailBrainError as error:
        _fail(pipe, error)
    except Exception as error:  # noqa: BLE001 - a traceback on the screen helps nobody
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
        _fail(pipe, RetailBrainError(f"a process of the load test failed ({where})"))


def _fail(pipe: Pipe, error: RetailBrainError) -> NoReturn:
    with contextlib.suppress(OSError):
        pipe.send(error)
    sys.exit(1)


def work(pipe: Pipe, config: Configuration, requests: Requests, turnstile: SharedTurnstile) -> None:
    """Be a client: open the desk, make a few requests that do not count, wait for the start, drive, tell."""
    from retail_brain.loadtest.doors import open_doors

    schedule = turnstile.schedule
    with open_doors(config, requests, schedule) as ask:
        _warm_up(ask, schedule)
        pipe.send("ready")
        pipe.recv()
        recording: Recording = drive(ask, turnstile, schedule)
    pipe.send(recording)


def _warm_up(ask: Callable[[int], int], schedule: Schedule) -> None:
    """Make some requests of each kind that is read, so that imports and caches of this process are behind it."""
    for kind in ("profile", "search", "resolve"):
        numbers = [number for number in range(len(schedule.deck)) if schedule.kind(number) == kind]
        for number in numbers[:_WARMING]:
            ask(number)

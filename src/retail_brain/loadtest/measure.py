"""From what the clients noted to percentiles. Exact: every latency is kept, none is put into a bucket."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from retail_brain.loadtest.drive import CACHED, FOUND, OK, TORN, WAITING
from retail_brain.loadtest.result import GeneratorResult, LatencyResult
from retail_brain.loadtest.schedule import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from retail_brain.loadtest.drive import Recording
    from retail_brain.loadtest.schedule import Schedule


class Measured:
    """The recordings of all clients of a phase as arrays, one place per scheduled request, in the order of their numbers.

    Times are in seconds from the start of the load. A request that no client began counts as failed; it ends when it was
    given up, so that it weighs on the percentiles and is not forgotten.

    Args:
        recordings: of all clients.
        schedule: what they followed.
        start: when the load began, on the clock of `time.monotonic`.
        lasted: how long it lasted, in seconds.
        given_up: how long after the start the last late request could begin.
    """

    def __init__(
        self, recordings: Sequence[Recording], schedule: Schedule, start: float, *, lasted: float, given_up: float
    ) -> None:
        import numpy as np

        number = _joined(recordings, "number", np.int64)
        scheduled = schedule.scheduled(lasted)
        self.due = np.arange(scheduled) / schedule.rate
        self.begun = np.zeros(scheduled, dtype=bool)
        self.begun[number] = True
        self.ready_s, self.begun_s = np.full(scheduled, given_up), np.full(scheduled, given_up)
        self.ended_s = np.full(scheduled, given_up)
        self.failed, self.marks = np.ones(scheduled, dtype=bool), np.zeros(scheduled, dtype=np.int8)
        for name, into in (("ready", self.ready_s), ("begun", self.begun_s), ("ended", self.ended_s)):
            into[number] = _joined(recordings, name, np.float64) - start
        self.failed[number] = _joined(recordings, "outcome", np.int8) != OK
        self.marks[number] = _joined(recordings, "marks", np.int8)
        kinds = np.array([KINDS.index(kind) for kind in schedule.deck])
        self.kind = kinds[np.arange(scheduled) % len(kinds)]
        self.errors: Counter[str] = Counter()
        for recording in recordings:
            self.errors.update(recording.errors)
        if missing := scheduled - int(self.begun.sum()):
            self.errors["never begun"] = missing
        self.own_cpu_s = sum(recording.own_cpu_s for recording in recordings)

    @property
    def latency_ms(self) -> np.ndarray:
        """From when a request was due to its answer."""
        return (self.ended_s - self.due) * 1000

    @property
    def wait_ms(self) -> np.ndarray:
        """How long a request waited because every client was busy."""
        import numpy as np

        return np.maximum(self.ready_s - self.due, 0) * 1000

    @property
    def lag_ms(self) -> np.ndarray:
        """How late a request began although a client was free."""
        import numpy as np

        return (self.begun_s - np.maximum(self.due, self.ready_s))[self.begun] * 1000

    def latencies(self) -> tuple[LatencyResult, ...]:
        """Return the latencies of each kind that was asked."""
        return tuple(self._of(place, kind) for place, kind in enumerate(KINDS) if (self.kind == place).any())

    def _of(self, place: int, kind: str) -> LatencyResult:
        mine = self.kind == place
        answered = mine & ~self.failed
        ms = self.latency_ms[mine]
        count, placed = int(answered.sum()), answered & (self.marks & WAITING == 0)
        return LatencyResult(
            kind=kind, requests=int(mine.sum()), errors=int((mine & self.failed).sum()),
            p50_ms=percentile(ms, 50), p95_ms=percentile(ms, 95), p99_ms=percentile(ms, 99), max_ms=percentile(ms, 100),
            service_p95_ms=percentile((self.ended_s - self.begun_s)[mine & self.begun] * 1000, 95),
            found=_share(self.marks[placed] & FOUND > 0), waiting=round(1 - int(placed.sum()) / count, 4) if count else 0.0,
            raw_due_s=self.due[mine], raw_ms=ms, raw_failed=self.failed[mine],
        )  # fmt: skip

    def cache_hits(self) -> float | None:
        """Return the share of the profile reads that the cache answered."""
        read = (self.kind == KINDS.index("profile")) & ~self.failed
        return _share(self.marks[read] & CACHED > 0)

    def torn_answers(self) -> int:
        """Return how many profiles were answered whose parts do not fit."""
        return int((self.marks & TORN > 0).sum())

    def span_s(self) -> float:
        """Return how long the load took to its last answer."""
        return float(self.ended_s[self.begun].max()) if self.begun.any() else 0.0

    def busy(self, clients: int) -> float:
        """Return the share of the clients' time in which they had a request."""
        span = self.span_s()
        return round(float((self.ended_s - self.begun_s)[self.begun].sum()) / (clients * span), 4) if span else 0.0

    def generator(self) -> GeneratorResult:
        """Return how well the schedule was kept."""
        lag = self.lag_ms
        return GeneratorResult(
            lag_p50_ms=percentile(lag, 50), lag_p99_ms=percentile(lag, 99), lag_max_ms=percentile(lag, 100),
            cpu_share=round(self.own_cpu_s / (self.span_s() or 1.0), 4),
        )  # fmt: skip


def percentile(values: Any, share: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed; 0 where there is none.

    Args:
        values: numbers in any order.
        share: percent, 0 to 100.
    """
    import numpy as np

    return round(float(np.percentile(values, share, method="inverted_cdf")), 3) if len(values) else 0.0


def _share(marked: np.ndarray) -> float | None:
    """Return how many are marked as a share of all, None where there is none."""
    return round(int(marked.sum()) / len(marked), 4) if len(marked) else None


def _joined(recordings: Sequence[Recording], name: str, kind: Any) -> np.ndarray:
    import numpy as np

    parts = [np.asarray(getattr(recording, name), dtype=kind) for recording in recordings]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)

"""From what the clients noted to percentiles. Exact: every latency is kept, none is put into a bucket."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from retail_brain.loadtest.drive import CACHED, FOUND, OK, TORN
from retail_brain.loadtest.result import GeneratorResult, LatencyResult
from retail_brain.loadtest.schedule import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from retail_brain.loadtest.drive import Recording
    from retail_brain.loadtest.schedule import Schedule


class Measured:
    """The recordings of all clients of a phase as arrays, one place per request that was made, in the order of their numbers.

    Times are in seconds from the start of the load.
    """

    def __init__(self, recordings: Sequence[Recording], schedule: Schedule, start: float) -> None:
        import numpy as np

        number = _joined(recordings, "number", np.int64)
        order = np.argsort(number, kind="stable")
        times = {
            name: _joined(recordings, name, np.float64)[order] - start for name in ("due", "ready", "begun", "ended")
        }
        self.due, self.ready, self.begun, self.ended = times["due"], times["ready"], times["begun"], times["ended"]
        self.failed = _joined(recordings, "outcome", np.int8)[order] != OK
        self.marks = _joined(recordings, "marks", np.int8)[order]
        kinds = np.array([KINDS.index(kind) for kind in schedule.deck])
        self.kind = kinds[number[order] % len(kinds)] if len(number) else number
        self.errors: Counter[str] = Counter()
        for recording in recordings:
            self.errors.update(recording.errors)
        self.own_cpu_s = sum(recording.own_cpu_s for recording in recordings)

    @property
    def latency_ms(self) -> np.ndarray:
        """From when a request was due to its answer."""
        return (self.ended - self.due) * 1000

    @property
    def wait_ms(self) -> np.ndarray:
        """How long a request waited because every client was busy."""
        import numpy as np

        return np.maximum(self.ready - self.due, 0) * 1000

    @property
    def lag_ms(self) -> np.ndarray:
        """How late a request began although a client was free."""
        import numpy as np

        return (self.begun - np.maximum(self.due, self.ready)) * 1000

    def latencies(self) -> tuple[LatencyResult, ...]:
        """Return the latencies of each kind that was asked."""
        return tuple(self._of(place, kind) for place, kind in enumerate(KINDS) if (self.kind == place).any())

    def _of(self, place: int, kind: str) -> LatencyResult:
        mine = self.kind == place
        answered = mine & ~self.failed
        ms = self.latency_ms[mine]
        count = int(answered.sum())
        return LatencyResult(
            kind=kind, requests=int(mine.sum()), errors=int((mine & self.failed).sum()),
            p50_ms=percentile(ms, 50), p95_ms=percentile(ms, 95), p99_ms=percentile(ms, 99), max_ms=percentile(ms, 100),
            service_p95_ms=percentile((self.ended - self.begun)[mine] * 1000, 95),
            found=round(float((self.marks[answered] & FOUND > 0).sum()) / count, 4) if count else None,
            raw_due_s=self.due[mine], raw_ms=ms,
        )  # fmt: skip

    def cache_hits(self) -> float | None:
        """Return the share of the profile reads that the cache answered."""
        read = (self.kind == KINDS.index("profile")) & ~self.failed
        return round(float((self.marks[read] & CACHED > 0).sum()) / int(read.sum()), 4) if read.any() else None

    def torn_answers(self) -> int:
        """Return how many profiles were answered whose parts do not fit."""
        return int((self.marks & TORN > 0).sum())

    def busy(self, clients: int) -> float:
        """Return the share of the clients' time in which they had a request."""
        if not len(self.ended):
            return 0.0
        return round(float((self.ended - self.begun).sum()) / (clients * float(self.ended.max())), 4)

    def generator(self) -> GeneratorResult:
        """Return how well the schedule was kept."""
        lag = self.lag_ms
        span = float(self.ended.max()) if len(self.ended) else 1.0
        return GeneratorResult(
            lag_p50_ms=percentile(lag, 50), lag_p99_ms=percentile(lag, 99), lag_max_ms=percentile(lag, 100),
            cpu_share=round(self.own_cpu_s / span, 4),
        )  # fmt: skip


def percentile(values: Any, share: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed; 0 where there is none.

    Args:
        values: numbers in any order.
        share: percent, 0 to 100.
    """
    import numpy as np

    return round(float(np.percentile(values, share, method="inverted_cdf")), 3) if len(values) else 0.0


def _joined(recordings: Sequence[Recording], name: str, kind: Any) -> np.ndarray:
    import numpy as np

    parts = [np.asarray(getattr(recording, name), dtype=kind) for recording in recordings]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)

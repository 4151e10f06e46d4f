"""What a load test tells: results for the screen, for JSON and for the page. Fields that are not shown hold raw figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyResult:
    """The latencies of one kind of request, in milliseconds from the moment at which each was due.

    `service_p95_ms` is without the wait for a free client. `found` is the share (0 to 1) of answers that name the profile
    that the request was made from; None where there is no answer. `waiting` is the share of records that were taken in and
    wait for the end of a night. Requests that were never begun count as failed, with the time until they were given up. `raw_ms`,
    `raw_due_s` and `raw_failed` have one place per request.
    """

    kind: str
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    service_p95_ms: float
    found: float | None
    waiting: float
    raw_due_s: Any = field(default=None, repr=False)
    raw_ms: Any = field(default=None, repr=False)
    raw_failed: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorResult:
    """How well the load test kept its own schedule.

    `lag`: how late requests began although a client was free, in milliseconds. `cpu_share`: processor time of the clients
    outside the product, as a share of one core.
    """

    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    cpu_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResult:
    """The clients as a pool: `busy` is the share of their time in which they had a request (0 to 1).

    `wait_p99_ms`: how long requests waited for a free client. `connections_most` are PostgreSQL's, of `connections_limit`;
    None where it could not be asked.
    """

    clients: int
    busy: float
    wait_p99_ms: float
    connections_most: int | None = None
    connections_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckingResult:
    """Transactions in which a profile, its records and its merges were held against one another.

    `torn` did not fit; `torn_answers` are profiles that the product answered during the load whose parts did not fit.
    `rules` counts the torn by what did not hold. `changed` of the checked profiles were seen in more than one version.
    """

    checks: int
    torn: int
    torn_answers: int
    changed: int
    seconds: float
    rules: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySample:
    """Memory at a moment, in MB: of the clients, the night, PostgreSQL and Redis. `at_s` from the start of the load test."""

    at_s: float
    clients: float
    night: float
    postgres: float
    redis: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.clients + self.night + self.postgres + self.redis


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMeasure:
    """One night, run in a process of its own: seconds of each stage and in all, and the most memory of that process in MB.

    `during` names the phase in which it ran, `began_s` and `publish_s` lie on the phase's clock: when the night began, and
    from when to when it published.
    """

    night: int
    status: str
    run_id: int | None
    seconds: float
    stages: dict[str, float]
    peak_memory_mb: float
    records: dict[str, int]
    written: dict[str, int]
    approved: bool = False
    during: str | None = None
    began_s: float | None = None
    publish_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseResult:
    """One phase of the load: `seconds` long at `rate` requests a second. `cache_hits` is a share of the profile reads.

    `nights` were at work in it; `nights_missed` had not ended when the phase had lasted its longest. `judged`: whether its
    latencies are held against the targets.
    """

    name: str
    title: str
    seconds: float
    rate: float
    scheduled: int
    answered: int
    errors: int
    error_rate: float
    error_kinds: dict[str, int]
    throughput: float
    cache_hits: float | None
    latencies: tuple[LatencyResult, ...]
    pool: PoolResult
    generator: GeneratorResult
    checking: CheckingResult | None
    peak_memory_mb: float
    nights: tuple[NightMeasure, ...] = ()
    nights_missed: int = 0
    judged: bool = True

    def latency(self, kind: str) -> LatencyResult | None:
        """Return the latencies of a kind, None where nothing of it was asked."""
        return next((found for found in self.latencies if found.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyResult:
    """The profiles against the truth, by pairs of records; shares of 0 to 1."""

    records: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target: what was measured where, the limit, and whether it was met."""

    name: str
    where: str
    measured: float
    limit: float
    unit: str
    met: bool
    compared: Literal["at most", "at least"] = "at most"

    def told(self) -> str:
        """Tell it in one line."""
        place = f" ({self.where})" if self.where else ""
        return (
            f"{self.name}{place}: {_plain(self.measured)}{self.unit}, {self.compared} {_plain(self.limit)}{self.unit}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTestResult:
    """All that a load test found out."""

    met: bool
    targets: str
    records: int
    seed: int
    seconds: float
    prepare_seconds: dict[str, float]
    nights: tuple[NightMeasure, ...]
    phases: tuple[PhaseResult, ...]
    accuracy: AccuracyResult | None
    peak_memory_mb: float
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    machine: dict[str, Any]
    html: str | None = None
    workspace: str | None = None
    memory: tuple[MemorySample, ...] = field(default=(), repr=False)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"

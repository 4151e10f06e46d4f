"""The verdict: each target that was named against what was measured, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.loadtest.result import Verdict
from retail_brain.loadtest.schedule import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retail_brain.loadtest.result import AccuracyResult, NightMeasure, PhaseResult
    from retail_brain.loadtest.target import Targets

WARM = ("quiet", "publish", "serve")
"""The phases in which Redis holds what it should."""


def judge(
    targets: Targets, *, nights: Sequence[NightMeasure], phases: Sequence[PhaseResult], accuracy: AccuracyResult | None
) -> tuple[Verdict, ...]:
    """Hold what was measured against the targets.

    Args:
        targets: what must hold; keys left out are not judged.
        nights: the nights, the first one first.
        phases: the phases of the load.
        accuracy: against the truth, None where there is none.

    Returns:
        One verdict a target and phase, those that failed first.
    """
    found = [verdict for phase in phases for verdict in _of_phase(targets, phase)]
    found += [*_of_nights(targets, nights), *_of_accuracy(targets, accuracy)]
    return tuple(sorted(found, key=lambda verdict: verdict.met))


def _of_phase(targets: Targets, phase: PhaseResult) -> Iterator[Verdict]:
    for name in ("p50", "p95", "p99", "max") if phase.judged else ():
        limits = getattr(targets, f"{name}_ms")
        for kind in KINDS:
            limit, measured = getattr(limits, kind), phase.latency(kind)
            if limit is not None and measured is not None:
                yield _at_most(f"{name} {kind}", phase.title, getattr(measured, f"{name}_ms"), limit, " ms")
    serving = targets.serving
    if serving.error_rate is not None:
        yield _at_most("error rate", phase.title, phase.error_rate, serving.error_rate, "")
    if serving.torn_reads is not None and phase.checking is not None:
        torn = phase.checking.torn + phase.checking.torn_answers
        yield _at_most("torn reads", phase.title, torn, serving.torn_reads, "")
    if serving.cache_hits is not None and phase.cache_hits is not None and phase.name in WARM:
        yield _at_least("cache hits", phase.title, phase.cache_hits, serving.cache_hits)
    if serving.peak_memory_mb is not None:
        yield _at_most("memory", phase.title, phase.peak_memory_mb, serving.peak_memory_mb, " MB")
    if phase.nights_missed:
        yield _at_most("nights that did not end", phase.title, phase.nights_missed, 0, "")
    if targets.generator.lag_p99_ms is not None and phase.judged:
        lag = phase.generator.lag_p99_ms
        yield _at_most("p99 lag of the load test itself", phase.title, lag, targets.generator.lag_p99_ms, " ms")


def _of_nights(targets: Targets, nights: Sequence[NightMeasure]) -> Iterator[Verdict]:
    limits = targets.night
    alone = [night for night in nights if night.during is None]
    for night, limit in zip(alone, (limits.first_s, limits.second_s), strict=False):
        if limit is not None:
            yield _at_most(f"seconds of night {night.night}", "", night.seconds, limit, " s")
    if limits.second_share is not None and len(alone) > 1:
        share = round(alone[1].seconds / max(alone[0].seconds, 0.001), 4)
        yield _at_most("second night / first night", "", share, limits.second_share, "")
    if limits.peak_memory_mb is not None:
        for night in nights:
            yield _at_most(f"memory of night {night.night}", "", night.peak_memory_mb, limits.peak_memory_mb, " MB")


def _of_accuracy(targets: Targets, accuracy: AccuracyResult | None) -> Iterator[Verdict]:
    for name in ("precision", "recall", "f1"):
        limit = getattr(targets.accuracy, name)
        if limit is not None and accuracy is not None:
            yield _at_least(name, "", round(getattr(accuracy, name), 4), limit)


def _at_most(name: str, where: str, measured: float, limit: float, unit: str) -> Verdict:
    return Verdict(name=name, where=where, measured=measured, limit=limit, unit=unit, met=measured <= limit)


def _at_least(name: str, where: str, measured: float, limit: float) -> Verdict:
    return Verdict(
        name=name, where=where, measured=measured, limit=limit, unit="", met=measured >= limit, compared="at least"
    )

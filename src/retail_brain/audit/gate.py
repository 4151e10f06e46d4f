"""The audit gate: is this run like the ones before it, or must a person look before anything is published?

Apart from the pipeline because judging needs no table and no database: numbers in, verdict out. The numbers
themselves, `RunMetrics`, are measured in `metrics` and stored with the run, where the next one finds them.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from retail_brain.audit.delivery_gate import judge_deliveries
from retail_brain.audit.finding import AuditResult, Finding, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retail_brain.audit.metrics import RunMetrics
    from retail_brain.config.audit import AuditSettings


def _plain(source: str, field: str | None) -> str:
    return f"{field} in {source}" if field else source


def audit(
    metrics: RunMetrics,
    history: Sequence[RunMetrics],
    settings: AuditSettings,
    *,
    label: Callable[[str, str | None], str] = _plain,
) -> AuditResult:
    """Judge a run by what it measured and by the published runs before it.

    Args:
        metrics: what this run measured.
        history: what published runs measured, newest first; empty for the first run, which only absolute bounds can
            hold.
        settings: the bounds.
        label: how the user knows a field of a source, or the source's files where the field is None.

    Returns:
        The verdict; a run is held when there is at least one finding.
    """
    if not settings.enabled:
        return AuditResult(verdict="passed")
    recent = history[: settings.history_runs]
    alike = [past for past in recent if past.first_run == metrics.first_run]
    findings = (
        *judge_deliveries(metrics, recent, settings, label),
        *_pairs(metrics, alike, settings),
        *_largest_profile(metrics, recent, settings),
        *_changed_profiles(metrics, settings),
        *_joins(metrics, alike, settings),
        *_fan_out(metrics, alike, settings),
    )
    return AuditResult(verdict="held" if findings else "passed", findings=findings)


def _pairs(metrics: RunMetrics, alike: Sequence[RunMetrics], settings: AuditSettings) -> Iterator[Finding]:
    rates = [_rate(past) for past in alike]
    if not rates or metrics.pairs <= settings.pairs_least:
        return
    usual = median(rates)
    band = usual * settings.pairs_ratio
    if _rate(metrics) > band:
        message = f"pairs per scored record {_rate(metrics):,.1f}, usual {usual:,.1f}: {metrics.pairs:,} pairs in all"
        yield Finding(check="pairs", value=round(_rate(metrics), 3), band=(None, round(band, 3)), message=message)


def _rate(metrics: RunMetrics) -> float:
    return metrics.pairs / max(metrics.scored_records, 1)


def _largest_profile(metrics: RunMetrics, recent: Sequence[RunMetrics], settings: AuditSettings) -> Iterator[Finding]:
    found, bound = metrics.largest_profile, float(settings.largest_profile_records)
    before = ""
    if recent:
        usual = median(past.largest_profile for past in recent)
        bound = min(bound, max(usual * settings.largest_profile_ratio, float(settings.largest_profile_least)))
        before = f", usual {usual:,.0f}"
    if found > bound:
        message = f"the largest profile holds {found:,} records{before}, at most {bound:,.0f} expected"
        yield Finding(check="largest_profile", value=found, band=(None, bound), message=message)


def _changed_profiles(metrics: RunMetrics, settings: AuditSettings) -> Iterator[Finding]:
    if metrics.first_run or metrics.changed_profiles <= settings.changed_least:
        return
    share = metrics.changed_profiles / max(metrics.profiles_before, 1)
    if share > settings.changed_share:
        message = (
            f"{metrics.changed_profiles:,} of {metrics.profiles_before:,} profiles change ({percent(share)}), "
            f"at most {percent(settings.changed_share)} expected"
        )
        yield Finding(
            check="changed_profiles", value=round(share, 4), band=(None, settings.changed_share), message=message
        )


def _joins(metrics: RunMetrics, alike: Sequence[RunMetrics], settings: AuditSettings) -> Iterator[Finding]:
    if metrics.first_run or not alike:
        return
    for check, least in (("merges", settings.merges_least), ("splits", settings.splits_least)):
        found = getattr(metrics, f"new_{check}")
        past = [getattr(run, f"new_{check}") for run in alike]
        bound = max(median(past) * settings.merges_ratio, float(least))
        if found > bound:
            usual = f"{min(past):,} to {max(past):,}" if min(past) < max(past) else f"{past[0]:,}"
            yield Finding(check=check, value=found, band=(None, bound), message=f"{check} +{found:,}, usual {usual}")


def _fan_out(metrics: RunMetrics, alike: Sequence[RunMetrics], settings: AuditSettings) -> Iterator[Finding]:
    for field, found in sorted(metrics.fan_out.items()):
        past = [run.fan_out[field] for run in alike if field in run.fan_out]
        if not past:
            continue
        usual = median(past)
        bound = max(usual * settings.fan_out_ratio, float(settings.fan_out_least))
        if found > bound:
            message = f"one {field} is golden in {found:,} profiles, usual {usual:,.0f}"
            yield Finding(check=f"fan_out {field}", value=found, band=(None, bound), message=message)

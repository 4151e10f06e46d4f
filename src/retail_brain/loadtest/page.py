"""A load test as a page: one HTML file that opens offline, holds no customer's value, and can be read at a glance."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from retail_brain.loadtest import pictures
from retail_brain.loadtest.schedule import KINDS
from retail_brain.report import render_page as page
from retail_brain.report.charts import stacked
from retail_brain.report.markup import Html, element, number, percent, section, table

if TYPE_CHECKING:
    from retail_brain.loadtest.pictures import Span
    from retail_brain.loadtest.result import LoadTestResult, PhaseResult

_NAMES = {"profile": "Read a profile", "search": "Search", "resolve": "Resolve a person", "ingest": "Take in a record"}
_LAYERS = ("clients", "night", "postgres", "redis")
_LAYER_NAMES = ("clients", "night", "PostgreSQL", "Redis")


def render_page(result: LoadTestResult) -> str:
    """Draw a load test.

    Args:
        result: what was measured.

    Returns:
        The text of the HTML file.
    """
    main = element(
        "main",
        _ranges(result),
        *(_time(phase) for phase in result.phases),
        _distributions(result),
        _latencies(result),
        _phases(result),
        _stages(result),
        _memory(result),
        _verdicts(result),
    )
    style = files(__name__.rpartition(".")[0]).joinpath("page.css").read_text(encoding="utf-8")
    return page("Load test", _header(result), _verdict(result), _tiles(result), main, style=style)


def _header(result: LoadTestResult) -> Html:
    machine = result.machine
    pill = element("span", "met" if result.met else "missed", class_=f"pill {'good' if result.met else 'bad'}")
    told = (
        f"{number(result.records)} records · {machine['cores']} cores, {machine['memory_gb']:g} GB · "
        f"Python {machine['python']} · seed {result.seed} · {number(round(result.seconds))} s in all"
    )
    brand = element("p", "Retail Brain", class_="brand")
    return element("header", brand, element("h1", "Load test ", pill), element("p", told))


def _verdict(result: LoadTestResult) -> Html:
    failed = [verdict for verdict in result.verdicts if not verdict.met]
    count = len(result.verdicts)
    if not failed:
        lead = element("b", f"All {count} targets of {result.targets} were met.")
    else:
        lead = element("b", f"{len(failed)} of {count} targets of {result.targets} were missed.")
    lines = [element("li", verdict.told()) for verdict in failed]
    notes = [element("li", note, class_="note") for note in result.notes]
    listed = element("ul", *lines, *notes) if lines or notes else None
    return element("div", lead, listed, class_=f"box {'bad' if failed else 'good'}")


def main_phase(result: LoadTestResult) -> PhaseResult | None:
    """Return the phase that the tiles tell of: the one with a warm cache and a night at work, or the first."""
    return next((phase for phase in result.phases if phase.name == "publish"), next(iter(result.phases), None))


def _tiles(result: LoadTestResult) -> Html:
    phase = main_phase(result)
    found: list[tuple[str, str, str]] = []
    if phase is not None:
        for kind in KINDS:
            latency = phase.latency(kind)
            if latency is not None:
                found.append((pictures.told_ms(round(latency.p95_ms, 1)), f"p95 {_NAMES[kind].lower()}", phase.title))
    errors = sum(phase.errors for phase in result.phases)
    asked = sum(phase.scheduled for phase in result.phases)
    found.append((number(errors), "errors", f"of {number(asked)} requests"))
    checks = [phase.checking for phase in result.phases if phase.checking]
    if checks:
        torn = sum(one.torn + one.torn_answers for one in checks)
        found.append(
            (number(torn), "torn reads", f"of {number(sum(one.checks for one in checks))} transactions checked")
        )
    for night in [night for night in result.nights if night.during is None]:
        found.append(
            (
                f"{number(round(night.seconds, 1))} s",
                f"night {night.night}",
                f"{number(round(night.peak_memory_mb))} MB",
            )
        )
    if result.accuracy is not None:
        share = f"recall {result.accuracy.recall:.3f}, on {number(result.accuracy.records)} records"
        found.append((f"{result.accuracy.precision:.3f}", "precision", share))
    found.append((f"{result.peak_memory_mb / 1000:,.1f} GB", "memory", "clients, night and servers together"))
    tiles = [
        element("div", element("b", big), element("span", name), element("small", more)) for big, name, more in found
    ]
    return element("div", *tiles, class_="tiles")


def _limit(result: LoadTestResult, kind: str) -> float | None:
    name = f"p95 {kind}"
    return next((verdict.limit for verdict in result.verdicts if verdict.name == name), None)


def _ranges(result: LoadTestResult) -> Html | None:
    parts: list[Html] = []
    for kind in KINDS:
        rows = [
            (phase.title, (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms))
            for phase in result.phases
            if (found := phase.latency(kind)) is not None
        ]
        if rows:
            limit = _limit(result, kind)
            told = _NAMES[kind] + (f", p95 at most {pictures.told_ms(limit)}" if limit else "")
            parts += [element("h3", told), pictures.ranges(rows, limit=limit, name=f"latency of {kind}")]
    note = (
        "From the moment at which a request was due. The bar runs from the median to the 95th percentile, whose figure stands at "
        "the right; the tick is the 99th, the end of the line the slowest. The dashed line is the target."
    )
    return section("How long people wait", *parts, note=note, wide=True) if parts else None


def _spans(phase: PhaseResult) -> list[Span]:
    spans: list[Span] = []
    for night in phase.nights:
        if night.began_s is not None:
            spans.append((f"night {night.night}", "night", night.began_s, night.began_s + night.seconds))
        if night.publish_s is not None:
            spans.append(("publish", "publish", *night.publish_s))
    return spans


def _time(phase: PhaseResult) -> Html:
    series = [(found.raw_due_s, found.raw_ms) for found in phase.latencies]
    seconds = max([phase.seconds, *(float(due.max()) for due, _ in series if len(due))])
    picture = pictures.over_time(series, seconds=seconds, spans=_spans(phase), name=f"latency over time, {phase.title}")
    return section(
        f"Every request: {phase.title}",
        picture,
        _legend([_NAMES[found.kind] for found in phase.latencies], "dots"),
        wide=True,
    )


def _legend(names: list[str], kind: str) -> Html:
    items = [
        element("li", element("i", class_=f"{kind}{place}"), element("span", name)) for place, name in enumerate(names)
    ]
    return element("ul", *items, class_="legend")


def _distributions(result: LoadTestResult) -> Html | None:
    phase = main_phase(result)
    if phase is None:
        return None
    parts = []
    for found in phase.latencies:
        limit = _limit(result, found.kind)
        marks = [("p50", found.p50_ms), ("p95", found.p95_ms), ("p99", found.p99_ms)]
        marks += [("target", limit)] if limit else []
        picture = pictures.distribution(found.raw_ms, marks=marks, name=f"distribution of {found.kind}")
        parts.append(element("div", element("h3", _NAMES[found.kind]), picture))
    return section(f"Distribution: {phase.title}", element("div", *parts, class_="twos"), wide=True)


def _latencies(result: LoadTestResult) -> Html:
    head = ("", "", "requests", "errors", "p50 ms", "p95 ms", "p99 ms", "most ms", "p95 of the call", "found")
    rows = [
        (
            phase.title if place == 0 else "", _NAMES[found.kind], number(found.requests), number(found.errors),
            *(f"{value:,.1f}" for value in (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms, found.service_p95_ms)),
            "" if found.found is None else percent(found.found),
        )
        for phase in result.phases
        for place, found in enumerate(phase.latencies)
    ]  # fmt: skip
    note = "“p95 of the call” leaves out the wait for a free client. “found”: the answer names the profile that the request was made from."
    return section("Latencies", table(head, rows, texts=2), note=note, wide=True)


def _phases(result: LoadTestResult) -> Html:
    columns = [_column(phase) for phase in result.phases]
    rows = [(name, *(column[name] for column in columns)) for name in (columns[0] if columns else ())]
    note = "“own lag” is how late requests began although a client was free: the load test's own delay, which the latencies hold."
    return section("The load", table(("", *(phase.title for phase in result.phases)), rows), note=note, wide=True)


def _column(phase: PhaseResult) -> dict[str, str]:
    """Return what is told of a phase beside its latencies."""
    checked, connections, taken_in = phase.checking, phase.pool.connections_most, phase.latency("ingest")
    return {
        "seconds": f"{phase.seconds:,.0f}",
        "answered a second": f"{phase.throughput:,.1f} of {phase.rate:g}",
        "errors": f"{phase.errors:,}" + "".join(f", {count} {kind}" for kind, count in phase.error_kinds.items()),
        "profile reads from the cache": "–" if phase.cache_hits is None else percent(phase.cache_hits),
        "records that wait for the end of the night": "–" if taken_in is None else percent(taken_in.waiting),
        "clients busy": f"{percent(phase.pool.busy)} of {phase.pool.clients}",
        "wait for a client, p99": f"{phase.pool.wait_p99_ms:,.1f} ms",
        "PostgreSQL connections": "–" if connections is None else f"{connections} of {phase.pool.connections_limit}",
        "own lag, p99": f"{phase.generator.lag_p99_ms:,.1f} ms",
        "own cost": f"{phase.generator.cpu_share:.1%} of a core",
        "transactions checked": number(checked.checks) if checked else "–",
        "profiles seen to change": number(checked.changed) if checked else "–",
        "torn": number(checked.torn + checked.torn_answers) if checked else "–",
        "memory": f"{phase.peak_memory_mb:,.0f} MB",
    }


def _stages(result: LoadTestResult) -> Html:
    parts: list[Html] = []
    for night in result.nights:
        beside = f", beside the load ({night.during})" if night.during else ""
        parts.append(
            element("h3", f"Night {night.night}: {night.seconds:,.1f} s{beside}, {night.peak_memory_mb:,.0f} MB")
        )
        parts.append(
            stacked([(stage, seconds) for stage, seconds in night.stages.items() if seconds >= 0.05], unit=" s")
        )
    return section("Seconds per stage", *parts, wide=True)


def _memory(result: LoadTestResult) -> Html | None:
    if len(result.memory) < 2:
        return None
    times = [sample.at_s for sample in result.memory]
    layers = [[float(getattr(sample, layer)) for sample in result.memory] for layer in _LAYERS]
    picture = pictures.areas(times, layers, spans=[], name="memory over time")
    note = f"At most {number(round(result.peak_memory_mb))} MB together. Servers that are not on this machine are not in it."
    return section("Memory", picture, _legend(list(_LAYER_NAMES), "area"), note=note, wide=True)


def _verdicts(result: LoadTestResult) -> Html:
    rows = [
        (
            element("span", "met" if verdict.met else "missed", class_=f"pill small {'good' if verdict.met else 'bad'}"),
            verdict.name, verdict.where, f"{verdict.measured:,.4g}{verdict.unit}",
            f"{verdict.compared} {verdict.limit:,.4g}{verdict.unit}",
        )
        for verdict in result.verdicts
    ]  # fmt: skip
    return section("Targets", table(("", "target", "where", "measured", "limit"), rows, texts=3), wide=True)

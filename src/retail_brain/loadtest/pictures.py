"""The pictures of a load test: ranges of latencies, distributions, latency over time, memory over time. All are SVG.

Latencies span a thousandfold, so their axes are logarithmic. No library, as in the report of a run.
"""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from retail_brain.report.markup import Html, element, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_WIDTH = 720
_MOST_DOTS = 4_000
_ROW = 17

Span = tuple[str, str, float, float]
"""A stretch of time that is shaded: its name, the class that colours it, from and to in seconds."""


class LogScale:
    """Places milliseconds on a logarithmic axis from `low` to `high` of so many units."""

    def __init__(self, low: float, high: float, size: float, *, start: float = 0.0) -> None:
        self.first, self.last = floor(log10(max(low, 0.01))), ceil(log10(max(high, low * 10, 0.1)))
        self.size, self.start = size, start

    def at(self, ms: float) -> float:
        """Return where a value lies."""
        share = (log10(max(ms, 10.0**self.first)) - self.first) / (self.last - self.first)
        return self.start + min(share, 1.0) * self.size

    def ticks(self) -> list[tuple[float, str]]:
        """Return the powers of ten and what is written at them."""
        return [(10.0**power, told_ms(10.0**power)) for power in range(self.first, self.last + 1)]


def told_ms(ms: float) -> str:
    """Write milliseconds as people read them."""
    if ms >= 1_000:
        return f"{ms / 1000:,.3g} s"
    return f"{ms:.3g} ms"


def ranges(rows: Sequence[tuple[str, tuple[float, float, float, float]]], *, limit: float | None, name: str) -> Html:
    """One row a phase: a bar from p50 to p95, a thin line on to the maximum, a tick at p99, and the limit of the p95.

    Args:
        rows: label, and p50, p95, p99 and maximum in milliseconds.
        limit: the most that the p95 may be.
        name: what the picture shows, for readers who hear it.
    """
    left, foot = 200, 20
    tall = _ROW * len(rows) + foot + 6
    values = [value for _, row in rows for value in row if value > 0] + ([limit] if limit else [])
    scale = LogScale(min(values, default=1), max(values, default=10), _WIDTH - left - 76, start=left)
    shapes = _grid(scale, tall - foot)
    for place, (label, (p50, p95, p99, most)) in enumerate(rows):
        y = 8 + place * _ROW
        late = " late" if limit is not None and p95 > limit else ""
        told = element(
            "title", f"{label}: p50 {told_ms(p50)}, p95 {told_ms(p95)}, p99 {told_ms(p99)}, most {told_ms(most)}"
        )
        shapes += [
            element("text", label, x=left - 8, y=y + 4, text_anchor="end", class_="label"),
            element("line", x1=_f(scale.at(p95)), x2=_f(scale.at(most)), y1=y, y2=y, class_="tail"),
            element("line", x1=_f(scale.at(p99)), x2=_f(scale.at(p99)), y1=y - 3, y2=y + 3, class_="tail"),
            element(
                "rect", told, x=_f(scale.at(p50)), y=y - 4, width=_f(max(scale.at(p95) - scale.at(p50), 2)), height=8,
                rx=2, class_=f"span{late}",
            ),
            element("text", told_ms(p95), x=_WIDTH, y=y + 4, text_anchor="end", class_=f"value{late}"),
        ]  # fmt: skip
    if limit is not None:
        at = _f(scale.at(limit))
        shapes.append(element("line", x1=at, x2=at, y1=0, y2=tall - foot, class_="mark"))
    return _svg(shapes, tall, name)


def distribution(ms: np.ndarray, *, marks: Sequence[tuple[str, float]], name: str) -> Html:
    """Columns over a logarithmic axis: how many requests took how long.

    Args:
        ms: latencies in milliseconds.
        marks: a name and a place in milliseconds for each line.
        name: what the picture shows.
    """
    import numpy as np

    foot, head, tall = 18, 46, 170
    scale = LogScale(float(max(ms.min(), 0.05)), float(max(ms.max(), *(at for _, at in marks))), _WIDTH / 2 - 8)
    edges = np.logspace(scale.first, scale.last, 61)
    counts, _ = np.histogram(np.clip(ms, edges[0], edges[-1]), bins=edges)
    step, room = scale.size / 60, tall - foot - head
    shapes = _grid(scale, tall - foot, top=head)
    for place, count in enumerate(counts):
        if count:
            high = max(float(count) / float(counts.max()) * room, 1.0)
            told = element("title", f"{told_ms(edges[place])} to {told_ms(edges[place + 1])}: {number(int(count))}")
            shapes.append(
                element(
                    "rect", told, x=_f(place * step + 0.3), width=_f(step - 0.6), y=_f(tall - foot - high), height=_f(high),
                    class_="column",
                )
            )  # fmt: skip
    for place, (label, value) in enumerate(marks):
        at = scale.at(value)
        end = at > scale.size * 0.7
        shapes += [
            element("line", x1=_f(at), x2=_f(at), y1=2 + 11 * place, y2=tall - foot, class_="mark"),
            element(
                "text", label, x=_f(at + (-4 if end else 4)), y=9 + 11 * place,
                text_anchor="end" if end else "start", class_="marked",
            ),
        ]  # fmt: skip
    return _svg(shapes, tall, name, width=_WIDTH // 2)


def over_time(
    series: Sequence[tuple[np.ndarray, np.ndarray]], *, seconds: float, spans: Sequence[Span], name: str
) -> Html:
    """A dot a request: when it was due, and how long its answer took.

    Args:
        series: for each kind the seconds at which its requests were due, and their latencies in milliseconds.
        seconds: how long the axis is.
        spans: shaded stretches.
        name: what the picture shows.
    """
    import numpy as np

    left, foot, head, tall = 44, 18, 14, 190
    everything = np.concatenate([ms for _, ms in series]) if series else np.array([1.0])
    scale = LogScale(float(max(everything.min(), 0.1)), float(everything.max()), tall - foot - head)
    wide = (_WIDTH - left) / max(seconds, 0.001)
    shapes = _shaded(spans, wide, left, tall - foot)
    for value, label in scale.ticks():
        y = _f(tall - foot - scale.at(value))
        shapes.append(element("line", x1=left, x2=_WIDTH, y1=y, y2=y, class_="axis"))
        shapes.append(element("text", label, x=left - 6, y=float(y) + 3, text_anchor="end"))
    shapes += _seconds(seconds, wide, left, tall)
    for place, (due, ms) in enumerate(series):
        keep = _thinned(ms, _MOST_DOTS // max(len(series), 1))
        dots = "".join(
            f"M{left + at * wide:.1f} {tall - foot - scale.at(took):.1f}h0"
            for at, took in zip(due[keep].tolist(), ms[keep].tolist(), strict=True)
        )
        shapes.append(element("path", d=dots, class_=f"dots dots{place}"))
    return _svg(shapes, tall, name)


def areas(times: Sequence[float], layers: Sequence[Sequence[float]], *, spans: Sequence[Span], name: str) -> Html:
    """Layers on top of one another over time.

    Args:
        times: seconds.
        layers: for each layer its height at each of the times, in MB.
        spans: shaded stretches.
        name: what the picture shows.
    """
    left, foot, head, tall = 44, 18, 14, 190
    seconds = max(times, default=1.0)
    most = max((sum(heights) for heights in zip(*layers, strict=True)), default=1.0) or 1.0
    step = next(size for size in (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 10**9) if most / size <= 5)
    wide, room = (_WIDTH - left) / seconds, tall - foot - head
    top = max(most, step)
    shapes = _shaded(spans, wide, left, tall - foot)
    for tick in range(0, int(top) + 1, step):
        y = tall - foot - tick / top * room
        shapes.append(element("line", x1=left, x2=_WIDTH, y1=_f(y), y2=_f(y), class_="axis"))
        shapes.append(element("text", f"{tick / 1000:g} GB", x=left - 6, y=_f(y + 3), text_anchor="end"))
    shapes += _seconds(seconds, wide, left, tall)
    base = [0.0] * len(times)
    for place, layer in enumerate(layers):
        upper = [low + high for low, high in zip(base, layer, strict=True)]
        there = [
            f"{left + at * wide:.1f} {tall - foot - high / top * room:.1f}"
            for at, high in zip(times, upper, strict=True)
        ]
        back = [
            f"{left + at * wide:.1f} {tall - foot - low / top * room:.1f}" for at, low in zip(times, base, strict=True)
        ]
        if there:
            shapes.append(element("path", d=f"M{'L'.join(there + back[::-1])}Z", class_=f"area area{place}"))
        base = upper
    return _svg(shapes, tall, name)


def _thinned(ms: np.ndarray, most: int) -> np.ndarray:
    """Return the places of the requests that are drawn: all, or the slowest and evenly chosen others."""
    import numpy as np

    if len(ms) <= most:
        return np.arange(len(ms))
    slowest = np.argsort(ms)[-most // 4 :]
    others = np.linspace(0, len(ms) - 1, most - len(slowest)).astype(int)
    return np.union1d(slowest, others)


def _grid(scale: LogScale, bottom: float, *, top: float = 0) -> list[Html]:
    shapes = []
    for value, label in scale.ticks():
        at = scale.at(value)
        anchor = "end" if at >= scale.start + scale.size - 1 and scale.start == 0 else "start" if at <= 1 else "middle"
        shapes.append(element("line", x1=_f(at), x2=_f(at), y1=top, y2=bottom, class_="axis"))
        shapes.append(element("text", label, x=_f(at), y=bottom + 13, text_anchor=anchor))
    return shapes


def _shaded(spans: Sequence[Span], wide: float, left: float, bottom: float) -> list[Html]:
    shapes = []
    for label, kind, begin, end in spans:
        x, width = left + max(begin, 0) * wide, max((end - max(begin, 0)) * wide, 1.5)
        shapes.append(
            element(
                "rect", element("title", label), x=_f(x), y=0, width=_f(width), height=bottom, class_=f"shade {kind}"
            )
        )
        shapes.append(element("text", label, x=_f(x + 3), y=9, class_=f"shaded {kind}"))
    return shapes


def _seconds(seconds: float, wide: float, left: float, tall: float) -> list[Html]:
    steps = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 10**9)
    step = next(size for size in steps if seconds / size <= 12)
    return [
        element("text", f"{at} s", x=_f(left + at * wide), y=tall - 4, text_anchor="middle")
        for at in range(0, int(seconds) + 1, step)
    ]


def _svg(shapes: Sequence[Html], tall: float, name: str, *, width: int = _WIDTH) -> Html:
    return element("svg", *shapes, viewBox=f"0 0 {width} {tall}", role="img", aria_label=name, class_="histogram")


def _f(value: float) -> str:
    return f"{value:.1f}"

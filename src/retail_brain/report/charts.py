"""Pictures by hand: bars in HTML, histograms in SVG.

Apart from the sections because they know nothing of runs: labels and numbers in, markup out. No library, so that the
page opens offline and prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.report.markup import Html, element, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _FOOT, _HEAD = 720, 210, 26, 18


def bars(rows: Sequence[tuple[str, float]], *, unit: str = "", tone: str = "") -> Html:
    """One bar a row, as long as its share of the largest.

    Args:
        rows: label and value.
        unit: written behind the value.
        tone: a class that colours the bars.
    """
    largest = max((value for _, value in rows), default=0) or 1
    parts = []
    for label, value in rows:
        width = f"width:{max(value / largest * 100, 0.4):.2f}%" if value else "width:0"
        fill = element("span", class_=f"fill {tone}".strip(), style=width)
        parts += [
            element("dt", label),
            element("dd", element("span", fill, class_="track"), element("b", f"{number(value)}{unit}")),
        ]
    return element("dl", *parts, class_="bars")


def stacked(parts: Sequence[tuple[str, float]], *, unit: str = "") -> Html:
    """One bar cut into its parts, with a legend below."""
    total = sum(value for _, value in parts) or 1
    pieces, legend = [], []
    for place, (label, value) in enumerate(parts):
        tone = f"tone{place % 8}"
        if value > 0:
            style = f"width:{value / total * 100:.3f}%"
            pieces.append(element("span", class_=tone, style=style, title=f"{label} {number(value)}{unit}"))
        dot = element("i", class_=tone)
        legend.append(element("li", dot, element("span", label), element("b", f"{number(value)}{unit}")))
    return element(
        "div", element("div", *pieces, class_="stack"), element("ul", *legend, class_="legend"), class_="stacked"
    )


def histogram(
    counts: Mapping[int, int], *, marks: Mapping[str, float] | None = None, unit: str = "", name: str = ""
) -> Html:
    """Columns over whole numbers, with named lines at some places.

    Args:
        counts: whole number to count; gaps between them are kept.
        marks: name of a line to its place.
        unit: of the numbers below the axis.
        name: what the picture shows, for readers who hear it.
    """
    marks = marks or {}
    low = min([*counts, *(int(place) for place in marks.values())])
    high = max([*counts, *(int(place) for place in marks.values())])
    step = _WIDTH / (high - low + 1)
    top = max(counts.values()) or 1
    room = _HEIGHT - _FOOT - _HEAD
    shapes: list[Html] = []
    for place, count in sorted(counts.items()):
        tall = max(count / top * room, 1.0 if count else 0.0)
        label = element("title", f"{place}{unit}: {number(count)}")
        shapes.append(
            element(
                "rect", label, class_="column", x=f"{(place - low) * step + step * 0.08:.2f}", width=f"{step * 0.84:.2f}",
                y=f"{_HEIGHT - _FOOT - tall:.2f}", height=f"{tall:.2f}", rx=1.5,
            )
        )  # fmt: skip
    shapes += _axis(low, high, step, unit)
    shapes += [shape for label, place in marks.items() for shape in _mark(label, (place - low) * step)]
    return element("svg", *shapes, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=name, class_="histogram")


def _axis(low: int, high: int, step: float, unit: str) -> list[Html]:
    every = next(size for size in (1, 2, 5, 10, 20, 50, 100, 10**9) if size * step >= 44 or size > 50)
    base = _HEIGHT - _FOOT
    shapes = [element("line", x1=0, x2=_WIDTH, y1=base, y2=base, class_="axis")]
    for place in range(low, high + 1):
        if place % every == 0:
            label = f"{place}{unit}".replace("-", "−")
            at = f"{(place - low + 0.5) * step:.2f}"
            shapes.append(element("text", label, x=at, y=base + 17, text_anchor="middle"))
    return shapes


def _mark(label: str, at: float) -> list[Html]:
    anchor, shift = ("end", -5) if at > _WIDTH * 0.8 else ("start", 5)
    return [
        element("line", x1=f"{at:.2f}", x2=f"{at:.2f}", y1=4, y2=_HEIGHT - _FOOT, class_="mark"),
        element("text", label, x=f"{at + shift:.2f}", y=13, text_anchor=anchor, class_="marked"),
    ]


def diverging(rows: Sequence[tuple[str, float]], *, limit: float) -> Html:
    """One bar a row, to the left of a middle line for what speaks against and to the right for what speaks for."""
    parts = []
    for label, value in rows:
        share = min(abs(value) / limit, 1) * 50
        side, tone = (
            (f"left:50%;width:{share:.2f}%", "for") if value >= 0 else (f"right:50%;width:{share:.2f}%", "against")
        )
        bar = element("span", element("span", class_=f"fill {tone}", style=side), class_="track middle")
        text = f"{value:+.1f}".replace("-", "−")
        parts += [element("dt", label), element("dd", bar, element("b", text))]
    return element("dl", *parts, class_="bars")


def waterfall(rows: Sequence[tuple[str, str, float]], *, total: str) -> Html:
    """One bar a row, each from where the one above it ended, and the sum at last.

    Args:
        rows: label, what is written below it, and value.
        total: label of the sum.
    """
    starts = [0.0]
    for _label, _detail, value in rows:
        starts.append(starts[-1] + value)
    low, high = min(starts), max(starts)
    room = (high - low) or 1.0
    parts = []
    for place, (label, detail, value) in enumerate([*rows, (total, "", starts[-1])]):
        start = 0.0 if place == len(rows) else starts[place]
        left = (min(start, start + value) - low) / room * 100
        style = f"left:{left:.2f}%;width:{max(abs(value) / room * 100, 0.4):.2f}%"
        fill = element("span", class_="fill against" if value < 0 else "fill", style=style)
        zero = element("i", style=f"left:{-low / room * 100:.2f}%")
        text = "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")
        parts += [
            element("dt", label, element("small", detail) if detail else None),
            element("dd", element("span", zero, fill, class_="track fall"), element("b", text)),
        ]
    return element("dl", *parts, class_="bars falling")

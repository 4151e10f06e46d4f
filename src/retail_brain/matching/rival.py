"""Links hardly better than a rival, among a handful of records: what `clash_doubt.sql` finds among millions.

Apart from comparing because it looks at several pairs at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Pair = tuple[int, int]

_SURE = 0.75


def doubtful_links(links: Mapping[Pair, float], clashes: Iterable[Pair]) -> set[Pair]:
    """Return the links that join nobody because a rival is about as good.

    Args:
        links: pairs that are linked, the smaller number first, and their weight in bits.
        clashes: pairs that clash, the smaller number first.
    """
    side: dict[int, dict[int, float]] = {}
    for (left, right), weight in links.items():
        side.setdefault(left, {})[right] = weight
        side.setdefault(right, {})[left] = weight
    found: set[Pair] = set()
    torn: dict[Pair, dict[int, float]] = {}
    for one, two in clashes:
        for own in sorted(side.get(one, {}).keys() & side.get(two, {}).keys()):
            for other, rival in ((one, two), (two, one)):
                weight = side[own][other]
                if _is_close(weight, side[own][rival]):
                    found.add(_pair(own, other))
                    held = torn.setdefault((one, two), {})
                    held[own] = max(weight, held.get(own, weight))
    for owns in torn.values():
        for left in owns:
            for right in owns:
                between = side[left].get(right)
                if left < right and between is not None and _is_close(between, max(owns[left], owns[right])):
                    found.add((left, right))
    return found


def _is_close(weight: float, rival: float) -> bool:
    return round(1 / (1 + 2.0**-weight + 2.0 ** (rival - weight)), 9) < _SURE


def _pair(one: int, two: int) -> Pair:
    return (one, two) if one < two else (two, one)

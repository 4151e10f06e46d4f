"""Bounds on what one tree may hold: at most so many different values of a strong identifier.

Apart from the walk because a bound is no pair of records: it is counted. What is counted is a block, the part of a tree
that links alone hold together. A must-link joins two trees but not their blocks, so what a person joined is never torn
by a bound, and a part of a block within its bound is within it, however the tree is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """At most `most` different values of one field in a block; `values` has a number for each node, 0 where it has none."""

    field: str
    most: int
    values: Numbers


def exceeding(component: Numbers, bounds: Sequence[Bound]) -> Numbers:
    """Return the components that hold more values of some field than its bound, ascending."""
    found = [np.empty(0, dtype=np.int64)]
    for bound in bounds:
        valued = np.flatnonzero(bound.values)
        held = valued[np.bincount(component[valued], minlength=1)[component[valued]] > bound.most]
        order = np.lexsort((bound.values[held], component[held]))
        place, value = component[held][order], bound.values[held][order]
        fresh = np.ones(len(place), dtype=bool)
        fresh[1:] = (place[1:] != place[:-1]) | (value[1:] != value[:-1])
        found.append(np.flatnonzero(np.bincount(place[fresh], minlength=1) > bound.most))
    return np.unique(np.concatenate(found))


class Blocks:
    """The blocks of a walk and the values that each holds."""

    def __init__(self, bounds: Sequence[Bound]) -> None:
        self._bounds = bounds
        self._parent: dict[int, int] = {}
        self._held: tuple[dict[int, frozenset[int]], ...] = tuple({} for _ in bounds)

    def exceeded(self, left: int, right: int) -> int | None:
        """Return the position of a bound that the blocks of two nodes would exceed together, the first one."""
        if not self._bounds:
            return None
        left, right = find_root(self._parent, left), find_root(self._parent, right)
        for number, bound in enumerate(self._bounds):
            if len(self._values(number, left) | self._values(number, right)) > bound.most:
                return number
        return None

    def join(self, left: int, right: int) -> None:
        """Make one block of the blocks of two nodes."""
        left, right = find_root(self._parent, left), find_root(self._parent, right)
        for number, held in enumerate(self._held):
            held[left] = self._values(number, left) | self._values(number, right)
        self._parent[right] = left

    def _values(self, number: int, root: int) -> frozenset[int]:
        held = self._held[number].get(root)
        if held is None:
            value = int(self._bounds[number].values[root])
            held = self._held[number][root] = frozenset((value,) if value else ())
        return held


def find_root(parent: dict[int, int], node: int) -> int:
    """Return the root of a node's tree, and shorten the way to it."""
    root = node
    while (above := parent.get(root, root)) != root:
        root = above
    while node != root:
        parent[node], node = root, parent.get(node, root)
    return root

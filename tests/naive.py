"""The constrained walk in plain Python and slowly: what the real walk is held against.

Written from the rules alone (docs/adr/0010) with sets and searches that look at everything. A pair is (smaller, larger).
"""

from __future__ import annotations

from typing import Any

Pair = tuple[int, int]
Bounds = list[tuple[int, dict[int, Any]]]
"""For each bound how many different values one block may hold, and the value of each record that has one."""


def pair(one: int, other: int) -> Pair:
    """A pair as it is written everywhere: the smaller number first."""
    return min(one, other), max(one, other)


def reached(start: int, edges: list[Pair]) -> set[int]:
    """All records that edges lead to from one."""
    found = {start}
    while more := {end for edge in edges if found & set(edge) for end in edge} - found:
        found |= more
    return found


def way(start: int, end: int, edges: list[Pair]) -> list[Pair]:
    """The edges between two records of one tree."""
    for edge in edges:
        if start in edge:
            further = edge[0] if edge[1] == start else edge[1]
            rest = [other for other in edges if other != edge]
            if further == end:
                return [edge]
            if end in reached(further, rest):
                return [edge, *way(further, end, rest)]
    return []


def groups_of(records: set[int], edges: list[Pair]) -> list[set[int]]:
    """The trees, and the records that stand alone."""
    return [set(group) for group in {frozenset(reached(record, edges)) for record in records}]


def walk(links: list[Pair], conflicts: set[Pair], bounds: Bounds = (), by_hand: int = 0) -> tuple[list[int], list[int]]:
    """Try each link, best first: positions of those that joined two trees, and of those that were refused."""
    joined: list[int] = []
    refused: list[int] = []
    for place, (one, other) in enumerate(links):
        left, right = (reached(end, [links[at] for at in joined]) for end in (one, other))
        if other in left:
            continue
        block = set.union(*(reached(end, [links[at] for at in joined if at >= by_hand]) for end in (one, other)))
        full = any(len({values[no] for no in block if no in values}) > most for most, values in bounds)
        if any(pair(x, y) in conflicts for x in left for y in right) or (place >= by_hand and full):
            refused.append(place)
        else:
            joined.append(place)
    return joined, refused


def void(held: list[Pair], by_hand: int, apart: set[Pair], clashes: set[Pair]) -> set[Pair]:
    """The clashes between records that standing merges and must-links connect, a must-link among them."""
    tree = [held[at] for at in walk(held, apart)[0]]
    return {(x, y) for x, y in clashes if set(way(x, y, tree)) & set(held[:by_hand])}


def resolve(
    links: list[Pair], *, held: int, by_hand: int, apart: set[Pair], clashes: set[Pair], bounds: Bounds
) -> tuple[list[Pair], set[Pair]]:
    """The tree edges and the refused links. What holds a clash void must itself be accepted, so it is tried until it is."""
    lost: set[Pair] = set()
    while True:
        standing = [link for link in links[:held] if link not in lost]
        in_force = clashes - void(standing, by_hand - len(lost & set(links[:by_hand])), apart, clashes)
        joined, refused = walk(links, apart | in_force, bounds, by_hand)
        again = {links[at] for at in refused} & set(standing)
        if not again:
            return [links[at] for at in joined], {links[at] for at in refused}
        lost |= again

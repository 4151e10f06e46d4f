"""Trees cut at some of their edges: the parts that are left, and what in each part came later and through which merge.

Pure, like the forest, because it says what an unmerge does before anybody does it. A tree is what the standing merges
of a profile make; its parts depend on nothing but which edges are cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A merge as the tree has it: its number, its two records, and when it was made (anything that can be ordered)."""

    merge_id: int
    left: int
    right: int
    at: Any

    def other(self, record_no: int) -> int:
        """Return the record at the other end."""
        return self.right if record_no == self.left else self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A record that came to its part after the edge that is cut: by which merge, and by which of its two records.

    `because_of` was there before, `through` came: the record itself, or one that it hangs on.
    """

    record_no: int
    merge_id: int
    because_of: int
    through: int


def parts_of(records: Iterable[int], edges: Sequence[Edge], cut: Collection[int]) -> list[tuple[int, ...]]:
    """Return what is left of trees when edges are cut.

    Args:
        records: all records.
        edges: the trees.
        cut: the numbers of the merges to cut.

    Returns:
        The records of each part in ascending order, parts in the order of their first record.
    """
    near = neighbours(edge for edge in edges if edge.merge_id not in cut)
    seen: set[int] = set()
    parts = []
    for start in sorted(records):
        if start not in seen:
            part = tuple(sorted(ways_from(start, near)))
            seen.update(part)
            parts.append(part)
    return parts


def later_records(edges: Sequence[Edge], cut: Collection[int], part: Collection[int]) -> list[Later]:
    """Say which records of a part came after the first edge that cuts it off, and why they are in this part.

    Args:
        edges: the trees.
        cut: the numbers of the merges that are cut.
        part: the records of one part that the cuts leave.

    Returns:
        One entry per record that a younger merge brought, in the order of the records: the youngest merge on the way
        from where the part was cut off, and that merge's record on the nearer side.
    """
    inside = set(part)
    cuts = [edge for edge in edges if edge.merge_id in cut and (edge.left in inside or edge.right in inside)]
    if not cuts:
        return []
    first = min(cuts, key=_age)
    start = first.left if first.left in inside else first.right
    near = neighbours(edge for edge in edges if edge.merge_id not in cut)
    found = []
    for record_no, way in ways_from(start, near).items():
        young = [(step, nearer) for nearer, step in way if step.at > first.at]
        if young:
            step, nearer = max(young, key=lambda pair: pair[0].at)
            found.append(
                Later(record_no=record_no, merge_id=step.merge_id, because_of=nearer, through=step.other(nearer))
            )
    return sorted(found, key=lambda one: one.record_no)


def path(edges: Sequence[Edge], left: int, right: int) -> list[Edge]:
    """Return the edges on the one way between two records of a tree; none where they are in different trees."""
    return [edge for _nearer, edge in ways_from(left, neighbours(edges)).get(right, ())]


def neighbours(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    """Return the edges at each record."""
    near: dict[int, list[Edge]] = {}
    for edge in edges:
        near.setdefault(edge.left, []).append(edge)
        near.setdefault(edge.right, []).append(edge)
    return near


def ways_from(start: int, near: Mapping[int, Sequence[Edge]]) -> dict[int, tuple[tuple[int, Edge], ...]]:
    """Return every record that can be reached, each with the way to it: its edges, and the nearer record of each."""
    ways: dict[int, tuple[tuple[int, Edge], ...]] = {start: ()}
    waiting = [start]
    for record_no in waiting:
        for edge in near.get(record_no, ()):
            other = edge.other(record_no)
            if other not in ways:
                ways[other] = (*ways[record_no], (record_no, edge))
                waiting.append(other)
    return ways


def _age(edge: Edge) -> tuple[Any, int]:
    return edge.at, edge.merge_id

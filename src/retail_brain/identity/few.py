"""The walk over a handful of records, and the ids of the groups that it gives: what a night does with millions.

Apart from `resolve`, which reads and writes tables. Ranks, refusals and ids are the same; the walk itself is that of
`forest`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retail_brain.identity.bound import Bound, find_root
from retail_brain.identity.forest import settle_forest, walk

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FewLink:
    """A link between two records, the smaller number left; `weight` in bits, None where only a person says it."""

    left: int
    right: int
    weight: float | None
    by_hand: bool = False
    stands: bool = False

    @property
    def pair(self) -> tuple[int, int]:
        """Its two records."""
        return self.left, self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class FewResult:
    """What a walk gave: the links that are merges, the refused ones and why, and the groups, each in order."""

    merges: tuple[FewLink, ...]
    refused: tuple[tuple[FewLink, str], ...]
    groups: tuple[tuple[int, ...], ...]


def walk_few(
    records: Sequence[int],
    links: Sequence[FewLink],
    conflicts: Mapping[tuple[int, int], str],
    values: Mapping[str, tuple[int, Mapping[int, str]]],
) -> FewResult:
    """Join a few records along links.

    Args:
        records: their numbers.
        links: the links to try, in any order.
        conflicts: pairs that must not end in one group, and why: 'cannot_link' or what clashes.
        values: for each field with a bound how many values a group may hold, and the value of each record that has one.
    """
    node = {record_no: place for place, record_no in enumerate(sorted(records))}
    ranked = sorted(links, key=_rank)
    by_hand = sum(link.by_hand for link in ranked)
    held = sum(link.by_hand or link.stands for link in ranked)
    pairs = sorted(conflicts)
    bounds = tuple(_bound(name, most, held_by, node) for name, (most, held_by) in values.items() if most)
    if not by_hand:
        return _walk(node, ranked, pairs, conflicts, bounds)
    forest = settle_forest(
        len(node), _array([(node[link.left], node[link.right]) for link in ranked]),
        _array([(node[left], node[right]) for left, right in pairs]),
        np.array([conflicts[pair] == "cannot_link" for pair in pairs], dtype=bool),
        by_hand=by_hand, held=held, bounds=bounds,
    )  # fmt: skip
    reasons = [
        conflicts[pairs[blamed]] if blamed >= 0 else f"too many {bounds[-1 - blamed].field}"
        for blamed in forest.blamed.tolist()
    ]
    groups: dict[int, list[int]] = {}
    for record_no, place in node.items():
        groups.setdefault(int(forest.group[place]), []).append(record_no)
    return FewResult(
        merges=tuple(ranked[place] for place in forest.tree.tolist()),
        refused=tuple((ranked[place], reason) for place, reason in zip(forest.refused.tolist(), reasons, strict=True)),
        groups=tuple(tuple(group) for _lowest, group in sorted(groups.items())),
    )


def _walk(
    node: Mapping[int, int], ranked: Sequence[FewLink], pairs: Sequence[tuple[int, int]],
    conflicts: Mapping[tuple[int, int], str], bounds: tuple[Bound, ...],
) -> FewResult:  # fmt: skip
    """Walk all links in rank order: without a must-link no conflict is void, and for a few records that is all there is to it."""
    links = _array([(node[link.left], node[link.right]) for link in ranked])
    foes = _array([(node[left], node[right]) for left, right in pairs])
    joined, refused, blamed = walk(links, np.arange(len(links)), foes, np.arange(len(foes)), bounds=bounds)
    parent: dict[int, int] = {}
    for place in joined:
        one, two = sorted((find_root(parent, ranked[place].left), find_root(parent, ranked[place].right)))
        parent[two] = one
    groups: dict[int, list[int]] = {}
    for record_no in node:
        groups.setdefault(find_root(parent, record_no), []).append(record_no)
    return FewResult(
        merges=tuple(ranked[place] for place in sorted(joined)),
        refused=tuple(
            (ranked[place], conflicts[pairs[why]] if why >= 0 else f"too many {bounds[-1 - why].field}")
            for place, why in zip(refused, blamed, strict=True)
        ),
        groups=tuple(tuple(group) for _lowest, group in sorted(groups.items())),
    )


def name_groups(
    groups: Sequence[Sequence[int]], before: Mapping[int, uuid.UUID], fresh: Callable[[int], uuid.UUID]
) -> tuple[dict[int, uuid.UUID], dict[uuid.UUID, uuid.UUID]]:
    """Give each group its lasting id.

    Args:
        groups: the groups.
        before: the profile that each record stood in, for whole profiles.
        fresh: makes a new id for a group of which this is the first record.

    Returns:
        The profile of each record, and for each id that no group carries any more what it becomes.
    """
    age: dict[uuid.UUID, int] = {}
    for record_no, profile_id in sorted(before.items()):
        age.setdefault(profile_id, record_no)
    wanted: dict[uuid.UUID, list[tuple[int, int, int]]] = {}
    for number, group in enumerate(groups):
        held = Counter(before[record_no] for record_no in group if record_no in before)
        if held:
            best = min(held, key=lambda one: (-held[one], age[one], one))
            first = min(record_no for record_no in group if before.get(record_no) == best)
            wanted.setdefault(best, []).append((-held[best], first, number))
    kept = {min(asking)[2]: profile_id for profile_id, asking in wanted.items()}
    now: dict[int, uuid.UUID] = {}
    for number, group in enumerate(groups):
        profile_id = kept[number] if number in kept else fresh(min(group))
        now |= dict.fromkeys(group, profile_id)
    return now, _became(before, now)


def _became(before: Mapping[int, uuid.UUID], now: Mapping[int, uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return where most of the records went of each id that is no more (tie: where its first record went)."""
    live = set(now.values())
    went: dict[uuid.UUID, dict[uuid.UUID, list[int]]] = {}
    for record_no, profile_id in sorted(before.items()):
        if profile_id not in live and record_no in now:
            went.setdefault(profile_id, {}).setdefault(now[record_no], []).append(record_no)
    return {
        profile_id: min(there, key=lambda one: (-len(there[one]), there[one][0], one))
        for profile_id, there in went.items()
    }


def _rank(link: FewLink) -> tuple[bool, bool, bool, float, int, int]:
    weight = link.weight
    return not link.by_hand, not link.stands, weight is None, -(weight or 0.0), link.left, link.right


def _bound(name: str, most: int, held_by: Mapping[int, str], node: Mapping[int, int]) -> Bound:
    numbers: dict[str, int] = {}
    values = np.zeros(len(node), dtype=np.int64)
    for record_no, value in held_by.items():
        values[node[record_no]] = numbers.setdefault(value, len(numbers) + 1)
    return Bound(field=name, most=most, values=values)


def _array(pairs: list[tuple[int, int]]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

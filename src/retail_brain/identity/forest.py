"""The forest of identity: ranked links walked so that no tree ever holds two records that must be kept apart.

Pure functions on arrays of integers; no database, no configuration. Apart from everything else because it is the part
that has to be right: what a tree is, which links were refused and why that does not depend on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from retail_brain.identity.bound import Blocks, exceeding, find_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retail_brain.identity.bound import Bound

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestResult:
    """What a walk over ranked links gave.

    `tree` holds the positions of the links that are tree edges; `refused` those of links that would have joined two
    trees with a conflict between them or more values than a bound, `blamed` for each of these the position of one such
    conflict, or -1 minus the position of the bound; `group` the lowest node of each node's tree.
    """

    tree: Numbers
    refused: Numbers
    blamed: Numbers
    group: Numbers


def build_forest(
    nodes: int, links: Numbers, conflicts: Numbers, *, bounds: Sequence[Bound] = (), by_hand: int = 0
) -> ForestResult:
    """Walk links in rank order (Kruskal) and refuse those that would bring a conflict, or too many values, into one tree.

    Args:
        nodes: how many nodes there are, numbered from 0.
        links: array (n, 2) of node pairs, best rank first.
        conflicts: array (m, 2) of node pairs that must never be in one tree.
        bounds: how many different values of a field a tree may hold. A must-link is never refused by a bound, and the
            two sides that it joins are counted apart: joining by hand tears nothing.
        by_hand: how many of the links, the first ones, are must-links.

    Returns:
        The forest. Only components that hold a conflict or exceed a bound are walked in Python; the others are plain
        spanning trees.
    """
    tree = _spanning_tree(nodes, links)
    _count, component = connected_components(_graph(nodes, links[tree]), directed=False)
    inside = np.flatnonzero(component[conflicts[:, 0]] == component[conflicts[:, 1]])
    torn = np.zeros(max(int(component.max(initial=0)) + 1, 1), dtype=bool)
    torn[component[conflicts[inside, 0]]] = True
    torn[exceeding(component, bounds)] = True
    kept = tree[~torn[component[links[tree, 0]]]]
    walked = np.flatnonzero(torn[component[links[:, 0]]]) if torn.any() else np.empty(0, dtype=np.int64)
    joined, refused, blamed = walk(links, walked, conflicts, inside, bounds=bounds, by_hand=by_hand)
    chosen = np.sort(np.concatenate([kept, np.array(joined, dtype=np.int64)]))
    return ForestResult(
        tree=chosen,
        refused=np.array(refused, dtype=np.int64),
        blamed=np.array(blamed, dtype=np.int64),
        group=_lowest_node(nodes, links[chosen]),
    )


def void_conflicts(
    nodes: int, held: Numbers, by_hand: int, conflicts: Numbers, lasting: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say which conflicts a person has made void by joining what they are between.

    Args:
        nodes: how many nodes there are.
        held: array (n, 2) of the must-links and then the merges that stand, best rank first.
        by_hand: how many of them are must-links.
        conflicts: array (m, 2).
        lasting: for each conflict whether it is a cannot-link, which is never void.

    Returns:
        For each conflict whether must-links and standing merges connect its two nodes, with a must-link on the way.
    """
    if by_hand == 0 or len(conflicts) == 0:
        return np.zeros(len(conflicts), dtype=bool)
    tree = build_forest(nodes, held, conflicts[lasting]).tree
    _count, whole = connected_components(_graph(nodes, held[tree]), directed=False)
    _count, apart = connected_components(_graph(nodes, held[tree[tree >= by_hand]]), directed=False)
    left, right = conflicts[:, 0], conflicts[:, 1]
    return ~lasting & (whole[left] == whole[right]) & (apart[left] != apart[right])


def settle_forest(
    nodes: int,
    links: Numbers,
    conflicts: Numbers,
    lasting: NDArray[np.bool_],
    *,
    by_hand: int,
    held: int,
    bounds: Sequence[Bound] = (),
) -> ForestResult:
    """Walk the links with the conflicts that no person has made void.

    A clash is void only while what holds it void is itself accepted: as long as the walk refuses a link that was counted
    on, it is walked again without counting on it. Else the next night would find the clash in force again.

    Args:
        nodes: how many nodes there are.
        links: array (n, 2), best rank first: must-links, then other merges that stand, then the rest.
        conflicts: array (m, 2).
        lasting: for each conflict whether it is a cannot-link, which is never void.
        by_hand: how many of the links are must-links.
        held: how many of them are must-links or stand.
        bounds: how many different values of a field a tree may hold.
    """
    counted = np.arange(held)
    while True:
        hands = int(np.count_nonzero(counted < by_hand))
        void = void_conflicts(nodes, links[counted], hands, conflicts, lasting)
        in_force = np.flatnonzero(~void)
        forest = build_forest(nodes, links, conflicts[in_force], bounds=bounds, by_hand=by_hand)
        if not void.any() or not np.isin(counted, forest.refused).any():
            break
        counted = np.setdiff1d(counted, forest.refused)
    by_conflict = forest.blamed >= 0
    forest.blamed[by_conflict] = in_force[forest.blamed[by_conflict]]
    return forest


def walk(
    links: Numbers,
    walked: Numbers,
    conflicts: Numbers,
    considered: Numbers,
    *,
    bounds: Sequence[Bound] = (),
    by_hand: int = 0,
) -> tuple[list[int], list[int], list[int]]:
    """Walk some of the links, best rank first, holding some of the conflicts and all bounds.

    Args:
        links: array (n, 2), best rank first.
        walked: positions of the links to walk, ascending.
        conflicts: array (m, 2).
        considered: positions of the conflicts to hold.
        bounds: how many different values a tree may hold.
        by_hand: how many of the links, the first ones, are must-links.

    Returns:
        Positions of links that joined two trees, of links that were refused, and for each refused one of a conflict, or
        -1 minus the position of a bound.
    """
    parent: dict[int, int] = {}
    foes = _foes(conflicts, considered)
    blocks = Blocks(bounds)
    joined: list[int] = []
    refused: list[int] = []
    blamed: list[int] = []
    for position in walked.tolist():
        ends = links[position].tolist()
        left, right = (find_root(parent, node) for node in ends)
        if left == right:
            continue
        conflict = foes.get(left, {}).get(right)
        if conflict is None and position >= by_hand and (bound := blocks.exceeded(*ends)) is not None:
            conflict = -1 - bound
        if conflict is not None:
            refused.append(position)
            blamed.append(conflict)
            continue
        joined.append(position)
        _join(parent, foes, left, right)
        if position >= by_hand:
            blocks.join(*ends)
    return joined, refused, blamed


def _foes(conflicts: Numbers, considered: Numbers) -> dict[int, dict[int, int]]:
    """Return for each node the nodes that it must be kept apart from, and the position of the conflict."""
    foes: dict[int, dict[int, int]] = {}
    for position in considered.tolist():
        left, right = conflicts[position].tolist()
        foes.setdefault(left, {}).setdefault(right, position)
        foes.setdefault(right, {}).setdefault(left, position)
    return foes


def _join(parent: dict[int, int], foes: dict[int, dict[int, int]], left: int, right: int) -> None:
    """Join two trees; the one with fewer conflicts moves, and each root keeps the trees that it may never join."""
    if len(foes.get(left, ())) < len(foes.get(right, ())):
        left, right = right, left
    parent[right] = left
    for foe, position in foes.pop(right, {}).items():
        back = foes[foe]
        del back[right]
        foes.setdefault(left, {})[foe] = min(position, foes[left].get(foe, position))
        back[left] = foes[left][foe]


def _spanning_tree(nodes: int, links: Numbers) -> Numbers:
    """Return the positions of the links of the spanning forest of best rank, ascending."""
    if len(links) == 0:
        return np.empty(0, dtype=np.int64)
    pairs = np.sort(links, axis=1)
    _unique, first = np.unique(pairs[:, 0] * nodes + pairs[:, 1], return_index=True)
    ranks = first.astype(np.float64) + 1.0
    matrix = coo_matrix((ranks, (pairs[first, 0], pairs[first, 1])), shape=(nodes, nodes)).tocsr()
    return np.sort(minimum_spanning_tree(matrix).data.astype(np.int64) - 1)


def _graph(nodes: int, links: Numbers) -> coo_matrix:
    return coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(nodes, nodes))


def _lowest_node(nodes: int, links: Numbers) -> Numbers:
    count, component = connected_components(_graph(nodes, links), directed=False)
    lowest = np.full(count, nodes, dtype=np.int64)
    np.minimum.at(lowest, component, np.arange(nodes, dtype=np.int64))
    return lowest[component]

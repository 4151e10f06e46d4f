"""The laws of bounds: so many values of an identifier in a profile, counted apart across what a person joined."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retail_brain.identity.bound import Bound
from retail_brain.identity.forest import ForestResult, build_forest, void_conflicts

NODES = 8
Pairs = list[tuple[int, int]]
pair = (
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))
    .filter(lambda ends: ends[0] != ends[1])
    .map(lambda ends: tuple(sorted(ends)))
)
links = st.lists(pair, unique=True, max_size=18)
conflicts = st.lists(pair, unique=True, max_size=4)
values = st.lists(st.integers(0, 4), min_size=NODES, max_size=NODES)
by_hand = st.integers(0, 3)


def as_array(pairs: Pairs) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def built(ranked: Pairs, kept_apart: Pairs, held: list[int], joined: int, most: int = 2) -> ForestResult:
    bound = Bound(field="loyalty_id", most=most, values=np.array(held, dtype=np.int64))
    return build_forest(NODES, as_array(ranked), as_array(kept_apart), bounds=[bound], by_hand=joined)


def plain_walk(ranked: Pairs, kept_apart: Pairs, held: list[int], joined: int) -> tuple[list[int], list[int]]:
    """Kruskal with a bound of two values, as one would write it on paper."""
    group, block = list(range(NODES)), list(range(NODES))
    tree, refused = [], []
    for position, (left, right) in enumerate(ranked):
        if group[left] == group[right]:
            continue
        trial = [group[left] if label == group[right] else label for label in group]
        merged = [block[left] if label == block[right] else label for label in block]
        together = {held[node] for node in range(NODES) if merged[node] == merged[left]} - {0}
        clash = any(trial[one] == trial[two] for one, two in kept_apart)
        if clash or (position >= joined and len(together) > 2):
            refused.append(position)
            continue
        group = trial
        tree.append(position)
        if position >= joined:
            block = merged
    return tree, refused


@given(links, conflicts, values, by_hand)
@settings(deadline=None)
def test_the_fast_path_gives_what_the_plain_walk_gives(ranked, kept_apart, held, joined):
    forest = built(ranked, kept_apart, held, joined)
    assert (forest.tree.tolist(), forest.refused.tolist()) == plain_walk(ranked, kept_apart, held, joined)


@given(links, values)
@settings(deadline=None)
def test_no_group_holds_more_values_than_its_bound_unless_a_person_joined_it(ranked, held):
    group = built(ranked, [], held, 0).group
    for lowest in set(group.tolist()):
        assert len({held[node] for node in range(NODES) if group[node] == lowest} - {0}) <= 2


@given(links, conflicts, values, by_hand, st.data())
@settings(deadline=None)
def test_cutting_a_tree_edge_and_walking_again_gives_exactly_the_two_halves(ranked, kept_apart, held, joined, data):
    forest = built(ranked, kept_apart, held, joined)
    assume(len(forest.tree) > 0)
    assume(
        all(position >= joined for position in forest.refused)
    )  # decisions that contradict one another are not taken
    cut = data.draw(st.sampled_from(forest.tree.tolist()))
    must = [ranked[position] for position in range(min(joined, len(ranked))) if position != cut]
    standing = [ranked[p] for p in forest.tree.tolist() if p != cut and ranked[p] not in must]
    dropped = {ranked[position] for position in forest.refused.tolist()} | {ranked[cut]}
    others = [ends for ends in ranked if ends not in dropped | {*must, *standing}]
    sides = build_forest(NODES, as_array([ranked[p] for p in forest.tree.tolist() if p != cut]), as_array([])).group
    left, right = ranked[cut]
    assume(all({sides[one], sides[two]} != {sides[left], sides[right]} for one, two in must))  # refused by the command
    again = built([*must, *standing, *others], [*kept_apart, ranked[cut]], held, len(must))
    assert again.group.tolist() == sides.tolist()


def test_a_refused_link_names_the_bound_and_is_the_weakest():
    forest = built([(0, 1), (1, 2), (2, 3)], [], [1, 0, 2, 3, 0, 0, 0, 0], 0)
    assert (forest.tree.tolist(), forest.refused.tolist(), forest.blamed.tolist()) == ([0, 1], [2], [-1])


def test_a_must_link_is_never_refused_by_a_bound_and_tears_nothing():
    held = [1, 2, 3, 4, 0, 0, 0, 0]
    forest = built([(0, 2), (0, 1), (2, 3)], [], held, 1)
    assert forest.group[:4].tolist() == [0, 0, 0, 0]
    assert built([(0, 2), (0, 1), (2, 3)], [], held, 0).refused.tolist() == [1, 2]


def test_a_clash_between_two_profiles_is_void_once_a_person_joined_them():
    held, clash = as_array([(0, 2), (0, 1), (2, 3)]), as_array([(1, 3), (0, 1), (1, 4)])
    lasting = np.array([False, False, False])
    assert void_conflicts(NODES, held, 1, clash, lasting).tolist() == [True, False, False]
    assert void_conflicts(NODES, held, 0, clash, lasting).tolist() == [False, False, False]
    assert void_conflicts(NODES, held, 1, clash, ~lasting).tolist() == [False, False, False]

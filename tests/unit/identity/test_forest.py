"""The laws of the constrained walk, on random graphs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.identity.forest import build_forest, walk

NODES = 9
pair = (
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))
    .filter(lambda ends: ends[0] != ends[1])
    .map(lambda ends: tuple(sorted(ends)))
)
links = st.lists(pair, unique=True, max_size=24)
conflicts = st.lists(pair, unique=True, max_size=8)


def as_array(pairs: list[tuple[int, int]]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def plain_walk(ranked: list[tuple[int, int]], kept_apart: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Kruskal as one would write it on paper."""
    group = list(range(NODES))
    tree, refused = [], []
    for position, (left, right) in enumerate(ranked):
        if group[left] == group[right]:
            continue
        trial = [group[left] if label == group[right] else label for label in group]
        if any(trial[one] == trial[two] for one, two in kept_apart):
            refused.append(position)
        else:
            group = trial
            tree.append(position)
    return tree, refused


@given(links, conflicts)
@settings(deadline=None)
def test_the_fast_path_gives_what_the_plain_walk_gives(ranked, kept_apart):
    forest = build_forest(NODES, as_array(ranked), as_array(kept_apart))
    tree, refused = plain_walk(ranked, kept_apart)
    assert forest.tree.tolist() == tree
    assert forest.refused.tolist() == refused


@given(links, conflicts)
@settings(deadline=None)
def test_no_group_ever_holds_two_records_that_must_be_kept_apart(ranked, kept_apart):
    forest = build_forest(NODES, as_array(ranked), as_array(kept_apart))
    assert all(forest.group[one] != forest.group[two] for one, two in kept_apart)


@given(links, conflicts, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_conflicts_and_of_a_links_ends_changes_nothing(ranked, kept_apart, random):
    before = build_forest(NODES, as_array(ranked), as_array(kept_apart))
    random.shuffle(kept_apart)
    turned = [ends[::-1] if random.random() < 0.5 else ends for ends in ranked]
    after = build_forest(NODES, as_array(turned), as_array(kept_apart))
    assert before.tree.tolist() == after.tree.tolist()
    assert before.group.tolist() == after.group.tolist()


@given(links, conflicts, st.data())
@settings(deadline=None)
def test_cutting_a_tree_edge_and_walking_again_gives_exactly_the_two_halves(ranked, kept_apart, data):
    forest = build_forest(NODES, as_array(ranked), as_array(kept_apart))
    if len(forest.tree) == 0:
        return
    cut = data.draw(st.sampled_from(forest.tree.tolist()))
    standing = [ranked[position] for position in forest.tree.tolist() if position != cut]
    dropped = {ranked[position] for position in forest.refused.tolist()} | {ranked[cut]}
    others = [ends for ends in ranked if ends not in dropped and ends not in standing]
    again = build_forest(NODES, as_array(standing + others), as_array([*kept_apart, ranked[cut]]))
    halves = build_forest(NODES, as_array(standing), as_array([]))
    assert again.group.tolist() == halves.group.tolist()


def test_a_refused_link_names_a_conflict_that_it_would_have_closed():
    forest = build_forest(4, as_array([(0, 1), (2, 3), (1, 2)]), as_array([(0, 3)]))
    assert forest.refused.tolist() == [2]
    assert forest.blamed.tolist() == [0]


def test_nothing_to_walk_gives_single_records():
    forest = build_forest(3, as_array([]), as_array([]))
    assert forest.group.tolist() == [0, 1, 2]
    assert walk(as_array([]), np.array([], dtype=np.int64), as_array([]), np.array([], dtype=np.int64)) == ([], [], [])

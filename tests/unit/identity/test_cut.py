"""Trees cut at some edges: what is left, what came later, and the way between two records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retail_brain.identity.cut import Edge, Later, later_records, parts_of, path


def edge(merge_id: int, left: int, right: int, at: int = 1) -> Edge:
    return Edge(merge_id=merge_id, left=left, right=right, at=at)


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[int], list[Edge]]:
    """Records 0 to n, joined to one of those before them, at any time."""
    size = draw(st.integers(1, 25))
    edges = [edge(no, draw(st.integers(0, no - 1)), no, draw(st.integers(1, 4))) for no in range(1, size)]
    return list(range(size)), edges


@given(trees(), st.randoms(use_true_random=False))
def test_cutting_edges_one_by_one_in_any_order_leaves_what_cutting_them_at_once_leaves(
    tree: tuple[list[int], list[Edge]], random: object
) -> None:
    records, edges = tree
    numbers = [one.merge_id for one in edges]
    random.shuffle(numbers)  # type: ignore[attr-defined]
    for count in range(len(numbers) + 1):
        parts = parts_of(records, edges, set(numbers[:count]))
        assert len(parts) == count + 1
        assert sorted(record for part in parts for record in part) == records
        stepwise = list(edges)
        for number in numbers[:count]:
            stepwise = [one for one in stepwise if one.merge_id != number]
        assert parts == parts_of(records, stepwise, ())
    assert parts_of(records, edges, set(numbers)) == [(record,) for record in records]


@given(trees(), st.data())
def test_the_way_between_two_records_is_gone_when_any_of_its_edges_is_cut(
    tree: tuple[list[int], list[Edge]], data: st.DataObject
) -> None:
    records, edges = tree
    left, right = (data.draw(st.sampled_from(records)) for _ in range(2))
    way = path(edges, left, right)
    assert (way == []) == (left == right)
    for one in way:
        parts = parts_of(records, edges, {one.merge_id})
        assert not any(left in part and right in part for part in parts)


def test_what_a_younger_merge_brought_is_told_with_the_record_that_it_hangs_on() -> None:
    edges = [
        edge(1, 10, 20, at=1),
        edge(2, 20, 30, at=2),
        edge(3, 30, 40, at=1),
        edge(4, 10, 50, at=3),
        edge(5, 10, 60),
    ]
    stays, leaves = parts_of([10, 20, 30, 40, 50, 60], edges, {1})
    assert (stays, leaves) == ((10, 50, 60), (20, 30, 40))
    assert later_records(edges, {1}, leaves) == [
        Later(record_no=30, merge_id=2, because_of=20, through=30),
        Later(record_no=40, merge_id=2, because_of=20, through=30),
    ]
    assert later_records(edges, {1}, stays) == [Later(record_no=50, merge_id=4, because_of=10, through=50)]


def test_a_part_that_no_cut_touches_has_nothing_that_came_later() -> None:
    assert later_records([edge(1, 1, 2, at=1), edge(2, 2, 3, at=2)], set(), (1, 2, 3)) == []

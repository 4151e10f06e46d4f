"""Which merges hang on one weak link: the statement against a plain search, on random forests."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain import sql

MERGE, WEAK = 0.8, 0.95
Links = dict[tuple[int, int], float]


@st.composite
def scored_links(draw: st.DrawFn) -> Links:
    """Pairs of up to nine records with the probability of each."""
    pairs = st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] < pair[1])
    return draw(st.dictionaries(pairs, st.sampled_from([0.5, 0.8, 0.85, 0.94, 0.95, 0.99]), max_size=14))


def groups(links: set[tuple[int, int]]) -> dict[int, set[int]]:
    """Return the records that each of nine records is connected with."""
    found = {number: {number} for number in range(1, 10)}
    for left, right in links:
        joined = found[left] | found[right]
        for number in joined:
            found[number] = joined
    return found


def forest(links: Links) -> set[tuple[int, int]]:
    """Return the strongest spanning forest."""
    tree: set[tuple[int, int]] = set()
    for pair in sorted((pair for pair in links if links[pair] >= MERGE), key=lambda pair: (-links[pair], pair)):
        if pair[1] not in groups(tree)[pair[0]]:
            tree.add(pair)
    return tree


def hanging(links: Links, tree: set[tuple[int, int]]) -> set[tuple[int, int, int, int]]:
    """Return the weak merges without which two groups of two or more would share no link, with the sizes of both."""
    found = set()
    for left, right in tree:
        rest = groups(tree - {(left, right)})
        sides = rest[left], rest[right]
        others = [
            pair
            for pair in links
            if links[pair] >= MERGE and pair != (left, right) and (pair[0] in sides[0]) != (pair[1] in sides[0])
            and {*pair} <= sides[0] | sides[1]
        ]  # fmt: skip
        if links[left, right] < WEAK and min(map(len, sides)) >= 2 and not others:
            found.add((left, right, len(sides[0]), len(sides[1])))
    return found


def found_by_statement(links: Links, tree: set[tuple[int, int]]) -> set[tuple[int, int, int, int]]:
    con = duckdb.connect()
    columns = "record_no_l bigint, record_no_r bigint, match_weight double, match_probability double, levels varchar, blocking_rule varchar"
    con.execute(f"create table touched_edge ({columns}); create table merge ({columns}, kind varchar)")
    con.execute("create table crosswalk_tonight (record_no bigint, profile_id bigint)")
    for (left, right), probability in links.items():
        row = [left, right, 1.0, probability, "", ""]
        con.execute("insert into touched_edge values (?, ?, ?, ?, ?, ?)", row)
        if (left, right) in tree:
            con.execute("insert into merge values (?, ?, ?, ?, ?, ?, 'match')", row)
    con.executemany(
        "insert into crosswalk_tonight values (?, ?)", [(no, min(group)) for no, group in groups(tree).items()]
    )
    con.execute(sql.load("pipeline/weak_merge"), {"merge_probability": MERGE, "weak_probability": WEAK})
    return set(con.execute("select record_no_l, record_no_r, records_l, records_r from weak_merge").fetchall())


@settings(max_examples=150, deadline=None)
@given(links=scored_links())
def test_a_weak_merge_is_one_without_which_two_supported_groups_fall_apart(links: Links) -> None:
    tree = forest(links)
    assert found_by_statement(links, tree) == hanging(links, tree)


def test_two_couples_that_hang_on_one_weak_link_are_found_and_a_second_link_saves_them() -> None:
    links = {(1, 2): 0.99, (3, 4): 0.99, (2, 3): 0.85}
    assert found_by_statement(links, set(links)) == {(2, 3, 2, 2)}
    assert found_by_statement(links | {(1, 4): 0.8}, set(links)) == set()
    assert found_by_statement(links | {(1, 4): 0.5}, set(links)) == {(2, 3, 2, 2)}

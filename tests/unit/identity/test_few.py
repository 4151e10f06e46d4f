"""The walk over a few records gives what the walk over tables gives, on random graphs."""

from __future__ import annotations

import uuid
from typing import Any

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.identity.few import FewLink, name_groups, walk_few
from retail_brain.identity.forest import settle_forest
from retail_brain.identity.profile_id import assign_profile_ids

PAIRS = [(left, right) for left in range(6) for right in range(left + 1, 6)]


SHOPS = st.fixed_dictionaries({
    "weights": st.dictionaries(st.sampled_from(PAIRS), st.integers(1, 9), max_size=12),
    "standing": st.sets(st.sampled_from(PAIRS), max_size=4),
    "by_hand": st.sets(st.sampled_from(PAIRS), max_size=2),
    "clashes": st.sets(st.sampled_from(PAIRS), max_size=4),
    "apart": st.sets(st.sampled_from(PAIRS), max_size=2),
    "cards": st.dictionaries(st.integers(0, 5), st.sampled_from("ab"), max_size=4),
})  # fmt: skip


@given(shop=SHOPS)
def test_a_few_records_are_walked_as_many_are(shop: dict[str, Any]) -> None:
    weights, standing, clashes, apart, cards = (
        shop[name] for name in ("weights", "standing", "clashes", "apart", "cards")
    )
    by_hand = shop["by_hand"] - apart
    links = [
        FewLink(left=pair[0], right=pair[1], weight=weights.get(pair), by_hand=pair in by_hand, stands=pair in standing)
        for pair in sorted({*weights, *by_hand} - apart)
    ]
    conflicts = dict.fromkeys(clashes - by_hand, "given_name") | dict.fromkeys(apart, "cannot_link")
    found = walk_few(range(6), list(reversed(links)), conflicts, {"loyalty_id": (1, cards)})
    inside = {record_no: number for number, group in enumerate(found.groups) for record_no in group}
    assert sorted(inside) == list(range(6))
    assert len(found.merges) == 6 - len(found.groups)
    assert all(inside[left] != inside[right] for left, right in apart)
    if not by_hand:
        assert all(inside[left] != inside[right] for left, right in conflicts)
        assert all(len({cards[one] for one in group if one in cards}) <= 1 for group in found.groups)
        slow = _slowly(links, conflicts, cards)
        assert [link.pair for link in found.merges] == slow
    refused = {link.pair for link, _reason in found.refused}
    assert all(link.pair in refused or inside[link.left] == inside[link.right] for link in links)


def _slowly(
    links: list[FewLink], conflicts: dict[tuple[int, int], str], cards: dict[int, str]
) -> list[tuple[int, int]]:
    """Walk by brute force, without must-links."""
    groups = [{number} for number in range(6)]
    merges = []
    for link in sorted(links, key=lambda one: (not one.stands, -(one.weight or 0), one.pair)):
        left, right = (next(group for group in groups if end in group) for end in link.pair)
        both = left | right
        if (
            left is right
            or any({*pair} <= both for pair in conflicts)
            or len({cards[n] for n in both if n in cards}) > 1
        ):
            continue
        groups = [group for group in groups if group not in (left, right)] + [both]
        merges.append(link.pair)
    return merges


def test_both_walks_agree_where_a_person_has_joined_what_clashes() -> None:
    links = [FewLink(left=0, right=1, weight=None, by_hand=True), FewLink(left=1, right=2, weight=3.0, stands=True)]
    found = walk_few([0, 1, 2], links, {(0, 2): "given_name"}, {})
    forest = settle_forest(
        3, np.array([(0, 1), (1, 2)]), np.array([(0, 2)]), np.array([False]), by_hand=1, held=2, bounds=()
    )
    assert len(found.merges) == len(forest.tree) == 2


@given(
    groups=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    before=st.lists(st.integers(-1, 2), min_size=6, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_a_few_groups_keep_the_ids_that_many_would(groups: list[int], before: list[int]) -> None:
    members = [tuple(no for no in range(6) if groups[no] == group) for group in sorted(set(groups))]
    stood = {no: uuid.UUID(int=before[no] + 1) for no in range(6) if before[no] >= 0}
    now, became = name_groups(members, stood, lambda first: uuid.UUID(int=100 + first))
    with duckdb.connect() as con:
        con.execute(
            "create table record as select no as record_no, 'pos' as source, no::varchar as record_id from range(6) t(no)"
        )
        con.execute("create table record_group (record_no bigint, group_no bigint)")
        con.executemany("insert into record_group values (?, ?)", [(no, group[0]) for group in members for no in group])
        con.execute("create table previous_crosswalk (record_no bigint, profile_id uuid)")
        for no, profile_id in stood.items():
            con.execute("insert into previous_crosswalk values (?, ?)", [no, profile_id])
        assign_profile_ids(con, generation="1")
        wanted = dict(con.execute("select record_no, profile_id from crosswalk").fetchall())
        led = dict(con.execute("select old_profile_id, new_profile_id from profile_alias").fetchall())
    old = set(stood.values())
    assert {no: one if one in old else None for no, one in now.items()} == {
        no: one if one in old else None for no, one in wanted.items()
    }
    of = {wanted[no]: now[no] for no in range(6)}
    assert became == {one: of[there] for one, there in led.items()}

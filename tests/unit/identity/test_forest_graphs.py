"""The walk against the slow one of the naive model, on random graphs: ranks, ties, decisions, clashes, bounds, in any order.

Some hundreds of graphs here; `nox -s laws` walks ten thousand.
"""

from __future__ import annotations

import os
from typing import Any

import duckdb
import numpy as np
import pytest

import naive
from retail_brain.config.matching import BoundSettings, MatchingSettings
from retail_brain.identity.bound import Bound
from retail_brain.identity.forest import build_forest
from retail_brain.identity.resolve import resolve

GRAPHS = int(os.environ.get("LAWS_GRAPHS", "400"))
SEED = int(os.environ.get("LAWS_SEED", "1"))
SETTINGS = MatchingSettings(bounds=BoundSettings(loyalty_id=1, national_id=0, date_of_birth=2))


def as_array(pairs: list[naive.Pair]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def some_pairs(random: np.random.Generator, nodes: int, most: int) -> list[naive.Pair]:
    """Pairs of different nodes, some of them several times."""
    if nodes < 2:
        return []
    ends = random.integers(0, nodes, size=(int(random.integers(0, most + 1)), 2)).tolist()
    return [naive.pair(one, other) for one, other in ends if one != other]


def some_values(random: np.random.Generator, nodes: int) -> dict[int, int]:
    return {node: int(random.integers(1, 4)) for node in range(nodes) if random.random() < 0.5}


def test_the_fast_walk_is_the_slow_walk() -> None:
    random = np.random.default_rng(SEED)
    for graph in range(GRAPHS):
        nodes = int(random.integers(1, 16))
        links, apart = some_pairs(random, nodes, 40), some_pairs(random, nodes, 6)
        bounds = [(most, some_values(random, nodes)) for most in (1, 2) if random.random() < 0.5]
        by_hand = int(random.integers(0, 4)) if random.random() < 0.5 else 0
        forest = build_forest(
            nodes,
            as_array([link if random.random() < 0.5 else link[::-1] for link in links]),
            as_array([apart[place] for place in random.permutation(len(apart))]),
            bounds=[
                Bound(field="x", most=most, values=np.array([values.get(node, 0) for node in range(nodes)]))
                for most, values in bounds
            ],
            by_hand=by_hand,
        )
        tree, refused = naive.walk(links, set(apart), bounds, by_hand)
        assert (forest.tree.tolist(), forest.refused.tolist()) == (tree, refused), f"graph {graph} of seed {SEED}"


@pytest.fixture
def con():
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    yield connection
    connection.close()


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    con.execute(f"create or replace table {table} ({columns})")
    if rows:
        values = ", ".join(f"({', '.join('null' if value is None else repr(value) for value in row)})" for row in rows)
        con.execute(f"insert into {table} values {values}")


def test_tables_in_any_order_with_ties_and_repetitions_give_what_the_slow_walk_gives(con) -> None:
    random = np.random.default_rng(SEED)
    pair = "record_no_l bigint, record_no_r bigint"
    for graph in range(GRAPHS // 4):
        nodes = int(random.integers(2, 12))
        weights = {edge: float(random.integers(0, 5)) for edge in some_pairs(random, nodes, 24)}
        must, cannot = some_pairs(random, nodes, 3), some_pairs(random, nodes, 3)
        clashes, stands = some_pairs(random, nodes, 6), some_pairs(random, nodes, 8)
        refused_before = some_pairs(random, nodes, 2)
        loyalty, birth = some_values(random, nodes), some_values(random, nodes)

        def turned(pairs: list[naive.Pair], *more: Any) -> list[tuple[Any, ...]]:
            return [(*(ends if random.random() < 0.5 else ends[::-1]), *more) for ends in pairs]

        def shuffled(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
            return [rows[place] for place in random.permutation(len(rows))]

        keys = [(node, loyalty.get(node), birth.get(node)) for node in range(nodes)]
        fill(con, "match_key", "record_no bigint, loyalty_key varchar, birth_date varchar", shuffled(keys))
        evidence = "match_weight double, match_probability double, levels varchar, blocking_rule varchar"
        fill(
            con,
            "edge",
            f"{pair}, {evidence}",
            shuffled([(*edge, bits, 0.5 + bits / 10, "1", "x") for edge, bits in weights.items()]),
        )
        fill(
            con,
            "clash",
            f"{pair}, clash_bits double, reason varchar",
            shuffled([(*edge, -5.0, reason) for edge in clashes for reason in ("a", "b")]),
        )
        fill(
            con,
            "decision",
            f"{pair}, kind varchar",
            shuffled([*turned(must, "must_link"), *turned(cannot, "cannot_link")]),
        )
        fill(con, "standing", pair, shuffled(turned(stands)))
        fill(con, "refused", pair, shuffled(turned(refused_before)))
        resolve(
            con, settings=SETTINGS, decisions="decision", standing="standing", refused="refused", values="match_key"
        )

        links = {edge for edge, bits in weights.items() if bits >= 3} - set(refused_before)
        tree, refused = slow(
            links, weights, must=set(must), cannot=set(cannot), clashes=set(clashes), stands=set(stands),
            bounds=[(1, loyalty), (2, birth)],
        )  # fmt: skip
        made = con.execute("select record_no_l, record_no_r from merge order by all").fetchall()
        kept_out = con.execute(
            "select record_no_l, record_no_r from refusal where reason <> 'refused_before'"
        ).fetchall()
        assert made == sorted(tree), f"graph {graph} of seed {SEED}"
        assert sorted(kept_out) == sorted(refused), f"graph {graph} of seed {SEED}"


def slow(links, weights, *, must, cannot, clashes, stands, bounds):
    """Rank and walk as the rules say."""
    ranked = sorted(
        (links | must) - cannot,
        key=lambda edge: (edge not in must, edge not in stands, -weights.get(edge, float("-inf")), edge),
    )
    held = sum(edge in must or edge in stands for edge in ranked)
    by_hand = len(must - cannot)
    return naive.resolve(ranked, held=held, by_hand=by_hand, apart=cannot - must, clashes=clashes - must, bounds=bounds)

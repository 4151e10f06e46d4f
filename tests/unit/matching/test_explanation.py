"""An explanation is the very sum that was scored: held against the statement that scores, on levels drawn at random."""

from __future__ import annotations

import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from retail_brain.errors import InputError
from retail_brain.matching.explain import explain
from retail_brain.matching.model import Model, default_model, with_settings
from retail_brain.matching.score import edge_sql
from retail_brain.matching.terms import weighed_levels

PAIRS = 20_000
SHIPPED = replace(default_model(), blocking_rules=(("email_key",),))


def scored(model: Model, seed: int) -> duckdb.DuckDBPyConnection:
    """Pairs as Splink leaves them: for each comparison a weight that tells its level, and bits for rarity."""
    con, chance = duckdb.connect(), random.Random(seed)
    weighed = {term.rsplit("_", 1)[0] for term, _column in weighed_levels(model)}
    columns = {"record_no_l": range(PAIRS), "record_no_r": range(PAIRS, 2 * PAIRS), "match_key": ["0"] * PAIRS}
    for comparison in model.comparisons:
        name, levels = comparison.name, [chance.randrange(-1, len(comparison.levels)) for _ in range(PAIRS)]
        columns["mw_" + name] = [model.level_bits(name, level) for level in levels]
        if name in weighed:
            columns["mw_tf_adj_" + name] = [chance.uniform(-9, 12) if level > 0 else 0.0 for level in levels]
    con.register("given", pa.table({name: pa.array(list(values)) for name, values in columns.items()}))
    con.execute("create table scored as from given")
    return con


@pytest.mark.parametrize(
    "model",
    [
        SHIPPED,
        replace(SHIPPED, home_share=0.2, records=40),
        with_settings(
            SHIPPED, comparisons=("gender", "date_of_birth", "loyalty_id"), blocking_rules=(("birth_date",),)
        ),
    ],
    ids=["as shipped", "few records of large homes", "without names"],
)
def test_weight_probability_and_lines_are_those_that_were_scored_to_the_last_bit(model: Model) -> None:
    con = scored(model, 1)
    rows = con.execute(
        f"select match_weight, match_probability, levels from ({edge_sql(model, 'scored', -1e9)})"
    ).fetchall()
    assert len(rows) == PAIRS
    for weight, probability, levels in rows:
        told = explain(model, levels)
        assert told.match_weight == weight
        assert told.match_probability == pytest.approx(probability, abs=1e-9)
        assert sum(line.weight_bits for line in told.lines) == pytest.approx(weight, abs=1e-9)


@pytest.mark.parametrize("levels", ["1,2,3", "", "a,b,c,d,e,f,g,h,i,j,k", "99,0,0,0,0,0,0,0,0,0,0"])
def test_levels_that_the_model_does_not_have_are_refused(levels: str) -> None:
    with pytest.raises(InputError, match="another model"):
        explain(default_model(), levels)

"""Scoring: pairs of records to edges, with the term for shared homes on top of Splink's weight.

Apart from training because it runs every night. Splink blocks, compares and weighs; the last step adds, from the same
levels, how much of that evidence two people of one home would show as well.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from retail_brain.matching.linker import level_sql, open_linker
from retail_brain.matching.terms import attach_terms, weighed_levels

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retail_brain.config_matching import MatchingSettings
    from retail_brain.matching.model import Model


def score_all(con: duckdb.DuckDBPyConnection, model: Model, *, settings: MatchingSettings, progress: Callable[[str, float], None] | None = None) -> None:
    """Score all blocked pairs of all records.

    Args:
        con: holds match_key and the model's term_frequency.
        model: the trained model.
        settings: the matching section of the configuration.
        progress: told the step and the share of scoring done.

    Creates edge, one row per pair at or above the review threshold.
    """
    tell = progress or (lambda _step, _share: None)
    attach_terms(con, model, "match_key", "scored_key")
    linker = open_linker(con, model, "scored_key")
    tell("scoring", 0.1)
    least = log2(settings.review_probability / (1 - settings.review_probability))
    scored = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
    con.execute(f"create or replace table edge as {edge_sql(model, scored.physical_name, least)}")
    scored.drop_table_from_database_and_remove_from_cache()


def edge_sql(model: Model, scored: str, least_bits: float) -> str:
    """Return one row per pair: record numbers, weight with the shared-home term, probability, levels, blocking rule."""
    names = model.shares_order
    weighed = {term.rsplit("_", 1)[0] for term, _column in weighed_levels(model)}
    levels = ", ".join(f"{level_sql(model, name)} as level_{name}" for name in names)
    terms = ", ".join(f"round(mw_tf_adj_{name}, 2) as term_{name}" for name in names if name in weighed)
    added = "".join(f" + term_{name}" for name in names if name in weighed)
    same = " + ".join(bits_case_sql(model, name, home=False) for name in names) + added
    home = " + ".join(bits_case_sql(model, name, home=True) for name in names) + added
    text = " || ',' || ".join(f"level_{name}" + (f" || case when term_{name} = 0 then '' else ':' || term_{name} end" if name in weighed else "") for name in names)
    rules = " ".join(f"when '{number}' then '{' + '.join(rule)}'" for number, rule in enumerate(model.blocking_rules))
    return f"""
with leveled as (select record_no_l, record_no_r, match_key, {levels}, {terms} from {scored}),
weighed as (select *, round({model.prior_bits!r} + {same} - log2(1 + {model.home_odds!r} * power(2.0, least({home}, 900.0))), 6) as match_weight from leveled)
select
    least(record_no_l, record_no_r) as record_no_l,
    greatest(record_no_l, record_no_r) as record_no_r,
    match_weight,
    round(1 / (1 + power(2.0, -match_weight)), 9) as match_probability,
    {text} as levels,
    case match_key {rules} end as blocking_rule
from weighed
where match_weight >= {least_bits!r}
"""


def bits_case_sql(model: Model, name: str, *, home: bool) -> str:
    """Return the weight of a comparison's level in bits: of one person, or of two people of one home, against strangers."""
    bits = model.home_bits if home else model.level_bits
    cases = " ".join(f"when {number} then {bits(name, number)!r}" for number in range(len(model.shares[name].same)))
    return f"(case level_{name} {cases} else 0.0 end)"

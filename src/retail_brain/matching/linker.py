"""Splink: its settings from our model, its input with frozen term frequencies, its scored pairs.

Apart from the rest of the room because this is the only module that knows Splink's names.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retail_brain.engine import quote_identifier
from retail_brain.matching.terms import register_terms, term_name

if TYPE_CHECKING:
    import duckdb

    from retail_brain.matching.comparison import Comparison
    from retail_brain.matching.model import Model


_FEW_EDITS = re.compile(r"damerau_levenshtein\((\w+), (\w+)\) <= (\d+|case .*? end)")
_FEW_EDITS_QUICKLY = (
    r"(abs(length(\1) - length(\2)) <= \3 and (levenshtein(\1, \2) <= \3"
    r" or (levenshtein(\1, \2) <= 2 * (\3) and damerau_levenshtein(\1, \2) <= \3)))"
)
"""The distance with transpositions takes DuckDB eight times as long as the one without, which bounds it from both sides: it is
never smaller, and a transposition is two plain edits."""


def load_splink() -> None:
    """Import Splink ahead of its use."""
    import splink  # noqa: F401


def splink_settings(model: Model) -> dict[str, Any]:
    """Return Splink's settings for a model: comparisons with m and u, term frequencies, blocking rules."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_no",
        "probability_two_random_records_match": model.same_share,
        "comparisons": [_comparison(model, comparison) for comparison in model.comparisons],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": blocking_condition(rule), "sql_dialect": "duckdb"} for rule in model.blocking_rules
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
    }


def blocking_condition(rule: tuple[str, ...]) -> str:
    """Return the join condition of a blocking rule."""
    return " and ".join(f"l.{quote_identifier(column)} = r.{quote_identifier(column)}" for column in rule)


def _comparison(model: Model, comparison: Comparison) -> dict[str, Any]:
    share = model.shares[comparison.name]
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": quick_sql(comparison.null_condition),
            "label_for_charts": "nothing to say",
            "is_null_level": True,
        }
    ]
    for position, level in enumerate(comparison.levels):
        number = len(comparison.levels) - 1 - position
        entry = {
            "sql_condition": quick_sql(level.condition),
            "label_for_charts": level.label,
            "m_probability": share.stranger[number] * 2 ** model.level_bits(comparison.name, number),
            "u_probability": share.stranger[number],
        }
        if level.term_column:
            entry |= {"tf_adjustment_column": term_name(comparison, number), "disable_tf_exact_match_detection": True}
        levels.append(entry)
    return {
        "output_column_name": comparison.name,
        "comparison_description": comparison.label,
        "comparison_levels": levels,
    }


def quick_sql(condition: str) -> str:
    """Return a condition of a comparison that says the same and takes DuckDB less time."""
    return _FEW_EDITS.sub(_FEW_EDITS_QUICKLY, condition)


def open_linker(con: duckdb.DuckDBPyConnection, model: Model, table: str) -> Any:
    """Return a Splink linker over a table of keys that carries its term frequencies."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = DuckDBAPI(connection=con).register(table)
        linker = Linker(frame, splink_settings(model), validate_settings=False, log_level=logging.ERROR)
        register_terms(con, model, linker)
        return linker


def compare_pairs(con: duckdb.DuckDBPyConnection, model: Model, keys: str, pairs: str, **options: Any) -> Any:
    """Have Splink compare given pairs of records.

    Args:
        con: the engine.
        model: the trained model; its blocking rules do not matter.
        keys: table of keys with their term frequencies.
        pairs: table of pairs: match_key, join_key_l, join_key_r.
        options: for Splink's `predict`.

    Returns:
        Splink's frame of scored pairs; the caller drops its table.
    """
    linker = open_linker(con, replace(model, blocking_rules=model.blocking_rules[:1]), keys)
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register(pairs))
    return linker.inference.predict(warning_mode="never", **options)


def level_sql(model: Model, name: str) -> str:
    """Return the level of a scored pair in one comparison: Splink keeps the weight, and each level has its own."""
    bits = [(number, round(model.level_bits(name, number) * 1e6)) for number in range(len(model.shares[name].same))]
    cases = " ".join(f"when {weight} then {number}" for number, weight in bits)
    return f"(case round(mw_{name} * 1e6)::bigint {cases} else -1 end)"

"""Scoring: pairs of records to edges, with the term for shared homes on top of Splink's weight.

Apart from training because it runs every night. Splink blocks, compares and weighs; the last step adds, from the same
levels, how much of that evidence two people of one home would show as well.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, Any

from retail_brain.engine import quote_identifier
from retail_brain.matching.alone import alone_sql
from retail_brain.matching.linker import level_sql, open_linker
from retail_brain.matching.terms import attach_terms, weighed_levels

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model

CHUNK_RECORDS = 2_000_000


def score_all(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    settings: MatchingSettings,
    progress: Callable[[str, float], None] | None = None,
) -> None:
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
    [(records,)] = con.execute("select count(*) from match_key").fetchall()
    chunks = max(1, int(records) // CHUNK_RECORDS)
    con.execute("drop table if exists edge")
    for chunk in range(1, chunks + 1):
        tell("scoring", (chunk - 1) / chunks)
        scored = linker.inference.predict_chunk(
            (chunk, chunks), (1, 1), threshold_match_weight=_least_bits(settings), warning_mode="never"
        )
        _keep_edges(con, model, scored, "edge", settings)
    con.execute("drop table scored_key")


def score_changed(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    settings: MatchingSettings,
    changed: str = "changed_key",
    keys: str = "match_key",
    into: str = "edge",
    progress: Callable[[str, float], None] | None = None,
) -> None:
    """Score new and changed records, within themselves and against all others.

    Args:
        con: holds match_key (all records) and the model's term_frequency.
        model: the trained model; a pair weighs what `score_all` would give it.
        settings: the matching section of the configuration.
        changed: table of the records to score: record_no.
        keys: a table with the rows of match_key of these records, among others.
        into: table to create, one row per pair at or above the review threshold.
        progress: told the step and the share of scoring done.
    """
    tell = progress or (lambda _step, _share: None)
    tell("looking up", 0.0)
    con.execute(
        f"create or replace temp table changed_source as select * from {quote_identifier(keys)} semi join {quote_identifier(changed)} using (record_no)"
    )
    con.execute(f"create or replace temp table other_source as {_candidate_sql(model, changed)}")
    attach_terms(con, model, "changed_source", "changed_scored_key")
    attach_terms(con, model, "other_source", "other_scored_key")
    con.execute(f"drop table if exists {quote_identifier(into)}")
    linker = open_linker(con, model, "changed_scored_key")
    frame = linker._db_api.register("changed_scored_key", dataset_display_name="changed")
    other = linker._db_api.register("other_scored_key", dataset_display_name="other")
    least = _least_bits(settings)
    tell("scoring", 0.3)
    within = linker.inference.predict_within(frame, threshold_match_weight=least, warning_mode="never")
    _keep_edges(con, model, within, into, settings)
    tell("scoring", 0.5)
    between = linker.inference.predict_between(frame, other, threshold_match_weight=least, warning_mode="never")
    _keep_edges(con, model, between, into, settings)
    for table in ("changed_source", "other_source", "changed_scored_key", "other_scored_key"):
        con.execute(f"drop table {table}")


def _candidate_sql(model: Model, changed: str) -> str:
    """Return the keys of all unchanged records that share a blocking value with a changed one."""
    found = []
    for rule in model.blocking_rules:
        columns = ", ".join(quote_identifier(column) for column in rule)
        found.append(
            f"select record_no from match_key semi join (select {columns} from changed_source) using ({columns})"
        )
    return f"select * from match_key semi join ({' union '.join(found)}) using (record_no) anti join {quote_identifier(changed)} using (record_no)"


def _least_bits(settings: MatchingSettings) -> float:
    return log2(settings.review_probability / (1 - settings.review_probability))


def _keep_edges(
    con: duckdb.DuckDBPyConnection, model: Model, scored: Any, into: str, settings: MatchingSettings
) -> None:
    query = edge_sql(model, scored.physical_name, _least_bits(settings))
    con.execute(f"create table if not exists {quote_identifier(into)} as {query} limit 0")
    con.execute(f"insert into {quote_identifier(into)} {query}")
    scored.drop_table_from_database_and_remove_from_cache()


def edge_sql(model: Model, scored: str, least_bits: float) -> str:
    """Return one row per pair: record numbers, weight with the shared-home term, probability, levels, blocking rule."""
    names = model.shares_order
    weighed = {term.rsplit("_", 1)[0] for term, _column in weighed_levels(model)}
    levels = ", ".join(f"{level_sql(model, name)} as level_{name}" for name in names)
    terms = ", ".join(f"round(mw_tf_adj_{name}, 2) as term_{name}" for name in names if name in weighed)
    same = ", ".join(
        f"{bits_case_sql(model, name, home=False)}::double{f' + term_{name}' if name in weighed else ''} as bits_{name}"
        for name in names
    )
    home = " + ".join(
        bits_case_sql(model, name, home=True) + "::double" + (f" + term_{name}" if name in weighed else "")
        for name in names
    )
    total = " + ".join(f"bits_{name}" for name in names)
    text = " || ',' || ".join(
        f"level_{name}"
        + (f" || case when term_{name} = 0 then '' else ':' || term_{name} end" if name in weighed else "")
        for name in names
    )
    rules = " ".join(f"when '{number}' then '{' + '.join(rule)}'" for number, rule in enumerate(model.blocking_rules))
    return f"""
with leveled as (select record_no_l, record_no_r, match_key, {levels}, {terms} from {scored}),
bit as (select *, {same}, {home} as home_bits from leveled),
weighed as (
    select *, round({model.prior_bits!r}::double + {total} - log2(1 + {model.home_odds!r} * power(2.0, least(home_bits, 900.0))) - {alone_sql(model)}, 6) as match_weight from bit
)
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

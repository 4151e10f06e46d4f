"""Scoring: pairs of records to edges, with the term for shared homes on top of Splink's weight.

Apart from training because it runs every night. Splink compares and weighs; the last step adds, from the same
levels, how much of that evidence two people of one home would show as well.
"""

from __future__ import annotations

from contextlib import contextmanager
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain.engine import INTERMEDIATE, quote_identifier, quote_text
from retail_brain.matching.alone import alone_sql
from retail_brain.matching.linker import compare_pairs, level_sql
from retail_brain.matching.pairs import cut_pairs, find_pairs
from retail_brain.matching.terms import terms_sql, weighed_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model

PAIRS_AT_ONCE = 800_000, 4_000_000
"""How many pairs are compared in one go, at least and at most: a quarter of all of them between these. Each time the keys
of the records are read once, and each pair takes about half a kilobyte."""

IN_MEMORY_RECORDS = 500_000
"""Keys with their term frequencies of more records than this are left in a file of the scratch folder."""


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
    tell("looking up", 0.0)
    pairs = find_pairs(con, model)
    con.execute("drop table if exists edge")
    tell("looking up", 0.15)
    with scored_keys(con, model, "match_key", "scored_key"):
        _score_pairs(con, model, "scored_key", pairs=pairs, into="edge", settings=settings, tell=tell)


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
    pairs = find_pairs(con, model, keys=keys, changed=changed)
    con.execute(
        "create or replace temp table paired_key as select * from match_key"
        " where record_no in (select join_key_l from candidate_pair union all select join_key_r from candidate_pair)"
    )
    con.execute(f"drop table if exists {quote_identifier(into)}")
    tell("scoring", 0.3)
    with scored_keys(con, model, "paired_key", "scored_key"):
        _score_pairs(con, model, "scored_key", pairs=pairs, into=into, settings=settings, tell=tell)
    con.execute("drop table paired_key")


@contextmanager
def scored_keys(con: duckdb.DuckDBPyConnection, model: Model, source: str, into: str) -> Iterator[None]:
    """Hold keys with the model's term frequencies beside them, in memory or, where they are many, in a file."""
    [(records,)] = con.execute(f"select count(*) from {quote_identifier(source)}").fetchall()
    query = terms_sql(model, source)
    if records <= IN_MEMORY_RECORDS:
        con.execute(f"create or replace table {quote_identifier(into)} as {query}")
        yield
        con.execute(f"drop table {quote_identifier(into)}")
        return
    [(folder,)] = con.execute("select current_setting('temp_directory')").fetchall()
    path = Path(folder) / f"{into}.parquet"
    path.parent.mkdir(exist_ok=True)
    con.execute(f"copy ({query}) to {quote_text(str(path))} ({INTERMEDIATE})")
    con.execute(f"create or replace view {quote_identifier(into)} as from read_parquet({quote_text(str(path))})")
    yield
    con.execute(f"drop view {quote_identifier(into)}")
    path.unlink()


def _score_pairs(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    keys: str,
    *,
    pairs: int,
    into: str,
    settings: MatchingSettings,
    tell: Callable[[str, float], None],
) -> None:
    """Compare and weigh the pairs of candidate_pair, chunk by chunk, and keep those worth a person's look."""
    least, most = PAIRS_AT_ONCE
    chunks = cut_pairs(con, max(1, pairs // min(max(pairs // 4, least), most)))
    for number, (first, end) in enumerate(chunks):
        con.execute(
            "create or replace table pair_chunk as from candidate_pair where join_key_l >= ? and join_key_l < ?",
            [first, end],
        )
        scored = compare_pairs(con, model, keys, "pair_chunk", threshold_match_weight=_least_bits(settings))
        _keep_edges(con, model, scored, into, settings)
        tell("scoring", 0.3 + 0.7 * (number + 1) / len(chunks))
    for table in ("pair_chunk", "candidate_pair"):
        con.execute(f"drop table {table}")


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

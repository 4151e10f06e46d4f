"""Training without labels: from keys to a model, starting from the shipped default.

Apart from scoring because it runs once for many nights. Two samples are compared by Splink: random pairs teach how
often strangers agree; pairs of each blocking rule teach how the records of one person, and of two people of one home,
differ. Samples are taken by a hash of the record number, so the same records give the same model.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from retail_brain import sql
from retail_brain.matching.blocking import estimate_blocking
from retail_brain.matching.comparison import chosen_comparisons
from retail_brain.matching.linker import blocking_condition, compare_pairs, level_sql
from retail_brain.matching.mixture import HOME, SAME, STRANGER, Block, fit, responsibility
from retail_brain.matching.model import CLASSES, LevelShare, Model, default_model, with_settings
from retail_brain.matching.terms import attach_terms, count_terms

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    from numpy.typing import NDArray

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.comparison import Comparison
    from retail_brain.matching.mixture import Shares

SAME_PAIRS_PER_RECORD = 0.1
HOME_PAIRS_PER_RECORD = 0.02
"""Pairs believed in before the data speaks. The second keeps the class alive where homes are not to be seen."""
BELIEF_RECORDS = 300
"""How many records that belief counts for."""
FEW_RECORDS = 1000
MOST_TRUST = 4.0
"""Below that many records the default model counts for more, up to so many times: each of the few pairs is seen by many rules,
and a handful of fathers and sons must not teach that one person has two birthdays."""

FEWEST_RECORDS = 2
"""With fewer there is no pair to learn from, and the model is the prior."""


def train_model(
    con: duckdb.DuckDBPyConnection,
    *,
    settings: MatchingSettings,
    model_id: str,
    progress: Callable[[str, float], None] | None = None,
    prior: Model | None = None,
) -> Model:
    """Train a model on the keys of all records.

    Args:
        con: holds match_key.
        settings: the matching section of the configuration.
        model_id: the name of the model.
        progress: told the step and the share of training done.
        prior: the model to start from and to lean on; the shipped default if none is given.

    Returns:
        The model. Its term frequencies are left in the table term_frequency.

    Raises:
        RefusedError: a blocking rule would explode.
    """
    tell = progress or (lambda _step, _share: None)
    tell("blocking", 0.0)
    used = [result for result in estimate_blocking(con, settings=settings) if result.used]
    rules = tuple(result.rule for result in used)
    start = with_settings(prior or default_model(), comparisons=settings.comparisons, blocking_rules=rules)
    comparisons = chosen_comparisons(settings.comparisons)
    [(records,)] = con.execute("select count(*) from match_key").fetchall()
    terms = count_terms(con, comparisons)
    if records < FEWEST_RECORDS:
        return replace(start, model_id=model_id, records=records, term_totals=terms, versions=_versions())
    tell("sampling", 0.2)
    share = _sample_share(sum(result.pairs for result in used), settings.training.blocked_pairs)
    _sample_pairs(con, rules, share, records, settings)
    _compare(con, start)
    tell("learning", 0.8)
    trained = _learn(con, replace(start, term_totals=terms), records, share, settings)
    return replace(
        trained,
        model_id=model_id,
        records=records,
        term_totals=terms,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    """Return the versions of what made the model."""
    return {name: version(name) for name in ("splink", "duckdb", "retail-brain") if _installed(name)}


def _installed(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError

    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _sample_share(pairs: int, wanted: int) -> int:
    """Return in how many thousandths of the records a pair's first record must lie for the pair to be sampled."""
    return 1000 if pairs <= wanted else max(1, 1000 * wanted // pairs)


def _sample_pairs(
    con: duckdb.DuckDBPyConnection,
    rules: tuple[tuple[str, ...], ...],
    share: int,
    records: int,
    settings: MatchingSettings,
) -> None:
    con.execute("create or replace table train_pair (rule integer, record_no_l bigint, record_no_r bigint)")
    seed = settings.training.seed
    for number, rule in enumerate(rules):
        con.execute(
            f"insert into train_pair select ?, l.record_no, r.record_no from match_key l join match_key r on {blocking_condition(rule)}"
            " where l.record_no < r.record_no and hash(l.record_no + ? * 1000003) % 1000 < ?",
            [number, seed, share],
        )
    rounds = max(1, min(settings.training.random_pairs // max(records, 1), (records - 1) // 2))
    con.execute(
        sql.load("matching/train_random_pair"),
        {"seed": seed, "rounds": rounds, "limit": settings.training.random_pairs},
    )


def _compare(con: duckdb.DuckDBPyConnection, start: Model) -> None:
    con.execute(
        "create or replace table train_block as select distinct '0' as match_key, record_no_l as join_key_l, record_no_r as join_key_r from train_pair"
    )
    con.execute(
        "create or replace temp table train_source as select * from match_key"
        " where record_no in (select join_key_l from train_block union all select join_key_r from train_block)"
    )
    attach_terms(con, start, "train_source", "train_key")
    scored = compare_pairs(con, start, "train_key", "train_block")
    names = ", ".join(f"gamma_{name}" for name in start.shares_order)
    levels = ", ".join(f"{level_sql(start, name)}::tinyint as gamma_{name}" for name in start.shares_order)
    con.execute(
        f"create or replace table train_scored as select record_no_l, record_no_r, {levels} from {scored.physical_name}"
    )
    scored.drop_table_from_database_and_remove_from_cache()
    con.execute(
        f"create or replace table train_pattern as select rule, {names}, count(*) as pairs from train_pair p"
        " join train_scored s on s.record_no_l = p.record_no_l and s.record_no_r = p.record_no_r group by all"
    )
    con.execute(
        f"create or replace table train_union as select {names}, count(*) as pairs from train_scored s"
        " semi join (select record_no_l, record_no_r from train_pair where rule >= 0) p on s.record_no_l = p.record_no_l and s.record_no_r = p.record_no_r group by all"
    )
    for table in ("train_source", "train_key", "train_block", "train_scored", "train_pair"):
        con.execute(f"drop table {table}")


def _learn(con: duckdb.DuckDBPyConnection, start: Model, records: int, share: int, settings: MatchingSettings) -> Model:
    comparisons = start.comparisons
    prior = [np.array([getattr(start.shares[comparison.name], kind) for kind in CLASSES]) for comparison in comparisons]
    rules = [*enumerate(start.blocking_rules), (-1, ())]
    blocks = [block for number, rule in rules if len((block := _block(con, comparisons, number, rule)).counts)]
    training = settings.training
    fitted, _mixes = fit(
        blocks,
        prior,
        tuple(comparison.namesake for comparison in comparisons),
        tuple(comparison.fixed for comparison in comparisons),
        ceilings=[_ceilings(comparison, start.term_totals) for comparison in comparisons],
        strength=training.prior_strength * min(max(FEW_RECORDS / max(records, 1), 1.0), MOST_TRUST),
        max_iterations=training.max_iterations,
        tolerance=training.tolerance,
    )
    same, home = _overall_shares(con, fitted, start, records, share)
    shares = {
        comparison.name: LevelShare(
            **{kind: tuple(round(float(value), 12) for value in array[number]) for number, kind in enumerate(CLASSES)}
        )
        for comparison, array in zip(comparisons, fitted, strict=True)
    }
    return replace(start, shares=shares, same_share=same, home_share=home)


def _ceilings(comparison: Comparison, terms: dict[str, tuple[int, float]]) -> NDArray[np.float64]:
    """Return the most that strangers can reach of each level: where it wants the same value, as often as any two records have it.

    That is counted over all records. A sample of random pairs shows at most that it is rare, and among millions of records the
    default's share, however little it is believed, would be a hundred times too much.
    """
    ceilings = np.ones(len(comparison.levels))
    for position, level in enumerate(comparison.levels):
        total, agreement = terms.get(level.term_column or "", (0, 1.0))
        if total > 1:
            ceilings[len(comparison.levels) - 1 - position] = max(agreement - 1 / total, 2 / total**2)
    return ceilings


def _block(
    con: duckdb.DuckDBPyConnection, comparisons: tuple[Comparison, ...], number: int, rule: tuple[str, ...]
) -> Block:
    levels, counts = _patterns(con, f"train_pattern where rule = {number}", comparisons)
    used = tuple(not set(rule) & set(comparison.columns) for comparison in comparisons)
    if number < 0:
        return Block(levels=levels, counts=counts, used=used, start=(1e-5, 1e-6, 1.0), learns_strangers=True)
    return Block(levels=levels, counts=counts, used=used, start=(0.5, 0.3, 0.2))


def _patterns(
    con: duckdb.DuckDBPyConnection, source: str, comparisons: tuple[Comparison, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    names = ", ".join(f"gamma_{comparison.name}" for comparison in comparisons)
    table = con.execute(f"select {names}, pairs from {source} order by all").fetchnumpy()
    columns = [np.asarray(table[f"gamma_{comparison.name}"], dtype=np.int64) for comparison in comparisons]
    return np.stack(columns, axis=1), np.asarray(table["pairs"], dtype=np.float64)


def _overall_shares(
    con: duckdb.DuckDBPyConnection, fitted: Shares, start: Model, records: int, share: int
) -> tuple[float, float]:
    """Return which share of all pairs are one person's, and which share a home: the fixed point over all blocked pairs."""
    comparisons = start.comparisons
    levels, counts = _patterns(con, "train_union", comparisons)
    every = records * (records - 1) / 2
    mix = np.array([1 / records, 1 / records, 1.0])
    extra = np.array([0.0, HOME_PAIRS_PER_RECORD * records])
    believed = np.array([SAME_PAIRS_PER_RECORD, HOME_PAIRS_PER_RECORD]) * BELIEF_RECORDS
    for _ in range(100):
        mix[STRANGER] = 1 - mix[SAME] - mix[HOME]
        belongs = responsibility(levels, fitted, mix, (True,) * len(comparisons))
        found = (belongs * counts[:, None]).sum(axis=0) * 1000 / share
        new = (found[:2] + extra + believed) * records / (records + BELIEF_RECORDS) / every
        if np.abs(new - mix[:2]).max() <= 1e-3 / every:
            break
        mix[:2] = new
    return round(float(mix[SAME]), 15), round(float(mix[HOME]), 15)


def pool_models(models: list[tuple[Model, float, tuple[str, ...]]], start: Model) -> Model:
    """Make a default model from models that were trained on different data.

    Args:
        models: for each a weight and the names of the comparisons that its data really had.
        start: the default so far; kept where no data speaks, and for the home class, which every set shapes in its own way.

    Returns:
        A model with the weighted mean of the shares; write its model.json over default_model.json.
    """
    shares = {}
    for name, old in start.shares.items():
        heard = [(model.shares[name], weight) for model, weight, names in models if name in names]
        total = sum(weight for _share, weight in heard)
        if not heard or next(comparison for comparison in start.comparisons if comparison.name == name).fixed:
            shares[name] = old
            continue
        same, stranger = (
            tuple(
                sum(getattr(share, kind)[level] * weight for share, weight in heard) / total
                for level in range(len(old.same))
            )
            for kind in ("same", "stranger")
        )
        shares[name] = LevelShare(same=same, home=old.home, stranger=stranger)
    return replace(start, shares=shares)

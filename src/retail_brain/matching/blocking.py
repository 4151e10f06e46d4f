"""Blocking rules before they run: how many pairs each would make, and how large its largest block is.

Apart from training and scoring because an explosion has to be refused before either starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.engine import quote_identifier
from retail_brain.errors import RefusedError

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.matching import BlockingRule, MatchingSettings
    from retail_brain.matching.model import Model


SAMPLE_RECORDS = 100_000
"""Up to twice as many records are counted exactly; of more, a sample by hash of about this size is."""

SURE_BLOCK = 8
"""A block of more records than this in a sample is large enough for its real size to be told from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingResult:
    """What one blocking rule would do: pairs, and the largest number of records that share one value.

    `shape` describes that value without giving it away: lengths and kinds of its parts.
    """

    rule: tuple[str, ...]
    pairs: int
    largest_block: int
    shape: str
    used: bool


def estimate_blocking(con: duckdb.DuckDBPyConnection, *, settings: MatchingSettings) -> list[BlockingResult]:
    """Count the pairs of each blocking rule, on a sample where there are many records.

    Args:
        con: holds match_key.
        settings: the matching section of the configuration.

    Returns:
        One result per configured rule, in order; `used` is false for a rule that is marked when_affordable and is not.

    Raises:
        RefusedError: a rule that must be used would explode; names the rule and the shape of its largest block.
    """
    [(records,)] = con.execute("select count(*) from match_key").fetchall()
    budget = max(settings.max_pairs_per_record * records, settings.affordable_pairs)
    step = max(1, int(records) // SAMPLE_RECORDS)
    con.execute(
        f"create or replace temp table block_sample as select * from match_key where hash(record_no) % {step} = 0"
    )
    found = [_count(con, rule, settings, budget, step) for rule in settings.blocking_rules]
    con.execute("drop table block_sample")
    return found


def _count(
    con: duckdb.DuckDBPyConnection, rule: BlockingRule, settings: MatchingSettings, budget: float, step: int
) -> BlockingResult:
    """Count on every step-th record, where a block has a step-th of its records; exactly where the sample has no pair."""
    [(pairs, largest, shape)] = con.execute(block_count_sql(rule.columns, "block_sample")).fetchall()
    if pairs == 0 and step > 1:
        [(pairs, largest, shape)] = con.execute(block_count_sql(rule.columns)).fetchall()
    else:
        pairs, largest = pairs * step * step, largest * step if largest > SURE_BLOCK else largest
    exploded = pairs > settings.max_pairs or largest > settings.max_block_records
    if exploded and not rule.when_affordable:
        raise RefusedError(
            f"blocking rule {' + '.join(rule.columns)} would compare {pairs:,} pairs; its largest block is {largest:,} records with a value like {shape}",
            hint="that value is probably a placeholder: clear it in the source, or take the rule out of matching.blocking_rules",
        )
    used = not (rule.when_affordable and (exploded or pairs > budget))
    return BlockingResult(rule=rule.columns, pairs=pairs, largest_block=largest, shape=shape, used=used)


def shared_rules_sql(model: Model, left: str, right: str) -> str:
    """Return one row for a table with one key and another: for each blocking rule whether the two share what it wants."""
    rules = (
        " and ".join(f"l.{quote_identifier(column)} = r.{quote_identifier(column)}" for column in rule)
        for rule in model.blocking_rules
    )
    shared = ", ".join(f"coalesce({rule}, false)" for rule in rules)
    return f"select {shared} from {quote_identifier(left)} l, {quote_identifier(right)} r"


def block_count_sql(columns: tuple[str, ...], table: str = "match_key") -> str:
    """Return one row: pairs of the rule, records of its largest block, shape of that block's value."""
    names = [quote_identifier(column) for column in columns]
    chosen = ", ".join(names)
    shape = " || ' + ' || ".join(
        f"regexp_replace(regexp_replace({name}::varchar, '[0-9]', '9', 'g'), '[A-Za-z]', 'a', 'g')" for name in names
    )
    known = " and ".join(f"{name} is not null" for name in names)
    return (
        f"with block as (select {chosen}, count(*) as records from {table} where {known} group by {chosen} having count(*) > 1)"
        " select coalesce(sum(records * (records - 1) // 2), 0)::bigint, coalesce(max(records), 0)::bigint,"
        f" coalesce((select {shape} from block order by records desc, {chosen} limit 1), '') from block"
    )

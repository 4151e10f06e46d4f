"""Which records are compared with which: every pair that shares what a blocking rule wants, once, by its first such rule.

Apart from scoring because pairs need only two numbers a record and rule: a hash of what the rule wants and the record's
own. So a rule is one join of two narrow columns, whatever else is known of the records, and Splink compares what it finds.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from retail_brain.engine import quote_identifier

if TYPE_CHECKING:
    import duckdb

    from retail_brain.matching.model import Model


def find_pairs(
    con: duckdb.DuckDBPyConnection, model: Model, *, keys: str = "match_key", changed: str | None = None
) -> int:
    """Find the pairs that a model's blocking rules let be compared.

    Args:
        con: holds match_key.
        model: names the blocking rules.
        keys: a table with the rows of match_key of the changed records, among others.
        changed: a table of records (record_no); only pairs with one of these are found. All pairs where it is None.

    Returns:
        How many there are. Creates candidate_pair, one row per pair: match_key (the first rule that it satisfies, as Splink
        numbers them), join_key_l < join_key_r.
    """
    con.execute("create or replace temp table rule_pair (rule utinyint, record_no_l bigint, record_no_r bigint)")
    for number, rule in enumerate(model.blocking_rules):
        every = _rule_key_sql(rule, "match_key")
        if changed is None:
            con.execute(f"create or replace temp table rule_key as {every}")
            found = "l.record_no, r.record_no from rule_key l join rule_key r on l.value = r.value and l.record_no < r.record_no"
        else:
            some = f"{_rule_key_sql(rule, keys)} and record_no in (select record_no from {quote_identifier(changed)})"
            found = (
                "least(l.record_no, r.record_no), greatest(l.record_no, r.record_no)"
                f" from ({some}) l join ({every}) r on l.value = r.value and l.record_no <> r.record_no"
            )
        con.execute(f"insert into rule_pair select {number}, {found}")
    con.execute(
        "create or replace temp table candidate_pair as select min(rule)::varchar as match_key, record_no_l as join_key_l, record_no_r as join_key_r"
        " from rule_pair group by record_no_l, record_no_r"
    )
    for table in ("rule_key", "rule_pair"):
        con.execute(f"drop table if exists {table}")
    (pairs,) = con.execute("select count(*) from candidate_pair").fetchone() or (0,)
    return int(pairs)


def _rule_key_sql(rule: tuple[str, ...], keys: str) -> str:
    """Return one row per record that has what a rule wants: a hash of it, and record_no."""
    columns = [quote_identifier(column) for column in rule]
    known = " and ".join(f"{column} is not null" for column in columns)
    return f"select hash({', '.join(columns)}) as value, record_no from {quote_identifier(keys)} where {known}"


def cut_pairs(con: duckdb.DuckDBPyConnection, chunks: int) -> list[tuple[int, int]]:
    """Return ranges of join_key_l, from and below, that cut candidate_pair into chunks of about one size."""
    shares = ", ".join(str(number / chunks) for number in range(1, chunks))
    (cuts, last) = con.execute(
        f"select {f'quantile_disc(join_key_l, [{shares}])' if shares else '[]::bigint[]'}, max(join_key_l) from candidate_pair"
    ).fetchone() or ([], 0)
    bounds = sorted({0, *cuts, int(last or 0) + 1})
    return list(pairwise(bounds))

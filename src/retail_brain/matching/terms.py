"""Term frequencies: how common a value is, frozen when a model is trained.

Apart from Splink's own because a night must weigh a name exactly as the first run did. What is kept is how many
records carried a value; Splink's input carries that count instead of the value, and its term-frequency look-ups are
tables of counts, scaled so that a value of average frequency adjusts nothing. They stay small at any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain.engine import quote_identifier
from retail_brain.matching.comparison import Comparison, compared_columns, term_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from retail_brain.matching.model import Model


def count_terms(con: duckdb.DuckDBPyConnection, comparisons: tuple[Comparison, ...]) -> dict[str, tuple[int, float]]:
    """Count the values of every weighed column.

    Creates term_frequency, one row per value that stands on more than one record: column_name, value, records.

    Returns:
        For each column how many records have a value, and the chance that two of them agree.
    """
    con.execute("create or replace table term_frequency (column_name varchar, value varchar, records bigint)")
    totals = {}
    for column in term_columns(comparisons):
        name = quote_identifier(column)
        con.execute(
            f"insert into term_frequency select ?, {name}, count(*) from match_key where {name} is not null group by {name} having count(*) > 1",
            [column],
        )
        [(total, repeated, squares)] = con.execute(
            f"select (select count({name}) from match_key), coalesce(sum(records), 0)::bigint, coalesce(sum(records * records), 0)::hugeint from term_frequency where column_name = ?",
            [column],
        ).fetchall()
        totals[column] = (int(total), (int(squares) + int(total) - int(repeated)) / max(int(total) ** 2, 1))
    return totals


def attach_terms(con: duckdb.DuckDBPyConnection, model: Model, source: str, into: str) -> None:
    """Create a table of keys that carries, for each weighed level, on how many records its value stood at training.

    Args:
        con: holds `source` (rows of match_key) and term_frequency.
        model: says which levels are weighed.
        source: table of keys.
        into: table to create.
    """
    con.execute(f"create or replace table {quote_identifier(into)} as {terms_sql(model, source)}")


def terms_sql(model: Model, source: str) -> str:
    """Return one row per record of a table of keys: record_no, the keys that are compared, and for each weighed level on how
    many records its value stood at training."""
    fields = [f"k.{quote_identifier(column)}" for column in ("record_no", *compared_columns(model.comparisons))]
    joins = []
    for column in term_columns(model.comparisons):
        name, alias = quote_identifier(column), quote_identifier("term_" + column)
        joins.append(
            f"left join (select value, records from term_frequency where column_name = '{column}') {alias} on {alias}.value = k.{name}"
        )
    for term, column in weighed_levels(model):
        fields.append(
            f"case when k.{quote_identifier(column)} is not null then coalesce({quote_identifier('term_' + column)}.records, 1) end as {quote_identifier(term)}"
        )
    return f"select {', '.join(fields)} from {quote_identifier(source)} k {' '.join(joins)}"


def weighed_levels(model: Model) -> Iterator[tuple[str, str]]:
    """Yield, for each level that weighs how common a value is, its term name and the key column."""
    for comparison in model.comparisons:
        for position, level in enumerate(comparison.levels):
            if level.term_column:
                yield term_name(comparison, len(comparison.levels) - 1 - position), level.term_column


def term_name(comparison: Comparison, level: int) -> str:
    """Return the name under which Splink finds the term frequency of a level."""
    return f"{comparison.name}_{level}"


def register_terms(con: duckdb.DuckDBPyConnection, model: Model, linker: Any) -> None:
    """Give Splink its look-ups: one row per count of records, with the frequency that it stands for."""
    for term, column in weighed_levels(model):
        comparison, level = term.rsplit("_", 1)
        total, agreement = model.term_totals.get(column, (1, 1.0))
        scale = model.shares[comparison].stranger[int(level)] / max(total * agreement, 1e-12)
        table = f"term_lookup_{term}"
        con.execute(
            f"create or replace table {quote_identifier(table)} as select records as {quote_identifier(term)}, records * {scale!r} as {quote_identifier('tf_' + term)}"
            " from (select records from term_frequency where column_name = ? union select 1)",
            [column],
        )
        linker.table_management.register_term_frequency_lookup(linker._db_api.register(table), term)

"""An even sample of a large source's rows, the same whatever their order.

Apart from the measures because several of them look at one. Every so-many-th row is taken by the hash of its record id; the step
of each source is a variable, so that the condition is held against a file's ids before any other column is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.engine import quote_identifier

if TYPE_CHECKING:
    import duckdb

SAMPLED = "hash(record_id) % getvariable('sample_step')[source] = 0"
"""The condition of a row that is looked at, after `choose_steps` for its table."""


def choose_steps(con: duckdb.DuckDBPyConnection, table: str, *, rows: int) -> None:
    """Set how many rows of each source of a table go to one that is looked at, so that about `rows` are, or all of fewer."""
    con.execute(
        f"set variable sample_step = (select map_from_entries(list((source, step))) from (select source, greatest(1, count(*) // {rows:d})::ubigint as step"
        f" from {quote_identifier(table)} group by source))"
    )

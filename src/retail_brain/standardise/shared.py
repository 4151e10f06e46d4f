"""Values that say nothing about who a customer is: placeholders and identifiers that many people share.

Apart from the keys because it looks at all records at once: how many different people stand behind one value. The
values stay on their records; they are only kept out of matching.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.standardise.keys import prepare_lookups

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.matching import MatchingSettings


def find_shared(con: duckdb.DuckDBPyConnection, table: str = "record", *, settings: MatchingSettings) -> None:
    """Create the table of values that are kept out of matching.

    Args:
        con: holds `table` (one row per record: the standardised values).
        table: all records known, not only those of a night.
        settings: the matching section of the configuration.

    Creates shared_value, one row per value: field, value (the key), kind ('placeholder' or 'shared'), records, people.
    """
    prepare_lookups(con, table)
    limits = settings.shared_value
    con.execute(f"create or replace temp view key_source as select * from {quote_identifier(table)}")
    con.execute(
        f"create or replace table shared_value as {sql.load('standardise/key_shared')}",
        {"max_people": limits.max_people, "max_families": limits.max_families, "date_spike": limits.date_spike},
    )
    con.execute("drop view key_source")

"""Values that say nothing about who a customer is: placeholders and identifiers that many people share.

Apart from the keys because it looks at all records at once: how many different people stand behind one value. The
values stay on their records; they are only kept out of matching.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.standardise.keys import create_macros

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    with _source(con, table):
        con.execute(sql.load("standardise/shared_source"))
        _judge(con, settings)
        con.execute("drop view shared_source")


def renew_shared(con: duckdb.DuckDBPyConnection, table: str = "record", *, settings: MatchingSettings) -> None:
    """Create the table of values that are kept out of matching, looking only at values that tonight touches.

    Args:
        con: holds `table`, and of the night before match_key_before and shared_value_before; and changed_version, one row
            per version of a record that came or went tonight: email, phone, loyalty_id, national_id.
        table: all records known, not only those of a night.
        settings: the matching section of the configuration.

    Creates shared_value as `find_shared` would.
    """
    with _source(con, table):
        con.execute(sql.load("standardise/shared_touched"))
        con.execute(sql.load("standardise/shared_candidate"), {"max_families": settings.shared_value.max_families})
        query = "select count(*) > 0 from shared_candidate where field in ('loyalty_id', 'national_id')"
        (numbers,) = con.execute(query).fetchone() or (False,)
        con.execute(sql.load("standardise/shared_candidate_source"), {"numbers": numbers})
        _judge(con, settings)
        con.execute(sql.load("standardise/shared_kept"))
        for name in ("shared_source", "shared_candidate", "shared_touched"):
            con.execute(f"drop table {name}")


@contextmanager
def _source(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[None]:
    create_macros(con)
    con.execute(f"create or replace temp view key_source as select * from {quote_identifier(table)}")
    yield
    con.execute("drop view key_source")


def _judge(con: duckdb.DuckDBPyConnection, settings: MatchingSettings) -> None:
    limits = settings.shared_value
    con.execute(
        f"create or replace table shared_value as {sql.load('standardise/key_shared')}",
        {"max_people": limits.max_people, "max_families": limits.max_families, "date_spike": limits.date_spike},
    )

"""One row per record: the newest of what tonight's files say about it, whatever order rows and files came in.

Apart from loading, because it looks across all files of a source. Equal rows are copies and counted as duplicates;
older ones are superseded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.sql import load

if TYPE_CHECKING:
    import duckdb

_DAYS = {
    "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y"),
    "ymd": ("%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
}
_TIMES = (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "")


def keep_winners(con: duckdb.DuckDBPyConnection, source: str, date_order: str | None) -> dict[str, int]:
    """Remove every row of `delivered_row` that another row of the same record stands for.

    Args:
        con: the engine, with delivered_row.
        source: whose records.
        date_order: order of day, month and year in its updated_at where that is not ISO; month first by default.

    Returns:
        For each delivery id, how many of its rows were copies of an equal row.
    """
    con.execute(load("ingest/find_repeated_record"), {"source": source})
    row = con.execute("select count(*) from repeated_record").fetchone()
    if not row or not row[0]:
        return {}
    orders = dict.fromkeys((date_order or "mdy", "ymd", "dmy", "mdy"))
    formats = [day + time for order in orders for day in _DAYS[order] for time in _TIMES]
    con.execute(load("ingest/rank_repeated_row"), {"source": source, "formats": formats})
    copies = dict(con.execute(load("ingest/count_copies")).fetchall())
    con.execute(load("ingest/delete_losers"))
    return copies

"""Rows that were put aside, read back for a person. Apart from publishing, which writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection


def list_quarantined(conn: Connection, *, source: str | None, limit: int) -> list[dict[str, Any]]:
    """Return quarantined rows, newest first.

    Args:
        conn: a connection outside any transaction.
        source: only those of this source.
        limit: how many at most.

    Returns:
        One mapping a row: source, file_name, line, reason, run_id, raw.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.load("store/list_quarantined"), {"source": source, "limit": limit}).fetchall()

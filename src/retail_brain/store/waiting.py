"""Records that came while a run was at work: kept as they came, until they can have their place.

Apart from arrivals, because nothing is decided here and nobody waits for a lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection


def keep_waiting(conn: Connection, source: str, record_id: str, raw: str) -> None:
    """Keep a record until the run that is at work has ended."""
    conn.execute(sql.load("store/keep_waiting"), {"source": source, "record_id": record_id, "raw": raw})


def has_waiting(conn: Connection) -> bool:
    """Tell whether a record waits for a run to end, and this login may give it its place."""
    with translated(), conn.transaction():
        allowed = conn.execute(sql.load("store/may_place")).fetchone()
        row = conn.execute(sql.load("store/has_waiting")).fetchone() if allowed and allowed[0] else None
    return bool(row and row[0])


def list_waiting(conn: Connection, *, limit: int) -> list[tuple[str, str, str]]:
    """Return records that wait, the longest waiting first: source, record_id and the record as JSON."""
    with translated(), conn.transaction():
        return conn.execute(sql.load("store/list_waiting"), {"limit": limit}).fetchall()


def drop_waiting(conn: Connection, source: str, record_id: str, raw: str) -> None:
    """Forget a record that has its place; a newer version that came meanwhile goes on waiting."""
    with translated(), conn.transaction():
        conn.execute(sql.load("store/drop_waiting"), {"source": source, "record_id": record_id, "raw": raw})

"""The rows that were put aside: listed for whoever has to mend the delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """A delivered row that was put aside: where it stood, why, and its text (personal data)."""

    quarantined_no: int
    source: str
    file_name: str
    delivery_id: str
    line: int | None
    reason: str
    raw: str | None
    run_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineCount:
    """How many rows of a file were put aside for one reason."""

    source: str
    file_name: str
    reason: str
    rows: int
    run_id: int


def list_quarantined(
    conn: Connection,
    *,
    source: str | None = None,
    run_id: int | None = None,
    limit: int = 100,
    after: int = 0,
    with_rows: bool = True,
) -> list[QuarantinedRow]:
    """Return quarantined rows in the order in which they were found.

    Args:
        conn: a connection outside any transaction.
        source: only of this source.
        run_id: only of this run.
        limit: how many at most.
        after: go on after this quarantined_no.
        with_rows: with their text, which not every role may read.

    Returns:
        The rows.
    """
    parameters = {"source": source, "run_id": run_id, "limit": limit, "after": after}
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(QuarantinedRow)) as cursor:
        rows = cursor.execute(sql.load("store/list_quarantined"), parameters).fetchall()
        if not with_rows:
            return rows
        numbers = {"numbers": [row.quarantined_no for row in rows]}
        raw = dict(conn.execute(sql.load("store/list_quarantined_raw"), numbers).fetchall())
        return [replace(row, raw=raw.get(row.quarantined_no)) for row in rows]


def count_quarantined(
    conn: Connection, *, source: str | None = None, run_id: int | None = None
) -> list[QuarantineCount]:
    """Count quarantined rows by file and reason, the newest run first.

    Args:
        conn: a connection outside any transaction.
        source: only of this source.
        run_id: only of this run.

    Returns:
        The counts, most rows first within a run.
    """
    parameters = {"source": source, "run_id": run_id}
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(QuarantineCount)) as cursor:
        return cursor.execute(sql.load("store/count_quarantined"), parameters).fetchall()

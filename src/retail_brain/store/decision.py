"""What people ruled, read: decisions in force, withdrawn ones, and those whose records are not what they were.

Apart from the changes by hand, which write decisions, because reading needs no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from retail_brain.store.connection import Connection

RecordState = Literal["same", "changed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """One ruling about two records; `state_l` and `state_r` say what became of these since, `withdrawn_…` who took it back."""

    decision_id: int
    kind: Literal["must_link", "cannot_link"]
    record_no_l: int
    record_no_r: int
    source_l: str
    record_id_l: str
    source_r: str
    record_id_r: str
    reason: str
    ticket: str | None
    decided_by: str
    decided_at: datetime
    state_l: RecordState
    state_r: RecordState
    withdrawn_by_id: int | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    withdrawn_ticket: str | None


def list_decisions(
    conn: Connection,
    *,
    decision_id: int | None = None,
    in_force: bool | None = None,
    record_no: int | None = None,
    profile_id: UUID | None = None,
    stale: bool = False,
    limit: int,
) -> list[StoredDecision]:
    """Return decisions, newest first.

    Args:
        conn: a connection.
        decision_id: only this one.
        in_force: only those in force, or only withdrawn ones; None: both.
        record_no: only about this record.
        profile_id: only about a record of this profile.
        stale: only where a record has changed or gone since.
        limit: how many at most.
    """
    parameters = {
        "decision_id": decision_id, "in_force": in_force, "record_no": record_no, "profile_id": profile_id,
        "stale": stale, "limit": limit,
    }  # fmt: skip
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(StoredDecision)) as cursor:
        return cursor.execute(sql.load("store/list_decisions"), parameters).fetchall()

"""The merge log read: rows of a profile or a run, the merges that stand, and what is known of one pair.

Apart from look-ups because this is about links and not about people. Undoing a merge will be written beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.failure import translated
from retail_brain.store.lookup import LogEntry

if TYPE_CHECKING:
    from uuid import UUID

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """What is stored of a pair: the rule that brought it together, and why a link between the two was refused."""

    blocking_rule: str | None = None
    refused_because: str | None = None


def list_merges(conn: Connection, *, profile_id: UUID | None, run_id: int | None, limit: int) -> list[LogEntry]:
    """Return rows of the merge log, newest first.

    Args:
        conn: a connection outside any transaction.
        profile_id: only rows that name a record of this profile.
        run_id: only rows of this run.
        limit: how many at most.
    """
    parameters = {"profile_id": profile_id, "run_id": run_id, "limit": limit}
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        return cursor.execute(sql.load("store/list_merges"), parameters).fetchall()


def live_merges(conn: Connection, profile_id: UUID) -> list[LogEntry]:
    """Return the merges that hold a profile together.

    Args:
        conn: a connection outside any transaction.
        profile_id: a live profile.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        entries = cursor.execute(sql.load("store/list_log_of_profile"), {"profile_id": profile_id}).fetchall()
    return [entry for entry in entries if entry.kind == "merge" and entry.undone_by is None]


def fetch_evidence(conn: Connection, record_no_l: int, record_no_r: int) -> PairEvidence:
    """Return what is stored of a pair; empty where nothing is.

    Args:
        conn: a connection outside any transaction.
        record_no_l: the smaller record number.
        record_no_r: the larger one.
    """
    parameters = {"record_no_l": record_no_l, "record_no_r": record_no_r}
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(PairEvidence)) as cursor:
        return cursor.execute(sql.load("store/fetch_evidence"), parameters).fetchone() or PairEvidence()

"""The merge log read: its rows by what they are about, the tree of a record, and what is known of one pair.

Apart from look-ups because this is about links and not about people. Undoing is in `change`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.failure import translated
from retail_brain.store.lookup import LogEntry

if TYPE_CHECKING:
    from datetime import date

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """What is stored of a pair: the rule that brought it together, and why a link between the two was refused."""

    blocking_rule: str | None = None
    refused_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeFilter:
    """Which rows of the merge log are wanted; an empty one wants all of them.

    Attributes:
        record_nos: only rows that name one of these records.
        run_id: only rows of this run.
        since: only rows written on this day or later, by UTC.
        until: only rows written on this day or before.
        weight_below: only rows with less evidence than this, in bits.
        weight_above: only rows with more.
        kind: merge, split or unmerge.
        live: only merges that stand, or only merges that were undone.
        blocking_rule: only rows whose pair was compared because of this.
        model_id: only rows that this model scored.
    """

    record_nos: tuple[int, ...] | None = None
    run_id: int | None = None
    since: date | None = None
    until: date | None = None
    weight_below: float | None = None
    weight_above: float | None = None
    kind: str | None = None
    live: bool | None = None
    blocking_rule: str | None = None
    model_id: str | None = None


def list_merges(conn: Connection, wanted: MergeFilter, *, limit: int) -> list[LogEntry]:
    """Return rows of the merge log, newest first.

    Args:
        conn: a connection outside any transaction.
        wanted: which.
        limit: how many at most.
    """
    parameters = {**asdict(wanted), "limit": limit}
    parameters["record_nos"] = None if wanted.record_nos is None else list(wanted.record_nos)
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        return cursor.execute(sql.load("store/list_merges"), parameters).fetchall()


def fetch_merge(conn: Connection, merge_id: int) -> LogEntry | None:
    """Return one row of the merge log; None where there is none of this number.

    Args:
        conn: a connection outside any transaction.
        merge_id: its number.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        return cursor.execute(sql.load("store/fetch_merge"), {"merge_id": merge_id}).fetchone()


def fetch_tree(conn: Connection, record_no: int, *, undone_by: int | None = None) -> list[LogEntry]:
    """Return the merges of the tree that a record stands in, oldest first.

    Args:
        conn: a connection outside any transaction.
        record_no: the record.
        undone_by: the tree as it was before this row of the log, and all that were written with it; by default that of now.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(LogEntry)) as cursor:
        before = None
        if undone_by is not None:
            row = conn.execute(sql.load("store/first_of_change"), {"merge_id": undone_by}).fetchone()
            before = row[0] if row else undone_by
        return cursor.execute(sql.load("store/list_tree"), {"record_no": record_no, "before": before}).fetchall()


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

"""Looking one customer up: the profile behind any id ever issued, its records, and what happened to it.

Apart from searching, which guesses; here every answer is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row

from retail_brain import sql
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.connection import reading

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable
    from datetime import date, datetime

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProfile:
    """A golden record: `values` by field (empty ones left out), and for each the record number that it came from."""

    profile_id: uuid.UUID
    values: dict[str, str | date]
    provenance: dict[str, int]
    record_count: int
    first_record_no: int
    updated_at: datetime | None
    version: int
    run_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A standardised record of a source: `values` by field, empty ones left out; `profile_id` None when it is gone."""

    record_no: int
    source: str
    record_id: str
    profile_id: uuid.UUID | None
    values: dict[str, str | date]
    updated_at: datetime | None
    attributes: dict[str, Any]
    gone_run: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """What an id leads to.

    `profile` is None when all its records are gone (`ended`). `followed` are the ids on the way, the asked one first,
    when the id is an alias by now.
    """

    profile: StoredProfile | None
    followed: tuple[uuid.UUID, ...]
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One row of the merge log, with the two records by name and the time of its run."""

    merge_id: int
    kind: str
    cause: str
    inverts: int | None
    undone_by: int | None
    record_no_l: int
    record_no_r: int
    source_l: str
    record_id_l: str
    source_r: str
    record_id_r: str
    match_weight: float | None
    match_probability: float | None
    levels: str | None
    blocking_rule: str | None
    model_id: str | None
    profile_id: uuid.UUID | None
    profile_id_l: uuid.UUID | None
    profile_id_r: uuid.UUID | None
    run_id: int | None
    decision_id: int | None = None
    logged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredId:
    """A profile id that became part of the profile, and the run that retired it."""

    alias_id: uuid.UUID
    run_id: int
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileHistory:
    """What happened to a profile: log rows oldest first, the ids that it took over, and the run that wrote it last."""

    log: tuple[LogEntry, ...]
    retired: tuple[RetiredId, ...]
    last_run_id: int


def fetch_profile(conn: Connection, profile_id: uuid.UUID) -> FoundProfile | None:
    """Find the profile that an id stands for today.

    Args:
        conn: a connection outside any transaction.
        profile_id: any id that was ever issued.

    Returns:
        The profile or its recorded end; None when the id was never issued.
    """
    with reading(conn), conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("store/fetch_profile"), {"profile_id": profile_id}).fetchall()
    best = rows[0]
    way = sorted((row for row in rows), key=lambda row: row["step"])
    ids = tuple(row["way_id"] for row in way if row["step"] < best["step"] and row["way_id"] is not None)
    if best["profile_id"] is not None:
        return FoundProfile(profile=profile_of(best), followed=ids, ended=False)
    if any(row["ended"] for row in rows):
        return FoundProfile(
            profile=None, followed=tuple(row["way_id"] for row in way if row["way_id"] is not None), ended=True
        )
    return None


def fetch_profiles(conn: Connection, profile_ids: Iterable[uuid.UUID]) -> list[StoredProfile]:
    """Return the live profiles among some ids.

    Args:
        conn: a connection outside any transaction.
        profile_ids: the ids; aliases are not followed.

    Returns:
        The profiles in the order of their ids.
    """
    with reading(conn), conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("store/fetch_profiles"), {"profile_ids": list(profile_ids)}).fetchall()
    return [profile_of(row) for row in rows]


def fetch_by_record(conn: Connection, source: str, record_id: str) -> StoredRecord | None:
    """Return a source's record, with the profile that it belongs to.

    Args:
        conn: a connection outside any transaction.
        source: the source.
        record_id: the source's own key.

    Returns:
        The record; None when the source never delivered it.
    """
    with reading(conn), conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql.load("store/fetch_record"), {"source": source, "record_id": record_id}).fetchone()
    return None if row is None else record_of(row)


def members(conn: Connection, profile_ids: Iterable[uuid.UUID]) -> list[StoredRecord]:
    """Return the records of some profiles.

    Args:
        conn: a connection outside any transaction.
        profile_ids: the profiles.

    Returns:
        The records in the order of their numbers.
    """
    with reading(conn), conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("store/list_members"), {"profile_ids": list(profile_ids)}).fetchall()
    return [record_of(row) for row in rows]


def profile_history(conn: Connection, profile_id: uuid.UUID) -> ProfileHistory:
    """Return what happened to the records of a profile, and which ids it took over.

    Args:
        conn: a connection outside any transaction.
        profile_id: a live profile.

    Returns:
        Merges, splits and unmerges of its records, and the ids that lead to it.
    """
    parameters = {"profile_id": profile_id}
    with reading(conn):
        with conn.cursor(row_factory=class_row(LogEntry)) as cursor:
            log = cursor.execute(sql.load("store/list_log_of_profile"), parameters).fetchall()
        with conn.cursor(row_factory=class_row(RetiredId)) as cursor:
            retired = cursor.execute(sql.load("store/list_retired_ids"), parameters).fetchall()
        last = conn.execute(sql.load("store/last_run_of_profile"), parameters).fetchone()
    return ProfileHistory(log=tuple(log), retired=tuple(retired), last_run_id=last[0] if last else 0)


def profile_of(row: dict[str, Any]) -> StoredProfile:
    """Make a profile of a row; a profile of one record has all its values from that one."""
    values = _values(row)
    provenance: dict[str, int] | None = row["provenance"]
    first: int = row["first_record_no"]
    return StoredProfile(
        profile_id=row["profile_id"], values=values,
        provenance=dict.fromkeys(values, first) if provenance is None else provenance,
        record_count=row["record_count"], first_record_no=row["first_record_no"], updated_at=row["updated_at"],
        version=row["version"], run_id=row["run_id"],
    )  # fmt: skip


def record_of(row: dict[str, Any]) -> StoredRecord:
    """Make a record of a row."""
    return StoredRecord(
        record_no=row["record_no"], source=row["source"], record_id=row["record_id"], profile_id=row["profile_id"],
        values=_values(row), updated_at=row["updated_at"], attributes=row["attributes"] or {}, gone_run=row["gone_run"],
    )  # fmt: skip


def _values(row: dict[str, Any]) -> dict[str, str | date]:
    return {name: row[name] for name in VALUE_FIELDS if row[name] is not None}

"""What stands of the profiles that a person is about to change: records, merges, decisions, former ids.

Apart from the look-ups, because it is read inside the transaction that changes it, and all of it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row

from retail_brain import sql
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.lookup import StoredProfile, profile_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A record of a touched profile: its standardised values (empty ones left out) and their hash."""

    record_no: int
    source: str
    record_id: str
    profile_id: uuid.UUID
    row_hash: str
    values: dict[str, str | date]
    updated_at: datetime | None

    @property
    def key(self) -> str:
        """SOURCE:RECORD_ID."""
        return f"{self.source}:{self.record_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingMerge:
    """A merge that stands, with its evidence."""

    merge_id: int
    cause: str
    record_no_l: int
    record_no_r: int
    match_weight: float | None
    match_probability: float | None
    levels: str | None
    blocking_rule: str | None
    model_id: str | None
    run_id: int | None
    logged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision in force."""

    decision_id: int
    kind: str
    record_no_l: int
    record_no_r: int
    reason: str
    ticket: str | None
    decided_by: str
    decided_at: datetime

    @property
    def pair(self) -> tuple[int, int]:
        """Its two records."""
        return self.record_no_l, self.record_no_r


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What stands of some profiles.

    `members` by record number; `decisions` name at least one of them; `aliases` are the ids that lead to these profiles and
    where each points; `former` says which record was in which profile before it was merged. `onlookers`, where they were
    asked for, are the profiles with a record that a link to one of the members was refused to.
    """

    profiles: dict[uuid.UUID, StoredProfile]
    members: dict[int, Member]
    merges: tuple[StandingMerge, ...]
    decisions: tuple[Decision, ...]
    aliases: dict[uuid.UUID, uuid.UUID]
    former: tuple[tuple[int, uuid.UUID], ...]
    onlookers: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTarget:
    """A row of the merge log that a person names: what it ended, its records' profiles now, and what ended it."""

    merge_id: int
    kind: str
    inverts: int | None
    record_no_l: int
    record_no_r: int
    profile_id_l: uuid.UUID | None
    profile_id_r: uuid.UUID | None
    undone_kind: str | None
    undone_cause: str | None
    undone_run_id: int | None
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """What a pair that waits for a person was scored with; empty where nothing is known of it."""

    match_weight: float | None = None
    match_probability: float | None = None
    levels: str | None = None
    blocking_rule: str | None = None
    model_id: str | None = None


def read_touched(conn: Connection, profile_ids: Iterable[uuid.UUID], *, with_onlookers: bool = False) -> Touched:
    """Read what stands of some profiles, in one message to PostgreSQL and back; in two where former ids lead to them.

    Args:
        conn: in a transaction that holds the identity lock.
        profile_ids: live profiles.
        with_onlookers: also say which profiles looked on when a link was refused.
    """
    ids = {"profile_ids": sorted(set(profile_ids))}
    with conn.pipeline():
        profile_rows = conn.cursor(row_factory=dict_row).execute(sql.load("store/fetch_profiles"), ids)
        member_rows = conn.cursor(row_factory=dict_row).execute(sql.load("store/change_members"), ids)
        alias_rows = conn.execute(sql.load("store/change_aliases"), ids)
        merge_rows = conn.cursor(row_factory=class_row(StandingMerge)).execute(
            _among("of_profile", "change_merges"), ids
        )
        ruling_rows = conn.cursor(row_factory=class_row(Decision)).execute(
            _among("of_profile", "change_decisions"), ids
        )
        other_rows = conn.execute(_among("of_profile", "arrival_onlooker"), ids) if with_onlookers else None
    profiles = [profile_of(row) for row in profile_rows.fetchall()]
    members = [_member(row) for row in member_rows.fetchall()]
    aliases, former = alias_rows.fetchall(), []
    if aliases:
        numbers = {"record_nos": [member.record_no for member in members]}
        former = conn.execute(sql.load("store/change_former"), numbers).fetchall()
    return Touched(
        profiles={profile.profile_id: profile for profile in profiles},
        members={member.record_no: member for member in members},
        merges=tuple(merge_rows.fetchall()),
        decisions=tuple(ruling_rows.fetchall()),
        aliases=dict(aliases),
        former=tuple(former),
        onlookers=frozenset(row[0] for row in other_rows or () if row[0] is not None),
    )


def _among(members: str, statement: str) -> Any:
    """Return a statement about the records of `member`: those of some profiles, or listed ones."""
    return sql.load(f"store/as_member_{members}") + sql.load(f"store/{statement}")


def decisions_of(conn: Connection, record_nos: Sequence[int]) -> list[Decision]:
    """Return the decisions in force that name a record of a list, oldest first.

    Args:
        conn: a connection.
        record_nos: the records.
    """
    with conn.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(_among("listed", "change_decisions"), {"record_nos": list(record_nos)}).fetchall()


def log_targets(conn: Connection, merge_ids: Sequence[int]) -> list[LogTarget]:
    """Return rows of the merge log by their numbers, in their order.

    Args:
        conn: a connection.
        merge_ids: the numbers; unknown ones are left out.
    """
    with conn.cursor(row_factory=class_row(LogTarget)) as cursor:
        return cursor.execute(sql.load("store/change_targets"), {"merge_ids": list(merge_ids)}).fetchall()


def find_standing(
    conn: Connection,
    *,
    run_id: int | None = None,
    model_id: str | None = None,
    blocking_rule: str | None = None,
    among: Sequence[int] | None = None,
    limit: int,
) -> list[int]:
    """Return the numbers of merges that stand and fit everything that is given, in their order.

    Args:
        conn: a connection.
        run_id: only of this run.
        model_id: only scored by this model.
        blocking_rule: only found by this rule.
        among: only these.
        limit: how many at most.
    """
    parameters = {
        "run_id": run_id, "model_id": model_id, "blocking_rule": blocking_rule,
        "merge_ids": None if among is None else list(among), "limit": limit,
    }  # fmt: skip
    return [row[0] for row in conn.execute(sql.load("store/find_standing_merges"), parameters).fetchall()]


def fetch_pair(conn: Connection, record_no_l: int, record_no_r: int) -> PairEvidence:
    """Return what a pair in the review queue was scored with.

    Args:
        conn: a connection.
        record_no_l: the smaller record number.
        record_no_r: the larger one.
    """
    parameters = {"record_no_l": record_no_l, "record_no_r": record_no_r}
    with conn.cursor(row_factory=class_row(PairEvidence)) as cursor:
        return cursor.execute(sql.load("store/fetch_pair"), parameters).fetchone() or PairEvidence()


def pairs_between(conn: Connection, profile_id_l: uuid.UUID, profile_id_r: uuid.UUID) -> list[tuple[int, int]]:
    """Return the pairs in the review queue that have a record in each of two profiles.

    Args:
        conn: a connection.
        profile_id_l: the one profile.
        profile_id_r: the other.
    """
    parameters = {"profile_id_l": profile_id_l, "profile_id_r": profile_id_r}
    return conn.execute(sql.load("store/pairs_between"), parameters).fetchall()


def _member(row: dict[str, Any]) -> Member:
    values = {name: row.pop(name) for name in VALUE_FIELDS}
    return Member(**row, values={name: value for name, value in values.items() if value is not None})

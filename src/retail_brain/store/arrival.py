"""A record that comes between two nights: what is read to find its place, and what is written when it has one.

Apart from a person's changes, which it shares its lock and its seal with, because it is done many times a second: few
statements, no temporary tables. While a run is at work nothing is placed; records wait in a table of their own.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Transaction
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row, dict_row

from retail_brain import sql
from retail_brain.errors import LockedError, RefusedError
from retail_brain.store.candidate import candidate_of
from retail_brain.store.change import IDENTITY_LOCK, Head, NewLogRow, weigh_questions
from retail_brain.store.failure import translated
from retail_brain.store.seal import ask_seal, insert_seal, next_seal
from retail_brain.store.search import fold_name

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from retail_brain.store.candidate import CandidateRecord, Wanted
    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecord:
    """What is stored of a record that comes again; `profile_id` is None when it was gone."""

    record_no: int
    profile_id: uuid.UUID | None
    row_hash: str
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProfileRow:
    """A profile as it will be: golden values by field, the record behind each, its counts."""

    profile_id: uuid.UUID
    values: Mapping[str, Any]
    provenance: Mapping[str, int]
    record_count: int
    first_record_no: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArrival:
    """Everything that the place of a record comes to.

    Attributes:
        record: the columns of source_record, without the delivery.
        profiles: profiles that are new or have other values.
        gone: profiles that nobody holds any more.
        aliases: ids that lead elsewhere from now on, and where.
        moved: other records that another profile holds now, and which.
        log: rows of the merge log.
        review: pairs that wait for a person, as columns of review_item without run_id.
        members: the records of all profiles concerned, this one included.
        linked: the records that it was linked to.
        is_known: it was delivered before.
    """

    record: Mapping[str, Any]
    profiles: Sequence[NewProfileRow]
    gone: Sequence[uuid.UUID]
    aliases: Mapping[uuid.UUID, uuid.UUID]
    moved: Mapping[int, uuid.UUID]
    log: Sequence[NewLogRow]
    review: Sequence[Mapping[str, Any]]
    members: Sequence[int]
    linked: Sequence[int]
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an arrival builds on: the head, what is known of the record, the next free number, and its candidates.

    `ended` holds the transaction: closed it is committed.
    """

    head: Head
    known: KnownRecord | None
    next_record_no: int
    candidates: list[CandidateRecord]
    ended: ExitStack


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenArrival:
    """What was written: the numbers of its rows in the merge log, and whether the journal has to be told."""

    numbers: list[int]
    is_noted: bool


@contextmanager
def arriving(conn: Connection, source: str, record_id: str, wanted: Wanted) -> Iterator[Ground | None]:
    """Open the transaction of one arrival, the only one that changes who belongs together.

    Args:
        conn: a connection outside any transaction, whose lock timeout says how long others are waited for.
        source: the source of the record.
        record_id: its key there.
        wanted: what its candidates share with it.

    Returns:
        What it builds on; None while a run is at work, when nothing may be placed.

    Raises:
        LockedError: somebody else holds the lock for too long.
        RefusedError: nothing was published yet.
    """
    with translated(), ExitStack() as ended:
        try:
            yield _read_ground(conn, ended, source, record_id, wanted)
        except LockNotAvailable as error:
            raise LockedError(
                "somebody changes profiles, and takes too long", hint="nothing was changed; it can be repeated"
            ) from error


def _read_ground(conn: Connection, ended: ExitStack, source: str, record_id: str, wanted: Wanted) -> Ground | None:
    """Begin the transaction, take the lock and read, in one message to PostgreSQL and back."""
    with conn.pipeline():
        ended.enter_context(Transaction(conn))  # ended outside the pipeline, which `conn.transaction()` would keep open
        conn.execute(sql.load("store/arrival_settings"))
        lease = conn.execute(sql.load("store/arrival_lease"), {"key": IDENTITY_LOCK})
        head = conn.cursor(row_factory=class_row(Head)).execute(sql.load("store/change_head"))
        known = conn.execute(sql.load("store/arrival_known"), {"source": source, "record_id": record_id})
        number = conn.execute(sql.load("store/next_record_no"))
        found = conn.cursor(row_factory=dict_row).execute(sql.load("store/arrival_candidate"), wanted.parameters)
    free, stands, row, after = lease.fetchone(), head.fetchone(), known.fetchone(), number.fetchone()
    candidates = found.fetchall()
    if free is None or not free[0]:
        return None
    if stands is None or stands.run_id is None:
        raise RefusedError("nothing was published yet", hint="retail-brain run")
    assert after is not None
    return Ground(
        ended=ended, head=stands, next_record_no=after[0], candidates=[candidate_of(one) for one in candidates],
        known=None if row is None else KnownRecord(record_no=row[0], profile_id=row[1], row_hash=row[2], updated_at=row[3]),
    )  # fmt: skip


def profiles_of(conn: Connection, record_nos: Iterable[int]) -> list[uuid.UUID]:
    """Return the profiles of some records."""
    return [row[0] for row in conn.execute(sql.load("store/arrival_profile_of"), {"record_nos": list(record_nos)})]


def write_arrival(
    conn: Connection, ground: Ground, arrival: NewArrival, *, delivery_no: int, clash_probability: float
) -> WrittenArrival:
    """Write a record and what follows from its place, and commit.

    Args:
        conn: in the transaction of `arriving`, which ends here.
        ground: what that gave.
        arrival: what is to be written.
        delivery_no: from `delivery_between`.
        clash_probability: how likely one person stands behind a refused link, at most.
    """
    head = ground.head
    numbers = [head.last_merge_id + place for place in range(1, len(arrival.log) + 1)]
    with conn.pipeline() if numbers else _committing(conn, ground):
        _write_profiles(conn, head, arrival)
        conn.execute(sql.load("store/place_record"), {**arrival.record, "delivery_no": delivery_no})
        if arrival.moved:
            moved = {"record_nos": list(arrival.moved), "profile_ids": list(arrival.moved.values())}
            conn.execute(sql.load("store/move_records"), moved)
        for number, row in zip(numbers, arrival.log, strict=True):
            logged = {**asdict(row), "merge_id": number, "logged_at": head.moment}
            conn.execute(sql.load("store/insert_log_row"), logged)
        _write_questions(conn, head, arrival, clash_probability)
        touched = {*(one.profile_id for one in arrival.profiles), *arrival.gone}
        conn.execute(sql.load("store/queue_profiles"), {"profile_ids": sorted(touched)})
        came = {name: arrival.record[name] for name in ("record_no", "row_hash")}
        conn.execute(sql.load("store/insert_arrival"), {**came, "linked": list(arrival.linked)})
        noted = conn.execute(sql.load("store/arrival_noted"))
        asked = ask_seal(conn) if numbers else None
    if asked is not None:
        seal, _digest = next_seal(conn, asked)
        assert seal is not None, "rows of the log that are sealed already"
        with _committing(conn, ground):
            insert_seal(conn, seal)
    return WrittenArrival(numbers=numbers, is_noted=noted.fetchone() != (False,))


@contextmanager
def _committing(conn: Connection, ground: Ground) -> Iterator[None]:
    """Send what is asked in a block and the commit in one message; where anything fails, nothing is committed."""
    is_sent = False
    try:
        with conn.pipeline():
            yield
            ground.ended.close()
            is_sent = True
    except BaseException:
        if is_sent and not conn.closed:  # the transaction believes that it was committed: nobody else rolls it back
            conn.rollback()
        raise


def _write_questions(conn: Connection, head: Head, arrival: NewArrival, clash_probability: float) -> None:
    if len(arrival.members) == 1 and not arrival.review and not arrival.is_known:
        return
    parameters = {"record_no": arrival.record["record_no"], "record_nos": list(arrival.members)}
    conn.execute(sql.load("store/settle_review"), parameters)
    if arrival.review:
        items = json.dumps([{**item, "run_id": head.run_id} for item in arrival.review])
        conn.execute(_listed("review_item", "upsert_review_item"), {"items": items})
    weigh_questions(conn, arrival.members, clash_probability=clash_probability)


def _write_profiles(conn: Connection, head: Head, arrival: NewArrival) -> None:
    profiles = f"[{','.join(_profile_row(one, head.run_id) for one in arrival.profiles)}]"
    conn.execute(_listed("profile", "upsert_profile"), {"profiles": profiles})
    conn.execute(_listed("profile", "insert_name_part"), {"profiles": profiles})
    if arrival.gone:
        conn.execute(_listed("profile_gone", "delete_profile_gone"), {"profile_ids": list(arrival.gone)})
    if arrival.aliases:
        aliases = {"alias_ids": list(arrival.aliases), "profile_ids": list(arrival.aliases.values())}
        conn.execute(_listed("profile_alias", "upsert_profile_alias"), {**aliases, "run_id": head.run_id})


def _listed(table: str, statement: str) -> Any:
    """Return a night's statement over a list of rows in place of its temporary table."""
    return sql.load(f"store/as_{table}_new") + sql.load(f"store/{statement}")


def _profile_row(profile: NewProfileRow, run_id: int) -> str:
    """Return the row of a profile as JSON; provenance in the very text that a night writes, so that it finds nothing to change."""
    provenance = "{" + ",".join(f'"{name}":{number}' for name, number in profile.provenance.items()) + "}"
    row = {
        "profile_id": str(profile.profile_id),
        **{name: None if value is None else str(value) for name, value in profile.values.items()},
        "record_count": profile.record_count, "first_record_no": profile.first_record_no,
        "updated_at": profile.updated_at.isoformat() if profile.updated_at else None,
        "given_search": fold_name(profile.values.get("given_name")),
        "family_search": fold_name(profile.values.get("family_name")), "run_id": run_id,
    }  # fmt: skip
    text = json.dumps(row, ensure_ascii=False)
    return f'{text[:-1]}, "provenance": {provenance}}}' if profile.record_count > 1 else text


def delivery_between(conn: Connection, source: str, delivery_id: str, run_id: int) -> int:
    """Return the number of the delivery that a source's records after a run stand for; made where it is missing.

    Args:
        conn: in a transaction.
        source: the source.
        delivery_id: what it is known by.
        run_id: the run published last.
    """
    parameters = {"source": source, "delivery_id": delivery_id, "run_id": run_id}
    row = conn.execute(sql.load("store/arrival_delivery"), parameters).fetchone()
    assert row is not None
    return row[0]

"""What a person changes between two runs: one transaction that nobody else's change can come into, sealed at its end.

Apart from publishing because it is small and somebody waits for it. Whoever changes who belongs together (a run that
publishes, a person who undoes, joins or decides) holds one lock until the transaction ends, so nothing is ever lost.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.errors import LockedError, RefusedError
from retail_brain.store.failure import translated
from retail_brain.store.seal import seal_log
from retail_brain.store.stage import PROFILES, bring_in, stage

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import duckdb

    from retail_brain.store.connection import Connection

PATIENCE_S = 60.0
"""How long a person's change waits for a run that is being published."""

IDENTITY_LOCK = 7_242_014_309
"""The advisory lock of whoever changes who belongs together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a change builds on: the run published last, how far log and decisions reach, and the time of the change."""

    run_id: int
    last_merge_id: int
    last_decision_id: int
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A ruling of a person about two records; `withdraws` names the decision that a `withdraw` takes back."""

    kind: str
    record_no_l: int
    record_no_r: int
    reason: str
    ticket: str | None
    decided_by: str
    withdraws: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogRow:
    """A row of the merge log that is written between two runs: a person causes it, or a record that came (no decision then)."""

    kind: str
    cause: str
    record_no_l: int
    record_no_r: int
    profile_id: uuid.UUID
    profile_id_l: uuid.UUID | None
    profile_id_r: uuid.UUID | None
    decision_id: int | None
    inverts: int | None = None
    match_weight: float | None = None
    match_probability: float | None = None
    levels: str | None = None
    blocking_rule: str | None = None
    model_id: str | None = None


def identity_lock(conn: Connection, *, wait_s: float = PATIENCE_S) -> None:
    """Be the only one who changes who belongs together, until the transaction ends.

    Args:
        conn: in a transaction.
        wait_s: how long to wait for others.

    Raises:
        LockedError: somebody else is still at it.
    """
    timeout = {"wait": f"{max(int(wait_s * 1000), 1)}ms"}
    before = conn.execute(sql.load("store/set_lock_timeout"), timeout).fetchone()
    assert before is not None
    try:
        conn.execute(sql.load("store/take_identity_lock"), {"key": IDENTITY_LOCK})
    except LockNotAvailable as error:
        raise LockedError(
            f"a run is being published, or somebody changes profiles (waited {wait_s:.0f} s)",
            hint="nothing was changed; repeat it when the run has ended",
        ) from error
    conn.execute(sql.load("store/set_lock_timeout"), {"wait": before[0]})


@contextmanager
def change_by_hand(conn: Connection, *, wait_s: float = PATIENCE_S, dry_run: bool = False) -> Iterator[Head]:
    """Hold one transaction in which a person changes who belongs together, or only looks at what would change.

    Args:
        conn: a connection outside any transaction.
        wait_s: how long to wait for a run that is being published.
        dry_run: write nothing: the block only reads.

    Returns:
        What the change builds on. The transaction is committed, and the log sealed, when the block ends well.

    Raises:
        LockedError: a run is being published.
        RefusedError: nothing was published yet.
    """
    with translated(), conn.transaction(force_rollback=dry_run):
        identity_lock(conn, wait_s=wait_s)
        yield read_head(conn)
        if not dry_run:
            seal_log(conn)


def read_head(conn: Connection) -> Head:
    """Return what a change builds on.

    Args:
        conn: in a transaction that holds the identity lock.

    Raises:
        RefusedError: nothing was published yet.
    """
    with conn.cursor(row_factory=class_row(Head)) as cursor:
        head = cursor.execute(sql.load("store/change_head")).fetchone()
    if head is None or head.run_id is None:
        raise RefusedError("nothing was published yet", hint="retail-brain run")
    return head


def append_decision(conn: Connection, decision: NewDecision) -> int:
    """Write a decision; its pair waits for nobody any more, and nothing that is too close to call between its two profiles does.

    Args:
        conn: in `change_by_hand`.
        decision: the ruling; its records have to exist.

    Returns:
        Its number.
    """
    row = conn.execute(sql.load("store/insert_decision"), asdict(decision)).fetchone()
    assert row is not None, "a decision about records that do not exist"
    if decision.kind != "withdraw":
        pair = {"record_no_l": decision.record_no_l, "record_no_r": decision.record_no_r}
        conn.execute(sql.load("store/delete_review_item"), pair)
    return row[0]


def append_log(conn: Connection, head: Head, rows: Sequence[NewLogRow]) -> list[int]:
    """Write rows of the merge log; nobody is asked any more about a merge that gave way.

    Args:
        conn: in `change_by_hand`.
        head: as it was given; to be used once in a transaction.
        rows: the rows, in their order.

    Returns:
        Their numbers.
    """
    numbers = [head.last_merge_id + place for place in range(1, len(rows) + 1)]
    values = [
        asdict(row) | {"merge_id": number, "logged_at": head.moment} for number, row in zip(numbers, rows, strict=True)
    ]
    gave_way = [{"record_no_l": row.record_no_l, "record_no_r": row.record_no_r} for row in rows if row.kind == "split"]
    with conn.cursor() as cursor:
        cursor.executemany(sql.load("store/insert_log_row"), values)
        cursor.executemany(sql.load("store/delete_review_item"), gave_way)
    return numbers


def write_profiles(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    head: Head,
    *,
    moved: Mapping[int, uuid.UUID],
    touched: Sequence[uuid.UUID],
) -> dict[str, int]:
    """Move records between profiles and bring in what became of these.

    Args:
        conn: in `change_by_hand`.
        duck: with profile_upsert, and where there are any profile_gone, profile_alias_new, review_item_new and
            review_item_gone, as a night has them.
        head: as it was given.
        moved: the records that another profile holds now, and which.
        touched: every profile id that comes, changes or goes; Redis is told of them.

    Returns:
        Rows written, by table.
    """
    present = {row[0] for row in duck.sql(sql.load("store/duck_relations")).fetchall()}
    shapes = [one for one in PROFILES if one.origin in present]
    stage(conn, duck, shapes, run_id=head.run_id, present=present)
    rows = bring_in(conn, shapes, run_id=head.run_id)
    parameters = {"record_nos": list(moved), "profile_ids": list(moved.values())}
    rows["source_record"] = conn.execute(sql.load("store/move_records"), parameters).rowcount
    rows["cache_outbox"] = conn.execute(sql.load("store/queue_profiles"), {"profile_ids": list(touched)}).rowcount
    return rows


def weigh_questions(conn: Connection, record_nos: Sequence[int], *, clash_probability: float) -> None:
    """Weigh anew the review items about some records, whose profiles have another size now.

    Args:
        conn: in `change_by_hand`, after the profiles were written.
        record_nos: the records.
        clash_probability: how likely one person stands behind a refused link, at most.
    """
    parameters = {"record_nos": list(record_nos), "clash_probability": clash_probability}
    conn.execute(sql.load("store/restake_review_item"), parameters)

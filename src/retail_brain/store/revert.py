"""What a published run replaced, kept while it is young; and a run taken back with it, in the transaction of the change.

Apart from the changes of a person because whole runs are read and written here, by lists and temporary tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from retail_brain import sql
from retail_brain.errors import RefusedError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store import shape
from retail_brain.store.seal import seal_log
from retail_brain.store.transfer import copy_in, copy_out

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    import duckdb

    from retail_brain.store.connection import Connection

KEPT_RUNS = 7
"""What so many published runs replaced is kept."""

MOST = 1_000_000
"""A revert that concerns more records than this is a matter for a backup."""

_REGROUPED = {
    "record_no": "bigint", "source": "varchar", "record_id": "varchar",
    **{name: "date" if name == "date_of_birth" else "varchar" for name in VALUE_FIELDS},
    "updated_at": "timestamp", "profile_id": "uuid",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A run as a revert sees it.

    Attributes:
        run_id: its number.
        status: published, reverted …
        generation: how many runs had been published with it; None where it never was.
        last_merge_id: how far the log reached before it wrote.
        seen_decision_id: how far decisions reached for it.
        last_record_no: the highest number of a record with it; None where an older version published it.
        newer: how many runs were published later.
        has_base: whether a run that stands was published before it.
        is_revert: it only took others back.
        reverted_in: the run that took it back, with when and by whom.
    """

    run_id: int
    status: str
    generation: int | None
    last_merge_id: int | None
    seen_decision_id: int | None
    last_record_no: int | None
    newer: int
    has_base: bool
    is_revert: bool
    reverted_in: int | None
    reverted_at: datetime | None
    reverted_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMerge:
    """A merge with its evidence; whether it stood at the place to go back to, and whether it stands now."""

    merge_id: int
    cause: str
    record_no_l: int
    record_no_r: int
    match_weight: float | None
    match_probability: float | None
    levels: str | None
    blocking_rule: str | None
    model_id: str | None
    stood: bool
    stands: bool

    @property
    def pair(self) -> tuple[int, int]:
        """Its two records."""
        return self.record_no_l, self.record_no_r


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerRecord:
    """A record before some runs: whether they brought it, its profile then, and whether its values are others now."""

    record_no: int
    is_new: bool
    profile_id: uuid.UUID | None
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that a revert touches: whole profiles as they stand, and whole trees as they stood.

    Attributes:
        records: every record concerned.
        now: the profile of each that is delivered now.
        merges: their merges that stood or stand.
        former: what the runs replaced, by record.
        named: for each record that the log names later, the first row that does, and its profile before that row.
        arrived: records that came between two runs and that no run has taken in yet.
        versions: the profiles as they stand.
        keys: source and key of each record that is delivered now.
        files: what the runs took in: source and name.
    """

    records: frozenset[int] = frozenset()
    now: dict[int, uuid.UUID] = field(default_factory=dict)
    merges: tuple[LoggedMerge, ...] = ()
    former: dict[int, FormerRecord] = field(default_factory=dict)
    named: dict[int, tuple[int, uuid.UUID]] = field(default_factory=dict)
    arrived: frozenset[int] = frozenset()
    versions: dict[uuid.UUID, int] = field(default_factory=dict)
    keys: dict[int, tuple[str, str]] = field(default_factory=dict)
    files: tuple[tuple[str, str], ...] = ()


def keep_former(conn: Connection, *, run_id: int) -> None:
    """Keep every record that a run is about to write as it is, and forget what runs replaced long ago.

    Args:
        conn: in the publishing transaction, after the differences were staged.
        run_id: the run.
    """
    conn.execute(sql.load("store/keep_former_record"), {"run_id": run_id})
    conn.execute(sql.load("store/forget_former_record"), {"runs": KEPT_RUNS - 1})


def read_scope(conn: Connection, run_id: int) -> Scope | None:
    """Return a run as a revert sees it; None where there is no such run.

    Args:
        conn: a connection.
        run_id: the run.
    """
    with conn.cursor(row_factory=class_row(Scope)) as cursor:
        return cursor.execute(sql.load("store/revert_scope"), {"run_id": run_id}).fetchone()


def later_runs(conn: Connection, scope: Scope) -> list[int]:
    """Return the runs that were published after one and stand, oldest first.

    Args:
        conn: a connection.
        scope: the run.
    """
    rows = conn.execute(sql.load("store/revert_later_run"), {"generation": scope.generation}).fetchall()
    return [row[0] for row in rows]


def read_ground(conn: Connection, scope: Scope, run_ids: Sequence[int]) -> Ground:
    """Read all that going back to before a run touches.

    Args:
        conn: in a transaction that holds the identity lock.
        scope: the first of the runs.
        run_ids: the runs to take back.

    Raises:
        RefusedError: these are more than `MOST` records.
    """
    place = {"last_merge_id": scope.last_merge_id, "run_ids": list(run_ids)}
    fresh = {row[0] for row in conn.execute(sql.load("store/revert_seed"), place).fetchall()}
    known: set[int] = set()
    now: dict[int, uuid.UUID] = {}
    keys: dict[int, tuple[str, str]] = {}
    merges: dict[int, LoggedMerge] = {}
    while fresh:
        if len(known) + len(fresh) > MOST:
            raise RefusedError(
                f"taking run {scope.run_id} back concerns more than {MOST:,} records; nothing was changed",
                hint="restore a backup that was made before it: retail-brain backup list",
            )
        mates = conn.execute(sql.load("store/revert_mate"), {"record_nos": list(fresh)}).fetchall()
        now |= {row[0]: row[3] for row in mates}
        keys |= {row[0]: row[1:3] for row in mates}
        around = fresh.union(row[0] for row in mates)
        with conn.cursor(row_factory=class_row(LoggedMerge)) as cursor:
            found = cursor.execute(sql.load("store/revert_merge"), {**place, "record_nos": list(around)}).fetchall()
        merges |= {one.merge_id: one for one in found}
        known |= around
        fresh = {record_no for one in found for record_no in one.pair} - known
    about = {**place, "record_nos": list(known), "profile_ids": list(set(now.values()))}
    with conn.cursor(row_factory=class_row(FormerRecord)) as cursor:
        former = cursor.execute(sql.load("store/revert_former"), place).fetchall()
    return Ground(
        records=frozenset(known), now=now, keys=keys, merges=tuple(merges.values()),
        former={one.record_no: one for one in former},
        named={row[0]: row[1:] for row in conn.execute(sql.load("store/revert_named"), about).fetchall()},
        arrived=frozenset(row[0] for row in conn.execute(sql.load("store/revert_arrival"), about).fetchall()),
        versions=dict(conn.execute(sql.load("store/revert_version"), about).fetchall()),
        files=tuple(conn.execute(sql.load("store/revert_file"), place).fetchall()),
    )  # fmt: skip


def restore_records(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    *,
    run_id: int,
    run_ids: Sequence[int],
    target: Mapping[int, uuid.UUID | None],
    arrived: Collection[int],
) -> dict[str, int]:
    """Give records back the values and the profiles that they had before some runs.

    Args:
        conn: in the transaction of the change.
        duck: gets `record` and `crosswalk`: the records of the profiles concerned, as survivorship reads them.
        run_id: the run that takes back.
        run_ids: the runs that are taken back.
        target: the profile of each record concerned from now on; None for those that are gone.
        arrived: those among them that came between two runs: their values stay, and the next run looks at them again.

    Returns:
        Rows written, by what was done.
    """
    conn.execute(sql.load("store/create_reverted_record"))
    with (
        conn.cursor() as cursor,
        cursor.copy("copy reverted_record (record_no, profile_id, restored, arrived) from stdin") as copy,
    ):
        for record_no, profile_id in target.items():
            copy.write_row((record_no, profile_id, record_no not in arrived, record_no in arrived))
    conn.execute("analyze reverted_record")
    runs = {"run_id": run_id, "run_ids": list(run_ids)}
    rows = {
        "restored_record": conn.execute(sql.load("store/restore_record"), runs).rowcount,
        "source_record": conn.execute(sql.load("store/place_reverted_record"), runs).rowcount,
        "profile_alias_gone": conn.execute(sql.load("store/delete_alias_alive")).rowcount,
        "arrival": conn.execute(sql.load("store/renew_arrival")).rowcount,
    }
    copy_out(conn, duck, sql.load("store/stream_reverted_record"), "record", _REGROUPED)
    duck.execute("create or replace table crosswalk as select record_no, profile_id from record")
    return rows


def write_log(conn: Connection, duck: duckdb.DuckDBPyConnection, *, run_id: int) -> int:
    """Write the rows of a revert into the merge log, and take out of the review queue what means nothing any more.

    Args:
        conn: in the transaction of the change, after `restore_records`.
        duck: with merge_log_new, as a night has it.
        run_id: the run that takes back.
    """
    rows = copy_in(conn, duck, shape.MERGE_LOG, run_id)
    conn.execute(sql.load("store/delete_review_item_reverted"))
    return rows


def publish_revert(
    conn: Connection,
    *,
    run_id: int,
    run_ids: Sequence[int],
    last_decision_id: int,
    reason: str,
    decided_by: str,
    rows: Mapping[str, int],
) -> str:
    """Seal the log, mark runs as taken back, and publish the run that did it.

    Args:
        conn: in the transaction of the change.
        run_id: the run that takes back.
        run_ids: the runs that are taken back.
        last_decision_id: how far decisions reached before.
        reason: why.
        decided_by: who says so.
        rows: rows written, by table.

    Returns:
        The newest digest of the log.
    """
    seal = seal_log(conn, run_id=run_id)
    runs = {"run_id": run_id, "run_ids": list(run_ids)}
    told: dict[str, Any] = {
        "last_decision_id": last_decision_id, "reason": reason, "decided_by": decided_by, "seal": seal,
        "written": Jsonb({table: count for table, count in rows.items() if count}),
    }  # fmt: skip
    conn.execute(sql.load("store/publish_revert"), {**runs, **told})
    conn.execute(sql.load("store/mark_reverted"), runs)
    return seal

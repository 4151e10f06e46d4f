"""Publishing: the difference that a run makes, written in one transaction, so that readers see all of it or nothing.

The transaction holds the run's lease row, so a run that lost its lease writes nothing; it is repeated as a whole when
PostgreSQL asks for that, and its outcome is read back when the answer to COMMIT was lost, so a run is published once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import stamina
from psycopg.types.json import Jsonb

from retail_brain import sql
from retail_brain.errors import RefusedError, StateMovedError
from retail_brain.store import shape
from retail_brain.store.bulk import first_load, wants_first_load
from retail_brain.store.change import identity_lock
from retail_brain.store.connection import connect
from retail_brain.store.failure import TransientServiceError, translated
from retail_brain.store.memory import remember
from retail_brain.store.migration import require_migrated
from retail_brain.store.revert import keep_former
from retail_brain.store.seal import seal_log
from retail_brain.store.stage import PROFILES, RECORDS, bring_in, stage
from retail_brain.store.transfer import copy_in

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection
    from retail_brain.store.memory import ModelToKeep

_ATTEMPTS = 5
_REBUILD_SHARE = 0.3  # of all profiles changed: writing all keys of the cache anew is cheaper than the outbox

_STAGED = (*RECORDS, *PROFILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What publishing a run did.

    `rows`: rows written, by table (the `…_gone` entries are rows marked or removed). `generation`: how many runs were
    published with this one. `cache_generation`: the key set that Redis has to hold. `cache_rebuild`: whether all keys
    have to be written anew; otherwise the outbox names the changed ones. `seal`: the newest digest of the log. `repeated`: it had been published before.
    """

    run_id: int
    generation: int
    rows: dict[str, int]
    cache_generation: int
    cache_rebuild: bool
    seal: str = ""
    repeated: bool = False


def publish_run(
    address: PostgresAddress,
    duck: duckdb.DuckDBPyConnection,
    *,
    run_id: int,
    lease_token: int,
    model_id: str | None = None,
    model: ModelToKeep | None = None,
    counts: dict[str, Any] | None = None,
    seconds: dict[str, float] | None = None,
    seen_merge_id: int | None = None,
    seen_decision_id: int | None = None,
    seen_arrival_no: int | None = None,
) -> PublishResult:
    """Write the differences of a run into PostgreSQL, once, in one transaction.

    Args:
        address: where PostgreSQL answers; an own connection is opened, and opened again when it is cut.
        duck: with the tables of differences; one that is missing counts as empty.
        run_id: the run; repeating a published one changes nothing.
        lease_token: the token under which the run holds the lease.
        model_id: the model that scored the pairs.
        model: that model itself, where PostgreSQL does not have it yet.
        counts: what the stages counted, added to the run.
        seconds: seconds of the stages so far, added to the run.
        seen_merge_id: the highest number in the merge log when the run took its state.
        seen_decision_id: the highest number of a decision when the run took its state.
        seen_arrival_no: the highest number of a record that came between nights when the run took its state.

    Returns:
        Rows written and the generations.

    Raises:
        StateMovedError: a person has changed something since the run took its state; nothing was published.
        LockedError: a person's change takes too long.
        RefusedError: another process has taken the lease over, or the run was discarded.
        ServiceError: PostgreSQL is away, read-only, or the transaction failed too often.
        ConfigurationError: a migration is missing.
    """
    mark = {"model_id": model_id, "counts": Jsonb(counts or {}), "seconds": Jsonb(seconds or {})}
    for attempt in stamina.retry_context(on=TransientServiceError, attempts=_ATTEMPTS, timeout=None, wait_max=10.0):
        with attempt, translated(), connect(address, application_name=f"retail-brain publish {run_id}") as conn:
            require_migrated(conn)
            done = _outcome(conn, run_id)
            if done is not None:
                return done
            with conn.transaction():
                return _publish(
                    conn,
                    duck.cursor(),
                    run_id=run_id,
                    lease_token=lease_token,
                    mark=mark,
                    model=model,
                    seen=(seen_merge_id, seen_decision_id, seen_arrival_no),
                )
    raise AssertionError("unreachable")


def _outcome(conn: Connection, run_id: int) -> PublishResult | None:
    """Read back what an earlier try did, if it was committed."""
    with conn.transaction():
        row = conn.execute(sql.load("store/published_outcome"), {"run_id": run_id}).fetchone()
    if row is None:
        return None
    generation, written, seal, cache_generation = row
    rebuild = bool(written.pop("cache_rebuild", False))
    return PublishResult(
        run_id=run_id,
        generation=generation,
        rows=written,
        cache_generation=cache_generation,
        cache_rebuild=rebuild,
        seal=seal or "",
        repeated=True,
    )


def _publish(
    conn: Connection,
    duck: duckdb.DuckDBPyConnection,
    *,
    run_id: int,
    lease_token: int,
    mark: dict[str, Any],
    model: ModelToKeep | None,
    seen: tuple[int | None, int | None, int | None],
) -> PublishResult:
    identity_lock(conn)
    _fence(conn, run_id=run_id, lease_token=lease_token)
    _refuse_moved(conn, *seen)
    present = {row[0] for row in duck.sql(sql.load("store/duck_relations")).fetchall()}
    rows = _publish_deliveries(conn, duck, run_id, present)
    first = shape.SOURCE_RECORD.origin in present and wants_first_load(conn, duck)
    publish = _publish_first if first else _publish_difference
    written, seal = publish(conn, duck, run_id, present)
    rows |= written
    if seen[2]:
        conn.execute(sql.load("store/clear_arrivals"), {"seen_arrival_no": seen[2]})
    rows |= remember(conn, duck, run_id=run_id, present=present, model=model)
    rebuild = first or _is_large(conn, rows)
    cache_generation = _one(conn, "store/renew_cache" if rebuild else "store/cache_generation")
    rows = {table: count for table, count in rows.items() if count}
    told = Jsonb(rows | ({"cache_rebuild": True} if rebuild else {}))
    generation = _one(conn, "store/publish_mark", {**mark, "run_id": run_id, "written": told, "seal": seal})
    return PublishResult(
        run_id=run_id,
        generation=generation,
        rows=rows,
        cache_generation=cache_generation,
        cache_rebuild=rebuild,
        seal=seal,
    )


def _fence(conn: Connection, *, run_id: int, lease_token: int) -> None:
    """Hold the lease row until the end of the transaction, or refuse."""
    lease = conn.execute(sql.load("store/lock_lease"), {"token": lease_token, "run_id": run_id}).fetchone()
    if lease is None:
        raise RefusedError(
            f"run {run_id} has lost its lease to another process; nothing was published", hint="retail-brain run list"
        )
    run = conn.execute(sql.load("store/lock_run"), {"run_id": run_id}).fetchone()
    if run is None or run[0] not in {"running", "held"}:
        state = "unknown" if run is None else run[0]
        raise RefusedError(f"run {run_id} is {state}; nothing was published", hint="retail-brain run list")


def _refuse_moved(
    conn: Connection, seen_merge_id: int | None, seen_decision_id: int | None, seen_arrival_no: int | None
) -> None:
    """Refuse to publish what was made from a state that a person, or a record, has changed meanwhile."""
    arrived = {"seen_arrival_no": seen_arrival_no}
    if seen_arrival_no is not None and conn.execute(sql.load("store/later_arrival"), arrived).fetchone() is not None:
        raise StateMovedError(
            "a record came since the run took its state; nothing was published",
            hint="retail-brain run goes on from the new state",
        )
    merge_id, decision_id = _row(conn, "store/change_head")[1:3]
    if seen_merge_id not in (None, merge_id) or seen_decision_id not in (None, decision_id):
        raise StateMovedError(
            "a person has merged, unmerged or decided since the run took its state; nothing was published",
            hint="retail-brain run goes on from the new state",
        )


def _publish_deliveries(
    conn: Connection, duck: duckdb.DuckDBPyConnection, run_id: int, present: set[str]
) -> dict[str, int]:
    """Write the deliveries and their quarantined rows, and give DuckDB the short numbers of all deliveries."""
    rows: dict[str, int] = {}
    if "delivery_new" in present:
        new = duck.sql(
            "select delivery_id, source, file_name, bytes, rows, accepted, quarantined, duplicates from delivery_new order by source, file_name, delivery_id"
        ).fetchall()
        with conn.cursor() as cursor:
            cursor.executemany(sql.load("store/insert_delivery"), [(*row, run_id) for row in new])
        rows["delivery"] = len(new)
    numbers = conn.execute(sql.load("store/list_delivery_numbers")).fetchall()
    duck.register("delivery_number", _number_table(numbers))
    if shape.QUARANTINED_ROW.origin in present:
        rows["quarantined_row"] = copy_in(conn, duck, shape.QUARANTINED_ROW, run_id)
    return rows


def _number_table(numbers: list[tuple[int, str, str]]) -> pa.Table:
    import pyarrow as pa

    columns = ("delivery_no", pa.int32()), ("source", pa.string()), ("delivery_id", pa.string())
    return pa.table({name: pa.array([row[i] for row in numbers], kind) for i, (name, kind) in enumerate(columns)})


def _publish_first(
    conn: Connection, duck: duckdb.DuckDBPyConnection, run_id: int, present: set[str]
) -> tuple[dict[str, int], str]:
    """Load everything, the log first, and seal it while the cache is filled: the indexes that come last keep all cores busy."""
    log, *rest = shape.FIRST_LOAD
    rows = first_load(conn, duck, run_id, present, (log,))
    seal = seal_log(conn, run_id=run_id)
    rows |= first_load(conn, duck, run_id, present, rest)
    if shape.PROFILE_ALIAS.origin in present:
        rows["profile_alias"] = copy_in(conn, duck, shape.PROFILE_ALIAS, run_id)
    return rows, seal


def _publish_difference(
    conn: Connection, duck: duckdb.DuckDBPyConnection, run_id: int, present: set[str]
) -> tuple[dict[str, int], str]:
    """Copy the differences into temporary tables, bring them in by DML, and seal the log."""
    stage(conn, duck, _STAGED, run_id=run_id, present=present)
    keep_former(conn, run_id=run_id)
    rows = {"cache_outbox": conn.execute(sql.load("store/queue_cache_outbox")).rowcount}
    rows |= bring_in(conn, _STAGED, run_id=run_id)
    if shape.MERGE_LOG.origin in present:
        rows["identity_merge_log"] = copy_in(conn, duck, shape.MERGE_LOG, run_id)
    return rows, seal_log(conn, run_id=run_id)


def _is_large(conn: Connection, rows: dict[str, int]) -> bool:
    """Tell whether so many profiles changed that the cache is better written anew than key by key."""
    changed = rows.get("cache_outbox", 0)
    if changed < 10_000:
        return False
    return changed > _REBUILD_SHARE * _one(conn, "store/count_profiles")


def _one(conn: Connection, name: str, parameters: dict[str, Any] | None = None) -> Any:
    return _row(conn, name, parameters)[0]


def _row(conn: Connection, name: str, parameters: dict[str, Any] | None = None) -> tuple[Any, ...]:
    row = conn.execute(sql.load(name), parameters).fetchone()
    assert row is not None, name
    return row

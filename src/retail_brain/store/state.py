"""What a night starts from when the workspace is gone: records, crosswalk, standing merges, refusals and decisions.

PostgreSQL is the truth, so all of it can be read back into DuckDB. Apart from the look-ups, because it streams
whole tables by COPY and nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.failure import translated
from retail_brain.store.transfer import copy_out

if TYPE_CHECKING:
    import duckdb

    from retail_brain.store.connection import Connection

_VALUES = {name: "date" if name == "date_of_birth" else "varchar" for name in VALUE_FIELDS}
_EVIDENCE = {"match_weight": "double", "match_probability": "double", "levels": "varchar", "blocking_rule": "varchar"}
_PAIR = {"record_no_l": "bigint", "record_no_r": "bigint"}

RECORD = {
    "record_no": "bigint", "source": "varchar", "record_id": "varchar", **_VALUES, "updated_at": "timestamp",
    "attributes": "varchar", "delivery_id": "varchar", "row_hash": "varchar", "gone": "boolean",
}  # fmt: skip
CROSSWALK = {"record_no": "bigint", "profile_id": "uuid"}
STANDING_MERGE = {"merge_id": "bigint", **_PAIR, **_EVIDENCE}
REVIEW_ITEM = {**_PAIR, "kind": "varchar", **_EVIDENCE, "reason": "varchar", "stake": "double"}
SHARED_VALUE = {"field": "varchar", "value": "varchar", "kind": "varchar", "records": "bigint", "people": "bigint"}
DECISION = {"decision_id": "bigint", "kind": "varchar", **_PAIR}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedHead:
    """What readers see: the run published last, how far log and decisions reach, and how far they reached for that run.

    `is_revert`: that run only took others back, so it left nothing in the workspace and looked at no record anew.
    """

    run_id: int | None = None
    generation: int = 0
    model_id: str | None = None
    last_merge_id: int = 0
    last_decision_id: int = 0
    seen_merge_id: int = 0
    seen_decision_id: int = 0
    last_arrival_no: int = 0
    is_revert: bool = False

    @property
    def untouched_since_publish(self) -> bool:
        """Whether nobody merged, unmerged or ruled since, and no record came: the run's own artefacts still say who belongs together."""
        return (self.last_merge_id, self.last_decision_id, self.last_arrival_no) == (
            self.seen_merge_id,
            self.seen_decision_id,
            0,
        )


def published_head(conn: Connection) -> PublishedHead:
    """Return the state that a night builds on.

    Args:
        conn: a connection.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(PublishedHead)) as cursor:
        return cursor.execute(sql.load("store/published_head")).fetchone() or PublishedHead()


def read_identity(conn: Connection, duck: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Stream who belongs together, and why, into DuckDB, as one snapshot.

    Args:
        conn: a connection outside any transaction.
        duck: gets previous_crosswalk, standing_merge and review_item_before, made anew.

    Returns:
        Rows by table.
    """
    tables = {
        "previous_crosswalk": ("store/stream_crosswalk", CROSSWALK),
        "standing_merge": ("store/stream_standing_merge", STANDING_MERGE),
        "review_item_before": ("store/stream_review_item", REVIEW_ITEM),
    }
    with translated(), conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        return {table: _read(conn, duck, name, table, types) for table, (name, types) in tables.items()}


def read_records(conn: Connection, duck: duckdb.DuckDBPyConnection, *, table: str = "record") -> int:
    """Stream every record ever delivered into DuckDB.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table: the standardised columns, record_no, delivery_id, row_hash, gone.
        table: its name.

    Returns:
        How many there are.
    """
    with translated(), conn.transaction():
        return _read(conn, duck, "store/stream_record", table, RECORD)


def read_arrivals(conn: Connection, duck: duckdb.DuckDBPyConnection, *, table: str = "arrived_record") -> int:
    """Stream the records that came or changed since the last run was published into DuckDB.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table: the columns of record without gone, and linked (the records that it was linked to when it
            came, as text).
        table: its name.

    Returns:
        How many there are.
    """
    types = {name: kind for name, kind in RECORD.items() if name != "gone"} | {"linked": "varchar"}
    with translated(), conn.transaction():
        return _read(conn, duck, "store/stream_arrived_record", table, types)


def has_arrivals(conn: Connection) -> bool:
    """Tell whether a record came between nights that no night has taken in yet.

    Args:
        conn: a connection outside any transaction.
    """
    with translated(), conn.transaction():
        row = conn.execute(sql.load("store/has_arrivals")).fetchone()
    return bool(row and row[0])


def read_decisions(conn: Connection, duck: duckdb.DuckDBPyConnection, *, table: str = "decision") -> int:
    """Stream the live decisions into DuckDB.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table: decision_id, kind ('must_link' or 'cannot_link'), record_no_l, record_no_r.
        table: its name.

    Returns:
        How many there are; withdrawn ones are not among them.
    """
    with translated(), conn.transaction():
        return _read(conn, duck, "store/stream_decision", table, DECISION)


def read_new_decisions(conn: Connection, duck: duckdb.DuckDBPyConnection, *, table: str = "decision_new") -> int:
    """Stream what people ruled, and took back, since the last run was published.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table: decision_id, kind ('must_link', 'cannot_link' or 'withdraw'), record_no_l, record_no_r,
            withdrawn_kind (of the decision that a withdrawal takes back).
        table: its name.

    Returns:
        How many there are.
    """
    with translated(), conn.transaction():
        return _read(conn, duck, "store/stream_decision_new", table, {**DECISION, "withdrawn_kind": "varchar"})


def has_withdrawals(conn: Connection) -> bool:
    """Tell whether a decision was taken back that the last published run had still followed.

    Args:
        conn: a connection outside any transaction.
    """
    with translated(), conn.transaction():
        row = conn.execute(sql.load("store/has_withdrawals")).fetchone()
    return bool(row and row[0])


def read_shared_values(conn: Connection, duck: duckdb.DuckDBPyConnection, table: str = "shared_value_before") -> int:
    """Stream the values that the last published run kept out of matching into DuckDB.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table: field, value, kind, records, people.
        table: its name.

    Returns:
        How many there are.
    """
    with translated(), conn.transaction():
        return _read(conn, duck, "store/stream_shared_value", table, SHARED_VALUE)


def _read(conn: Connection, duck: duckdb.DuckDBPyConnection, name: str, table: str, types: dict[str, str]) -> int:
    return copy_out(conn, duck, sql.load(name), table, types)

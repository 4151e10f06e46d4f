"""Whole tables as a user takes them away: crosswalk, profiles and merges into DuckDB, from where they go into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from retail_brain import sql
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.failure import translated
from retail_brain.store.transfer import copy_out

if TYPE_CHECKING:
    import duckdb

    from retail_brain.store.connection import Connection

Exported = Literal["crosswalk", "profiles", "merges"]

_COLUMNS: dict[str, dict[str, str]] = {
    "crosswalk": {"source": "varchar", "record_id": "varchar", "profile_id": "uuid"},
    "profiles": {
        "profile_id": "uuid", **{name: "date" if name == "date_of_birth" else "varchar" for name in VALUE_FIELDS},
        "record_count": "integer", "updated_at": "timestamp", "version": "bigint",
    },
    "merges": {
        "merge_id": "bigint", "kind": "varchar", "cause": "varchar", "inverts": "bigint", "undone_by": "bigint",
        "source_l": "varchar", "record_id_l": "varchar", "source_r": "varchar", "record_id_r": "varchar",
        "match_weight": "double", "match_probability": "double", "levels": "varchar", "blocking_rule": "varchar",
        "model_id": "varchar", "profile_id": "uuid", "run_id": "bigint", "logged_at": "timestamptz",
    },
}  # fmt: skip


def read_export(conn: Connection, duck: duckdb.DuckDBPyConnection, what: Exported, *, table: str) -> int:
    """Stream what is exported into a DuckDB table, as one snapshot and in a fixed order.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table, made anew.
        what: crosswalk (one row per live record: source, record_id, profile_id), profiles (one row per golden
            record), or merges (one row per row of the merge log, with the records by name).
        table: name of the DuckDB table.

    Returns:
        The number of rows.
    """
    with translated(), conn.transaction():
        return copy_out(conn, duck, sql.load(f"store/export_{what}"), table, _COLUMNS[what])

"""Whole tables read out for an export. Apart from look-ups because they stream everything by COPY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.failure import translated
from retail_brain.store.transfer import copy_out

if TYPE_CHECKING:
    import duckdb

    from retail_brain.store.connection import Connection

_TYPES: dict[str, dict[str, str]] = {
    "crosswalk": {"source": "varchar", "record_id": "varchar", "profile_id": "uuid"},
    "profiles": {
        "profile_id": "uuid", **{name: "date" if name == "date_of_birth" else "varchar" for name in VALUE_FIELDS},
        "record_count": "integer", "updated_at": "timestamp", "version": "bigint",
    },
    "merges": {
        "merge_id": "bigint", "kind": "varchar", "cause": "varchar", "inverts": "bigint", "source_l": "varchar",
        "record_id_l": "varchar", "source_r": "varchar", "record_id_r": "varchar", "match_weight": "double",
        "match_probability": "double", "levels": "varchar", "blocking_rule": "varchar", "model_id": "varchar",
        "profile_id": "uuid", "run_id": "bigint", "logged_at": "timestamptz",
    },
}  # fmt: skip


def read_export(conn: Connection, duck: duckdb.DuckDBPyConnection, what: str, *, into: str) -> int:
    """Read the crosswalk, the profiles or the merge log into DuckDB.

    Args:
        conn: a connection outside any transaction.
        duck: gets the table.
        what: crosswalk, profiles or merges.
        into: the table's name.

    Returns:
        The number of rows.
    """
    with translated(), conn.transaction():
        return copy_out(conn, duck, sql.load(f"store/export_{what}"), into, _TYPES[what])

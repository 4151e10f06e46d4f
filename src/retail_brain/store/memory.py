"""What matching remembers from run to run: the models that scored, and the values that are kept out.

Apart from the tables of people, because this is what a workspace holds as well: with both in PostgreSQL a workspace that
is gone is made again without training, and the desk scores and explains without one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.errors import IntegrityError
from retail_brain.store import shape
from retail_brain.store.failure import translated
from retail_brain.store.transfer import copy_in

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model: its document is the text of model.json; fingerprint, made_by and model_hash as noted beside it."""

    model_id: str
    trained_at: datetime
    fingerprint: str
    made_by: str
    model_hash: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelToKeep(StoredModel):
    """A model with its term frequencies, the bytes of a Parquet file."""

    terms: bytes


def fetch_model(conn: Connection, model_id: str) -> StoredModel | None:
    """Return a model that a published run used, without its terms; None where none of that name did.

    Args:
        conn: a connection outside any transaction.
        model_id: its name.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(StoredModel)) as cursor:
        return cursor.execute(sql.load("store/fetch_model"), {"model_id": model_id}).fetchone()


def fetch_terms(conn: Connection, model_id: str) -> bytes:
    """Return the term frequencies of a model that `fetch_model` knows: the bytes of a Parquet file.

    Args:
        conn: a connection outside any transaction.
        model_id: its name.
    """
    with translated(), conn.transaction(), conn.cursor(binary=True) as cursor:
        row = cursor.execute(sql.load("store/fetch_model_terms"), {"model_id": model_id}).fetchone()
    return row[0] if row else b""


def list_models(conn: Connection) -> list[StoredModel]:
    """Return the models that published runs used, oldest first, without their terms.

    Args:
        conn: a connection outside any transaction.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(StoredModel)) as cursor:
        return cursor.execute(sql.load("store/list_models")).fetchall()


def remember(
    conn: Connection, duck: duckdb.DuckDBPyConnection, *, run_id: int, present: set[str], model: ModelToKeep | None
) -> dict[str, int]:
    """Keep the model of a run, and what it left out of matching, as far as PostgreSQL does not know it.

    Args:
        conn: in the publishing transaction.
        duck: with shared_value, as `find_shared` made it.
        run_id: the run.
        present: the tables that DuckDB has; without shared_value the values stay what they are.
        model: the run's model, None where PostgreSQL has it.

    Returns:
        Rows really written, by table.

    Raises:
        IntegrityError: PostgreSQL knows another model by this name.
    """
    rows = {} if model is None else {"model": _keep_model(conn, model)}
    if shape.SHARED_VALUE.origin in present:
        rows |= _keep_shared_values(conn, duck, run_id)
    return rows


def _keep_model(conn: Connection, model: ModelToKeep) -> int:
    written = conn.execute(sql.load("store/insert_model"), asdict(model)).rowcount
    if not written:
        known = conn.execute(sql.load("store/fetch_model"), {"model_id": model.model_id}).fetchone()
        if known is None or known[4] != model.model_hash:
            raise IntegrityError(
                f"PostgreSQL knows another model {model.model_id}; nothing was published",
                hint="retail-brain model train",
            )
    return written


def _keep_shared_values(conn: Connection, duck: duckdb.DuckDBPyConnection, run_id: int) -> dict[str, int]:
    conn.execute("create temporary table shared_value_new (like shared_value) on commit drop")
    copy_in(conn, duck, shape.SHARED_VALUE, run_id, table="shared_value_new")
    conn.execute("analyze shared_value_new")
    return {
        "shared_value_gone": conn.execute(sql.load("store/delete_shared_value_gone")).rowcount,
        "shared_value": conn.execute(sql.load("store/upsert_shared_value")).rowcount,
    }

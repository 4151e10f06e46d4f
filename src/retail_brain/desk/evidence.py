"""Scoring at the desk: single records and single persons, with the model, the term frequencies and the values kept out of
matching that the last published run had. The desk never disagrees with the night, because it has no matcher of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.engine import open_engine
from retail_brain.errors import RefusedError
from retail_brain.model import VALUE_FIELDS
from retail_brain.pipeline.models import load_model
from retail_brain.pipeline.stores import open_workspace
from retail_brain.store.state import published_head, read_shared_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.matching.model import Model
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord

_COLUMNS = {
    "record_no": "bigint", "source": "varchar", "record_id": "varchar",
    **{name: "date" if name == "date_of_birth" else "varchar" for name in VALUE_FIELDS}, "updated_at": "timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """An engine with the published model, ready to compare a few records."""

    con: duckdb.DuckDBPyConnection
    model: Model
    config: Configuration

    def make_keys(self, table: str, rows: Iterable[dict[str, Any]], into: str) -> None:
        """Make match keys of a few standardised records.

        Args:
            table: name of the DuckDB table for the records.
            rows: mappings with record_no, source, record_id and the value fields.
            into: name of the table of keys.
        """
        from retail_brain.standardise.keys import build_keys

        put_records(self.con, table, rows)
        build_keys(self.con, table, into=into, settings=self.config.matching)


@contextmanager
def open_scorer(config: Configuration, pg: Connection) -> Iterator[Scorer]:
    """Open an engine with the model of the last published run, and what that run kept out of matching.

    Raises:
        RefusedError: nothing was published yet.
        ConfigurationError: the model was trained by another version.
    """
    head = published_head(pg)
    if head.run_id is None or head.model_id is None:
        raise RefusedError("nothing was published yet", hint="retail-brain run")
    workspace = open_workspace(config)
    with open_engine(config.resources, workspace.scratch) as con:
        model = load_model(con, workspace, pg, head.model_id)
        read_shared_values(pg, con, "shared_value")
        yield Scorer(con=con, model=model, config=config)


def put_records(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Make a DuckDB table of a few standardised records.

    Args:
        con: the engine.
        table: its name.
        rows: mappings with record_no, source, record_id and the value fields.
    """
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    con.execute(f"create or replace table {table} ({columns})")
    values = [[row.get(name) for name in _COLUMNS] for row in rows]
    if values:
        con.executemany(f"insert into {table} values ({', '.join('?' * len(_COLUMNS))})", values)


def as_row(record: StoredRecord) -> dict[str, Any]:
    """Return a stored record as a row for `Scorer.make_keys`."""
    return {
        "record_no": record.record_no,
        "source": record.source,
        "record_id": record.record_id,
        "updated_at": record.updated_at,
        **record.values,
    }

"""The few things that an open desk has to know of the last published run: its number, its model, what it kept out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.store.connection import reading
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRun:
    """The run published last, its model, and how many runs were published with it."""

    run_id: int
    model_id: str
    generation: int


def published_run(conn: Connection) -> PublishedRun | None:
    """Return the run published last; None before the first.

    Args:
        conn: a connection.
    """
    with reading(conn), conn.cursor(row_factory=class_row(PublishedRun)) as cursor:
        return cursor.execute(sql.load("store/published_run")).fetchone()


def shared_values(conn: Connection) -> list[tuple[str, str, str]]:
    """Return the values that the last published run kept out of matching: field, value, kind.

    Args:
        conn: a connection outside any transaction.
    """
    with translated(), conn.transaction():
        return conn.execute(sql.load("store/list_shared_values")).fetchall()


def five_digit_sources(conn: Connection, sources: Sequence[str]) -> list[str]:
    """Return the sources whose postcodes have five digits.

    Args:
        conn: a connection outside any transaction.
        sources: the sources to look at.
    """
    with translated(), conn.transaction():
        return [row[0] for row in conn.execute(sql.load("store/five_digit_source"), {"sources": list(sources)})]

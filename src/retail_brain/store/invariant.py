"""The invariants of identity, checked by one statement: what must hold after everything that anybody does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that does not hold, how many rows break it, and the smallest of them (a record number or a profile id)."""

    rule: str
    rows: int
    example: str


def check_invariants(conn: Connection) -> list[Violation]:
    """Check every invariant on the whole database.

    Args:
        conn: a connection outside any transaction.

    Returns:
        The rules that are broken, by name; empty when all is well.
    """
    with translated(), conn.transaction():
        rows = conn.execute(sql.load("store/invariants")).fetchall()
    return [Violation(rule=rule, rows=count, example=example) for rule, count, example in rows]

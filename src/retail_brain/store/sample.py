"""A few profiles that show what matching does. Apart from look-ups because nobody asked for them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from uuid import UUID

    from retail_brain.store.connection import Connection


def telling_profiles(conn: Connection, *, limit: int) -> list[UUID]:
    """Return profiles that several sources know under several spellings.

    Args:
        conn: a connection outside any transaction.
        limit: how many at most.

    Returns:
        Their ids, the most telling first.
    """
    with translated(), conn.transaction():
        return [row[0] for row in conn.execute(sql.load("store/telling_profile"), {"limit": limit}).fetchall()]

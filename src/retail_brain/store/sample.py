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


def sample_keys(conn: Connection, count: int) -> list[str]:
    """Draw profiles and records by chance.

    Args:
        conn: a connection outside any transaction.
        count: how many draws, half of each.

    Returns:
        Profile ids, then records as SOURCE:RECORD_ID; fewer where a draw found nothing behind it.
    """
    with translated(), conn.transaction():
        rows = conn.execute(sql.load("store/sample_key"), {"draws": count // 2}).fetchall()
    return [key for (key,) in rows if key is not None]

"""What Redis has still to be told: the profiles that wait in the outbox, and profiles as the documents that it keeps.

Apart from publishing, which fills the outbox, because the cache empties it later and at its own pace.
"""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.store.connection import reading
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from retail_brain.store.connection import Connection

_AT_ONCE = 1_000


def cache_generation(conn: Connection) -> int:
    """Return the generation that Redis has to hold to be trusted.

    Args:
        conn: a connection outside any transaction.
    """
    with reading(conn):
        return _number(conn, "store/cache_generation")


def count_pending(conn: Connection) -> int:
    """Return how many profiles wait in the outbox.

    Args:
        conn: a connection outside any transaction.
    """
    with reading(conn):
        return _number(conn, "store/count_pending")


def is_pending(conn: Connection, profile_id: uuid.UUID) -> bool:
    """Tell whether Redis may hold an old state of a profile.

    Args:
        conn: a connection outside any transaction.
        profile_id: the profile.
    """
    with reading(conn):
        return conn.execute(sql.load("store/is_pending"), {"profile_id": profile_id}).fetchone() is not None


def trusted_generation(conn: Connection, profile_id: uuid.UUID) -> int | None:
    """Return the generation under which Redis may answer for a profile, in one question.

    Args:
        conn: a connection outside any transaction.
        profile_id: the profile.

    Returns:
        The generation; None while a change of the profile waits for Redis.
    """
    with reading(conn):
        row = conn.execute(sql.load("store/trusted_generation"), {"profile_id": profile_id}).fetchone()
    return None if row is None else row[0]


def pending_changes(
    conn: Connection, *, limit: int | None = None, helpers: Sequence[Connection] = ()
) -> Iterator[tuple[str, str | None, int]]:
    """Yield what waits, oldest first, with the documents as they are now.

    Args:
        conn: a connection outside any transaction.
        limit: how many at most.
        helpers: more connections outside any transaction, on which the next pages are read while one is used.

    Returns:
        profile_id, its document as JSON text (None: the profile is gone, its key has to go), and the number of the
        change, which grows with each change of a profile.
    """
    after, left = 0, limit
    if helpers and limit is None:
        for page in _pages_ahead(conn, helpers):
            yield from page
            after = page[-1][2] if page else after
    while left is None or left > 0:
        size = _AT_ONCE if left is None else min(left, _AT_ONCE)
        page = _page(conn, after, None, size)
        yield from page
        if len(page) < size:
            return
        after = page[-1][2]
        left = None if left is None else left - size


def _pages_ahead(conn: Connection, helpers: Sequence[Connection]) -> Iterator[list[tuple[str, str | None, int]]]:
    """Yield the pages that wait now; each helper reads one while earlier ones are used."""
    with translated(), conn.transaction():
        found = conn.execute(sql.load("store/pending_bounds"), {"rows": _AT_ONCE}).fetchall()
    bounds = [0, *(row[0] for row in found)]
    waiting, free = deque(pairwise(bounds)), list(helpers)
    coming: deque[tuple[Connection, Future[list[tuple[str, str | None, int]]]]] = deque()
    with ThreadPoolExecutor(len(helpers), "outbox") as pool:
        ready: list[tuple[str, str | None, int]] = []
        while ready or waiting or coming:
            while waiting and free:
                helper, (after, upto) = free.pop(), waiting.popleft()
                coming.append((helper, pool.submit(_page, helper, after, upto, _AT_ONCE)))
            if ready:
                yield ready
            ready = []
            if coming:
                helper, page = coming.popleft()
                ready = page.result()
                free.append(helper)


def _page(conn: Connection, after: int, upto: int | None, size: int) -> list[tuple[str, str | None, int]]:
    parameters = {"after": after, "upto": upto, "limit": size, "profile_ids": None}
    with translated(), conn.transaction():
        rows = conn.execute(sql.load("store/pending_changes"), parameters).fetchall()
    return [
        (str(profile_id), None if document is None else _compact(document), seq) for profile_id, document, seq in rows
    ]


def pending_of(
    conn: Connection, profile_ids: Iterable[uuid.UUID]
) -> tuple[list[tuple[str, str | None, int]], int | None]:
    """Return what waits of some profiles, as `pending_changes` tells it, and the generation that Redis has to hold.

    Args:
        conn: a connection that commits each statement by itself.
        profile_ids: the profiles.
    """
    parameters = {"after": 0, "upto": None, "limit": _AT_ONCE, "profile_ids": list(profile_ids)}
    with translated():
        with conn.pipeline():
            waiting = conn.execute(sql.load("store/pending_changes"), parameters)
            state = conn.execute(sql.load("store/cache_generation"))
        rows, (generation,) = waiting.fetchall(), state.fetchone() or (None,)
    changes = [
        (str(profile_id), None if document is None else _compact(document), seq) for profile_id, document, seq in rows
    ]
    return changes, generation


def clear_soon(conn: Connection, written: Iterable[tuple[str, int]]) -> None:
    """Take what was written out of the outbox, without waiting for the disk: were it lost, Redis is told once more.

    Args:
        conn: a connection that commits each statement by itself, and statements of one message together.
        written: profile_id and the number of the change.
    """
    pairs = list(written)
    parameters = {"profile_ids": [pair[0] for pair in pairs], "seqs": [pair[1] for pair in pairs]}
    with translated(), conn.pipeline():
        conn.execute(sql.load("store/commit_soon"))
        conn.execute(sql.load("store/clear_pending"), parameters)


def clear_pending(conn: Connection, written: Iterable[tuple[str, int]]) -> int:
    """Take what was written out of the outbox; a profile that changed again meanwhile stays.

    Args:
        conn: a connection outside any transaction.
        written: profile_id and the number of the change, as `pending_changes` gave them.

    Returns:
        How many rows left the outbox.
    """
    done = 0
    pairs = list(written)
    for start in range(0, len(pairs), 10 * _AT_ONCE):
        part = pairs[start : start + 10 * _AT_ONCE]
        parameters = {"profile_ids": [pair[0] for pair in part], "seqs": [pair[1] for pair in part]}
        with translated(), conn.transaction():
            done += conn.execute(sql.load("store/clear_pending"), parameters).rowcount
    return done


def renew_generation(conn: Connection) -> int:
    """Ask for all keys to be written anew, after a flush or a restore.

    Args:
        conn: a connection outside any transaction.

    Returns:
        The new generation; the outbox is empty, since the new key set covers it.
    """
    with translated(), conn.transaction():
        return _number(conn, "store/renew_cache")


def _compact(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _number(conn: Connection, name: str) -> int:
    row = conn.execute(sql.load(name)).fetchone()
    assert row is not None, name
    return row[0]

"""All profiles as the documents that the cache keeps, read by several connections as one snapshot.

Apart from the outbox, which tells single changes: here everything is read, in many small ranges of ids, so that little of it
is in memory at a time and no range waits for another.
"""

from __future__ import annotations

import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from psycopg import sql as pg

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    import pyarrow as pa

    from retail_brain.store.connection import Connection

_AT_ONCE = 1_500
_IDS = 2**128
_BETWEEN = "\x1e"
"""Stands between two documents of a range, as stream_document.sql puts it there."""


def stream_documents(conn: Connection, helpers: Sequence[Connection] = ()) -> pa.RecordBatchReader:
    """Return the documents of all profiles as one snapshot.

    Args:
        conn: a connection of its own outside any transaction, in use until the reader is exhausted.
        helpers: more of them, which read at the same time.

    Returns:
        One row per profile: profile_id (36 characters), document (JSON text: the golden values, and its records).
    """
    import pyarrow as pa

    schema = pa.schema([("profile_id", pa.string()), ("document", pa.string())])
    return pa.RecordBatchReader.from_batches(schema, _batches([conn, *helpers]))


def _batches(readers: list[Connection]) -> Iterator[pa.RecordBatch]:
    """Yield the ranges in turn; as many as there are readers are read, and as many wait, while one is used."""
    with translated(), _one_snapshot(readers), ThreadPoolExecutor(len(readers), "document") as pool:
        free: SimpleQueue[Connection] = SimpleQueue()
        for reader in readers:
            free.put(reader)
        coming: deque[Future[pa.RecordBatch | None]] = deque()
        try:
            for ids in _ranges(_count(readers[0])):
                coming.append(pool.submit(_range, free, ids))
                if len(coming) > 2 * len(readers) and (batch := coming.popleft().result()):
                    yield batch
            while coming:
                if batch := coming.popleft().result():
                    yield batch
        finally:
            for waiting in coming:
                waiting.cancel()


@contextmanager
def _one_snapshot(readers: Sequence[Connection]) -> Iterator[None]:
    """Have all connections see what the first one sees when the block begins."""
    with ExitStack() as opened:
        for reader in readers:
            opened.enter_context(reader.transaction())
            reader.execute("set transaction isolation level repeatable read, read only")
        if len(readers) > 1:
            row = readers[0].execute("select pg_export_snapshot()").fetchone()
            assert row is not None
            for reader in readers[1:]:
                reader.execute(pg.SQL("set transaction snapshot {}").format(pg.Literal(row[0])))
        yield


def _count(conn: Connection) -> int:
    row = conn.execute("select count(*) from profile").fetchone()
    assert row is not None
    return row[0]


def _ranges(profiles: int) -> Iterator[dict[str, Any]]:
    """Yield ranges that cover every id, the first and last of each; ids are spread evenly, so each holds about as many profiles."""
    parts = profiles // _AT_ONCE + 1
    for part in range(parts):
        least, beyond = (_IDS * number // parts for number in (part, part + 1))
        yield {"least": uuid.UUID(int=least), "greatest": uuid.UUID(int=beyond - 1)}


def _range(free: SimpleQueue[Connection], ids: dict[str, Any]) -> pa.RecordBatch | None:
    """Return the documents of a range, read by a connection that nobody uses now; None where no profile is in it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    conn = free.get()
    try:
        profile_ids, documents = conn.execute(sql.load("store/stream_document"), ids).fetchone() or (None, None)
    finally:
        free.put(conn)
    if profile_ids is None:
        return None
    compute: Any = pc  # its functions are made when it is imported, where no type checker sees them
    columns = [compute.split_pattern(pa.array([text]), _BETWEEN).flatten() for text in (profile_ids, documents)]
    return pa.record_batch(columns, names=["profile_id", "document"])

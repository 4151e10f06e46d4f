"""All profiles as the documents that the cache keeps, read by several connections as one snapshot.

Apart from the outbox, which tells single changes: here both tables are read from one end to the other, page by page, since a
profile's records lie all over their table and looking each up costs more than all the rest. PostgreSQL writes the JSON of
each row; records find their profile here. Large shops are read in several passes, each for a range of ids, so that the
records of one pass are all that is in memory.
"""

from __future__ import annotations

import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql as pg

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from retail_brain.store.connection import Connection

_PASS_PAGES = 100_000
"""As many pages of records, some four million, are read in one pass."""
_RECORD_PAGES, _PROFILE_PAGES = 128, 48
"""As many pages a statement reads for each pass: about a megabyte of documents comes of it."""
_IDS = 2**128
_BETWEEN = "\x1e"
"""Stands between two texts, as the statements put it there."""

_T = TypeVar("_T")
_Numbers: TypeAlias = npt.NDArray[np.uint64]
_GREATEST = np.uint64(2**64 - 1)
_compute: Any = pc  # its functions are made when it is imported, where no type checker sees them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """The records of some profiles, by profile and number.

    Attributes:
        high, low: the halves of the profiles' ids, ascending, and the greatest id behind them.
        starts: where in `order` each profile begins, and the end.
        order: places in `entries`.
        entries: what a document says of each record.
    """

    high: _Numbers
    low: _Numbers
    starts: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    entries: pa.Array

    def of(self, keys: bytes) -> pa.Array:
        """Return what the documents of these profiles say of their records; NULL where one has none."""
        high, low = _halves(keys)
        place = np.searchsorted(self.high[:-1], high)
        while (short := (self.high[place] == high) & (self.low[place] < low)).any():
            place += short
        known = (self.high[place] == high) & (self.low[place] == low)
        first, beyond = self.starts[place], self.starts[np.minimum(place + 1, len(self.starts) - 1)]
        count = np.where(known, beyond - first, 0)
        ends = np.cumsum(count)
        rows = np.repeat(first - (ends - count), count) + np.arange(ends[-1])
        lists = pa.ListArray.from_arrays(
            pa.array(np.concatenate(([0], ends)), pa.int32()),
            self.entries.take(pa.array(self.order[rows])),
            mask=pa.array(count == 0),
        )
        return _compute.binary_join_element_wise(',"records":[', _compute.binary_join(lists, ","), "]", "")


def stream_documents(conn: Connection, helpers: Sequence[Connection] = ()) -> pa.RecordBatchReader:
    """Return the documents of all profiles as one snapshot.

    Args:
        conn: a connection of its own outside any transaction, which does not commit each statement, in use until the reader is exhausted.
        helpers: more of them, which read at the same time.

    Returns:
        One row per profile: profile_id (36 characters), document (JSON text: the golden values, and its records).
    """
    schema = pa.schema([("profile_id", pa.string()), ("document", pa.string())])
    return pa.RecordBatchReader.from_batches(schema, _batches([conn, *helpers]))


def _batches(readers: list[Connection]) -> Iterator[pa.RecordBatch]:
    with translated(), _one_snapshot(readers):
        record_pages, profile_pages = readers[0].execute(sql.load("store/stream_document_size")).fetchone() or (0, 0)
        passes = record_pages // _PASS_PAGES + 1
        for number in range(passes):
            least, beyond = (_IDS * edge // passes for edge in (number, number + 1))
            ids = {"least": uuid.UUID(int=least), "greatest": uuid.UUID(int=beyond - 1)}
            records = _records(_read(readers, _pages(record_pages, _RECORD_PAGES * passes, ids), _fetch_records))
            fetch = partial(_fetch_documents, records)
            yield from _read(readers, _pages(profile_pages, _PROFILE_PAGES * passes, ids), fetch)


@contextmanager
def _one_snapshot(readers: Sequence[Connection]) -> Iterator[None]:
    """Have all connections see what the first one sees, which keeps others from rewriting the tables meanwhile."""
    first, *others = readers
    try:
        for reader in readers:
            reader.execute("set transaction isolation level repeatable read, read only")
        first.execute("lock table only source_record, only profile in access share mode")
        row = first.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        for reader in others:
            reader.execute(pg.SQL("set transaction snapshot {}").format(pg.Literal(row[0])))
        yield
    finally:  # no block of a transaction, since whoever gives up in the middle closes the connections first
        for reader in readers:
            if not reader.closed:
                reader.rollback()


def _pages(pages: int, at_once: int, ids: dict[str, uuid.UUID]) -> Iterator[dict[str, Any]]:
    """Yield ranges that cover a table, each with the range of ids that is wanted of it."""
    for first in range(0, pages, at_once):
        yield {"from": f"({first},0)", "before": f"({first + at_once},0)", **ids}


def _read(
    readers: Sequence[Connection],
    ranges: Iterable[dict[str, Any]],
    fetch: Callable[[Connection, dict[str, Any]], _T | None],
) -> Iterator[_T]:
    """Yield what there is of each range, in turn; every connection reads while earlier ranges are used, a few ahead."""
    free: SimpleQueue[Connection] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def read(one: dict[str, Any]) -> _T | None:
        reader = free.get()
        try:
            return fetch(reader, one)
        finally:
            free.put(reader)

    coming: deque[Future[_T | None]] = deque()
    with ThreadPoolExecutor(len(readers), "document") as pool:
        try:
            for one in ranges:
                coming.append(pool.submit(read, one))
                if len(coming) > 2 * len(readers) and (found := coming.popleft().result()) is not None:
                    yield found
            while coming:
                if (found := coming.popleft().result()) is not None:
                    yield found
        finally:
            for waiting in coming:
                waiting.cancel()


def _fetch_records(conn: Connection, pages: dict[str, Any]) -> tuple[bytes, bytes, pa.Array] | None:
    """Return profile ids and numbers of the records on some pages, and what documents say of them; None where there are none."""
    keys, numbers, entries = _fetch(conn, "store/stream_document_record", pages)
    return None if keys is None else (keys, numbers, _split(entries))


def _records(pages: Iterable[tuple[bytes, bytes, pa.Array]]) -> _Records:
    """Bring the records of all pages into the order in which documents name them."""
    found = list(pages)
    high, low = _halves(b"".join(keys for keys, _, _ in found))
    numbers = np.frombuffer(b"".join(numbers for _, numbers, _ in found), ">i8").astype(np.int64)
    order = np.lexsort((numbers, low, high))
    high, low = high[order], low[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    starts = np.flatnonzero(begins)
    return _Records(
        high=np.append(high[starts], _GREATEST),
        low=np.append(low[starts], _GREATEST),
        starts=np.append(starts, len(order)),
        order=order,
        entries=pa.concat_arrays([pa.array([], pa.string()), *(entries for _, _, entries in found)]),
    )


def _fetch_documents(records: _Records, conn: Connection, pages: dict[str, Any]) -> pa.RecordBatch | None:
    """Return the documents of the profiles on some pages; None where there are none."""
    ids, keys, begun = _fetch(conn, "store/stream_document", pages)
    if ids is None:
        return None
    documents = _compute.binary_join_element_wise(_split(begun), records.of(keys), "}", "", null_handling="skip")
    return pa.record_batch([_split(ids), documents], names=["profile_id", "document"])


def _fetch(conn: Connection, name: str, pages: dict[str, Any]) -> tuple[Any, Any, Any]:
    with conn.cursor(binary=True) as cursor:
        return cursor.execute(sql.load(name), pages).fetchone() or (None, None, None)


def _halves(keys: bytes) -> tuple[_Numbers, _Numbers]:
    """Return the first and the second half of each id, as numbers that sort as the ids do."""
    halves = np.frombuffer(keys, ">u8").reshape(-1, 2).astype(np.uint64)
    return halves[:, 0], halves[:, 1]


def _split(text: str) -> pa.Array:
    return _compute.split_pattern(pa.array([text]), _BETWEEN).flatten()

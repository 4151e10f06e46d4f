"""Bringing Redis up to date: everything into a new space, or the changes that wait in the outbox.

Redis is a cache, so its being away is a warning here and never the end of a night: PostgreSQL answers meanwhile, and the
outbox waits.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.cache import cache_state, warm_all, warm_changed
from retail_brain.errors import ConfigurationError, RefusedError, ResourceError, RetailBrainError, ServiceError
from retail_brain.store import outbox
from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    import duckdb
    import pyarrow as pa

    from retail_brain.cache import WarmResult
    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.connection import Connection
    from retail_brain.store.publish import PublishResult

_DOCUMENTS_AT_ONCE = 20_000
_WORTH_HELP, _HELPERS = 5_000, 2
"""From so many changes on, so many connections of their own read them ahead."""
_PENDING_AT_ONCE = 10_000  # a person waits for it; what is left over is told by the next warm


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmedResult:
    """How many keys were written, and what a person should know."""

    keys: int
    warnings: tuple[str, ...] = ()


def warm_cache(
    stores: Stores, con: duckdb.DuckDBPyConnection | None = None, *, progress: Progress, strict: bool = False
) -> WarmedResult:
    """Bring the cache up to date with PostgreSQL.

    Args:
        stores: the open stores.
        con: has the profiles of a first run that was just published; where it is given and all keys are due, the
            documents are made there and not read back from PostgreSQL.
        progress: told the number of keys.
        strict: Redis being away is an error.

    Returns:
        Keys written.

    Raises:
        ServiceError, ResourceError, ConfigurationError: Redis does not answer, is full or does not let us in, and `strict`
            was asked for.
    """
    settings = stores.config.cache
    try:
        wanted = outbox.cache_generation(stores.pg)
        state = cache_state(stores.redis, settings)
        if state.is_current(wanted, now=time.time(), expiry_days=settings.expiry_days):
            return WarmedResult(keys=_warm_pending(stores, wanted, progress))
        if state.generation == wanted or outbox.count_pending(stores.pg):
            wanted, con = outbox.renew_generation(stores.pg), None
        return WarmedResult(keys=_warm_everything(stores, con, wanted, progress))
    except (ServiceError, ResourceError, ConfigurationError) as error:
        if strict:
            raise
        return WarmedResult(
            keys=0,
            warnings=(_not_warmed(error),),
        )


def warm_pending(stores: Stores, *, progress: Progress) -> WarmedResult:
    """Tell Redis what a person has just changed, as far as it holds the key set that PostgreSQL names.

    Args:
        stores: the open stores.
        progress: told the number of keys.

    Returns:
        Keys written; a cache that is due to be filled anew is left to the next `warm`, and PostgreSQL answers meanwhile.
    """
    settings = stores.config.cache
    try:
        wanted = outbox.cache_generation(stores.pg)
        if not cache_state(stores.redis, settings).is_current(
            wanted, now=time.time(), expiry_days=settings.expiry_days
        ):
            return WarmedResult(keys=0)
        return WarmedResult(keys=_warm_pending(stores, wanted, progress, limit=_PENDING_AT_ONCE))
    except (ServiceError, ResourceError, ConfigurationError) as error:
        return WarmedResult(keys=0, warnings=(_not_warmed(error),))


def _not_warmed(error: RetailBrainError) -> str:
    return f"Redis was not warmed: {error.message}; PostgreSQL answers, and retail-brain warm repeats it"


def warm_ahead(
    stores: Stores, con: duckdb.DuckDBPyConnection, outcome: Future[PublishResult], progress: Progress
) -> WarmedResult | None:
    """Fill the cache of a first run while it is published; readers see it after the commit.

    Args:
        stores: the open stores.
        con: has the profiles; a cursor of this thread's own.
        outcome: what publishing comes to; waited for before the pointer is switched.
        progress: told the number of keys.

    Returns:
        Keys written; None where publishing failed or named another generation, so that the cache is as it was.
    """
    settings = stores.config.cache
    try:
        with connect(stores.postgres, application_name="retail-brain warm") as pg:
            generation = outbox.cache_generation(pg) + 1
        reader = con.sql(sql.load("pipeline/profile_document")).to_arrow_reader(_DOCUMENTS_AT_ONCE)
        documents = _held_back(reader, outcome, generation)
        return WarmedResult(
            keys=_seen(warm_all(stores.redis, documents, generation=generation, settings=settings, progress=progress))
        )
    except (ServiceError, ResourceError, ConfigurationError, RefusedError):
        return None


def _held_back(reader: pa.RecordBatchReader, outcome: Future[PublishResult], generation: int) -> pa.RecordBatchReader:
    """Give all batches, and end only when the generation that they belong to is published."""
    import pyarrow as pa

    def batches() -> Iterator[pa.RecordBatch]:
        yield from reader
        if outcome.exception() is not None or outcome.result().cache_generation != generation:
            raise RefusedError("the generation of these documents was not published")

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _warm_everything(stores: Stores, con: duckdb.DuckDBPyConnection | None, generation: int, progress: Progress) -> int:
    """Write all keys into a new space. With `con` nothing has changed since the publish, so its profiles are current."""
    settings = stores.config.cache
    if con is not None:
        documents = con.cursor().sql(sql.load("pipeline/profile_document")).to_arrow_reader(_DOCUMENTS_AT_ONCE)
        return _seen(warm_all(stores.redis, documents, generation=generation, settings=settings, progress=progress))
    from retail_brain.store.document import stream_documents  # loads numpy, which a change by hand can do without

    with ExitStack() as opened:
        pg, *helpers = _connections(stores, opened)
        documents = stream_documents(pg, helpers)
        return _seen(warm_all(stores.redis, documents, generation=generation, settings=settings, progress=progress))


def _connections(stores: Stores, opened: ExitStack) -> list[Connection]:
    """Return connections of their own for reading, closed with `opened`."""
    return [
        opened.enter_context(connect(stores.postgres, application_name="retail-brain warm")) for _ in range(_HELPERS)
    ]


def _seen(result: WarmResult) -> int:
    """Return how many keys readers see: none where another warm was faster."""
    return 0 if result.superseded else result.keys


def _warm_pending(stores: Stores, generation: int, progress: Progress, *, limit: int | None = None) -> int:
    written: list[tuple[str, int]] = []
    helpers: list[Connection] = []

    def noted() -> Iterator[tuple[str, str | None, int]]:
        for change in outbox.pending_changes(stores.pg, limit=limit, helpers=helpers):
            written.append((change[0], change[2]))
            yield change

    with ExitStack() as opened:
        if limit is None and outbox.count_pending(stores.pg) >= _WORTH_HELP:
            helpers = _connections(stores, opened)
        result = warm_changed(
            stores.redis, noted(), generation=generation, settings=stores.config.cache, progress=progress
        )
    if not result.superseded:
        outbox.clear_pending(stores.pg, written)
    return _seen(result)

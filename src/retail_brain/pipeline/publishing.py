"""Publishing on all cores: while PostgreSQL loads rows and builds indexes, the run's artefacts are written and the cache of
a first run is filled. The cache's pointer is switched, and the run is told as published, only after the commit.

Apart from the night, which says what happens in which order, because this is the one place where things overlap.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ResourceError
from retail_brain.pipeline.match import count
from retail_brain.pipeline.warm import WarmedResult, warm_ahead
from retail_brain.store.publish import publish_run

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.publish import PublishResult

AHEAD_PROFILES = 20_000
"""From so many profiles on a first run fills the cache while it publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedResult:
    """What was published, what was warmed meanwhile (None: nothing yet), and what a person should know."""

    published: PublishResult
    warmed: WarmedResult | None = None
    warnings: tuple[str, ...] = ()


def publish_run_tables(
    stores: Stores,
    con: duckdb.DuckDBPyConnection,
    *,
    run: dict[str, Any],
    keep: Callable[[duckdb.DuckDBPyConnection], None] | None,
    warm_first: bool,
    progress: Progress,
) -> PublishedResult:
    """Publish a matched run, and do what can be done meanwhile.

    Args:
        stores: the open stores.
        con: has the tables of differences.
        run: what `publish_run` wants to know of the run: run_id, lease_token, model_id, counts, seconds.
        keep: writes the run's artefacts on a cursor of its own; None where they are written.
        warm_first: this is a first run whose cache is to be filled.
        progress: told how far it is.

    Returns:
        What was done.

    Raises:
        RetailBrainError: publishing failed; the artefacts are kept all the same, so that it can be repeated.
    """
    outcome: Future[PublishResult] = Future()
    ahead = warm_first and count(con, "profile") >= AHEAD_PROFILES
    progress("publish", total=1)
    with ThreadPoolExecutor(2, "publish") as pool:
        kept = pool.submit(keep, con.cursor()) if keep else None
        warmed = pool.submit(warm_ahead, stores, con.cursor(), outcome, progress) if ahead else None
        try:
            outcome.set_result(publish_run(stores.postgres, con, **run))
        except BaseException as error:
            outcome.set_exception(error)
            raise
        progress("publish", done=1, total=1)
    return PublishedResult(
        published=outcome.result(),
        warmed=warmed.result() if warmed else None,
        warnings=_why_not_kept(kept) if kept else (),
    )


def _why_not_kept(kept: Future[None]) -> tuple[str, ...]:
    """The run is published, so artefacts that could not be written are no failure: the next run rebuilds them."""
    import duckdb

    try:
        kept.result()
    except (OSError, duckdb.Error, ResourceError) as error:
        return (
            f"the artefacts of the run could not be kept ({type(error).__name__}); the next run takes its state from PostgreSQL",
        )
    return ()

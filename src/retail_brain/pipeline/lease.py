"""The lease of a night: taken when there is something to do, kept alive by a thread, given back at the end.

Apart from the night, so that the stages need not think of it. A process that was stopped for too long finds its lease
taken over, and publishing refuses it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from retail_brain.errors import RetailBrainError
from retail_brain.store import run as runs
from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from types import TracebackType

    from retail_brain.pipeline.stores import Stores

DURATION_S = 120.0
_BEAT_S = 30.0


class HeldLease:
    """A lease that is taken on first use and renewed in the background until the block ends."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._lease: runs.Lease | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._lease is None:
            return
        self._thread.join()
        try:
            runs.release_lease(self._stores.pg, self._lease)
        except RetailBrainError:
            if error is None:
                raise

    @property
    def token(self) -> int:
        """The fencing token."""
        return self._take().token

    def begin(self) -> int:
        """Begin a run and return its id."""
        return runs.begin_run(self._stores.pg, self._take())

    def adopt(self, run_id: int) -> int:
        """Take up a run that was cut off or held, and return its id."""
        runs.adopt_run(self._stores.pg, self._take(), run_id)
        return run_id

    def note_failure(self, run_id: int) -> None:
        """Mark the run as failed; where PostgreSQL is away the next run does it."""
        try:
            runs.finish_run(self._stores.pg, run_id, "failed")
        except RetailBrainError:
            self._ended.set()

    def _take(self) -> runs.Lease:
        if self._lease is None:
            self._lease = runs.acquire_lease(self._stores.pg, duration_s=DURATION_S)
            self._thread.start()
        return self._lease

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_S):
            try:
                with connect(self._stores.postgres, patience_s=_BEAT_S) as conn:
                    if self._lease is not None:
                        runs.renew_lease(conn, self._lease, duration_s=DURATION_S)
            except RetailBrainError:
                continue

"""What the load takes of the machine: memory of the processes, and connections of PostgreSQL, looked at every second."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from retail_brain import sql
from retail_brain.errors import RetailBrainError
from retail_brain.loadtest.result import MemorySample
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_EVERY_S = 1.0


class Watch:
    """Looks at the processes that it is told of, in a thread, until the block ends.

    Args:
        servers: process ids of PostgreSQL and Redis, 0 where they are not on this machine.
    """

    def __init__(self, servers: dict[str, int], postgres: PostgresAddress | None) -> None:
        self.samples: list[MemorySample] = []
        self.connections_most: int | None = None
        self.connections_limit: int | None = None
        self.clients: tuple[int, ...] = ()
        self.night: int = 0
        self._servers, self._postgres = servers, postgres
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        from retail_brain.store.connection import connect

        with contextlib.ExitStack() as stack:
            pg = None
            if self._postgres is not None:
                with contextlib.suppress(RetailBrainError):
                    address, name = self._postgres, "retail-brain loadtest watch"
                    pg = stack.enter_context(connect(address, application_name=name, autocommit=True))
            while not self._ended.wait(_EVERY_S):
                self.samples.append(self._sample())
                if pg is not None:
                    with contextlib.suppress(RetailBrainError):
                        self._count(pg)

    def _count(self, pg: Connection) -> None:
        with translated():
            most, limit = pg.execute(sql.load("loadtest/connection_count")).fetchall()[0]
        self.connections_most, self.connections_limit = max(most, self.connections_most or 0), limit

    def _sample(self) -> MemorySample:
        children = _children()
        return MemorySample(
            at_s=round(time.monotonic() - self._started, 1),
            clients=_private_mb(self.clients),
            night=_private_mb([self.night] if self.night else []),
            postgres=_tree_mb(self._servers.get("postgres", 0), children),
            redis=_private_mb([self._servers["redis"]] if self._servers.get("redis") else []),
        )


def _statm(process: int) -> tuple[float, float]:
    """Return the memory of a process and the part of it that is shared, in MB."""
    try:
        fields = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0.0, 0.0
    return int(fields[1]) * _PAGE_MB, int(fields[2]) * _PAGE_MB


def _private_mb(processes: Iterable[int]) -> float:
    return round(sum(_statm(process)[0] for process in processes), 1)


def _tree_mb(root: int, children: dict[int, list[int]]) -> float:
    """Return the memory of PostgreSQL: what each of its processes has alone, and what they share once."""
    if not root:
        return 0.0
    found = [_statm(process) for process in (root, *children.get(root, ()))]
    return round(sum(all_ - shared for all_, shared in found) + max(shared for _, shared in found), 1)


def _children() -> dict[int, list[int]]:
    """Return the children of every process."""
    found: dict[int, list[int]] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parent = int(
                    (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
                )
            except (OSError, IndexError):
                continue
            found.setdefault(parent, []).append(int(place.name))
    return found

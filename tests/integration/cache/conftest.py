"""A Redis of the test's own: the embedded Valkey always, and the system's redis-server where there is one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from throwaway_redis import PROGRAMS, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=list(PROGRAMS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server without any key."""
    with tempfile.TemporaryDirectory(prefix="rb-", dir="/tmp") as folder:
        running = Server(program=PROGRAMS[request.param], folder=Path(folder))
        running.start()
        yield running
        running.kill()

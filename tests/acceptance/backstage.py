"""Behind the commands: the shop's own PostgreSQL and Redis, and commands in a process of their own that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import redis

from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.services import find_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.services import ServiceAddresses
    from shop import Shop

# Ends the process by a signal at the end of a stage, or inside the transaction of publishing.
_STRUCK = """
import os, signal, sys
from retail_brain.pipeline.result import Clock
from retail_brain_cli.main import run
number, stage = int(sys.argv[1]), sys.argv[2]
lap = Clock.lap
def struck(self, name):
    lap(self, name)
    if name == stage:
        os.kill(os.getpid(), number)
Clock.lap = struck
if stage == "in publish":
    from retail_brain.store import publish
    one = publish._one
    def cut(conn, name, *rest):
        found = one(conn, name, *rest)
        if name == "store/publish_mark":
            os.kill(os.getpid(), number)
        return found
    publish._one = cut
sys.argv[1:] = sys.argv[3:]
run()
"""


def addresses(shop: Shop) -> ServiceAddresses:
    """Where the shop's embedded servers answer."""
    found = find_services(shop.folder / ".retail-brain", postgres=PostgresSettings(), redis=RedisSettings())
    assert found is not None
    return found


@contextmanager
def postgres(shop: Shop, database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the shop's PostgreSQL."""
    place = addresses(shop).postgres
    with psycopg.connect(
        host=place.host, port=place.port, dbname=database or place.dbname, user=place.user, autocommit=True
    ) as conn:
        yield conn


def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    """What PostgreSQL answers."""
    with postgres(shop) as conn:
        return conn.execute(query).fetchall()  # type: ignore[call-overload]


@contextmanager
def cache(shop: Shop) -> Iterator[redis.Redis]:
    """A client of the shop's Redis."""
    with redis.Redis(unix_socket_path=addresses(shop).redis.socket_path) as client:
        yield client


def struck(
    shop: Shop, stage: str, number: int = signal.SIGKILL, command: str = "run"
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own that a signal hits at the end of a stage."""
    return subprocess.run(
        [sys.executable, "-c", _STRUCK, str(int(number)), stage, *command.split()], cwd=shop.folder, env=dict(os.environ),
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


def versions(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """Every row version of PostgreSQL that a night could write: the same list means that nothing was written."""
    tables = (
        "source_record",
        "profile",
        "profile_alias",
        "identity_merge_log",
        "review_item",
        "delivery",
        "run",
        "cache_state",
        "lease",
        "model",
        "shared_value",
    )
    return {table: rows(shop, f"select xmin::text, ctid::text from {table} order by 2, 1") for table in tables}


def keys(shop: Shop) -> dict[bytes, bytes | None]:
    """Every key of Redis with its serialised value."""
    with cache(shop) as client:
        return {key: client.dump(key) for key in sorted(client.scan_iter(count=1000))}

"""Real servers for the tests: the embedded ones, or those that POSTGRES_HOST and REDIS_HOST name.

A template database is migrated once a session and cloned for each test that asks for `database`. A server that does
not come up fails the tests; nothing is ever skipped for want of one.
"""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from retail_brain.config.services import PostgresSettings, RedisSettings, ServicesSettings
from retail_brain.services import ServiceAddresses, ensure_services, stop_services
from retail_brain.store.connection import Connection, connect
from retail_brain.store.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress

_SIZES = ServicesSettings(shared_buffers_mb=64, maintenance_memory_mb=64, max_wal_size_mb=512)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceAddresses]:
    """PostgreSQL and Redis for the session."""
    folder = tmp_path_factory.mktemp("workspace")
    postgres = PostgresSettings(
        **_from_environment(
            "POSTGRES",
            {
                "host": "HOST",
                "port": "PORT",
                "dbname": "DB",
                "user": "USER",
                "password": "PASSWORD",
                "sslmode": "SSLMODE",
            },
        )
    )
    redis = RedisSettings(**_from_environment("REDIS", {"host": "HOST", "port": "PORT", "password": "PASSWORD"}))
    addresses = ensure_services(folder, _SIZES, postgres=postgres, redis=redis)
    if postgres.host is None:
        _hurry(addresses.postgres)
    yield addresses
    stop_services(folder, _SIZES)


@pytest.fixture(scope="session")
def template(services: ServiceAddresses) -> Iterator[PostgresAddress]:
    """A migrated database that the tests clone."""
    with _fresh(services.postgres, prefix="template") as address:
        with connect(address) as conn:
            migrate(conn)
        yield address


@pytest.fixture
def database(services: ServiceAddresses, template: PostgresAddress) -> Iterator[PostgresAddress]:
    """A migrated, empty database of the test's own."""
    with _fresh(services.postgres, prefix="test", template=template.dbname) as address:
        yield address


@pytest.fixture
def bare_database(services: ServiceAddresses) -> Iterator[PostgresAddress]:
    """A database without any table of ours."""
    with _fresh(services.postgres, prefix="bare") as address:
        yield address


@pytest.fixture
def conn(database: PostgresAddress) -> Iterator[Connection]:
    """A connection to the test's own database."""
    with connect(database) as connection:
        yield connection


@contextmanager
def _fresh(address: PostgresAddress, *, prefix: str, template: str = "template0") -> Iterator[PostgresAddress]:
    name = f"rb_{prefix}_{uuid.uuid4().hex[:12]}"
    with connect(address, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield replace(address, dbname=name)
    finally:
        with connect(address, autocommit=True) as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _hurry(address: PostgresAddress) -> None:
    """Spare the embedded server the waits for the disk: no test pulls the plug."""
    with connect(address, autocommit=True) as admin:
        admin.execute("alter system set fsync = off")
        admin.execute("alter system set full_page_writes = off")
        admin.execute("select pg_reload_conf()")


def _from_environment(prefix: str, names: dict[str, str]) -> dict[str, str]:
    return {
        field: os.environ[f"{prefix}_{name}"] for field, name in names.items() if os.environ.get(f"{prefix}_{name}")
    }

"""Migrations: numbered SQL files, applied once each, in order, one transaction each, under an advisory lock.

Apart from the rest of the store, because only this module changes the structure of the database. An applied file
whose checksum changed, or a database newer than this program, stops the tool.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, LiteralString

from retail_brain import sql
from retail_brain.errors import ConfigurationError
from retail_brain.store.failure import translated
from retail_brain.store.role import ensure_roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from retail_brain.store.connection import Connection
    from retail_brain.store.role import RoleState

MIGRATION_LOCK = 7_264_318_051_977_120  # any number that nobody else takes
MINIMUM_SERVER = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file of structure."""

    number: int
    name: str
    checksum: str
    statement: LiteralString


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationState:
    """One migration and when it was applied (None: not yet)."""

    number: int
    name: str
    applied_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """What `migrate` did: numbers applied now, the number the database stands at, and the roles where it looked after them."""

    applied: tuple[int, ...]
    current: int
    roles: RoleState | None = None


@cache
def migrations() -> tuple[Migration, ...]:
    """Return the packaged migrations in order.

    Returns:
        One Migration per file of sql/migrations, by number.
    """
    found = []
    for file in files(sql).joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            text: Any = file.read_text(encoding="utf-8")
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(
                Migration(
                    number=int(number),
                    name=name,
                    checksum=hashlib.sha256(text.encode()).hexdigest(),
                    statement=text,
                )
            )
    return tuple(sorted(found, key=lambda migration: migration.number))


def migrate(conn: Connection, *, with_roles: bool = False) -> MigrationResult:
    """Apply the migrations that the database lacks, and look after the roles and their rights when there were any.

    Args:
        conn: a connection outside any transaction; where a migration is missing its role must own the database, or may
            create in schema public.
        with_roles: look after the roles in any case.

    Returns:
        What was applied.

    Raises:
        ConfigurationError: an applied file was changed, the database is newer, the server too old, or a privilege lacks.
    """
    applied: list[int] = []
    with translated():
        _check_server(conn)
        if any(state.applied_at is None for state in migration_status(conn)):
            with _alone(conn):
                conn.execute(sql.load("store/create_schema_migration"))
            for migration in migrations():
                with _alone(conn):
                    known = _known(conn)
                    _check_known(known)
                    if migration.number not in known:
                        _apply(conn, migration)
                        applied.append(migration.number)
        if applied:
            with _alone(conn):
                conn.execute(sql.load("store/journal_watch"))
        roles = None
        if applied or with_roles:
            with _alone(conn):
                roles = ensure_roles(conn)
    return MigrationResult(applied=tuple(applied), current=migrations()[-1].number, roles=roles)


@contextmanager
def _alone(conn: Connection) -> Iterator[None]:
    """Hold a transaction in which nobody else migrates or dumps, however long that takes: a dump cannot bear a changed table."""
    with conn.transaction():
        before = conn.execute(sql.load("store/set_lock_timeout"), {"wait": "0"}).fetchone()
        assert before is not None
        conn.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        conn.execute(sql.load("store/set_lock_timeout"), {"wait": before[0]})
        yield


def _apply(conn: Connection, migration: Migration) -> None:
    conn.execute(migration.statement)
    numbered = [migration.number, migration.name, migration.checksum]
    conn.execute(sql.load("store/insert_schema_migration"), numbered)


def migration_status(conn: Connection) -> tuple[MigrationState, ...]:
    """Tell which migrations are applied.

    Args:
        conn: a connection; nothing is written.

    Returns:
        One state per packaged migration.

    Raises:
        ConfigurationError: an applied file was changed, or the database is newer than this program.
    """
    with translated(), conn.transaction():
        known = _known(conn)
    _check_known(known)
    return tuple(
        MigrationState(number=m.number, name=m.name, applied_at=known[m.number][1] if m.number in known else None)
        for m in migrations()
    )


def require_migrated(conn: Connection) -> None:
    """Refuse to work on a database that lacks a migration, before anything is written.

    Args:
        conn: a connection.

    Raises:
        ConfigurationError: the structure is not the one that this program was written for.
    """
    missing = [state.number for state in migration_status(conn) if state.applied_at is None]
    if missing:
        raise ConfigurationError(
            f"the database lacks {len(missing)} of {len(migrations())} migrations", hint="retail-brain db migrate"
        )


def _known(conn: Connection) -> dict[int, tuple[str, datetime]]:
    row = conn.execute("select to_regclass('schema_migration')").fetchone()
    if row is None or row[0] is None:
        return {}
    return {number: (checksum, at) for number, checksum, at in conn.execute(sql.load("store/list_schema_migrations"))}


def _check_known(known: dict[int, tuple[str, datetime]]) -> None:
    ours = {migration.number: migration.checksum for migration in migrations()}
    newer = sorted(set(known) - set(ours))
    if newer:
        raise ConfigurationError(
            f"the database stands at migration {newer[-1]}, this program knows {max(ours)}",
            hint="install the version of retail-brain that made it, or a newer one",
        )
    changed = [number for number, (checksum, _) in sorted(known.items()) if checksum != ours[number]]
    if changed:
        raise ConfigurationError(
            f"migration {changed[0]:04} differs from the one that was applied to this database",
            hint="install an unchanged retail-brain; applied migrations are never edited",
        )


def _check_server(conn: Connection) -> None:
    if conn.info.server_version < MINIMUM_SERVER:
        raise ConfigurationError(
            f"PostgreSQL {conn.info.server_version // 10_000} is too old", hint="PostgreSQL 15 or newer is needed"
        )

"""Whole databases of a server: made, looked into, put in one another's place, swept away.

Apart from what works inside a database (`inside`), because all of this is said to the server from outside, on a connection to another
one. A restore is made in a database of its own and takes the place of the old one in a single transaction, so that whoever
connects sees the old or the new one, whenever the restoring process dies.
"""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg import sql as pg

from retail_brain import sql
from retail_brain.errors import ConfigurationError, ServiceError
from retail_brain.store.connection import connect
from retail_brain.store.failure import DeniedError, translated
from retail_brain.store.role import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection

DatabaseState = Literal["missing", "empty", "filled"]

SCRATCH = "rb_scratch_"
_ALWAYS_FILLED = {"schema_migration", "lease", "cache_state"}
_ROUTINES = {
    "refuse_change", "journal_note", "journal_allow", "journal_key", "journal_watch", "journal_begin", "journal_end",
    "journal_take", "journal_taken",
}  # fmt: skip
"""Our functions: any other makes a database one that holds something."""
_MAINTENANCE = ("postgres", "template1")
_SWAP_TRIES = 5
_MAKING = 7_264_318_051_977_121  # the advisory lock of whoever makes or sweeps scratch databases


@contextmanager
def open_server(address: PostgresAddress) -> Iterator[Connection]:
    """Connect to the server beside its databases of ours, each statement its own transaction.

    Args:
        address: where PostgreSQL answers; its database need not exist.

    Raises:
        ServiceError: the server does not answer.
        ConfigurationError: this login may connect to neither `postgres` nor `template1`.
    """
    for last, name in enumerate(_MAINTENANCE, 1):
        try:
            conn = connect(replace(address, dbname=name), application_name="retail-brain restore", autocommit=True)
        except ConfigurationError:
            if last == len(_MAINTENANCE):
                raise
        else:
            break
    with conn:
        yield conn


def database_state(address: PostgresAddress) -> DatabaseState:
    """Say whether a database holds anything.

    Args:
        address: the database.

    Returns:
        "missing"; "empty" where nothing in it is anybody else's (table, view, function, sequence, type, large object) and
        no table of ours has a row that somebody brought; "filled".
    """
    with open_server(address) as server:
        if not has_database(server, address.dbname):
            return "missing"
    with connect(address) as conn, translated():
        for kind, schema, name, is_here in conn.execute(sql.load("store/user_object")).fetchall():
            if not is_here or name not in (RIGHTS if kind == "table" else _ROUTINES if kind == "routine" else ()):
                return "filled"
            query = pg.SQL("select 1 from {} limit 1").format(pg.Identifier(schema, name))
            if kind == "table" and name not in _ALWAYS_FILLED and conn.execute(query).fetchone():
                return "filled"
    return "empty"


def has_database(server: Connection, name: str) -> bool:
    """Say whether the server has a database of this name.

    Args:
        server: from `open_server`.
        name: of the database.
    """
    with translated():
        return server.execute(sql.load("store/has_database"), {"name": name}).fetchone() is not None


def scratch_name() -> str:
    """Return a name for a database that goes when nobody is connected to it any more."""
    return SCRATCH + secrets.token_hex(6)


@contextmanager
def scratch_database(address: PostgresAddress) -> Iterator[PostgresAddress]:
    """Make an empty database for a while. One that a killed process left is removed by the next.

    Args:
        address: where PostgreSQL answers.

    Returns:
        The new database. It is dropped when the block ends, unless `put_in_place` gave it another name.

    Raises:
        ConfigurationError: this login may not make databases.
    """
    scratch = replace(address, dbname=scratch_name())
    try:
        with ExitStack() as until_end:
            with open_server(address) as server:
                _keep_from_sweeping(server)
                sweep_scratch(server)
                _create(server, scratch)
                until_end.enter_context(connect(scratch, application_name="retail-brain restore"))
            yield scratch
    finally:
        with suppress(ServiceError), open_server(address) as server:
            drop_database(server, scratch.dbname)


def _create(server: Connection, address: PostgresAddress) -> None:
    try:
        with translated():
            statement = pg.SQL("create database {} template template0 encoding 'UTF8'")
            server.execute(statement.format(pg.Identifier(address.dbname)))
    except DeniedError as error:
        raise ConfigurationError(
            "this PostgreSQL login may not make databases, and a restore is made in one of its own",
            hint=f'as an administrator: alter role "{address.user}" createdb',
        ) from error


def may_create_databases(conn: Connection) -> bool:
    """Say whether this login may make databases."""
    with translated(), conn.transaction():
        row = conn.execute(sql.load("store/may_create_database")).fetchone()
    return row is not None and bool(row[0])


def sweep_leftovers(address: PostgresAddress) -> tuple[str, ...]:
    """Drop the scratch databases of processes that were killed, and return their names; where that cannot be, the next one does.

    Args:
        address: where PostgreSQL answers.
    """
    with suppress(ConfigurationError, ServiceError), open_server(address) as server, translated():
        _keep_from_sweeping(server)
        return sweep_scratch(server)
    return ()


def _keep_from_sweeping(server: Connection) -> None:
    """Be the only one who makes or sweeps scratch databases, until the connection is closed."""
    with translated():
        server.execute("select pg_advisory_lock(%s)", [_MAKING])


def sweep_scratch(server: Connection) -> tuple[str, ...]:
    """Drop the scratch databases that nobody is connected to and this login may drop, and return their names.

    Args:
        server: from `open_server`; it keeps others from making and sweeping, since one that is being made is not yet in use.
    """
    with translated():
        names = [name for (name,) in server.execute(sql.load("store/list_databases"), {"prefix": SCRATCH}).fetchall()]
    for name in names:
        drop_database(server, name)
    return tuple(names)


def drop_database(server: Connection, name: str) -> None:
    """Drop a database, if it is there, whoever is connected to it.

    Args:
        server: from `open_server`.
        name: of the database.
    """
    with translated():
        server.execute(pg.SQL("drop database if exists {} with (force)").format(pg.Identifier(name)))


def put_in_place(server: Connection, scratch: str, name: str, *, aside: str | None) -> None:
    """Give a scratch database its name, in one transaction with moving the one that has it out of the way.

    Sessions in either are ended. The name of the one is the other's lock: nobody new gets in before this has ended.

    Args:
        server: from `open_server`.
        scratch: what was restored.
        name: what it shall be called.
        aside: what the database of that name is called from now on; None where there is none.

    Raises:
        ServiceError: sessions go on connecting, or may not be ended; nothing was changed.
    """
    renames = ([(name, aside)] if aside else []) + [(scratch, name)]
    for attempt in range(1, _SWAP_TRIES + 1):
        try:
            with server.transaction():
                for old, new in renames:
                    server.execute(sql.load("store/end_sessions"), {"name": old})
                    server.execute(
                        pg.SQL("alter database {} rename to {}").format(pg.Identifier(old), pg.Identifier(new))
                    )
        except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege) as error:
            if attempt == _SWAP_TRIES:
                raise ServiceError(
                    f"the database {name} is in use by sessions that this login cannot end; it is as it was",
                    hint="stop what is connected to it, then repeat",
                ) from error
            time.sleep(0.2 * attempt)
        except psycopg.Error:
            with translated():
                raise
        else:
            return


def put_in_place_of_empty(server: Connection, address: PostgresAddress, scratch: str, *, aside: str) -> str | None:
    """Do as `put_in_place` where the database to be replaced was empty, and drop it if it still is.

    Args:
        server: from `open_server`.
        address: of the empty one.
        scratch: what was restored.
        aside: what it is called from now on if somebody has filled it at the last moment.

    Returns:
        That name; None where it was dropped. Once the restored one is in its place nothing fails any more.

    Raises:
        ServiceError: of `put_in_place`; nothing was changed.
    """
    former = replace(address, dbname=scratch_name())
    _keep_from_sweeping(server)  # nobody drops it before it was looked into
    put_in_place(server, scratch, address.dbname, aside=former.dbname)
    with suppress(ConfigurationError, ServiceError):  # it was empty a moment ago, and the next one sweeps it
        if database_state(former) == "filled":
            put_in_place(server, former.dbname, aside, aside=None)
            return aside
        drop_database(server, former.dbname)
    return None

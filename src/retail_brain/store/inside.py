"""What is done inside a restored database before anybody works on it: indexes read, statistics made, numbers raised.

Apart from whole databases (`database`), which are made and moved from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from retail_brain import sql
from retail_brain.errors import IntegrityError
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection


def refuse_broken(conn: Connection) -> int | None:
    """Read every index whole and see that all of them and every constraint are in force.

    Args:
        conn: a connection outside any transaction to a database of our own making.

    Returns:
        The number of indexes that were read; None where this server has no amcheck, or this login may not use it.

    Raises:
        IntegrityError: an index or a constraint does not hold.
    """
    with translated():
        invalid = [name for (name,) in conn.execute(sql.load("store/invalid_object")).fetchall()]
        conn.rollback()
    if invalid:
        raise IntegrityError(f"these indexes or constraints are not in force: {', '.join(invalid[:5])}")
    try:
        with conn.transaction(force_rollback=True):
            conn.execute("create extension if not exists amcheck")
            return len(conn.execute(sql.load("store/check_indexes")).fetchall())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported):
        return None
    except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as error:
        raise IntegrityError("amcheck found an index that does not fit its table") from error
    except psycopg.Error:
        with translated():
            raise


def settle_restored(conn: Connection, *, newest_run: int) -> int:
    """Make a restored database the newest that anybody has seen: no key in Redis and no lease from before counts.

    Args:
        conn: a connection outside any transaction.
        newest_run: the newest run whose artefacts lie in the workspace, 0 where there are none; later runs get greater
            numbers, so that none takes what belongs to a run that the database has forgotten for its own.

    Returns:
        The generation that Redis has to hold from now on.
    """
    with translated(), conn.transaction():
        conn.execute(sql.load("store/raise_lease"))
        conn.execute(sql.load("store/raise_run"), {"run_id": newest_run})
        row = conn.execute(sql.load("store/raise_cache")).fetchone()
    assert row is not None
    return row[0]


def analyze(conn: Connection) -> None:
    """Refresh the planner's statistics, which a dump does not hold.

    Args:
        conn: a connection outside any transaction.
    """
    with translated():
        conn.execute("analyze")
        conn.commit()

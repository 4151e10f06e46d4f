"""Runs and their lease: who is working, what became of each run, and which deliveries are known.

The lease is a row with a fencing token that grows with every holder; publishing is conditional on it. Apart from
publishing, because the pipeline takes and renews the lease long before there is anything to publish.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from retail_brain import sql
from retail_brain.errors import LockedError, RefusedError
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from datetime import datetime

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run: a fencing token, and when it lapses unless it is renewed."""

    token: int
    holder: str
    expires_at: datetime
    run_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run, as it stands."""

    run_id: int
    status: str
    started_at: datetime
    ended_at: datetime | None
    generation: int | None
    model_id: str | None
    holder: str
    reason: str | None
    counts: dict[str, Any]
    seconds: dict[str, float]
    written: dict[str, int]
    seal: str | None


def holder_name() -> str:
    """Return how this process calls itself in the lease: host, process id, and its birth, which no later one shares."""
    return f"{socket.gethostname()}:{os.getpid()}:{_birth(os.getpid())}"


def _birth(process_id: int) -> str:
    """Return the process space and the start of a living process, or nothing where there is none."""
    try:
        state, *fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        space = Path("/proc/self/ns/pid").stat().st_ino
    except (OSError, ValueError):
        return ""
    return "" if state in "ZX" else f"{space}.{fields[18]}"


def _has_died(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that is no more; of others nothing is known."""
    host, _, rest = holder.partition(":")
    number, _, birth = rest.partition(":")
    space = _birth(os.getpid()).partition(".")[0]
    if host != socket.gethostname() or not number.isdigit() or not space or birth.partition(".")[0] != space:
        return False
    return _birth(int(number)) != birth


def acquire_lease(conn: Connection, *, holder: str | None = None, duration_s: float = 120.0) -> Lease:
    """Take the right to run, from a holder whose time is up if need be.

    Args:
        conn: a connection outside any transaction.
        holder: who asks; host and process id by default.
        duration_s: for how long, unless renewed.

    Returns:
        The lease, with a token greater than any before.

    Raises:
        LockedError: another process holds it and is alive.
    """
    with translated(), conn.transaction():
        other = conn.execute(sql.load("store/show_lease")).fetchone()
        dead = other[0] if other and other[0] and _has_died(other[0]) else None
        taken = conn.execute(
            sql.load("store/acquire_lease"),
            {"holder": holder or holder_name(), "duration_s": duration_s, "dead_holder": dead},
        ).fetchone()
        if taken is not None:
            return Lease(token=taken[0], holder=taken[1], expires_at=taken[2])
        other = conn.execute(sql.load("store/show_lease")).fetchone()
    name, run_id, renewed = other if other else (None, None, None)
    name = ":".join(name.split(":")[:2]) if name else "another process"
    run = f"run {run_id}" if run_id else "a run"
    raise LockedError(
        f"{run} by {name} holds the lease (last sign of life {renewed:%Y-%m-%d %H:%M:%S} UTC)"
        if renewed
        else f"{run} by {name} holds the lease",
        hint="wait for it to end; a lease whose holder died lapses by itself within minutes",
    )


def renew_lease(conn: Connection, lease: Lease, *, duration_s: float = 120.0) -> Lease:
    """Say that the holder is alive.

    Args:
        conn: a connection outside any transaction.
        lease: the lease as acquired.
        duration_s: for how long from now.

    Returns:
        The lease with its new end.

    Raises:
        RefusedError: another process has taken it over.
    """
    with translated(), conn.transaction():
        row = conn.execute(sql.load("store/renew_lease"), {"token": lease.token, "duration_s": duration_s}).fetchone()
    if row is None:
        raise RefusedError(
            "another process has taken the lease over; nothing more is written", hint="retail-brain run list"
        )
    return Lease(token=lease.token, holder=lease.holder, expires_at=row[0], run_id=row[1])


def release_lease(conn: Connection, lease: Lease) -> None:
    """Give the lease back; one that was taken over already is left alone.

    Args:
        conn: a connection outside any transaction.
        lease: the lease as acquired.
    """
    with translated(), conn.transaction():
        conn.execute(sql.load("store/release_lease"), {"token": lease.token})


def begin_run(conn: Connection, lease: Lease, *, model_id: str | None = None) -> int:
    """Open a run under a lease; runs of holders that vanished are closed as failed.

    Args:
        conn: a connection outside any transaction.
        lease: the lease as acquired.
        model_id: the model, when it is known already.

    Returns:
        The id of the run.

    Raises:
        RefusedError: the lease was taken over.
    """
    with translated(), conn.transaction():
        conn.execute(sql.load("store/fail_abandoned_runs"), {"token": lease.token})
        row = conn.execute(
            sql.load("store/begin_run"), {"token": lease.token, "holder": lease.holder, "model_id": model_id}
        ).fetchone()
    if row is None:
        raise RefusedError("another process has taken the lease over; no run was begun", hint="retail-brain run list")
    return row[0]


def adopt_run(conn: Connection, lease: Lease, run_id: int) -> None:
    """Continue a held or interrupted run under a new lease.

    Args:
        conn: a connection outside any transaction.
        lease: the lease as acquired.
        run_id: a run that is held, running or failed.

    Raises:
        RefusedError: the run is published, discarded or unknown, or the lease was taken over.
    """
    with translated(), conn.transaction():
        row = conn.execute(
            sql.load("store/adopt_run"), {"token": lease.token, "holder": lease.holder, "run_id": run_id}
        ).fetchone()
    if row is None:
        raise RefusedError(f"run {run_id} cannot be continued", hint="retail-brain run list")


def finish_run(
    conn: Connection,
    run_id: int,
    status: str | None = None,
    *,
    counts: dict[str, Any] | None = None,
    seconds: dict[str, float] | None = None,
    reason: str | None = None,
) -> RunResult:
    """Set the state of a run, or add to its counts and seconds.

    Args:
        conn: a connection outside any transaction.
        run_id: the run.
        status: held, failed, discarded; None leaves it (publishing sets published). A published run keeps its state.
        counts: added to what is there.
        seconds: added to what is there.
        reason: why; never a customer's data.

    Returns:
        The run as it stands now.

    Raises:
        RefusedError: no such run.
    """
    parameters = {
        "run_id": run_id,
        "status": status,
        "counts": Jsonb(counts or {}),
        "seconds": Jsonb(seconds or {}),
        "reason": reason,
    }
    with translated(), conn.transaction():
        conn.execute(sql.load("store/finish_run"), parameters)
    run = show_run(conn, run_id)
    if run is None:
        raise RefusedError(f"there is no run {run_id}", hint="retail-brain run list")
    return run


def list_runs(conn: Connection, *, limit: int = 20, status: str | None = None) -> list[RunResult]:
    """Return the newest runs.

    Args:
        conn: a connection.
        limit: how many at most.
        status: only those in this state.

    Returns:
        Newest first.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(RunResult)) as cursor:
        return cursor.execute(
            sql.load("store/list_runs"), {"limit": limit, "status": status, "run_id": None}
        ).fetchall()


def show_run(conn: Connection, run_id: int) -> RunResult | None:
    """Return one run, or None.

    Args:
        conn: a connection.
        run_id: the run.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(RunResult)) as cursor:
        return cursor.execute(sql.load("store/list_runs"), {"limit": 1, "status": None, "run_id": run_id}).fetchone()


def latest_published(conn: Connection) -> RunResult | None:
    """Return the run that readers see, or None before the first.

    Args:
        conn: a connection.
    """
    found = list_runs(conn, limit=1, status="published")
    return found[0] if found else None


def known_deliveries(conn: Connection, *, again: bool = False) -> dict[str, int]:
    """Return the deliveries that are published.

    Args:
        conn: a connection.
        again: leave out those of runs that were taken back: a person names them outright to have them taken again.

    Returns:
        SHA-256 of each file, and the run that published it (the first, when two sources delivered the same bytes).
    """
    with translated(), conn.transaction():
        return dict(conn.execute(sql.load("store/known_deliveries"), {"again": again}).fetchall())


def latest_deliveries(conn: Connection) -> dict[str, int]:
    """Return for each source the run that published a file of it last.

    Args:
        conn: a connection.
    """
    with translated(), conn.transaction():
        return dict(conn.execute(sql.load("store/latest_deliveries")).fetchall())

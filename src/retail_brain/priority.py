"""Who goes first where processors are short: a run gives way to the people at the desk, and so do PostgreSQL's processes that
work for it.

Niceness belongs to a thread on Linux and is inherited by the threads that it starts. Where the kernel groups processes by
session (`/proc/sys/kernel/sched_autogroup_enabled`), it counts inside a session only, and each session has a niceness of
its own: who has a session alone sets both. What the system does not allow is left as it is; a run never fails for it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_TRIES, _PAUSE_S = 3, 0.11
_CREDENTIALS = struct.Struct("3i")


def niceness(number: int = 0) -> int:
    """Return the niceness of a process: 0 is usual, 19 the most yielding.

    Args:
        number: the process; 0 is this one.
    """
    return os.getpriority(os.PRIO_PROCESS, number)


@contextmanager
def giving_way(nice: int) -> Iterator[None]:
    """Let this process give way until the block ends; without the right to take that back it gives way to its end.

    Args:
        nice: from 1 to 19; 0 changes nothing, and neither does less than the process has.
    """
    own, before = os.getpid(), niceness()
    session = _session_niceness(own)
    yield_more(own, nice)
    try:
        yield
    finally:
        if nice > before:
            _set(own, before, session=session)


def yield_more(number: int, nice: int) -> None:
    """Let a process give way, with all its threads, and with its session where it has that alone.

    Args:
        number: the process.
        nice: from 1 to 19; a process that gives way more than that stays as it is.
    """
    with contextlib.suppress(OSError):
        if nice > niceness(number):
            session = _session_niceness(number)
            _set(number, nice, session=None if session is None else max(session, nice))


def serving_process(descriptor: int, number: int) -> bool:
    """Say whether a process that a server names as the one at work for a connection is what it seems to be.

    A server in another container counts its processes differently, and so does a pool of connections. A server's worker
    is the child of the process that opened the socket, which the kernel names in our own count.

    Args:
        descriptor: the connection's socket; only one on this machine, in the file system, can be asked.
        number: the process that the server names.
    """
    try:
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            if connection.family != socket.AF_UNIX:
                return False
            answer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return False
    listener, status = _CREDENTIALS.unpack(answer)[0], _status(_PROC / str(number))
    return status is not None and listener > 0 and listener == status[0]


def _set(number: int, nice: int, *, session: int | None) -> None:
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(number) / "task").iterdir():
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)
    if session is not None:
        with contextlib.suppress(OSError):
            _set_session(_PROC / str(number) / "autogroup", session)


def _set_session(group: Path, nice: int) -> None:
    """Set the niceness of a session; the kernel grants an ordinary user one such change in a tenth of a second."""
    for _try in range(_TRIES):
        try:
            group.write_text(str(nice), encoding="ascii")
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return


def _session_niceness(number: int) -> int | None:
    """Return the niceness of a process's session; None where it shares that with others, or sessions have none here."""
    try:
        if not _has_session_alone(number):
            return None
        told = (_PROC / str(number) / "autogroup").read_text(encoding="ascii").split()  # /autogroup-17 nice 0
    except (OSError, KeyError):
        return None
    return int(told[2]) if len(told) > 2 else None


def _has_session_alone(number: int) -> bool:
    """Say whether a session has no terminal, and nobody in it but a process and those that wait for it, as cron's shell does."""
    known = {
        int(place.name): status for place in _PROC.iterdir() if place.name.isdigit() and (status := _status(place))
    }
    _parent, session, terminal = known[number]
    line, above = set(), number
    while above in known:
        line.add(above)
        above = known[above][0]
    return terminal == 0 and all(other in line for other, status in known.items() if status[1] == session)


def _status(place: Path) -> tuple[int, int, int] | None:
    """Return parent, session and terminal of a process; None where it has just ended."""
    try:
        fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[3]), int(fields[4])

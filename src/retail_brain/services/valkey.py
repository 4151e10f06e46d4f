"""The embedded Valkey of one workspace: a cache and nothing else.

It writes nothing to disk and throws nothing away by itself: what it holds can be made again from PostgreSQL, and a
profile that silently went missing would only be slower, but a pointer that went missing would empty the whole cache.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from retail_brain.errors import ServiceError
from retail_brain.services.folders import take_lock
from retail_brain.services.process import answers, end_orphans, end_server, last_words, launch, process_id

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.services.account import ServerAccount
    from retail_brain.services.binaries import Binaries
    from retail_brain.services.folders import ServiceFolders

PROCESS = "valkey-server"
_SOCKET = "valkey.sock"
_NOTE = "valkey.pid"
_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
    "databases": "1",
    "maxclients": "128",
    "daemonize": "no",
    "pidfile": _NOTE,
    "loglevel": "warning",
    "always-show-logo": "no",
    "set-proc-title": "no",
    "lazyfree-lazy-user-del": "yes",
    "lazyfree-lazy-expire": "yes",
}


def lock_of(folders: ServiceFolders) -> Path:
    """Return the lock that the running server holds."""
    return folders.root / "valkey.lock"


def log_of(folders: ServiceFolders) -> Path:
    """Return the server's log."""
    return folders.root / "valkey.log"


def socket_in(sockets: Path) -> Path:
    """Return the server's socket in the folder of sockets."""
    return sockets / _SOCKET


def socket_of(folders: ServiceFolders) -> Path | None:
    """Return where the server's socket should be."""
    sockets = folders.sockets()
    return socket_in(sockets) if sockets else None


def is_ready(folders: ServiceFolders) -> bool:
    """Say whether the server answers."""
    place = socket_of(folders)
    return place is not None and answers(place, b"PING\r\n", b"+PONG")


def server_process(folders: ServiceFolders) -> int | None:
    """Return the server's process id."""
    return process_id(folders.valkey / _NOTE, PROCESS)


def start(folders: ServiceFolders, binaries: Binaries, account: ServerAccount, sockets: Path) -> None:
    """Start the server without waiting until it answers. It must not be running.

    Args:
        folders: the workspace's folders.
        binaries: the programs.
        account: who runs it.
        sockets: the folder for its socket.
    """
    if not folders.valkey.is_dir():
        end_orphans(folders.valkey, PROCESS)
        folders.valkey.mkdir(mode=0o700)
        account.give(folders.valkey)
    options = {**_OPTIONS, "unixsocket": str(socket_in(sockets))}
    command: list[str | Path] = [
        binaries.valkey,
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]
    lock = take_lock(lock_of(folders))
    log = folders.open_log(log_of(folders))
    try:
        launch(command, account=account, folder=folders.valkey, log=log, lock=lock)
    finally:
        os.close(log)
        os.close(lock)


def stop(folders: ServiceFolders, timeout_s: float) -> None:
    """Stop the server, and kill it where it does not listen: it has nothing to save.

    Args:
        folders: the workspace's folders.
        timeout_s: how long each attempt may take.

    Raises:
        ServiceError: it does not end.
    """
    note, kinds = folders.valkey / _NOTE, (signal.SIGTERM, signal.SIGKILL)
    if not end_server(note, PROCESS, lock=lock_of(folders), kinds=kinds, timeout_s=timeout_s):
        raise ServiceError(f"Valkey in {folders.root} does not end", hint=f"see {log_of(folders)}")


def why_it_ended(folders: ServiceFolders) -> str:
    """Return the reason that the server gave in its log."""
    return last_words(log_of(folders), ("Fatal", "# "))

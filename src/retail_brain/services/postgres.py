"""The embedded PostgreSQL of one workspace: made, configured, started, stopped.

Its data folder may lie below folders that are closed to the account that runs it (root's home). So every program is
started *inside* the data folder and told `/proc/self/cwd`, which leads there without passing the folders above. It
listens on a Unix socket in a private folder and on nothing else, and lets in the account that made it and nobody else.
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, ResourceError, ServiceError
from retail_brain.services.folders import take_lock
from retail_brain.services.process import answers, end_orphans, end_server, last_words, launch, process_id, started_at

if TYPE_CHECKING:
    from retail_brain.config.services import ServicesSettings
    from retail_brain.services.account import ServerAccount
    from retail_brain.services.binaries import Binaries
    from retail_brain.services.folders import ServiceFolders

HERE = "/proc/self/cwd"
PORT = 5432
DATABASE = "retail_brain"
ROLE = "retail_brain"
PROCESS = "postgres"
_SOCKET = f".s.PGSQL.{PORT}"
_NOTE = "postmaster.pid"
_CLOCK_SLACK_S = 5.0
_TIGHT = 2 * 16 * 2**20
"""Two files of the log of changes: without room for the next one the server stops."""


def lock_of(folders: ServiceFolders) -> Path:
    """Return the lock that the running server holds."""
    return folders.root / "postgres.lock"


def log_of(folders: ServiceFolders) -> Path:
    """Return the server's log."""
    return folders.root / "postgres.log"


def socket_of(folders: ServiceFolders) -> Path | None:
    """Return where the server's socket should be."""
    sockets = folders.sockets()
    return sockets / _SOCKET if sockets else None


def is_ready(folders: ServiceFolders) -> bool:
    """Say whether the server accepts connections."""
    place = socket_of(folders)
    return place is not None and server_state(folders) == "ready" and answers(place)


def server_state(folders: ServiceFolders) -> str:
    """Return what the server says of itself: 'starting', 'ready', 'stopping' or '' where it says nothing."""
    try:
        lines = (folders.postgres / _NOTE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[7].strip() if len(lines) > 7 else "starting"


def server_process(folders: ServiceFolders) -> int | None:
    """Return the server's process id."""
    return process_id(folders.postgres / _NOTE, PROCESS)


def create_data(folders: ServiceFolders, binaries: Binaries, account: ServerAccount) -> None:
    """Make the data folder with an empty database, if there is none. All of it appears at once or not at all.

    Args:
        folders: the workspace's folders.
        binaries: the programs.
        account: who shall own the data.

    Raises:
        ConfigurationError: the data was made by another major version.
        ResourceError: it cannot be made.
    """
    if folders.postgres.is_dir():
        _check_version(folders, binaries)
        return
    end_orphans(folders.postgres, PROCESS)
    partial = folders.postgres.with_name("postgres.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    account.give(partial)
    options = f"-U {ROLE} -A peer -E UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
    command: list[str | Path] = [binaries.postgres("initdb"), "-D", HERE, "--no-instructions", *options.split()]
    made = account.run(command, folder=partial)
    if made.returncode == 0:
        command = [binaries.postgres("postgres"), "--single", "-D", HERE, "postgres"]
        made = account.run(command, folder=partial, input=f"create database {DATABASE}\n")
    if made.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise ResourceError(
            f"PostgreSQL's data folder cannot be made: {(made.stderr.strip().splitlines() or ['no reason given'])[-1]}",
            hint=f"check the free disk and memory for {folders.root}",
        )
    partial.replace(folders.postgres)


def start(
    folders: ServiceFolders, binaries: Binaries, account: ServerAccount, settings: ServicesSettings, sockets: Path
) -> None:
    """Start the server without waiting until it is ready. It must not be running.

    Args:
        folders: the workspace's folders, with data.
        binaries: the programs.
        account: who runs it.
        settings: its size.
        sockets: the folder for its socket.

    Raises:
        ServiceError: a server that somebody started by hand has the data open.
    """
    lock = take_lock(lock_of(folders))
    log = folders.open_log(log_of(folders))
    try:
        _forget_dead_server(folders, sockets)
        _write_for(account, folders.postgres / "postgresql.conf", configuration_text(settings, sockets))
        _write_for(account, folders.postgres / "pg_hba.conf", "local all all peer map=owner\n")
        _write_for(account, folders.postgres / "pg_ident.conf", f'owner "{account.client_name}" {ROLE}\n')
        command: list[str | Path] = [binaries.postgres("postgres"), "-D", HERE]
        launch(command, account=account, folder=folders.postgres, log=log, lock=lock)
    finally:
        os.close(log)
        os.close(lock)


def stop(folders: ServiceFolders, timeout_s: float) -> None:
    """Stop the server, at once where its clients do not matter, harder where it does not listen.

    Args:
        folders: the workspace's folders.
        timeout_s: how long each attempt may take.

    Raises:
        ServiceError: it does not end.
    """
    note, kinds = folders.postgres / _NOTE, (signal.SIGINT, signal.SIGQUIT)
    if not end_server(note, PROCESS, lock=lock_of(folders), kinds=kinds, timeout_s=timeout_s):
        raise ServiceError(f"PostgreSQL in {folders.root} does not end", hint=f"see {log_of(folders)}")


def why_it_ended(folders: ServiceFolders) -> str:
    """Return the reason that the server gave in its log, and the one that it often does not give."""
    free = shutil.disk_usage(folders.root).free
    full = f"; its disk is full, {free / 2**20:,.0f} MiB are free" if free < _TIGHT else ""
    return last_words(log_of(folders), ("FATAL:", "PANIC:")) + full


def configuration_text(settings: ServicesSettings, sockets: Path) -> str:
    """Return the server's configuration: sized for a small machine, durable, and silent about what statements hold.

    A statement that fails is told to its client and nobody else: its text, values and details hold customers' data,
    so only what concerns the server itself gets into the log.

    Args:
        settings: the sizes.
        sockets: the folder for its socket.
    """
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    values = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "port": PORT,
        "max_connections": 60,
        "shared_buffers": f"{max(16, min(settings.shared_buffers_mb, memory_mb // 8))}MB",
        "effective_cache_size": f"{max(128, memory_mb // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(16, min(settings.maintenance_memory_mb, memory_mb // 8))}MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
        "max_parallel_workers_per_gather": 1,
        "random_page_cost": 1.1,
        "jit": "off",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_level": "minimal",  # a first load then writes its tables, and not its log as well; journal and dumps need no log
        "max_wal_senders": 0,
        "wal_compression": "off",
        "max_wal_size": f"{settings.max_wal_size_mb}MB",
        "min_wal_size": "128MB",
        "checkpoint_timeout": "15min",
        "autovacuum_vacuum_scale_factor": 0.05,
        "autovacuum_analyze_scale_factor": 0.05,
        "autovacuum_vacuum_cost_limit": 1000,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "datestyle": "iso, ymd",
        "log_line_prefix": "%m [%p] ",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_statement": "none",
        "log_min_duration_statement": -1,
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": -1,
        "log_lock_waits": "off",
    }
    head = "# Written by retail-brain at every start; changes of your own belong into postgresql.auto.conf.\n"
    return head + "".join(f"{name} = {_quote(value)}\n" for name, value in values.items())


def _quote(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _shared_memory_type() -> str:
    """Return where parallel queries share memory: a container's /dev/shm may have room for 64 MB only."""
    try:
        room = os.statvfs("/dev/shm")  # only asked for its size
    except OSError:
        return "mmap"
    return "posix" if room.f_bavail * room.f_frsize >= 512 * 2**20 else "mmap"


def _write_for(account: ServerAccount, path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o600)
    account.give(partial)
    partial.replace(path)


def _check_version(folders: ServiceFolders, binaries: Binaries) -> None:
    made_by = (folders.postgres / "PG_VERSION").read_text(encoding="utf-8").strip()
    major = binaries.postgres_version.split(".", maxsplit=1)[0]
    if made_by != major:
        raise ConfigurationError(
            f"the data in {folders.postgres} was made by PostgreSQL {made_by}, and the embedded one is {binaries.postgres_version}",
            hint="make a backup with the version of retail-brain that made it, and restore that into a new workspace",
        )


def _forget_dead_server(folders: ServiceFolders, sockets: Path) -> None:
    """Remove the notes of a dead server, whose process id may by now be a zombie's or a stranger's.

    Nobody holds the server's lock, so the only living server could be one that was started by hand.
    """
    note = folders.postgres / _NOTE
    number = server_process(folders)
    if number is not None:
        noted = note.read_text(encoding="utf-8", errors="replace").splitlines()
        began = started_at(number)
        if len(noted) > 2 and began is not None and abs(began - float(noted[2])) < _CLOCK_SLACK_S:
            raise ServiceError(
                f"process {number}, not started by retail-brain, has the data in {folders.postgres} open",
                hint="stop that PostgreSQL server, then repeat",
            )
    for left in (note, sockets / _SOCKET, sockets / f"{_SOCKET}.lock"):
        left.unlink(missing_ok=True)

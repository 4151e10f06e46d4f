"""The servers of a workspace as a whole: where they answer, started if need be; stopped; looked at.

Safe to call from several commands at once: whoever finds both servers answering takes no lock at all, and everybody
else waits for one lock. A server that lives and does not answer is given its time (recovery after a power cut), and
one whose socket was taken away is started again.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from retail_brain.errors import ResourceError, ServiceError
from retail_brain.model import PostgresAddress, RedisAddress
from retail_brain.services import postgres as postgres_server
from retail_brain.services import valkey as valkey_server
from retail_brain.services.account import choose_account
from retail_brain.services.binaries import find_binaries, reachable_binaries
from retail_brain.services.external import postgres_address, redis_address
from retail_brain.services.folders import is_alive, service_folders
from retail_brain.services.process import pause

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retail_brain.config.services import PostgresSettings, RedisSettings, ServicesSettings
    from retail_brain.services.account import ServerAccount
    from retail_brain.services.folders import ServiceFolders

_TITLES = {postgres_server: "PostgreSQL", valkey_server: "Valkey"}
_SOCKET_GRACE_S = 2.0
State = Literal["running", "starting", "stopped", "external"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddresses:
    """Where both servers answer, and the names of the embedded ones that had to be started for it."""

    postgres: PostgresAddress
    redis: RedisAddress
    started: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatusResult:
    """What is known of one server without asking it for data."""

    name: Literal["postgres", "redis"]
    embedded: bool
    state: State
    place: str
    version: str | None = None
    process_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopResult:
    """The embedded servers that were running and have been stopped."""

    stopped: tuple[str, ...]


def ensure_services(
    workspace_folder: Path, services: ServicesSettings, *, postgres: PostgresSettings, redis: RedisSettings
) -> ServiceAddresses:
    """Return where PostgreSQL and Redis answer, and start the embedded ones that do not run yet.

    Args:
        workspace_folder: where the embedded servers keep their data.
        services: how the embedded servers are sized.
        postgres: an external PostgreSQL, if it names a host.
        redis: an external Redis, if it names a host.

    Returns:
        Both addresses. External servers are not asked whether they answer.

    Raises:
        ConfigurationError: the workspace's servers belong to somebody else, or cannot run on this system.
        ServiceError: an embedded server does not start.
        ResourceError: there is no room for its data.
    """
    folders = service_folders(workspace_folder)
    wanted = _embedded(postgres, redis)
    started: tuple[str, ...] = ()
    if wanted:
        folders.check_owner()
    if not all(server.is_ready(folders) for server in wanted):
        folders.prepare()
        with _disk_told(folders), folders.starting(services.start_timeout_s + services.stop_timeout_s):
            started = _start_missing(folders, services, wanted)
    return _addresses(folders, postgres, redis, started)


def find_services(
    workspace_folder: Path, *, postgres: PostgresSettings, redis: RedisSettings
) -> ServiceAddresses | None:
    """Return where PostgreSQL and Redis answer, or None where an embedded one does not. Nothing is started.

    Args:
        workspace_folder: where the embedded servers keep their data.
        postgres: an external PostgreSQL, if it names a host.
        redis: an external Redis, if it names a host.
    """
    folders = service_folders(workspace_folder)
    if not all(server.is_ready(folders) for server in _embedded(postgres, redis)):
        return None
    return _addresses(folders, postgres, redis, ())


def stop_services(workspace_folder: Path, services: ServicesSettings) -> StopResult:
    """Stop the embedded servers of a workspace. External ones are left alone.

    Args:
        workspace_folder: where the embedded servers keep their data.
        services: how long they may take.

    Returns:
        Which of them were running.

    Raises:
        ConfigurationError: they belong to somebody else.
        ServiceError: one of them does not end.
    """
    folders = service_folders(workspace_folder)
    folders.check_owner()
    if not folders.root.is_dir():
        return StopResult(stopped=())
    stopped = []
    with _disk_told(folders), folders.starting(services.start_timeout_s + services.stop_timeout_s):
        for server in (valkey_server, postgres_server):
            if is_alive(server.lock_of(folders)):
                server.stop(folders, services.stop_timeout_s)
                stopped.append(_TITLES[server])
        _remove_sockets(folders)
    return StopResult(stopped=tuple(stopped))


def service_status(
    workspace_folder: Path, *, postgres: PostgresSettings, redis: RedisSettings
) -> tuple[ServiceStatusResult, ServiceStatusResult]:
    """Say how PostgreSQL and Redis are doing. Nothing is started, and external servers are not asked.

    Args:
        workspace_folder: where the embedded servers keep their data.
        postgres: an external PostgreSQL, if it names a host.
        redis: an external Redis, if it names a host.

    Raises:
        ConfigurationError: the embedded servers belong to somebody else, or there are none for this system.
    """
    folders = service_folders(workspace_folder)
    folders.check_owner()
    return (
        _external("postgres", postgres.host, postgres.port) or _look(folders, "postgres"),
        _external("redis", redis.host, redis.port) or _look(folders, "redis"),
    )


@contextmanager
def _disk_told(folders: ServiceFolders) -> Iterator[None]:
    """Say what the disk refused, where nobody nearer to it has said so."""
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"the folder of the embedded servers {folders.root} cannot be used: {error.strerror or type(error).__name__}",
            hint="check its owner, the free disk and the limit of open files",
        ) from error


def _embedded(postgres: PostgresSettings, redis: RedisSettings) -> tuple[ModuleType, ...]:
    chosen = ((postgres_server, postgres.host), (valkey_server, redis.host))
    return tuple(server for server, host in chosen if host is None)


def _start_missing(
    folders: ServiceFolders, services: ServicesSettings, wanted: tuple[ModuleType, ...]
) -> tuple[str, ...]:
    missing = [server for server in wanted if not _serves(folders, services, server)]
    if not missing:
        return ()
    account = choose_account(folders.postgres)
    binaries = reachable_binaries(account)
    if postgres_server in missing:
        postgres_server.create_data(folders, binaries, account)
    sockets = _sockets_for(folders, account)
    if valkey_server in missing:
        valkey_server.start(folders, binaries, account, sockets)
    if postgres_server in missing:
        postgres_server.start(folders, binaries, account, services, sockets)
    for server in missing:
        _wait_until_ready(folders, server, services.start_timeout_s)
    versions = {postgres_server: binaries.postgres_version, valkey_server: binaries.valkey_version}
    return tuple(f"{_TITLES[server]} {versions[server]}" for server in missing)


def _serves(folders: ServiceFolders, services: ServicesSettings, server: ModuleType) -> bool:
    """Say whether a server answers; give a living one its time, and stop one whose socket was taken away."""
    now = time.monotonic()
    deadline, socket_deadline = now + services.start_timeout_s, now + _SOCKET_GRACE_S
    while is_alive(server.lock_of(folders)):
        if server.is_ready(folders):
            return True
        socket = server.socket_of(folders)
        if (socket is None or not socket.exists()) and time.monotonic() > socket_deadline:
            server.stop(folders, services.stop_timeout_s)
        elif not pause(deadline):
            raise ServiceError(
                f"the embedded {_TITLES[server]} runs but has not answered for {services.start_timeout_s:.0f} s",
                hint=f"wait if it recovers from a crash (see {server.log_of(folders)}), or retail-brain services stop",
            )
    return False


def _wait_until_ready(folders: ServiceFolders, server: ModuleType, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not server.is_ready(folders):
        if not is_alive(server.lock_of(folders)):
            raise ServiceError(
                f"the embedded {_TITLES[server]} did not start: {server.why_it_ended(folders)}",
                hint=f"see {server.log_of(folders)}",
            )
        if not pause(deadline):
            raise ServiceError(
                f"the embedded {_TITLES[server]} is still starting after {timeout_s:.0f} s",
                hint=f"it may be recovering from a crash: see {server.log_of(folders)}, then repeat",
            )


def _sockets_for(folders: ServiceFolders, account: ServerAccount) -> Path:
    """Return the folder for the sockets: the one in use, or a new one where nothing runs."""
    noted = folders.sockets()
    if noted is not None and any(is_alive(server.lock_of(folders)) for server in _TITLES):
        return noted
    return folders.make_sockets(account)


def _remove_sockets(folders: ServiceFolders) -> None:
    noted = folders.sockets()
    if noted is not None:
        shutil.rmtree(noted, ignore_errors=True)
        folders.sockets_note.unlink(missing_ok=True)


def _addresses(
    folders: ServiceFolders, postgres: PostgresSettings, redis: RedisSettings, started: tuple[str, ...]
) -> ServiceAddresses:
    sockets = folders.sockets()
    place = PostgresAddress(host=str(sockets), port=postgres_server.PORT, sslmode="disable")
    cache = RedisAddress(host="", socket_path=str(valkey_server.socket_in(sockets)) if sockets else None)
    return ServiceAddresses(
        postgres=place if postgres.host is None else postgres_address(postgres),
        redis=cache if redis.host is None else redis_address(redis),
        started=started,
    )


def _external(name: Literal["postgres", "redis"], host: str | None, port: int) -> ServiceStatusResult | None:
    if host is None:
        return None
    place = host if host.startswith("/") else f"{host}:{port}"
    return ServiceStatusResult(name=name, embedded=False, state="external", place=place)


def _look(folders: ServiceFolders, name: Literal["postgres", "redis"]) -> ServiceStatusResult:
    server = postgres_server if name == "postgres" else valkey_server
    alive = is_alive(server.lock_of(folders))
    state: State = "stopped" if not alive else "running" if server.is_ready(folders) else "starting"
    binaries = find_binaries()
    return ServiceStatusResult(
        name=name,
        embedded=True,
        state=state,
        place=str(folders.root),
        version=binaries.postgres_version if name == "postgres" else binaries.valkey_version,
        process_id=server.server_process(folders) if alive else None,
    )

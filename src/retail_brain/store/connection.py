"""Connections to PostgreSQL: bounded retries, time limits, and TLS that is checked unless the server is on this machine.

Apart from what runs on a connection, so that every one of them has the same limits and fails in the same words.
"""

from __future__ import annotations

import ipaddress
import os
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import stamina
import stamina.instrumentation

from retail_brain.errors import ConfigurationError, ServiceError
from retail_brain.priority import niceness, serving_process, yield_more
from retail_brain.store.failure import TransientServiceError, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress

Connection = psycopg.Connection[Any]

stamina.instrumentation.set_on_retry_hooks([])  # by default they print on stdout, which is data

_ATTEMPTS = 5
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


def connect(
    address: PostgresAddress,
    *,
    application_name: str = "retail-brain",
    patience_s: float = 30.0,
    connect_timeout_s: int = 10,
    statement_timeout_s: float = 0,
    lock_timeout_s: float = 30.0,
    autocommit: bool = False,
) -> Connection:
    """Open a connection, trying again for a while when the server does not answer.

    Args:
        address: where PostgreSQL answers.
        application_name: what pg_stat_activity shows.
        patience_s: how long to go on trying, in all.
        connect_timeout_s: how long one try may take.
        statement_timeout_s: time limit of a statement; 0 means none.
        lock_timeout_s: how long a statement waits for a lock.
        autocommit: commit each statement by itself.

    Returns:
        An open connection in UTC.

    Raises:
        ServiceError: the server does not answer.
        ConfigurationError: it refused the credentials, the database does not exist, or the address makes no sense.
    """
    options = f"-c statement_timeout={int(statement_timeout_s * 1000)} -c lock_timeout={int(lock_timeout_s * 1000)} -c timezone=UTC -c jit=off"
    parameters = _parameters(address) | {
        "connect_timeout": connect_timeout_s,
        "application_name": application_name,
        "options": options,
    }
    started, tries = time.monotonic(), 0
    try:
        for attempt in stamina.retry_context(
            on=TransientServiceError, attempts=_ATTEMPTS, timeout=patience_s, wait_max=15.0
        ):
            with attempt:
                tries += 1
                return _open(parameters, autocommit=autocommit)
    except TransientServiceError as error:
        raise ServiceError(
            f"PostgreSQL at {describe(address)} does not answer (tried {tries} times in {time.monotonic() - started:.0f} s)",
            hint="nothing was changed; the command can be repeated. retail-brain doctor",
        ) from error
    raise AssertionError("unreachable")


@contextmanager
def reading(conn: Connection) -> Iterator[None]:
    """Read on a connection that is outside any transaction, and leave it so.

    What is read in one block is of no single moment.

    Args:
        conn: the connection.
    """
    with translated(), ending(conn):
        yield


def ending(conn: Connection) -> AbstractContextManager[object]:
    """Return the transaction that ends what is read in a block.

    It is none where each statement commits itself: two messages fewer, each of which waits for a processor.

    Args:
        conn: the connection.
    """
    idle = conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    return nullcontext() if conn.autocommit and idle else conn.transaction()


def describe(address: PostgresAddress) -> str:
    """Return host and port for a message: never the password."""
    return address.host if address.host.startswith("/") else f"{address.host}:{address.port}"


def is_local(host: str) -> bool:
    """Tell whether a host is this machine: a socket folder, localhost or a loopback address."""
    if host.startswith(("/", "@")) or host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def follow_priority(conn: Connection) -> None:
    """Let the server's process behind a connection give way as far as this process does, where it runs on this machine.

    Args:
        conn: the connection; one over TCP is left alone, since nothing proves whose process the server names.
    """
    nice, number = niceness(), conn.info.backend_pid
    if nice > 0 and serving_process(conn.fileno(), number):
        yield_more(number, nice)


def _open(parameters: dict[str, Any], *, autocommit: bool) -> Connection:
    try:
        conn = psycopg.connect(**parameters, autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise _connect_error(error) from None
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            "the address of PostgreSQL is not valid", hint="check POSTGRES_HOST and POSTGRES_PORT"
        ) from error
    follow_priority(conn)
    return conn


def _connect_error(error: psycopg.OperationalError) -> Exception:
    """Tell apart what may pass from what will not; the driver gives no SQLSTATE here, only the server's words."""
    text = str(error)
    if (
        "authentication failed" in text
        or "no password supplied" in text
        or "no pg_hba.conf entry" in text
        or ("role " in text and "does not exist" in text)
    ):
        return ConfigurationError(
            "PostgreSQL refused the credentials", hint="check POSTGRES_USER and POSTGRES_PASSWORD"
        )
    if "database " in text and "does not exist" in text:
        return ConfigurationError("the database does not exist", hint="create it, or check POSTGRES_DB")
    if "certificate" in text or "SSL" in text:
        return ServiceError(
            "no trusted TLS connection to PostgreSQL could be made",
            hint="give its certificate authority in PGSSLROOTCERT; postgres.sslmode lowers the check",
        )
    return TransientServiceError("PostgreSQL does not answer")


def _parameters(address: PostgresAddress) -> dict[str, Any]:
    local = is_local(address.host)
    sslmode = address.sslmode or ("prefer" if local else "verify-full")
    parameters: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "dbname": address.dbname,
        "user": address.user,
        "sslmode": sslmode,
    } | ({} if address.host.startswith("/") else _KEEPALIVES)
    if address.password is not None:
        parameters["password"] = address.password
    if sslmode == "verify-full" and not os.environ.get("PGSSLROOTCERT") and not _own_root().exists():
        parameters["sslrootcert"] = "system"
    return parameters


def _own_root() -> Path:
    return Path("~/.postgresql/root.crt").expanduser()

"""Connections to Redis, and the one place where its errors become ours.

No retries by the client: a warm is repeated as a whole, and a reader turns to PostgreSQL instead.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    NoPermissionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from retail_brain.errors import ConfigurationError, ResourceError, RetailBrainError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import RedisAddress

REFUSED = (AuthenticationError, AuthenticationWrongNumberOfArgsError, NoPermissionError)


def connect(address: RedisAddress, *, timeout_s: float) -> redis.Redis:
    """Return a client of Redis; it connects when it is first used.

    Args:
        address: where Redis answers.
        timeout_s: how long to wait for a connection and for each answer.
    """
    options: dict[str, Any] = {
        "password": address.password,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(timeout_s, 5.0),
        "retry": Retry(NoBackoff(), 0),
    }
    if address.socket_path is not None:
        options.pop("socket_connect_timeout")
        return redis.Redis(unix_socket_path=address.socket_path, **options)
    if address.tls:
        options |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True}
        options |= {"ssl_ca_certs": address.tls_ca_file} if address.tls_ca_file else {}
    return redis.Redis(host=address.host, port=address.port, **options)


@contextmanager
def session(address: RedisAddress, *, timeout_s: float) -> Iterator[redis.Redis]:
    """Open a client of Redis for one piece of work.

    Args:
        address: where Redis answers.
        timeout_s: how long to wait for a connection and for each answer.

    Returns:
        The client, closed when the block ends.

    Raises:
        ServiceError: Redis does not answer.
        ConfigurationError: Redis does not let us in.
        ResourceError: Redis has no memory left.
    """
    client = connect(address, timeout_s=timeout_s)
    try:
        yield client
    except (RedisError, OSError) as error:
        raise translate(error, address) from error
    finally:
        client.close()


def translate(error: Exception, address: RedisAddress) -> RetailBrainError:
    """Return our error for one of Redis; neither holds a key or a value.

    Args:
        error: what the client raised.
        address: where it happened.
    """
    place = place_of(address)
    if isinstance(error, REFUSED):
        return ConfigurationError(f"Redis at {place} refuses the credentials", hint="check REDIS_PASSWORD")
    if address.tls and any(isinstance(cause, (ssl.SSLError, FileNotFoundError)) for cause in _causes(error)):
        return ConfigurationError(
            f"no encrypted connection to Redis at {place}: its certificate is not trusted, or it speaks no TLS",
            hint="set redis.tls_ca_file to its authority's certificate, or redis.tls = false",
        )
    if isinstance(error, OutOfMemoryError) or (isinstance(error, ResponseError) and "OOM" in str(error)[:60]):
        return ResourceError(
            f"Redis at {place} has no memory left; readers still see the cache as it was",
            hint="raise its maxmemory to twice what the profiles need, then repeat retail-brain warm",
        )
    if isinstance(error, ResponseError):
        kind = str(error).split(" ", 1)[0][:20]
        return ServiceError(f"Redis at {place} refuses to write or to read ({kind})", hint="retail-brain doctor")
    return ServiceError(
        f"Redis at {place} does not answer", hint="profiles are answered by PostgreSQL; repeat retail-brain warm later"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def place_of(address: RedisAddress) -> str:
    """Return how an address is told to people."""
    return address.socket_path or f"{address.host}:{address.port}"

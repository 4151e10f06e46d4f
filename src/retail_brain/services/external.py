"""The addresses of servers that somebody else looks after.

A server on this machine is spoken to as it is; to any other the connection is encrypted and the server's certificate
checked, unless the configuration says otherwise in so many words.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from retail_brain.model import PostgresAddress, RedisAddress

if TYPE_CHECKING:
    from retail_brain.config.services import PostgresSettings, RedisSettings


def postgres_address(settings: PostgresSettings) -> PostgresAddress:
    """Return the address of the external PostgreSQL. Its settings name a host."""
    host = settings.host or ""
    return PostgresAddress(
        host=host,
        port=settings.port,
        dbname=settings.dbname,
        user=settings.user,
        password=settings.password.get_secret_value() if settings.password else None,
        sslmode=settings.sslmode or ("prefer" if is_local(host) else "verify-full"),
    )


def redis_address(settings: RedisSettings) -> RedisAddress:
    """Return the address of the external Redis. Its settings name a host."""
    host = settings.host or ""
    return RedisAddress(
        host="" if host.startswith("/") else host,
        port=settings.port,
        socket_path=host if host.startswith("/") else None,
        password=settings.password.get_secret_value() if settings.password else None,
        tls=not is_local(host) if settings.tls is None else settings.tls,
        tls_ca_file=settings.tls_ca_file,
    )


def is_local(host: str) -> bool:
    """Say whether a host is this machine: a socket's path, localhost or a loopback address."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

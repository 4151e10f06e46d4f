"""Where PostgreSQL and Redis answer, how the embedded ones are sized, and how the cache is filled.

A section without a host means the embedded server. Secrets come from the environment (`POSTGRES_PASSWORD`,
`REDIS_PASSWORD`) or, for PostgreSQL, from libpq's own password file, which is left to libpq.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class PostgresSettings(BaseModel):
    """The PostgreSQL server that keeps the truth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str | None = Field(
        default=None,
        description="host name, address or socket folder of an external server; without one the embedded server is used (POSTGRES_HOST)",
    )
    port: int = Field(default=5432, ge=1, le=65535, description="port of the external server (POSTGRES_PORT)")
    dbname: str = Field(default="retail_brain", min_length=1, description="database (POSTGRES_DB)")
    user: str = Field(default="retail_brain", min_length=1, description="role (POSTGRES_USER)")
    password: SecretStr | None = Field(
        default=None,
        repr=False,
        description="only from the environment (POSTGRES_PASSWORD); without one libpq looks into its own password file",
    )
    sslmode: SslMode | None = Field(
        default=None,
        description="libpq's sslmode; by default verify-full, and prefer for a server on this machine (POSTGRES_SSLMODE)",
    )


class RedisSettings(BaseModel):
    """The Redis or Valkey server that keeps the cache."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str | None = Field(
        default=None,
        description="host name, address or socket path of an external server; without one the embedded server is used (REDIS_HOST)",
    )
    port: int = Field(default=6379, ge=1, le=65535, description="port of the external server (REDIS_PORT)")
    password: SecretStr | None = Field(
        default=None, repr=False, description="only from the environment (REDIS_PASSWORD)"
    )
    tls: bool | None = Field(
        default=None,
        description="speak TLS and check the server's certificate; by default yes, and no for a server on this machine",
    )
    tls_ca_file: str | None = Field(
        default=None,
        description="certificates of the authority that signed the server's, in PEM; by default the system's",
    )


class ServicesSettings(BaseModel):
    """The embedded servers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="how long an embedded server may take to start; recovery after a power cut counts",
    )
    stop_timeout_s: float = Field(default=60.0, gt=0, description="how long an embedded server may take to stop")
    shared_buffers_mb: int = Field(
        default=512,
        ge=16,
        description="PostgreSQL's own page cache; never more than an eighth of the machine's memory, in MB",
    )
    maintenance_memory_mb: int = Field(
        default=1024,
        ge=16,
        description="memory of PostgreSQL for building one index; never more than an eighth of the machine's memory, in MB",
    )
    max_wal_size_mb: int = Field(
        default=4096, ge=128, description="write-ahead log between two checkpoints, in MB; a bulk load wants room"
    )


class CacheSettings(BaseModel):
    """How profiles are kept in Redis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expiry_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="how long a key stays unless it is written again, in days; a cache half as old is written anew, and a miss is answered by PostgreSQL",
    )
    batch_bytes: int = Field(
        default=1_000_000, ge=10_000, le=64_000_000, description="size of one packed batch of commands, in bytes"
    )
    read_timeout_s: float = Field(
        default=0.5, gt=0, description="how long a reader waits for Redis before PostgreSQL answers"
    )
    write_timeout_s: float = Field(default=30.0, gt=0, description="how long a warm waits for one answer of Redis")

"""What more than one room speaks of: addresses of servers, the fields of a person, and progress.

Plain frozen values without behaviour, so that stages can meet in them without importing one another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

VALUE_FIELDS: tuple[str, ...] = (
    "given_name", "middle_name", "family_name", "name_suffix", "gender", "email", "phone", "date_of_birth",
    "address", "city", "region", "postal_code", "country", "loyalty_id", "national_id",
)  # fmt: skip
"""The standardised columns of a record that say who the person is, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """Where PostgreSQL answers. `host` may be the folder of a Unix socket."""

    host: str
    port: int = 5432
    dbname: str = "retail_brain"
    user: str = "retail_brain"
    password: str | None = field(default=None, repr=False)
    sslmode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Where Redis answers: a host and port, or a Unix socket."""

    host: str = "localhost"
    port: int = 6379
    socket_path: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    tls_ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `doctor`: what was looked at, what was found, and what to do about it."""

    name: str
    outcome: Literal["ok", "warning", "failed"]
    what: str
    hint: str | None = None


class NotJournaled(str):
    """A warning: the work is done and stands, and its copy beside the backups is not there yet."""

    __slots__ = ()


class Progress(Protocol):
    """What a long step calls to tell how far it is."""

    def __call__(self, stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        """Tell that a stage has done so many of its steps (total None: not known yet)."""


def no_progress(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
    """Tell nobody."""

"""What PostgreSQL reports, turned into our own kinds of error: the one place where that happens.

Apart from the modules that run statements, because DETAIL and CONTEXT of a driver's error carry customers' values:
only SQLSTATE, table and constraint leave this module.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from retail_brain.errors import ConfigurationError, RefusedError, ResourceError, RetailBrainError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator


class DeniedError(ConfigurationError):
    """The login lacks a right in PostgreSQL: nothing about the data, everything about who works."""


class TransientServiceError(ServiceError):
    """The same transaction may succeed when it is repeated: deadlock, cut connection, restart, lock timeout."""


_UNCHANGED = "nothing was changed; the command can be repeated"

_DENIED = re.compile(r"permission denied for ((?:table|schema|database|relation|column) \w+)")

# SQLSTATE (or its class, the first two characters) -> kind, what happened, what to do.
_STATES: dict[str, tuple[type[RetailBrainError], str, str]] = {
    "28": (ConfigurationError, "PostgreSQL refused the credentials", "check POSTGRES_USER and POSTGRES_PASSWORD"),
    "3D": (ConfigurationError, "the database does not exist", "create it, or check POSTGRES_DB"),
    "25006": (
        ServiceError,
        "PostgreSQL is read-only: a standby, or a primary that stopped writing",
        "connect to the primary",
    ),
    "53100": (ServiceError, "the disk of the PostgreSQL server is full", _UNCHANGED + " once there is room"),
    "53200": (ResourceError, "PostgreSQL is out of memory", _UNCHANGED),
    "53300": (TransientServiceError, "PostgreSQL has no free connection", _UNCHANGED),
    "42P01": (
        ConfigurationError,
        "a table is missing in the database",
        "retail-brain db migrate makes it, and so does the first retail-brain run",
    ),
    "42703": (ConfigurationError, "a column is missing in the database", "retail-brain db migrate"),
    "42883": (ConfigurationError, "a function is missing in the database", "retail-brain db migrate"),
    "42704": (ConfigurationError, "an object is missing in the database", "retail-brain db migrate"),
    "42501": (
        DeniedError,
        "the PostgreSQL login lacks a right",
        "docs/reference/roles.md says which role may do what; POSTGRES_USER names the login",
    ),
    "0A000": (ConfigurationError, "the PostgreSQL server lacks something that is needed", "retail-brain doctor"),
    "58P01": (
        ConfigurationError,
        "a file of the PostgreSQL installation is missing",
        "install the server's contrib modules (pg_trgm)",
    ),
    "40": (TransientServiceError, "the transaction collided with another one", _UNCHANGED),
    "55P03": (TransientServiceError, "a lock was held too long by another session", _UNCHANGED),
    "57014": (TransientServiceError, "the statement ran into its time limit", _UNCHANGED),
    "57P": (TransientServiceError, "PostgreSQL is stopping or starting", _UNCHANGED),
    "08": (TransientServiceError, "the connection to PostgreSQL was cut", _UNCHANGED),
    "RB001": (
        RefusedError,
        "a row of the log, a decision or a seal is never changed",
        "undo by adding: merge rollback",
    ),
    "22003": (ConfigurationError, "a number is larger than any in the database", "check the numbers of the command"),
    "23": (RetailBrainError, "the database refused rows that break a rule", "nothing was changed; please report this"),
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors of a block into our own kinds.

    Raises:
        ServiceError: unreachable, read-only, disk full on the server.
        ConfigurationError: refused credentials, missing database, table, extension or privilege.
        RetailBrainError: rows break a constraint (a bug).
    """
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> RetailBrainError:
    """Return our own error for a driver's, without any value of a customer."""
    state = error.sqlstate or ""
    for key in (state, state[:3], state[:2]):
        if key in _STATES:
            kind, message, hint = _STATES[key]
            return kind(message + _denied(error) + _where(error), hint=hint)
    if isinstance(error, psycopg.OperationalError) and not state:
        return TransientServiceError("the connection to PostgreSQL was cut", hint=_UNCHANGED)
    if isinstance(error, psycopg.DataError) and not state:  # the driver itself refuses a NUL
        return ConfigurationError("a value holds a NUL character, which no record has")
    return RetailBrainError(f"PostgreSQL refused a statement{_where(error)}", hint="please report this")


def _denied(error: psycopg.Error) -> str:
    """Return what a right lacks on: the server names the object in its words alone, and nothing else is taken from them."""
    found = _DENIED.match(error.diag.message_primary or "") if error.sqlstate == "42501" else None
    return f" on {found[1]}" if found else ""


def _where(error: psycopg.Error) -> str:
    parts = [
        ("SQLSTATE", error.sqlstate),
        ("table", error.diag.table_name),
        ("constraint", error.diag.constraint_name),
    ]
    named = ", ".join(f"{name} {value}" for name, value in parts if value)
    return f" ({named})" if named else ""

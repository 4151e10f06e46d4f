"""What PostgreSQL's programs report, turned into our own kinds of error.

Apart from the programs' running, because what they repeat of a server's words holds customers' values: known phrases are looked for in it,
and nothing but names of tables is taken over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, ResourceError, RetailBrainError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence


class MovedError(ServiceError):
    """Somebody changed the structure of the database while it was read; trying again may help."""


def failure(name: str, code: int, said: Sequence[str]) -> RetailBrainError:
    """Return our own error for a program's, without any value of a customer.

    Args:
        name: the program.
        code: its exit code.
        said: what it wrote; only known phrases of it are looked for and none but names of tables is repeated.
    """
    text = "\n".join(said)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return ResourceError(f"{name}: the disk is full", hint="nothing half-done counts; free some space and repeat")
    denied = re.search(
        r"permission denied for ((?:table|sequence|schema|view|function|database|large object) [\w.]+)", text
    )
    if denied:
        return ConfigurationError(
            f"{name}: the PostgreSQL login lacks a right on {denied[1]}",
            hint="the owner of the tables may make a backup, and so may a member of pg_read_all_data; docs/reference/roles.md",
        )
    if re.search(
        r"authentication failed|no password supplied|no pg_hba.conf entry|role \"[^\"]*\" does not exist", text
    ):
        return ConfigurationError(
            f"{name}: PostgreSQL refused the credentials", hint="check POSTGRES_USER and POSTGRES_PASSWORD"
        )
    if "server version mismatch" in text:
        return ConfigurationError(f"{name}: it does not fit the server's version", hint="retail-brain doctor")
    if re.search(  # pg_dump waits for its locks by a time limit of the statement, and has no other
        r"could not obtain lock on relation|(?:lock|statement) timeout|cache lookup failed|(?:relation|table) .*does not exist",
        text,
    ):
        return MovedError(
            f"{name}: somebody changed the structure of the database meanwhile", hint="nothing was changed; repeat it"
        )
    signal_told = f"signal {-code}" if code < 0 else f"exit code {code}"
    return ServiceError(
        f"{name} ended with {signal_told}{_reason(said)}", hint="nothing was changed; retail-brain doctor"
    )


def _reason(said: Sequence[str]) -> str:
    """Return what a program itself said, up to where it repeats the server or names a value."""
    for line in said:
        found = re.match(r"pg_\w+: error: ([a-z][\w ,.-]{5,150})", line)
        if found:
            return f": {found[1].strip(' ,.-')}"
    return ""

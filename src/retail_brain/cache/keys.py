"""The names of the keys in Redis, what the pointer says, and the number that a document bears.

- `rb:current`: a hash, the pointer: generation, space, keys, warmed_at (seconds since 1970).
- `rb:spaces`: a set of the spaces that have been begun and not yet been swept.
- `rb:<space>:profile:<profile_id>`: a document. A space is `<generation>-<token>` and belongs to one warm alone.

A document that came with a change has the change's number and a blank before it; without one it counts as number 0.
A number without a document stands for a profile that is gone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

POINTER = "rb:current"
SPACES = "rb:spaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """What the pointer says: the generation that readers see, None where the cache is empty."""

    generation: int | None = None
    space: str = ""
    keys: int = 0
    warmed_at: int = 0

    def is_current(self, generation: int, *, now: float, expiry_days: int) -> bool:
        """Say whether the cache holds this generation and is young enough to be kept up by changes alone.

        Args:
            generation: the one that PostgreSQL names.
            now: seconds since 1970.
            expiry_days: how long a key stays; half of it is young.
        """
        return self.generation == generation and now - self.warmed_at < expiry_days * 86_400 / 2


def new_space(generation: int) -> str:
    """Return the name of a new space; no two are alike, even for the same generation."""
    return f"{generation}-{secrets.token_hex(4)}"


def generation_of(space: str) -> int:
    """Return the generation of a space, -1 where the name is no space's."""
    number = space.partition("-")[0]
    return int(number) if number.isdigit() else -1


def profile_prefix(space: str) -> str:
    """Return what stands before the profile id in a key."""
    return f"rb:{space}:profile:"


def read_pointer(fields: Mapping[bytes, bytes]) -> CacheState:
    """Read the pointer's fields; anything unexpected counts as an empty cache."""
    try:
        return CacheState(
            generation=int(fields[b"generation"]),
            space=fields[b"space"].decode(),
            keys=int(fields[b"keys"]),
            warmed_at=int(fields[b"warmed_at"]),
        )
    except (KeyError, ValueError):
        return CacheState()


def document_of(value: bytes | None) -> bytes | None:
    """Return the document in a value, without the number before it; None where there is none."""
    if not value:
        return None
    if not value[:1].isdigit():
        return value
    return value.partition(b" ")[2] or None

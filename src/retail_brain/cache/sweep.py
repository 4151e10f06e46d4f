"""Removing the keys of older generations, a handful at a time.

Which spaces have been begun is noted in Redis before their first key, so a sweep that was cut short, or a warm that
was killed, is found and ended by the next one. What nobody sweeps goes by its own expiry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from retail_brain.cache.connection import session
from retail_brain.cache.keys import POINTER, SPACES, generation_of, profile_prefix, read_pointer

if TYPE_CHECKING:
    import redis

    from retail_brain.config.services import CacheSettings
    from retail_brain.model import RedisAddress

_KEYS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """How many keys of older generations were removed."""

    keys: int


def sweep(address: RedisAddress, settings: CacheSettings) -> SweepResult:
    """Remove what older generations and abandoned warms have left.

    Args:
        address: where Redis answers.
        settings: the timeout.

    Raises:
        ServiceError: Redis does not answer.
        ConfigurationError: Redis does not let us in.
    """
    with session(address, timeout_s=settings.write_timeout_s) as client:
        return SweepResult(keys=sweep_older(client))


def sweep_older(client: redis.Redis) -> int:
    """Remove every space that is older than the one that readers see, and return the number of keys.

    A newer space is left alone: another process may be filling it.
    """
    state = read_pointer(cast("dict[bytes, bytes]", client.hgetall(POINTER)))
    if state.generation is None:
        return 0
    spaces = [space.decode() for space in cast("set[bytes]", client.smembers(SPACES))]
    older = [space for space in spaces if space != state.space and generation_of(space) <= state.generation]
    return sum(remove_space(client, space) for space in sorted(older))


def remove_space(client: redis.Redis, space: str) -> int:
    """Remove all keys of a space and return their number."""
    removed, cursor, pattern = 0, 0, f"{profile_prefix(space)}*"
    while True:
        cursor, keys = cast("tuple[int, list[bytes]]", client.scan(cursor, match=pattern, count=_KEYS_AT_ONCE))
        if keys:
            removed += cast("int", client.unlink(*keys))
        if not cursor:
            client.srem(SPACES, space)
            return removed

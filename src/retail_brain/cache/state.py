"""What the cache holds and how its server is set up, for `doctor` and for the night's choice of a warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from retail_brain.cache.connection import session
from retail_brain.cache.keys import POINTER, CacheState, read_pointer

if TYPE_CHECKING:
    from retail_brain.config.services import CacheSettings
    from retail_brain.model import RedisAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """A Redis server: its version and its memory, in bytes; maxmemory 0 means no limit."""

    version: str
    is_valkey: bool
    used_bytes: int
    maxmemory_bytes: int
    eviction_policy: str


def cache_state(address: RedisAddress, settings: CacheSettings) -> CacheState:
    """Return what readers of the cache see.

    Args:
        address: where Redis answers.
        settings: the timeout.

    Raises:
        ServiceError: Redis does not answer.
        ConfigurationError: Redis does not let us in.
    """
    with session(address, timeout_s=settings.write_timeout_s) as client:
        return read_pointer(cast("dict[bytes, bytes]", client.hgetall(POINTER)))


def redis_facts(address: RedisAddress, settings: CacheSettings) -> RedisFacts:
    """Return version and memory of the server.

    Args:
        address: where Redis answers.
        settings: the timeout.

    Raises:
        ServiceError: Redis does not answer.
        ConfigurationError: Redis does not let us in.
    """
    with session(address, timeout_s=settings.write_timeout_s) as client:
        facts = cast("dict[str, Any]", client.info())
    return RedisFacts(
        version=str(facts.get("valkey_version") or facts["redis_version"]),
        is_valkey="valkey_version" in facts,
        used_bytes=int(facts["used_memory"]),
        maxmemory_bytes=int(facts["maxmemory"]),
        eviction_policy=str(facts["maxmemory_policy"]),
    )

"""What the cache holds and how its server is set up, for `doctor` and for the night's choice of a warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from retail_brain.cache.connection import session
from retail_brain.cache.keys import POINTER, CacheState, read_pointer
from retail_brain.model import Check

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


def check_redis(address: RedisAddress, settings: CacheSettings) -> Check:
    """Check that Redis answers, is new enough and keeps what it is given.

    Args:
        address: where Redis answers.
        settings: the timeout.

    Raises:
        ServiceError: Redis does not answer.
        ConfigurationError: Redis does not let us in.
    """
    facts = redis_facts(address, settings)
    limit = f"{facts.maxmemory_bytes / 2**20:,.0f} MB" if facts.maxmemory_bytes else "no limit"
    name = "Valkey" if facts.is_valkey else "Redis"
    what = f"{name} {facts.version}, {facts.used_bytes / 2**20:,.0f} MB used, {limit}, {facts.eviction_policy}"
    if not facts.is_valkey and int(facts.version.split(".", maxsplit=1)[0]) < 6:
        return Check(name="redis", outcome="failed", what=what, hint="Redis 6 or newer, or any Valkey, is needed")
    if facts.maxmemory_bytes and facts.used_bytes > facts.maxmemory_bytes / 2:
        hint = "a full warm holds the old and the new keys for a moment: raise maxmemory to twice what is used"
        return Check(name="redis", outcome="warning", what=what, hint=hint)
    if facts.maxmemory_bytes and facts.eviction_policy.startswith("allkeys"):
        hint = "profiles may be thrown out one by one; set maxmemory-policy to noeviction or volatile-ttl"
        return Check(name="redis", outcome="warning", what=what, hint=hint)
    return Check(name="redis", outcome="ok", what=what)

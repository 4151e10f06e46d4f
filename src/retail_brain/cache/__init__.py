"""The cache of profiles in Redis or Valkey: filled by a night, read by the desk, trusted by nobody.

The only room that imports redis. PostgreSQL is the truth, so nothing here may change an answer: every key belongs to
one filling of the cache, readers follow a single pointer that is switched when a filling is complete, and each change
bears the number that PostgreSQL gave it, so that a delayed writer cannot bring back an older state.
"""

from __future__ import annotations

from retail_brain.putoff import put_off

put_off("redis.asyncio")  # the half of the library that is not used, and most of what loading it takes

from retail_brain.cache.keys import CacheState  # noqa: E402
from retail_brain.cache.read import CacheRead, CacheReader, read_profile  # noqa: E402
from retail_brain.cache.state import RedisFacts, cache_state, check_redis, redis_facts  # noqa: E402
from retail_brain.cache.sweep import SweepResult, sweep  # noqa: E402
from retail_brain.cache.warm import WarmResult, warm_all, warm_changed  # noqa: E402

__all__ = [
    "CacheRead",
    "CacheReader",
    "CacheState",
    "RedisFacts",
    "SweepResult",
    "WarmResult",
    "cache_state",
    "check_redis",
    "read_profile",
    "redis_facts",
    "sweep",
    "warm_all",
    "warm_changed",
]

"""Reading one profile from the cache. Redis being away is an answer here and never an error.

Apart from the warm because a reader has milliseconds: two questions on one connection that stays open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from redis.exceptions import RedisError

from retail_brain.cache.connection import connect
from retail_brain.cache.keys import POINTER, document_of, profile_prefix, read_pointer

if TYPE_CHECKING:
    from types import TracebackType

    import redis

    from retail_brain.config.services import CacheSettings
    from retail_brain.model import RedisAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRead:
    """What the cache said of a profile.

    outcome 'hit': `document` is what was written. 'miss': the cache is right but does not know the profile. 'stale':
    it holds another generation than the one asked for. 'away': Redis does not answer, or does not let us in.
    """

    outcome: Literal["hit", "miss", "stale", "away"]
    document: bytes | None = None
    generation: int | None = None


class CacheReader:
    """An open connection for reading profiles."""

    def __init__(self, address: RedisAddress, settings: CacheSettings) -> None:
        self._client: redis.Redis = connect(address, timeout_s=settings.read_timeout_s)

    def __enter__(self) -> CacheReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def read(self, profile_id: str, *, generation: int | None) -> CacheRead:
        """Look a profile up.

        Args:
            profile_id: the profile.
            generation: the one that PostgreSQL names; None takes what there is, when PostgreSQL cannot be asked.

        Returns:
            The document, or why there is none. Never raises because of Redis.
        """
        try:
            state = read_pointer(cast("dict[bytes, bytes]", self._client.hgetall(POINTER)))
            if state.generation is None or (generation is not None and state.generation != generation):
                return CacheRead(outcome="stale", generation=state.generation)
            value = cast("bytes | None", self._client.get(profile_prefix(state.space) + profile_id))
        except (RedisError, OSError):
            return CacheRead(outcome="away")
        document = document_of(value)
        return CacheRead(outcome="hit" if document else "miss", document=document, generation=state.generation)


def read_profile(
    address: RedisAddress, profile_id: str, *, generation: int | None, settings: CacheSettings
) -> CacheRead:
    """Look one profile up on a connection of its own.

    Args:
        address: where Redis answers.
        profile_id: the profile.
        generation: the one that PostgreSQL names; None takes what there is, when PostgreSQL cannot be asked.
        settings: the timeout.

    Returns:
        The document, or why there is none. Never raises because of Redis.
    """
    with CacheReader(address, settings) as reader:
        return reader.read(profile_id, generation=generation)

"""Telling Redis of a profile that has just changed, on a connection that stays open.

Apart from the warm, which opens one for its work: an open desk tells of one profile many times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from retail_brain.cache.connection import connect, translate
from retail_brain.cache.keys import POINTER, CacheState, profile_prefix, read_pointer
from retail_brain.cache.warm import CHANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis

    from retail_brain.config.services import CacheSettings
    from retail_brain.model import RedisAddress


class CacheTeller:
    """An open connection for telling of changes."""

    def __init__(self, address: RedisAddress, settings: CacheSettings) -> None:
        self._address = address
        self._settings = settings
        self._client: redis.Redis = connect(address, timeout_s=settings.write_timeout_s)
        self._change = self._client.register_script(CHANGE)
        self._state = CacheState()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def tell(self, changes: Sequence[tuple[str, str | None, int]], *, generation: int) -> bool:
        """Write changed profiles where readers look.

        Args:
            changes: as `warm_changed` takes them.
            generation: the one that PostgreSQL names.

        Returns:
            Whether Redis knows them now; False where it holds another generation, so that a full warm is due.

        Raises:
            ServiceError: Redis does not answer.
            ResourceError: Redis has no memory left.
            ConfigurationError: Redis does not let us in.
        """
        try:
            for _try in range(2):
                if self._state.generation == generation and self._write(changes):
                    return True
                self._state = read_pointer(cast("dict[bytes, bytes]", self._client.hgetall(POINTER)))
        except (RedisError, OSError) as error:
            self._state = CacheState()
            raise translate(error, self._address) from error
        return False

    def _write(self, changes: Sequence[tuple[str, str | None, int]]) -> bool:
        prefix = profile_prefix(self._state.space)
        triples = (part for key, document, number in changes for part in (prefix + key, number, document or ""))
        arguments = [self._state.space, self._settings.expiry_days * 86_400, *triples]
        return cast("int", self._change(keys=[POINTER], args=arguments)) >= 0

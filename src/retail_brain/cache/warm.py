"""Filling the cache: all profiles into a space of their own, or the changed ones into the space that readers see.

A full warm writes where nobody reads, and switches the pointer once at the end, so a crash, a flush or a full Redis
leaves the cache as it was. Its space is its own alone: a warm that was held up for an hour writes into a space that
nobody will ever look at. A change is written where readers look, atomically for a batch, and only over an older number.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, OutOfMemoryError, RedisError, ResponseError

from retail_brain.cache.connection import session
from retail_brain.cache.keys import POINTER, SPACES, new_space, profile_prefix, read_pointer
from retail_brain.cache.sweep import remove_space, sweep_older
from retail_brain.errors import RetailBrainError, ServiceError
from retail_brain.model import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    import redis

    from retail_brain.config.services import CacheSettings
    from retail_brain.model import Progress, RedisAddress

_CHANGES_AT_ONCE = 500
_EXPIRY_STEPS = 100
"""Keys of different batches go at different times, over a tenth of the expiry, so that they do not all miss at once."""

_OK = b"+OK\r\n"
_MANY_OK = _OK * 50_000

_SWITCH = """
local standing = tonumber(redis.call('HGET', KEYS[1], 'generation') or '-1')
if standing >= tonumber(ARGV[1]) then return 0 end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'space', ARGV[2], 'keys', ARGV[3], 'warmed_at', ARGV[4])
return 1
"""

CHANGE = """
if redis.call('HGET', KEYS[1], 'space') ~= ARGV[1] then return -1 end
local written = 0
for i = 3, #ARGV, 3 do
  local head = redis.call('GETRANGE', ARGV[i], 0, 20)
  local standing = tonumber(string.match(head, '^(%d+) ') or '0')
  if tonumber(ARGV[i + 1]) >= standing then
    redis.call('SET', ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2], 'EX', ARGV[2])
    written = written + 1
  end
end
return written
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmResult:
    """What a warm did: keys written, and whether another one was faster, so that readers do not see this one."""

    generation: int
    keys: int
    superseded: bool = False


def warm_all(
    address: RedisAddress,
    documents: pa.RecordBatchReader,
    *,
    generation: int,
    settings: CacheSettings,
    progress: Progress = no_progress,
    total: int | None = None,
) -> WarmResult:
    """Write a document for every profile into a new space and point the readers to it.

    Args:
        address: where Redis answers.
        documents: one row per profile: profile_id (36 characters), document (JSON text).
        generation: the one that PostgreSQL names; the documents were read after it was named.
        settings: expiry, batch size and timeout.
        progress: told the number of keys.
        total: number of profiles, if it is known.

    Returns:
        The number of keys. Superseded where the cache already holds this generation or a newer one.

    Raises:
        ServiceError: Redis does not answer; readers still see the cache as it was.
        ResourceError: Redis has no memory left; readers still see the cache as it was.
        ConfigurationError: Redis does not let us in.
    """
    space = new_space(generation)
    with session(address, timeout_s=settings.write_timeout_s) as client:
        client.sadd(SPACES, space)
        try:
            keys = _write_documents(client, documents, space, settings, partial(progress, "warm", total=total))
        except Exception:
            _discard(address, space, settings)
            raise
        switched = _switch(client, generation, space, keys)
        with suppress(RedisError):  # the next sweep does what this one cannot
            if not switched:
                remove_space(client, space)
            sweep_older(client)
    return WarmResult(generation=generation, keys=keys, superseded=not switched)


def warm_changed(
    address: RedisAddress,
    changes: Iterable[tuple[str, str | None, int]],
    *,
    generation: int,
    settings: CacheSettings,
    progress: Progress = no_progress,
) -> WarmResult:
    """Write the changed profiles where readers look.

    Args:
        address: where Redis answers.
        changes: one tuple per profile: profile_id, document (JSON text; None where the profile is gone), and the
            number of the change in PostgreSQL; numbers of one profile grow.
        generation: the one that PostgreSQL names.
        settings: expiry and timeout.
        progress: told the number of keys.

    Returns:
        The number of keys written; a key that holds a newer change is left alone and not counted. Superseded where
        the cache holds another generation: the changes then still wait, and a full warm is due.

    Raises:
        ServiceError: Redis does not answer.
        ResourceError: Redis has no memory left.
        ConfigurationError: Redis does not let us in.
    """
    written = 0
    with session(address, timeout_s=settings.write_timeout_s) as client:
        state = read_pointer(cast("dict[bytes, bytes]", client.hgetall(POINTER)))
        if state.generation != generation:
            return WarmResult(generation=generation, keys=0, superseded=True)
        change = client.register_script(CHANGE)
        for batch in _batches(changes):
            prefix = profile_prefix(state.space)
            triples = (part for key, document, number in batch for part in (prefix + key, number, document or ""))
            done = cast("int", change(keys=[POINTER], args=[state.space, settings.expiry_days * 86_400, *triples]))
            if done < 0:
                return WarmResult(generation=generation, keys=written, superseded=True)
            written += done
            progress("warm", done=written)
    return WarmResult(generation=generation, keys=written)


def _write_documents(
    client: redis.Redis,
    documents: pa.RecordBatchReader,
    space: str,
    settings: CacheSettings,
    tell: Callable[..., None],
) -> int:
    from retail_brain.cache.pack import pack_documents, slices

    prefix, expiry_s = profile_prefix(space), settings.expiry_days * 86_400
    connection: Any = client.connection_pool.get_connection()
    written = waiting = 0
    try:
        for number, part in enumerate(piece for batch in documents for piece in slices(batch, settings.batch_bytes)):
            later = number % _EXPIRY_STEPS * (expiry_s // (10 * _EXPIRY_STEPS))
            packed, commands = pack_documents(part, prefix=prefix, expiry_s=expiry_s + later)
            connection.send_packed_command([packed])
            _read_answers(connection, waiting)  # the batch before: one is packed while another is answered
            written, waiting = written + waiting, commands
            tell(done=written)
        _read_answers(connection, waiting)
    except BaseException:
        connection.disconnect()  # answers are left unread, so nobody may use it again
        raise
    finally:
        client.connection_pool.release(connection)
    tell(done=written + waiting)
    return written + waiting


def _switch(client: redis.Redis, generation: int, space: str, keys: int) -> bool:
    """Point the readers to a space, unless they see this generation or a newer one."""
    arguments = (str(generation), space, str(keys), str(int(time.time())))
    switched = cast("int", client.eval(_SWITCH, 2, POINTER, SPACES, *arguments))
    if switched < 0:
        raise ServiceError("Redis was flushed or restarted while it was being filled", hint="repeat: retail-brain warm")
    return switched == 1


def _read_answers(connection: Any, count: int) -> None:
    """Read so many answers, each of which has to be OK, from the socket itself: a call for each takes longer than Redis does.

    Raises:
        RedisError, OSError: Redis said something else, or nothing.
    """
    wanted = count * len(_OK)
    while wanted:
        found = connection._sock.recv(min(wanted, len(_MANY_OK) - len(_OK)))
        if not found:
            raise RedisConnectionError("the connection was closed")
        start = -wanted % len(_OK)
        if found != _MANY_OK[start : start + len(found)]:
            raise _error_in(found)
        wanted -= len(found)


def _error_in(found: bytes) -> RedisError:
    """Return the error that an answer tells; a text that was cut off after its first word tells enough."""
    told = found[found.find(b"-") + 1 :].split(b"\r\n")[0].decode(errors="replace")
    kinds = {"OOM": OutOfMemoryError, "NOPERM": NoPermissionError}
    return kinds.get(told.split(" ")[0], ResponseError)(told)


def _discard(address: RedisAddress, space: str, settings: CacheSettings) -> None:
    """Free what an abandoned warm has written; if that fails, the next sweep or the expiry does it."""
    with suppress(RetailBrainError), session(address, timeout_s=settings.write_timeout_s) as client:
        remove_space(client, space)


def _batches(changes: Iterable[tuple[str, str | None, int]]) -> Iterator[list[tuple[str, str | None, int]]]:
    rest = iter(changes)
    while batch := list(islice(rest, _CHANGES_AT_ONCE)):
        yield batch

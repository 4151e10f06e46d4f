"""The cache under load, crashes and delay: readers see a complete state or none, and never an older one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from throwaway_redis import SETTINGS, documents, profile_id

from retail_brain.cache import cache_state, check_redis, read_profile, sweep, warm_all, warm_changed
from retail_brain.errors import ConfigurationError, ResourceError, ServiceError

if TYPE_CHECKING:
    from throwaway_redis import Server


def _read(server: Server, number: int, generation: int | None) -> tuple[str, bytes | None]:
    found = read_profile(server.address, profile_id(number), generation=generation, settings=SETTINGS)
    return found.outcome, found.document


def _warm(server: Server, generation: int, count: int = 1_000, text: str = "one", **options: Any) -> Any:
    return warm_all(server.address, documents(count, text), generation=generation, settings=SETTINGS, **options)


def _change(server: Server, generation: int, *changes: tuple[int, str | None, int]) -> Any:
    rows = [(profile_id(number), document, seq) for number, document, seq in changes]
    return warm_changed(server.address, rows, generation=generation, settings=SETTINGS)


def test_every_profile_of_a_full_warm_is_read_back(server: Server) -> None:
    told: list[int] = []
    result = _warm(server, 1, 1_000, progress=lambda stage, *, done=0, total=None, detail="": told.append(done))
    assert (result.keys, result.superseded) == (1_000, False)
    for number in (0, 555, 999):
        outcome, document = _read(server, number, 1)
        assert outcome == "hit"
        assert f"Zoë {number}".encode() in (document or b"")
    assert _read(server, 1_000, 1) == ("miss", None)
    assert told == sorted(told)
    assert told[-1] == 1_000


def test_an_empty_warm_is_a_complete_one(server: Server) -> None:
    assert _warm(server, 1, 0).keys == 0
    assert _read(server, 0, 1) == ("miss", None)


def test_a_reader_of_another_generation_is_sent_away(server: Server) -> None:
    _warm(server, 1)
    assert _read(server, 0, 2) == ("stale", None)


def test_without_postgresql_a_reader_takes_what_there_is(server: Server) -> None:
    _warm(server, 3)
    assert _read(server, 0, None)[0] == "hit"


def test_an_empty_redis_gives_misses_and_no_error(server: Server) -> None:
    assert _read(server, 0, 1) == ("stale", None)


def test_a_stopped_redis_is_an_answer_to_readers_and_an_error_to_writers(server: Server) -> None:
    _warm(server, 1)
    server.kill()
    assert _read(server, 0, 1) == ("away", None)
    with pytest.raises(ServiceError, match="does not answer"):
        _change(server, 1, (0, "{}", 1))
    with pytest.raises(ServiceError):
        _warm(server, 2)


def test_a_new_generation_replaces_the_old_and_leaves_no_key_of_it(server: Server) -> None:
    _warm(server, 1)
    _warm(server, 2, 500, "two")
    assert b"two" in (_read(server, 0, 2)[1] or b"")
    with server.client() as client:
        assert client.dbsize() == 500 + 2  # the documents, the pointer and the note of spaces
        assert client.hget("rb:current", "keys") == "500"


def test_every_key_goes_by_itself_one_day_and_not_all_at_once(server: Server) -> None:
    _warm(server, 1)
    with server.client() as client:
        lives = {client.ttl(key) for key in client.scan_iter(match="rb:*:profile:*")}
    expiry_s = SETTINGS.expiry_days * 86_400
    assert min(lives) > expiry_s - 60
    assert max(lives) <= expiry_s * 1.1
    assert max(lives) - min(lives) > 3_600


def test_a_warm_whose_process_is_killed_changes_nothing_and_can_be_repeated(server: Server) -> None:
    _warm(server, 1, 300)
    program = (
        "import os, signal, sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from throwaway_redis import SETTINGS, documents\n"
        "from retail_brain.cache import warm_all\n"
        "from retail_brain.model import RedisAddress\n"
        "def die(stage, *, done=0, total=None, detail=''):\n"
        "    if done > 500: os.kill(os.getpid(), signal.SIGKILL)\n"
        "warm_all(RedisAddress(socket_path=sys.argv[1]), documents(1000), generation=2, settings=SETTINGS, progress=die)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, server.address.socket_path or ""], check=False)
    assert ended.returncode == -9
    assert _read(server, 0, 1)[0] == "hit"
    assert _read(server, 0, 2)[0] == "stale"
    assert not _warm(server, 2, 1_000, "two").superseded
    with server.client() as client:
        assert client.dbsize() == 1_000 + 2, "the killed warm's keys are swept as well"


@pytest.mark.parametrize("mishap", ["kill", "flush"])
def test_a_redis_that_loses_its_keys_in_mid_warm_gets_no_pointer(server: Server, mishap: str) -> None:
    _warm(server, 1, 300)

    def strike(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        if done == 500 and mishap == "kill":
            server.kill()
        if done == 500 and mishap == "flush":
            with server.client() as client:
                client.flushall()

    with pytest.raises(ServiceError):
        _warm(server, 2, 1_000, progress=_once_past(500, strike))
    if mishap == "kill":
        server.start()
    assert _read(server, 0, 2)[0] == "stale"
    assert not _warm(server, 2).superseded
    assert _read(server, 0, 2)[0] == "hit"


def test_a_full_redis_stops_the_warm_and_readers_keep_what_they_had(server: Server) -> None:
    _warm(server, 1, 300)
    with server.client() as client:
        client.config_set("maxmemory", str(int(client.info("memory")["used_memory"]) + 300_000))
    with pytest.raises(ResourceError, match="no memory left"):
        _warm(server, 2, 20_000)
    assert _read(server, 0, 1)[0] == "hit"
    with server.client() as client:
        assert client.dbsize() <= 300 + 2, "the abandoned keys are removed"
        client.config_set("maxmemory", "0")
    assert not _warm(server, 2).superseded


def test_a_full_redis_refuses_changes_too(server: Server) -> None:
    _warm(server, 1, 300)
    with server.client() as client:
        client.config_set("maxmemory", "1")
    with pytest.raises(ResourceError):
        _change(server, 1, (0, "{}", 1))


def test_a_delayed_warm_cannot_turn_the_pointer_back(server: Server) -> None:
    def overtake(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        _warm(server, 3, 1_000, "new")

    late = _warm(server, 2, 1_000, "old", progress=_once_past(500, overtake))
    assert late.superseded
    assert b"new" in (_read(server, 0, 3)[1] or b"")
    with server.client() as client:
        assert client.dbsize() == 1_000 + 2


def test_the_second_of_two_warms_of_one_generation_changes_nothing(server: Server) -> None:
    _warm(server, 2, 100, "first")
    _change(server, 2, (0, '{"text": "changed"}', 7))
    assert _warm(server, 2, 100, "second").superseded
    assert _read(server, 0, 2)[1] == b'{"text": "changed"}'


def test_a_change_is_seen_and_a_profile_that_is_gone_is_not(server: Server) -> None:
    _warm(server, 1, 100)
    result = _change(server, 1, (0, '{"text": "changed"}', 5), (1, None, 6), (100, '{"text": "new"}', 7))
    assert (result.keys, result.superseded) == (3, False)
    assert _read(server, 0, 1) == ("hit", b'{"text": "changed"}')
    assert _read(server, 1, 1) == ("miss", None)
    assert _read(server, 100, 1) == ("hit", b'{"text": "new"}')
    assert _read(server, 2, 1)[0] == "hit"


def test_a_delayed_change_cannot_bring_back_an_older_state(server: Server) -> None:
    _warm(server, 1, 100)
    _change(server, 1, (0, '{"text": "newer"}', 20), (1, None, 21))
    late = _change(server, 1, (0, '{"text": "older"}', 10), (1, '{"text": "undead"}', 11), (2, "{}", 12))
    assert late.keys == 1
    assert _read(server, 0, 1)[1] == b'{"text": "newer"}'
    assert _read(server, 1, 1)[0] == "miss"


def test_the_same_change_twice_is_the_same_state(server: Server) -> None:
    _warm(server, 1, 10)
    for _ in range(2):
        _change(server, 1, (0, '{"text": "changed"}', 5))
    assert _read(server, 0, 1)[1] == b'{"text": "changed"}'


def test_changes_of_another_generation_wait(server: Server) -> None:
    assert _change(server, 1, (0, "{}", 1)).superseded, "an empty Redis"
    _warm(server, 2, 10)
    assert _change(server, 1, (0, "{}", 1)).superseded
    assert _read(server, 0, 2)[1] != b"{}"


def test_more_changes_than_one_batch_holds_all_arrive(server: Server) -> None:
    _warm(server, 1, 10)
    changes = [(number, f'{{"n": {number}}}', number + 1) for number in range(1_234)]
    assert _change(server, 1, *changes).keys == 1_234
    assert _read(server, 1_233, 1)[1] == b'{"n": 1233}'


def test_a_sweep_ends_what_a_killed_one_began_and_spares_a_newer_warm(server: Server) -> None:
    _warm(server, 5, 100)
    with server.client() as client:
        client.sadd("rb:spaces", "4-dead", "6-busy")
        client.set(f"rb:4-dead:profile:{profile_id(1)}", "{}", ex=60)
        client.set(f"rb:6-busy:profile:{profile_id(1)}", "{}", ex=60)
        client.set("of:another:application", "1")
    assert sweep(server.address, SETTINGS).keys == 1
    with server.client() as client:
        assert client.exists(f"rb:6-busy:profile:{profile_id(1)}", "of:another:application") == 2
    assert _read(server, 0, 5)[0] == "hit"


def test_the_state_tells_what_readers_see(server: Server) -> None:
    assert cache_state(server.address, SETTINGS).generation is None
    _warm(server, 4, 100)
    state = cache_state(server.address, SETTINGS)
    assert (state.generation, state.keys) == (4, 100)
    assert state.is_current(4, now=time.time(), expiry_days=SETTINGS.expiry_days)


def test_doctor_knows_a_server_that_throws_profiles_out(server: Server) -> None:
    assert check_redis(server.address, SETTINGS).outcome == "ok"
    with server.client() as client:
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert check_redis(server.address, SETTINGS).outcome == "warning"


def _once_past(count: int, strike: Any) -> Any:
    """A progress that calls another one once, when so many keys have been written."""
    struck = False

    def tell(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        nonlocal struck
        if done >= count and not struck:
            struck = True
            strike(stage, done=count, total=total, detail=detail)

    return tell


def test_wrong_credentials_are_a_mistake_of_the_configuration(server: Server) -> None:
    _warm(server, 1, 10)
    with server.client() as client:
        client.config_set("requirepass", "canary-2c4e")
    with pytest.raises(ConfigurationError, match="credentials"):
        _warm(server, 2, 10)
    wrong = replace(server.address, password="canary-wrong")
    with pytest.raises(ConfigurationError) as caught:
        cache_state(wrong, SETTINGS)
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    right = replace(server.address, password="canary-2c4e")
    assert cache_state(right, SETTINGS).generation == 1
    assert _read(server, 0, 1)[0] == "away"


def test_a_redis_that_hangs_costs_a_reader_its_timeout_and_no_more(server: Server) -> None:
    _warm(server, 1, 10)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert _read(server, 0, 1)[0] == "away"
        assert time.monotonic() - began < SETTINGS.read_timeout_s * 6
    finally:
        server.process.send_signal(signal.SIGCONT)

"""PostgreSQL or Redis away, hung, flushed, or not letting us in: an answer is right or there is a message, never neither."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
import redis
from backstage import addresses, cache, keys, rows, versions
from townsfolk import assert_nowhere, assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Shop


@pytest.fixture(scope="module")
def counter(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop in which a night was published and warmed."""
    shop = make_shop("servers")
    shop.deliver("pos.csv", *people(*range(20)))
    shop.deliver("crm.csv", *people(*range(10)))
    shop.must("init", ".")
    shop.must("run")
    return shop


@pytest.fixture
def environment(counter: Shop, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The shop's own servers, named as external ones are, so that no command starts them again."""
    place = addresses(counter)
    monkeypatch.setenv("POSTGRES_HOST", place.postgres.host)
    monkeypatch.setenv("POSTGRES_PORT", str(place.postgres.port))
    monkeypatch.setenv("POSTGRES_DB", place.postgres.dbname)
    monkeypatch.setenv("POSTGRES_USER", place.postgres.user)
    monkeypatch.setenv("REDIS_HOST", str(place.redis.socket_path))
    return monkeypatch


@pytest.fixture
def postgres_away(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("POSTGRES_HOST", str(tmp_path))


@pytest.fixture
def redis_away(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("REDIS_HOST", str(tmp_path / "nobody.sock"))


@pytest.mark.usefixtures("postgres_away")
@pytest.mark.parametrize(
    "command",
    [("run",), ("warm",), ("profile", "search", "maria"), ("run", "list"), ("export", "crosswalk", "--to", "x.csv")],
)
def test_postgresql_away_is_told_in_bounded_time(command: tuple[str, ...], counter: Shop) -> None:
    started = time.monotonic()
    assert_told(counter.call(*command), 4, "PostgreSQL at", "does not answer (tried", "retail-brain doctor")
    assert time.monotonic() - started < 35
    assert not (counter.folder / "x.csv").exists()


@pytest.mark.usefixtures("postgres_away")
def test_with_postgresql_away_the_cache_answers_for_an_id_and_says_so(counter: Shop) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("POSTGRES_HOST")
        known = counter.must("profile", "show", "pos:3")
    shown = counter.must("profile", "show", known["profile_id"])
    assert (shown["served_from"], shown["maybe_stale"], shown["values"]) == ("redis", True, known["values"])
    assert "PostgreSQL does not answer" in counter.call("profile", "show", known["profile_id"]).out
    assert_told(counter.call("profile", "show", "pos:3"), 4, "does not answer")


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("POSTGRES_USER", "somebody_else", "refused the credentials"),
        ("POSTGRES_DB", "nowhere", "database does not exist"),
    ],
)
def test_wrong_credentials_are_told_at_once(
    name: str, value: str, word: str, counter: Shop, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    environment.setenv("POSTGRES_PASSWORD", "the-secret-canary")
    before = versions(counter)
    started = time.monotonic()
    for command in (("run",), ("profile", "show", "pos:3")):
        answer = counter.call(*command)
        assert_told(answer, 2, word, name)
        assert "the-secret-canary" not in answer.err
    assert time.monotonic() - started < 10
    assert versions(counter) == before
    assert_nowhere(counter, "the-secret-canary")


def test_a_port_that_is_no_number_is_told(counter: Shop, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("POSTGRES_PORT", "five")
    assert_told(counter.call("run"), 2, "postgres.port")


def test_a_night_with_redis_away_publishes_with_a_warning_and_a_later_warm_repairs(
    counter: Shop, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    socket = os.environ["REDIS_HOST"]
    environment.setenv("REDIS_HOST", str(tmp_path / "nobody.sock"))
    counter.deliver("pos_2.csv", person(3, city="Eastport", updated_at="2026-03-03"), person(30))
    night = counter.must("run")
    assert (night["status"], night["warmed"]) == ("published", 0)
    assert any("Redis was not warmed" in warning for warning in night["warnings"])
    assert_told(counter.call("warm"), 4, "Redis at", "does not answer")
    environment.setenv("REDIS_HOST", socket)
    shown = counter.must("profile", "show", "pos:3")
    assert (shown["served_from"], shown["values"]["city"]) == ("postgresql", "Eastport")
    assert counter.must("profile", "show", "pos:7")["served_from"] == "redis"
    assert counter.must("warm")["warmed"] == 2
    again = counter.must("profile", "show", "pos:3")
    assert again == {**shown, "served_from": "redis"}
    assert counter.must("warm")["warmed"] == 0


@pytest.mark.usefixtures("redis_away")
def test_with_redis_away_every_question_is_answered(counter: Shop) -> None:
    assert counter.must("profile", "show", "pos:5")["served_from"] == "postgresql"
    assert counter.must("profile", "search", person(5)["email"])["hits"]
    assert counter.must("run")["status"] == "nothing new"


@pytest.fixture
def locked(counter: Shop) -> Iterator[None]:
    """A password on the shop's Redis."""
    socket = addresses(counter).redis.socket_path
    with cache(counter) as client:
        client.config_set("requirepass", "right")
    yield
    with redis.Redis(unix_socket_path=socket, password="right") as client:
        client.config_set("requirepass", "")


def test_redis_that_does_not_let_us_in_is_a_warning_for_the_night_and_an_error_for_warm(
    counter: Shop, environment: pytest.MonkeyPatch, locked: None
) -> None:
    environment.setenv("REDIS_PASSWORD", "the-secret-canary")
    counter.deliver("pos_3.csv", person(31))
    night = counter.must("run")
    assert night["status"] == "published"
    assert any("refuses the credentials" in warning for warning in night["warnings"]), night
    assert counter.must("profile", "show", "pos:5")["served_from"] == "postgresql"
    answer = counter.call("warm")
    assert_told(answer, 2, "REDIS_PASSWORD")
    assert "canary" not in answer.err
    environment.setenv("REDIS_PASSWORD", "right")
    assert counter.must("run")["warmed"] == 1


@pytest.fixture
def valkey(counter: Shop) -> int:
    """The process id of the shop's Valkey, which only the embedded servers' own status tells."""
    [service] = [service for service in counter.must("services", "status")["services"] if service["name"] == "redis"]
    return service["process_id"]


def test_a_hung_redis_costs_a_reader_half_a_second_and_no_more(
    valkey: int, counter: Shop, environment: pytest.MonkeyPatch
) -> None:
    assert environment
    os.kill(valkey, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert counter.must("profile", "show", "pos:5")["served_from"] == "postgresql"
        assert time.monotonic() - started < 5
    finally:
        os.kill(valkey, signal.SIGCONT)


def test_a_flushed_redis_changes_no_answer_and_the_next_run_fills_it(counter: Shop) -> None:
    cached = counter.must("profile", "show", "pos:5")
    assert cached["served_from"] == "redis"
    with cache(counter) as client:
        client.flushall()
    assert counter.must("profile", "show", "pos:5") == {**cached, "served_from": "postgresql"}
    assert "keys that Redis lacked" in counter.call("run").out
    with cache(counter) as client:
        client.flushall()
    [(profiles,)] = rows(counter, "select count(*) from profile")
    night = counter.must("run")
    assert (night["status"], night["warmed"]) == ("nothing new", profiles)
    assert counter.must("profile", "show", "pos:5") == cached
    filled = keys(counter)
    assert counter.must("run")["warmed"] == 0
    assert keys(counter) == filled


def test_embedded_servers_that_were_killed_come_back_by_themselves(counter: Shop) -> None:
    known = counter.must("profile", "show", "pos:5")
    for service in counter.must("services", "status")["services"]:
        os.kill(service["process_id"], signal.SIGKILL)
    time.sleep(0.5)
    shown = counter.must("profile", "show", "pos:5")
    assert shown["values"] == known["values"]
    assert counter.must("run")["status"] == "nothing new"
    assert counter.call("doctor").code == 0

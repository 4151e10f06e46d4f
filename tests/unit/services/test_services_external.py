from __future__ import annotations

import pytest

from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.services.external import is_local, postgres_address, redis_address


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "/run/postgresql", "127.8.8.8"])
def test_this_machine_is_known(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["db.internal", "10.0.0.1", "localhost.example.com", "2001:db8::1"])
def test_another_machine_is_known(host: str) -> None:
    assert not is_local(host)


def test_a_server_elsewhere_has_to_prove_who_it_is() -> None:
    assert postgres_address(PostgresSettings(host="db.internal")).sslmode == "verify-full"
    assert redis_address(RedisSettings(host="cache.internal")).tls


def test_a_downgrade_has_to_be_said() -> None:
    assert postgres_address(PostgresSettings(host="db", sslmode="disable")).sslmode == "disable"
    assert not redis_address(RedisSettings(host="cache", tls=False)).tls


def test_a_server_here_is_spoken_to_as_it_is() -> None:
    assert postgres_address(PostgresSettings(host="/run/postgresql")).sslmode == "prefer"
    assert redis_address(RedisSettings(host="/run/redis.sock")).socket_path == "/run/redis.sock"


def test_no_password_shows_in_an_address_or_in_settings() -> None:
    postgres = PostgresSettings(host="db", password="canary-7f3a")
    redis = RedisSettings(host="cache", password="canary-7f3a")
    shown = f"{postgres!r} {redis!r} {postgres_address(postgres)!r} {redis_address(redis)!r}"
    assert "canary" not in shown
    assert postgres_address(postgres).password == "canary-7f3a"
    assert redis_address(redis).password == "canary-7f3a"


def test_without_a_password_libpq_looks_into_its_own_file() -> None:
    assert postgres_address(PostgresSettings(host="db")).password is None

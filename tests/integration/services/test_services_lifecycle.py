"""The embedded servers as a command finds them: for the first time, again, after a crash, after a mishap."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from retail_brain.config.services import PostgresSettings, RedisSettings, ServicesSettings
from retail_brain.errors import ConfigurationError, ResourceError, ServiceError
from retail_brain.services import ensure_services, find_services, service_status, stop_services
from retail_brain.services import postgres as postgres_server
from retail_brain.services import valkey as valkey_server
from retail_brain.services.folders import is_alive, service_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress
    from retail_brain.services import ServiceAddresses

SIZES = ServicesSettings(shared_buffers_mb=32, maintenance_memory_mb=16, max_wal_size_mb=128, start_timeout_s=30)
EMBEDDED = {"postgres": PostgresSettings(), "redis": RedisSettings()}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A workspace below a closed folder, with a blank in its path."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    folder = closed / "My Shop" / ".retail-brain"
    yield folder
    stop_services(folder, SIZES)


def _ensure(workspace: Path) -> ServiceAddresses:
    return ensure_services(workspace, SIZES, **EMBEDDED)


def _connect(address: PostgresAddress) -> psycopg.Connection:
    return psycopg.connect(host=address.host, port=address.port, user=address.user, dbname=address.dbname)


def _remember(address: PostgresAddress) -> None:
    with _connect(address) as connection:
        connection.execute("create table kept as select 42 as value")


def _remembered(address: PostgresAddress) -> bool:
    with _connect(address) as connection:
        return connection.execute("select value from kept").fetchone() == (42,)


def _kill(workspace: Path) -> None:
    folders = service_folders(workspace)
    for server in (postgres_server, valkey_server):
        number = server.server_process(folders)
        assert number is not None
        os.kill(number, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(is_alive(server.lock_of(folders)) for server in (postgres_server, valkey_server)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_both_servers_start_once_and_stay(workspace: Path) -> None:
    first = _ensure(workspace)
    assert len(first.started) == 2
    _remember(first.postgres)
    second = _ensure(workspace)
    assert second.started == ()
    assert second.postgres == first.postgres
    assert _remembered(second.postgres)
    with redis.Redis(unix_socket_path=first.redis.socket_path) as client:
        assert client.ping()


def test_stopping_says_what_ran_and_can_be_repeated(workspace: Path) -> None:
    _remember(_ensure(workspace).postgres)
    assert set(stop_services(workspace, SIZES).stopped) == {"PostgreSQL", "Valkey"}
    assert stop_services(workspace, SIZES).stopped == ()
    assert find_services(workspace, **EMBEDDED) is None
    assert _remembered(_ensure(workspace).postgres)


def test_stopping_what_never_ran_makes_nothing(workspace: Path) -> None:
    assert stop_services(workspace, SIZES).stopped == ()
    assert not workspace.exists()


def test_the_status_tells_what_runs(workspace: Path) -> None:
    assert [status.state for status in service_status(workspace, **EMBEDDED)] == ["stopped", "stopped"]
    _ensure(workspace)
    statuses = service_status(workspace, **EMBEDDED)
    assert [status.state for status in statuses] == ["running", "running"]
    assert all(status.process_id for status in statuses)


def test_external_servers_are_left_to_their_owners(workspace: Path) -> None:
    addresses = ensure_services(
        workspace, SIZES, postgres=PostgresSettings(host="db.internal"), redis=RedisSettings(host="cache.internal")
    )
    assert (addresses.postgres.host, addresses.redis.host) == ("db.internal", "cache.internal")
    assert not workspace.exists()


def test_one_embedded_server_does_not_need_the_other(workspace: Path) -> None:
    addresses = ensure_services(workspace, SIZES, postgres=PostgresSettings(host="db.internal"), redis=RedisSettings())
    assert [name.split()[0] for name in addresses.started] == ["Valkey"]
    assert not service_folders(workspace).postgres.exists()


def test_killed_servers_come_back_with_their_data(workspace: Path) -> None:
    _remember(_ensure(workspace).postgres)
    _kill(workspace)
    again = _ensure(workspace)
    assert len(again.started) == 2
    assert _remembered(again.postgres)


def test_after_a_reboot_neither_sockets_nor_process_ids_mislead(workspace: Path) -> None:
    first = _ensure(workspace)
    _remember(first.postgres)
    folders = service_folders(workspace)
    note = (folders.postgres / "postmaster.pid").read_text()
    _kill(workspace)
    shutil.rmtree(first.postgres.host)
    stranger = "\n".join([str(os.getpid()), *note.split("\n")[1:]])
    (folders.postgres / "postmaster.pid").write_text(stranger)
    (folders.valkey / "valkey.pid").write_text(str(os.getpid()))
    assert _remembered(_ensure(workspace).postgres)


def test_a_server_whose_socket_was_taken_away_is_started_again(workspace: Path) -> None:
    first = _ensure(workspace)
    _remember(first.postgres)
    shutil.rmtree(first.postgres.host)
    again = _ensure(workspace)
    assert len(again.started) == 2
    assert _remembered(again.postgres)


def test_a_workspace_deleted_under_its_servers_begins_anew(workspace: Path) -> None:
    _remember(_ensure(workspace).postgres)
    folders = service_folders(workspace)
    before = [server.server_process(folders) for server in (postgres_server, valkey_server)]
    shutil.rmtree(workspace)
    with _connect(_ensure(workspace).postgres) as connection:
        assert connection.execute("select to_regclass('kept')").fetchone() == (None,)
    deadline = time.monotonic() + 20
    while any(number and _runs(number) for number in before):
        assert time.monotonic() < deadline, "the servers of the deleted workspace still run"
        time.sleep(0.02)


def test_a_half_made_data_folder_is_made_again(workspace: Path) -> None:
    folders = service_folders(workspace)
    folders.prepare()
    half = folders.root / "postgres.partial"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    _remember(_ensure(workspace).postgres)
    assert not half.exists()


def test_commands_that_start_at_once_share_one_pair_of_servers(workspace: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from retail_brain.config.services import *; from retail_brain.services import ensure_services;"
        "print(len(ensure_services(Path(sys.argv[1]), ServicesSettings(shared_buffers_mb=32),"
        "postgres=PostgresSettings(), redis=RedisSettings()).started))"
    )
    commands = [
        subprocess.Popen([sys.executable, "-c", program, str(workspace)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    started = [command.communicate(timeout=120)[0].strip() for command in commands]
    assert sorted(started) == ["0", "0", "0", "2"]


def test_cron_with_no_home_no_locale_and_hardly_a_path_is_enough(workspace: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from retail_brain.config.services import *; from retail_brain.services import ensure_services;"
        "ensure_services(Path(sys.argv[1]), ServicesSettings(shared_buffers_mb=32), postgres=PostgresSettings(), redis=RedisSettings())"
    )
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", program, str(workspace)], env=environment, check=True, timeout=120)
    assert find_services(workspace, **EMBEDDED) is not None


def test_nothing_listens_on_a_port(workspace: Path) -> None:
    addresses = _ensure(workspace)
    with _connect(addresses.postgres) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
    with redis.Redis(unix_socket_path=addresses.redis.socket_path) as client:
        assert client.config_get("port") == {"port": "0"}
    assert Path(addresses.postgres.host).stat().st_mode & 0o777 == 0o700


def test_no_secret_of_the_caller_reaches_a_server(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "canary-5e1d")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-5e1d")
    _ensure(workspace)
    folders = service_folders(workspace)
    for server in (postgres_server, valkey_server):
        environment = Path(f"/proc/{server.server_process(folders)}/environ").read_bytes()
        assert b"canary" not in environment
        assert b"PATH=" in environment


def test_a_statement_that_fails_leaves_no_value_in_the_log(workspace: Path) -> None:
    addresses = _ensure(workspace)
    with _connect(addresses.postgres) as connection:
        connection.execute("create table person (email text unique, born date)")
        connection.execute("insert into person values ('canary-9b2c@example.com')")
        connection.commit()
        for statement in (
            "insert into person values ('canary-9b2c@example.com')",
            "select 'canary-9b2c'::date",
            "select canary_9b2c from person",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
            connection.rollback()
        with pytest.raises(psycopg.Error):
            connection.execute("select %s::text::date", ("canary-9b2c",))
        connection.rollback()
    log = service_folders(workspace).root / "postgres.log"
    assert "canary" not in log.read_text()


def test_a_server_that_cannot_start_says_why(workspace: Path) -> None:
    _ensure(workspace)
    stop_services(workspace, SIZES)
    (service_folders(workspace).postgres / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServiceError, match="configuration file") as caught:
        _ensure(workspace)
    assert "postgres.log" in (caught.value.hint or "")


def test_a_full_disk_is_told_and_is_no_bug(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(postgres_server, "configuration_text", full)
    with pytest.raises(ResourceError, match="No space left"):
        _ensure(workspace)
    monkeypatch.undo()
    assert _ensure(workspace).started


def test_data_of_another_major_version_are_not_touched(workspace: Path) -> None:
    _ensure(workspace)
    stop_services(workspace, SIZES)
    version = service_folders(workspace).postgres / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(ConfigurationError, match="PostgreSQL 17"):
        _ensure(workspace)
    version.write_text("18\n")


def test_a_server_started_by_hand_is_not_doubled(workspace: Path) -> None:
    _ensure(workspace)
    folders = service_folders(workspace)
    (folders.root / "postgres.lock").rename(folders.root / "lost.lock")
    with pytest.raises(ServiceError, match="not started by retail-brain"):
        _ensure_after_losing_sockets(workspace)
    (folders.root / "lost.lock").rename(folders.root / "postgres.lock")


def _ensure_after_losing_sockets(workspace: Path) -> ServiceAddresses:
    service_folders(workspace).sockets_note.unlink()
    return _ensure(workspace)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

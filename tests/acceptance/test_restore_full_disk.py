"""A disk that fills up while a backup is restored: it is told, what was there is still there, and the same command works once there
is room. The disk is real: a small file system in memory, and a file on it that leaves just so many KiB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from backstage import addresses, postgres, rows
from townsfolk import assert_told, people, person

from retail_brain.backup import restore
from retail_brain.store.fingerprint import fingerprints, list_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop import Answer, Shop

DATABASES = "select datname from pg_database where not datistemplate and datname <> 'postgres' order by 1"
KIB = (0, 300, 1_000, 2_000, 2_300, 2_600, 2_900, 3_200, 3_600, 5_000, 8_000, 12_000, 16_000, 20_000, 24_000, 32_000)
STEPS = KIB if "DAMAGE_WHOLE" in os.environ else KIB[::2]


@contextmanager
def small_disk(folder: Path, size: str = "700m") -> Iterator[Path]:
    """A file system of a few MiB in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(disk: Path, free_kib: int) -> Iterator[None]:
    """Leave just so much room."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(disk).free - free_kib * 2**10, 1))
    try:
        yield
    finally:
        filler.unlink()


def make_town(shop: Shop, **backup: str) -> str:
    """A shop with one run; return the id of its backup."""
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    if backup:
        with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
            file.write("\n[backup]\n" + "".join(f"{name} = {value}\n" for name, value in backup.items()))
    shop.must("run")
    return str(shop.must("backup", "create")["backup_id"])


@pytest.fixture(scope="module")
def tiny(make_shop: Callable[[str], Shop]) -> Iterator[tuple[Shop, str]]:
    """A shop whose workspace, with the embedded server's data, lies on a small disk, and the id of its encrypted backup."""
    shop = make_shop("tiny town")
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    with small_disk(shop.folder / ".retail-brain"):
        yield shop, make_town(shop, recipients=f'["{public}"]')
        shop.must("services", "stop")


def state(shop: Shop, database: str) -> dict[str, tuple[int, str]]:
    """Rows and hash of every table."""
    with postgres(shop, database) as conn, conn.transaction():
        return {one.name: (one.rows, one.digest) for one in fingerprints(conn, list_tables(conn))}


def tried(shop: Shop, disk: Path, *command: str) -> Iterator[tuple[int, Answer]]:
    """Repeat a command with more and more room until it works; the server is up again after each."""
    for free_kib in STEPS:
        with filled(disk, free_kib):
            answer = shop.call(*command)
        yield free_kib, answer
        if answer.code == 0:
            return
    raise AssertionError("it never worked")


def assert_full(answer: Answer) -> None:
    """The user is told that the disk is full, and nothing else is wrong."""
    assert_told(answer, 8, "free")
    assert any(words in answer.err for words in ("disk is full", "MiB are free", "MiB free", "check the free disk")), (
        answer.err
    )


def test_a_full_disk_costs_a_restore_and_nothing_else(tiny: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch) -> None:
    shop, backup_id = tiny
    disk, before, there = shop.folder / ".retail-brain", state(shop, "retail_brain"), rows(shop, DATABASES)
    restoring = ("backup", "restore", backup_id, "--to", "other", "--identity", "backup.key")
    assert_full(next(tried(shop, disk, *restoring))[1])
    monkeypatch.setattr(restore, "_GROWTH", 0)  # so that it begins all the same
    codes = []
    for free_kib, answer in tried(shop, disk, *restoring):
        codes.append(answer.code)
        if answer.code:
            assert_full(answer)
            wake(shop)
            assert set(rows(shop, DATABASES)) == {*there, *scratch(shop)}, free_kib
            assert state(shop, "retail_brain") == before, free_kib
            assert not [path for path in (disk / "scratch").rglob("*") if path.is_file()]
    assert len(codes) > 1
    wake(shop)
    assert {name for (name,) in rows(shop, DATABASES)} == {"retail_brain", "other"}
    assert state(shop, "retail_brain") == before
    assert {name: state(shop, "other")[name] for name in ("source_record", "profile")} == {
        name: before[name] for name in ("source_record", "profile")
    }


def wake(shop: Shop) -> None:
    """Start the servers again where the full disk has stopped them, also one that looked well and went down a moment later."""
    deadline = time.monotonic() + 30
    while True:
        shop.must("services", "start")
        try:
            rows(shop, "select 1")
        except (psycopg.OperationalError, AssertionError):  # backstage asserts that the servers were found
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def scratch(shop: Shop) -> list[tuple[Any, ...]]:
    """What a server that stopped could not drop; the next restore does."""
    return rows(shop, f"{DATABASES.partition('order')[0]} and starts_with(datname, 'rb_scratch_') order by 1")


def test_a_full_disk_costs_a_check_by_restoring_and_says_nothing_of_the_backup(
    tiny: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, _ = tiny
    disk, there = shop.folder / ".retail-brain", rows(shop, DATABASES)
    monkeypatch.setattr(restore, "_GROWTH", 0)
    codes = []
    for _, answer in tried(shop, disk, "backup", "verify", "--restore", "--identity", "backup.key"):
        codes.append(answer.code)
        [backup] = shop.must("backup", "list")["backups"]
        assert backup["state"] == "verified", "a full disk says nothing about the backup"
        if answer.code:
            assert_full(answer)
            wake(shop)
    assert len(codes) > 1
    assert rows(shop, DATABASES) == there
    assert not [path for path in (disk / "scratch").rglob("*") if path.is_file()]


def test_a_full_disk_of_a_server_elsewhere_costs_a_restore_and_nothing_else(
    make_shop: Callable[[str], Shop], tiny: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command knows nothing of that disk but what the server says."""
    server, _ = tiny
    wake(server)
    disk, place, shop = (
        server.folder / ".retail-brain",
        addresses(server).postgres,
        make_shop("town with a server elsewhere"),
    )
    with postgres(server) as conn:
        conn.execute("create database elsewhere")
    for name, value in {"HOST": place.host, "PORT": str(place.port), "USER": place.user, "DB": "elsewhere"}.items():
        monkeypatch.setenv(f"POSTGRES_{name}", value)
    backup_id = make_town(shop)
    before = state(server, "elsewhere")
    codes = []
    for free_kib, answer in tried(shop, disk, "backup", "restore", backup_id, "--to", "elsewhere", "--yes"):
        codes.append(answer.code)
        if answer.code:
            assert_told(answer, answer.code)
            assert answer.code in (4, 8), answer.err
            with monkeypatch.context() as own:
                for name in ("HOST", "PORT", "USER", "DB"):
                    own.delenv(f"POSTGRES_{name}")
                wake(server)
            assert state(server, "elsewhere") == before, free_kib
    assert len(codes) > 1
    assert state(server, "elsewhere")["source_record"] == before["source_record"]
    assert not scratch(server)

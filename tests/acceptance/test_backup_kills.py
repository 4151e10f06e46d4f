"""kill -9 at every step of making and pruning backups: no half one counts, nothing good is lost, and the same command then works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backstage import postgres, rows
from test_backups import _configure, _pretend
from townsfolk import people

from retail_brain.backup import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop import Shop

# Kills the process just before, or just after, it calls a function.
_STRUCK = """
import importlib, os, signal, sys
from retail_brain_cli.main import run
when, name = sys.argv[1].split(" ")
module, _, function = name.rpartition(".")
room = importlib.import_module(module)
whole = getattr(room, function)
def struck(*words, **named):
    if when == "after":
        whole(*words, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(room, function, struck)
sys.argv[1:] = sys.argv[2:]
run()
"""
CREATING = (
    "after retail_brain.backup.place.begin",
    "before retail_brain.store.fingerprint.fingerprints",  # pg_dump is at work
    "before retail_brain.backup.dump.dump_globals",
    "after retail_brain.backup.dump.dump_globals",
    "after retail_brain.backup.dump.copy_models",
    "before retail_brain.backup.check.data_files",
    "before retail_brain.desk.backups.scan",
    "after retail_brain.desk.backups._read_back",
    "before retail_brain.desk.backups.replace_text",
    "after retail_brain.desk.backups.replace_text",
    "after retail_brain.backup.verified.note_check",
    "before retail_brain.backup.place._sync",
)


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run and a backup."""
    shop = make_shop("town of kills")
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write("\n[backup]\nkeep_least = 2\n")
    shop.must("run")
    shop.must("backup", "create")
    return shop


def struck(shop: Shop, where: str, *command: str) -> None:
    """Run a command in a process of its own that is killed at a place."""
    ended = subprocess.run(
        [sys.executable, "-c", _STRUCK, where, *command], cwd=shop.folder, env=dict(os.environ),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def dumping(shop: Shop) -> list[str]:
    """Return the programs that still write into the shop's backups."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "pg_dump" in words and str(shop.folder) in words:
            found.append(words)
    return found


@pytest.mark.parametrize("where", CREATING)
def test_a_killed_backup_does_not_count_and_the_next_one_clears_it_away(town: Shop, where: str) -> None:
    before = {entry["backup_id"] for entry in town.must("backup", "list")["backups"]}
    struck(town, where, "backup", "create")
    listed = town.must("backup", "list")
    assert {entry["backup_id"] for entry in listed["backups"]} == before
    assert len(listed["leftovers"]) == 1
    made = town.must("backup", "create")
    assert made["removed_leftovers"] == 1
    listed = town.must("backup", "list")
    assert {entry["backup_id"] for entry in listed["backups"]} == before | {made["backup_id"]}
    assert {entry["state"] for entry in listed["backups"]} == {"verified"}
    assert listed["leftovers"] == []
    assert dumping(town) == []


def test_one_that_was_killed_after_it_got_its_name_is_whole(town: Shop) -> None:
    struck(town, "after retail_brain.backup.place.finish", "backup", "create")
    assert town.must("backup", "list")["leftovers"] == []
    assert town.call("backup", "verify", "--decode").code == 0


@contextmanager
def held_up(shop: Shop) -> Iterator[subprocess.Popen[bytes]]:
    """A backup that is being made: pg_dump waits for a table that somebody else has locked."""
    with postgres(shop) as foreign:
        foreign.execute("create table held_up (number integer) partition by range (number)")
        try:
            with foreign.transaction():
                foreign.execute("lock table held_up in access exclusive mode")
                with subprocess.Popen(
                    [sys.executable, "-c", "from retail_brain_cli.main import run; run()", "backup", "create"],
                    cwd=shop.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                ) as maker:  # fmt: skip
                    _wait(lambda: bool(dumping(shop)))
                    yield maker
        finally:
            foreign.execute("drop table held_up")


def test_what_a_killed_one_had_started_ends_with_it(town: Shop) -> None:
    with held_up(town) as maker:
        maker.kill()
        _wait(lambda: not dumping(town))
        sessions = "select count(*) from pg_stat_activity where application_name like 'retail-brain backup%'"
        _wait(lambda: rows(town, sessions) == [(0,)])
    assert town.must("backup", "create")["removed_leftovers"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_one_that_is_told_to_stop_leaves_nothing(town: Shop, number: signal.Signals) -> None:
    with held_up(town) as maker:
        maker.send_signal(number)
        assert maker.wait(timeout=30) == 128 + number
        assert place.leftovers(town.folder / "backups") == []
        assert dumping(town) == []


PRUNING = {
    "before retail_brain.backup.place.remove": (7, 0),
    "before retail_brain.backup.place._sync": (6, 1),
    "after retail_brain.backup.place._sync": (6, 1),
    "after os.unlink": (6, 1),  # one file of it is gone
    "after shutil.rmtree": (6, 0),
    "before retail_brain.desk.backup_care.prune_journal": (3, 0),
    "before retail_brain.desk.backup_care._prune_offsite": (7, 0),  # it only says yet what would go
}
"""Where it is killed: the backups that stay, and what is left of others."""


@pytest.mark.parametrize("where", PRUNING)
def test_a_killed_prune_loses_nothing_good_and_goes_on_when_it_is_repeated(
    town: Shop, tmp_path: Path, where: str
) -> None:
    good, target = place.list_backups(town.folder / "backups")[0].path, tmp_path / "target"
    for days in (50, 45, 40, 35, 5, 3, 1):
        _pretend(good, target, datetime.now(UTC) - timedelta(days=days))
    arguments = ("--config", str(_configure(town, target)))
    assert len(town.must("backup", "prune", "--dry-run", *arguments)["prune"]) == 4
    struck(town, where, "backup", "prune", "--yes", *arguments)
    stay, left = PRUNING[where]
    assert all(backup.is_verified for backup in place.list_backups(target))
    assert (len(place.list_backups(target)), len(place.leftovers(target))) == (stay, left)
    town.must("backup", "prune", "--yes", *arguments)
    assert len(place.list_backups(target)) == 3
    assert town.call("backup", "verify", "--all", "--decode", *arguments).code == 0
    made = town.must("backup", "create", *arguments)
    assert made["removed_leftovers"] == left
    assert place.leftovers(target) == []


def test_a_full_disk_keeps_nobody_from_pruning(town: Shop, tmp_path: Path) -> None:
    good, target = place.list_backups(town.folder / "backups")[0].path, tmp_path / "target"
    target.mkdir()
    arguments = ("--config", str(_configure(town, target)))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(target)], check=True)
    try:
        for days in (50, 45, 40, 35, 5, 3, 1):
            _pretend(good, target, datetime.now(UTC) - timedelta(days=days))
        with (target / "filler").open("wb") as file, suppress(OSError):
            while True:
                os.write(file.fileno(), bytes(4096))
        assert len(town.must("backup", "prune", "--yes", *arguments)["prune"]) == 4
        assert [backup.is_verified for backup in place.list_backups(target)] == [True] * 3
    finally:
        subprocess.run(["umount", str(target)], check=True)


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)

"""kill -9 at every step of encrypting, opening, restoring and checking backups: nothing half counts, nothing good is lost, nothing
stays in plain for longer than until the next command, and that is the same one. DAMAGE_WHOLE asks for every step, not for some.
"""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backstage import postgres, rows, struck
from test_backup_kills import struck as struck_at
from townsfolk import people, person

from retail_brain.store.fingerprint import fingerprints, list_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

CANARY = b"lopez"  # in an e-mail address of a customer
KEY = ("--identity", "backup.key")
SCRATCH = "select datname from pg_database where starts_with(datname, 'rb_scratch_')"
WHOLE = "DAMAGE_WHOLE" in os.environ

# Kills the process when pg_restore has said so many lines.
_STRUCK_AT_LINE = """
import os, signal, sys
from retail_brain.backup import restore
from retail_brain_cli.main import run
left, whole = int(sys.argv[1]), restore.run
def struck(*words, heard=None, **named):
    def counted(line):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        heard(line)
    whole(*words, heard=counted if heard else None, **named)
restore.run = struck
sys.argv[1:] = sys.argv[2:]
run()
"""
ENCRYPTING = (
    "before retail_brain.backup.encrypt.encrypt_folder",
    "before retail_brain.backup.encrypt._pump",
    "after retail_brain.backup.encrypt._pump",
    "after retail_brain.backup.encrypt._convert",
    "after retail_brain.backup.encrypt.encrypt_file",
    "after retail_brain.backup.encrypt.encrypt_folder",
)
OPENING = (
    "before retail_brain.backup.encrypt._pump",
    "after retail_brain.backup.encrypt.decrypt_file",
    "before retail_brain.backup.check.content_problems",
)
RESTORING = (
    "files", "after retail_brain.backup.encrypt.decrypt_file", "decrypt", "after retail_brain.store.database._create",
    "line 3", "line 150", "restore", "compare", "analyze", "schema", "replay", "check",
    "after retail_brain.store.inside.settle_restored", "before retail_brain.store.database.put_in_place",
    "after retail_brain.store.database.put_in_place", "switch", "models", "warm",
)  # fmt: skip
CHECKING = ("restore", "after retail_brain.store.database._create", "compare", "check")
SWITCHED = RESTORING.index("after retail_brain.store.database.put_in_place")


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run and an encrypted backup."""
    shop = make_shop("town of interrupted restores")
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[backup]\nrecipients = ["{public}"]\n')
    shop.must("run")
    shop.must("backup", "create")
    return shop


def kill(shop: Shop, where: str, *command: str) -> None:
    """Run a command that is killed at a lap of its clock, at a line of pg_restore, or at a function."""
    if where.startswith(("before ", "after ")):
        struck_at(shop, where, *command)
        return
    if where.startswith("line "):
        words = [sys.executable, "-c", _STRUCK_AT_LINE, where.removeprefix("line "), *command]
        ended = subprocess.run(words, cwd=shop.folder, capture_output=True, text=True, check=False, timeout=120)
    else:
        ended = struck(shop, where, command=" ".join(command))
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def plain_files(folder: Path) -> list[Path]:
    """Files in which a customer can be read."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
            found += [path] if CANARY in text.lower() else []
    return found


def state(shop: Shop) -> dict[str, tuple[int, str]]:
    """Rows and hash of every table that a restore does not begin anew."""
    moved = ("cache_state", "cache_outbox", "lease", "journal_state", "journal_touched")
    with postgres(shop) as conn, conn.transaction():
        found = fingerprints(conn, list_tables(conn))
    return {one.name: (one.rows, one.digest) for one in found if one.name not in moved}


def newest(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.must("backup", "list")["backups"][0]
    return found


@pytest.mark.parametrize("where", ENCRYPTING if WHOLE else ENCRYPTING[1::2])
def test_a_backup_that_is_killed_while_it_is_encrypted_does_not_count_and_leaves_nothing_in_plain(
    town: Shop, where: str
) -> None:
    before = newest(town)
    kill(town, where, "backup", "create")
    listed = town.must("backup", "list")
    assert (listed["backups"][0], len(listed["leftovers"])) == (
        before | {"age_hours": listed["backups"][0]["age_hours"]},
        1,
    )
    assert town.must("backup", "create")["removed_leftovers"] == 1
    assert newest(town)["state"] == "verified"
    assert plain_files(town.folder / "backups") == []


@pytest.mark.parametrize("where", OPENING if WHOLE else OPENING[1:2])
def test_what_a_killed_check_had_opened_is_gone_with_the_next(town: Shop, where: str) -> None:
    command = ("backup", "verify", "--decode", *KEY)
    kill(town, where, *command)
    assert newest(town)["state"] == "verified"
    town.must(*command)
    assert plain_files(town.folder / ".retail-brain" / "scratch") == []


@pytest.mark.parametrize("where", CHECKING if WHOLE else CHECKING[:1])
def test_a_check_by_restoring_that_is_killed_leaves_a_scratch_database_that_the_next_one_drops(
    town: Shop, where: str
) -> None:
    command = ("backup", "verify", "--restore", *KEY)
    before = state(town)
    kill(town, where, *command)
    assert len(rows(town, SCRATCH)) == 1
    assert newest(town)["state"] == "verified"
    town.must(*command)
    assert rows(town, SCRATCH) == []
    assert (newest(town)["level"], state(town)) == ("restored", before)
    assert plain_files(town.folder / ".retail-brain" / "scratch") == []


@pytest.mark.parametrize("where", RESTORING if WHOLE else RESTORING[1::6])
def test_a_restore_that_is_killed_leaves_the_old_state_or_the_new_one_and_the_same_command_works(
    town: Shop, where: str
) -> None:
    kept = state(town)
    backup_id = town.must("backup", "create")["backup_id"]
    with postgres(town) as conn:
        conn.execute("create table only_in_the_old_one as select 1 as number")
    before = state(town)
    command = ("backup", "restore", backup_id, "--to", "retail_brain", "--yes", *KEY)
    kill(town, where, *command)
    assert state(town) == (before if RESTORING.index(where) < SWITCHED else kept)
    assert {one["state"] for one in town.must("backup", "list")["backups"]} == {"verified"}
    aside = town.must(*command)["aside"]
    assert state(town) == kept
    assert rows(town, SCRATCH) == []
    assert plain_files(town.folder / ".retail-brain" / "scratch") == []
    assert plain_files(town.folder / "backups") == []
    town.must("backup", "discard", aside, "--yes")
    assert town.must("profile", "show", "crm:4")["served_from"] == "redis"


@pytest.mark.parametrize("where", ["decrypt", "switch"] if WHOLE else ["decrypt"])
def test_a_drill_that_is_killed_leaves_nothing_in_plain_once_the_next_one_was_held(town: Shop, where: str) -> None:
    kill(town, where, "backup", "drill", *KEY)
    left = town.folder / ".retail-brain" / "drill"
    assert plain_files(left)
    town.must("backup", "drill", *KEY)
    assert list(left.iterdir()) == []

"""What an encrypted backup hides stays hidden: with a wrong key and with the right one no customer is left in plain in any folder
for temporary files, and no key and no password gets into an argument, a file or an answer.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backstage import rows
from test_offsite import watched
from townsfolk import people, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shop import Shop

CUSTOMER, PASSWORD = b"canary-of-a-customer", "canary-of-a-database-password"
WHOLE = "DAMAGE_WHOLE" in os.environ
COMMANDS = ("verify --decode", "verify --restore", "restore {} --to other", "drill")


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run and an encrypted backup, here and in another folder, and a second key that does not open it."""
    shop = make_shop("town of secrets")
    for folder in ("far", "temporary"):
        (shop.folder / folder).mkdir()
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    shop.must("backup", "key", "create", "other.key")
    shop.deliver("pos.csv", *people(*range(1, 60)), person(60, email=f"{CUSTOMER.decode()}@example.com"))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[backup]\nrecipients = ["{public}"]\n[backup.offsite]\nurl = "file://{shop.folder}/far"\n')
    shop.must("run")
    shop.must("backup", "create")
    return shop


def asked(shop: Shop, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which has a folder for temporary files of its own, and a password."""
    more = {"TMPDIR": str(shop.folder / "temporary"), "POSTGRES_PASSWORD": PASSWORD}
    return subprocess.run(
        [sys.executable, "-c", "from retail_brain_cli.main import run; run()", "backup", *command.split()],
        cwd=shop.folder, env=dict(os.environ) | more, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


def files_in(folders: Iterable[Path]) -> Iterable[tuple[Path, bytes]]:
    for folder in folders:
        for path in [folder, *folder.rglob("*")] if folder.is_dir() else [folder]:
            try:
                if path.is_file() and not path.is_symlink():
                    yield path, path.read_bytes()
            except OSError:  # somebody else's, and gone meanwhile
                continue


def plain_files(shop: Shop, others: set[Path]) -> list[Path]:
    """Files outside of the database and of a run's artefacts in which the customer can be read."""
    own = [shop.folder / name for name in ("backups", "far", "temporary")]
    private = [shop.folder / ".retail-brain" / name for name in ("scratch", "drill")]
    found = []
    for path, data in files_in([*own, *private, *(temporary_files() - others)]):
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") and path.suffix == ".gz" else data
        found += [path] if CUSTOMER in text else []
    return found


def temporary_files() -> set[Path]:
    """What lies in the folders for temporary files of this machine, but for the tests' own."""
    folders = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
    return {path for folder in folders for path in folder.glob("*") if not path.name.startswith("pytest-of-")}


def secret_of(shop: Shop, key: str) -> str:
    return (shop.folder / key).read_text(encoding="utf-8").splitlines()[-1]


def everything(shop: Shop) -> Iterable[tuple[Path, bytes]]:
    """Every file of the shop but the two keys."""
    return ((path, data) for path, data in files_in([shop.folder]) if path.suffix != ".key")


def test_a_customer_in_plain_would_be_seen(town: Shop) -> None:
    for folder in (town.folder / "temporary", town.folder / "backups"):
        left = folder / "left.gz"
        left.write_bytes(gzip.compress(b"1\t" + CUSTOMER))
        try:
            assert plain_files(town, temporary_files()) == [left]
        finally:
            left.unlink()


def test_a_wrong_key_leaves_nothing_behind(town: Shop) -> None:
    before, others = rows(town, "select datname from pg_database order by 1"), temporary_files()
    [backup] = town.must("backup", "list")["backups"]
    for command in COMMANDS:
        answer = asked(town, f"{command.format(backup['backup_id'])} --identity other.key")
        assert (answer.returncode, answer.stdout) == (2, ""), answer.stderr
        assert "does not open" in answer.stderr
        assert secret_of(town, "other.key") not in answer.stderr
        assert plain_files(town, others) == [], command
        assert list((town.folder / "temporary").iterdir()) == [], command
        assert rows(town, "select datname from pg_database order by 1") == before
        assert not list((town.folder / ".retail-brain" / "drill").glob("*"))
        assert not [path for path in (town.folder / ".retail-brain" / "scratch").rglob("*") if path.is_file()]
        [now] = town.must("backup", "list")["backups"]
        assert (now["state"], now["problems"]) == ("verified", []), "a wrong key says nothing about the backup"
    assert not [path for path, data in everything(town) if secret_of(town, "other.key").encode() in data]


def test_the_right_key_and_the_password_get_nowhere_and_nothing_stays_in_plain(town: Shop) -> None:
    others = temporary_files()
    [backup, *_] = town.must("backup", "list")["backups"]
    secrets = (secret_of(town, "backup.key"), PASSWORD)
    with watched() as seen:
        for command in (*(COMMANDS if WHOLE else COMMANDS[1:2]), "restore {} --to retail_brain --yes"):
            answer = asked(town, f"{command.format(backup['backup_id'])} --identity backup.key")
            assert answer.returncode == 0, answer.stderr
            assert not [secret for secret in secrets if secret in answer.stdout + answer.stderr]
            assert plain_files(town, others) == [], command
            assert list((town.folder / "temporary").iterdir()) == [], command
    assert any(b"pg_restore" in words for words in seen), "pg_restore was seen"
    for secret in secrets:
        assert not [words for words in seen if secret.encode() in words]
        assert not [path for path, data in everything(town) if secret.encode() in data]


def test_a_copy_that_is_brought_back_holds_nothing_in_plain(town: Shop) -> None:
    others, secret = temporary_files(), secret_of(town, "backup.key").encode()
    for backup in town.must("backup", "list")["backups"]:
        Path(backup["path"]).rename(town.folder / f"away-{backup['backup_id']}")
    answer = asked(town, "fetch")
    assert answer.returncode == 0, answer.stderr
    [fetched] = town.must("backup", "list")["backups"]
    assert fetched["encrypted"]
    assert plain_files(town, others) == []
    assert list((town.folder / "temporary").iterdir()) == []
    assert not [path for path, data in everything(town) if secret in data]

"""Backups as an operator makes them: what they hold, what they cost nobody, and what stops one."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backstage import addresses, postgres
from townsfolk import assert_told, people, person

from retail_brain.backup import place, verified
from retail_brain.backup.manifest import read_manifest
from retail_brain.backup.tool import environment
from retail_brain.model import PostgresAddress
from retail_brain.store.fingerprint import fingerprints, list_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

CANARIES = ("hunter2-canary", "commented-canary")


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run, a merge undone, and a comment that says too much."""
    shop = make_shop("town to back up")
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n  # POSTGRES_PASSWORD=commented-canary\n[backup]\nkeep_least = 2\nrestore_check = "never"\n')
    shop.must("run")
    [merge, *_] = shop.must("merge", "list", "--profile", "crm:4")["entries"]
    shop.must("merge", "rollback", str(merge["merge_id"]), "--reason", "two sisters", "--yes")
    return shop


@pytest.fixture(scope="module")
def backup(town: Shop) -> Path:
    """A backup of it."""
    return Path(town.must("backup", "create")["path"])


def test_a_backup_holds_what_the_database_holds(town: Shop, backup: Path) -> None:
    manifest = read_manifest(backup)
    with postgres(town) as conn:
        now = {(one.schema, one.name): (one.rows, one.digest) for one in fingerprints(conn, list_tables(conn))}
    noted = {(table.schema, table.name): (table.rows, table.digest) for table in manifest.tables}
    assert {name for name in now if now[name] != noted.get(name)} <= {("public", "cache_outbox")}
    assert noted["public", "source_record"][0] == 78
    assert (manifest.run_id, manifest.last_decision_id, manifest.client_version) == (1, 1, manifest.server_version)
    assert manifest.seal == town.must("merge", "verify")["digest"]
    names = {entry.name for entry in manifest.files}
    assert {"dump/toc.dat", "globals.sql", "configuration.toml", "models/in_use"} <= names
    on_disk = {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}
    assert on_disk - names == {"manifest.json", "verified.json"}
    assert place.leftovers(backup.parent) == []


def test_nobody_else_can_read_it(backup: Path) -> None:
    kept = [path for path in (backup, *backup.rglob("*")) if "models" not in path.parts[len(backup.parts) :]]
    told = [path for path in kept if path.name not in ("manifest.json", "verified.json")]
    assert not [path for path in told if path.is_dir() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not [path for path in told if path.suffix in (".gz", ".dat", ".sql") and path.stat().st_mode & 0o077]


def test_it_is_listed_with_age_size_and_level(town: Shop, backup: Path) -> None:
    [entry] = [entry for entry in town.must("backup", "list")["backups"] if entry["backup_id"] == backup.name]
    assert (entry["state"], entry["level"], entry["problems"]) == ("verified", "decoded", [])
    assert entry["size"] == sum(file.size for file in read_manifest(backup).files)
    assert 0 <= entry["age_hours"] < 1
    assert backup.name in town.call("backup", "list").out


def test_good_backups_raise_no_alarm(town: Shop, backup: Path) -> None:
    for _ in range(int(os.environ.get("DAMAGE_GOOD", "2"))):
        town.must("backup", "create")
    checked = town.must("backup", "verify", "--all", "--decode")["backups"]
    assert all(one["sound"] for one in checked)
    assert town.call("backup", "verify", backup.name).code == 0


def test_no_password_is_in_any_argument_file_or_answer(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", CANARIES[0])
    seen, ended = set[bytes](), threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        answer = town.call("backup", "create", "--json")
    finally:
        ended.set()
        watching.join()
    assert answer.code == 0, answer.err
    assert any(b"--snapshot=" in words for words in seen), "pg_dump was seen"
    files = {path: path.read_bytes() for path in Path(answer.json["path"]).rglob("*") if path.is_file()}
    for canary in CANARIES:
        assert not [words for words in seen if canary.encode() in words]
        assert not [path for path, data in files.items() if canary.encode() in data]
        assert canary not in answer.out + answer.err
    shutil.rmtree(answer.json["path"])


def test_a_password_reaches_the_program_and_nothing_else_of_ours_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("POSTGRES_PASSWORD", "mine")
    given = environment(PostgresAddress(host="db.example.com", password="mine", sslmode="verify-full"))
    assert (given["PGPASSWORD"], given["PGSSLMODE"]) == ("mine", "verify-full")
    assert "another" not in given.values()
    assert "POSTGRES_PASSWORD" not in given
    assert "PGPASSWORD" not in environment(None)


def test_old_backups_are_pruned_and_the_verified_ones_stay(town: Shop, backup: Path, tmp_path: Path) -> None:
    target, now = tmp_path / "target", datetime.now(UTC)
    for days in (80, 70, 60, 50, 40, 33, 29, 27, 20, 13, 6, 1):
        _pretend(backup, target, now - timedelta(days=days))
    arguments = ("--config", str(_configure(town, target)))
    plan = town.must("backup", "prune", "--dry-run", *arguments)
    assert (plan["status"], len(plan["prune"])) == ("planned", 6)
    assert_told(town.call("backup", "prune", *arguments), 2, "--yes")
    assert len(place.list_backups(target)) == 12
    done = town.must("backup", "prune", "--yes", *arguments)
    assert (done["status"], done["prune"], done["kept"]) == ("pruned", plan["prune"], 6)
    assert len(place.list_backups(target)) == 6
    assert town.must("backup", "prune", "--yes", *arguments)["prune"] == []


def test_nothing_is_pruned_by_a_wrong_clock_or_when_the_newest_is_bad(town: Shop, backup: Path, tmp_path: Path) -> None:
    target, now = tmp_path / "target", datetime.now(UTC)
    for days in (50, 45, 40, 5, 3, 1):
        _pretend(backup, target, now - timedelta(days=days))
    arguments = ("--config", str(_configure(town, target)), "--yes")
    newest = place.list_backups(target)[-1]
    (newest.path / "globals.sql").unlink()
    assert town.call("backup", "verify", *arguments[:2]).code == 6
    assert_told(town.call("backup", "prune", *arguments), 6, newest.backup_id, "not verified")
    ahead = _pretend(backup, target, now + timedelta(days=60))
    assert_told(town.call("backup", "prune", *arguments), 2, ahead.name, "clock")
    assert len(place.list_backups(target)) == 7


def test_our_own_migrations_wait_until_the_snapshot_is_no_longer_needed(town: Shop) -> None:
    from retail_brain.store.connection import connect
    from retail_brain.store.fingerprint import exported_snapshot
    from retail_brain.store.migration import migrate

    where = addresses(town).postgres
    with connect(where) as dumping, connect(where, lock_timeout_s=0.2) as owner:
        done = threading.Event()
        migrating = threading.Thread(target=lambda: (migrate(owner, with_roles=True), done.set()))
        with exported_snapshot(dumping):
            migrating.start()
            assert not done.wait(1.0)
        migrating.join(timeout=30)
        assert done.is_set()


def test_a_structure_that_somebody_keeps_changing_stops_it_after_one_more_try(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retail_brain.backup import dump

    monkeypatch.setattr(dump, "_LOCK_WAIT_S", 0.2)
    before = town.must("backup", "list")["backups"]
    with postgres(town) as foreign, foreign.transaction():
        foreign.execute("lock table shared_value in access exclusive mode")
        with monkeypatch.context() as patch:
            from retail_brain.desk import backups

            connect = backups.connect
            patch.setattr(backups, "connect", lambda *a, **k: connect(*a, **k | {"lock_timeout_s": 0.2}))
            assert_told(town.call("backup", "create"), 4)
    assert town.must("backup", "list")["backups"] == before
    assert town.must("backup", "list")["leftovers"] == []


def test_a_server_without_fitting_programs_is_told_before_anything_starts(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retail_brain.desk import backups

    monkeypatch.setattr(backups, "embedded_folder", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("retail_brain.backup.tool._SYSTEM", ())
    before = len(place.list_backups(town.folder / "backups"))
    assert_told(town.call("backup", "create"), 2, "no pg_dump of PostgreSQL 18", "postgresql-client-18")
    assert len(place.list_backups(town.folder / "backups")) == before
    assert place.leftovers(town.folder / "backups") == []


def test_a_second_one_at_the_same_time_waits_for_nothing(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_LOCK_PATIENCE_S", 0.2)
    with place.alone(town.folder / "backups", "backup create"):
        assert_told(town.call("backup", "create"), 7, f"process {os.getpid()}: backup create")


def test_a_disk_that_is_too_small_is_told_before_and_one_that_fills_up_at_any_step_leaves_nothing(
    town: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retail_brain.backup import dump

    target = tmp_path / "small"
    target.mkdir()
    arguments = ("--config", str(_configure(town, target)))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(target)], check=True)
    try:
        assert_told(town.call("backup", "create", "--new-target", *arguments), 8, "MiB free")
        monkeypatch.setattr(dump, "_SPARE", -(2**40))
        codes = []
        for kib in range(16, 1024, 48):
            subprocess.run(["mount", "-o", f"remount,size={kib}k", str(target)], check=True)
            answer = town.call("backup", "create", "--new-target", *arguments)
            codes.append(answer.code)
            if answer.code == 0:
                break
            assert_told(answer, 8)
            assert [path.name for path in target.iterdir() if path.is_dir() and path.name != "journal"] == []
        assert codes[-1] == 0
        assert len(codes) > 3
        assert town.call("backup", "verify", "--decode", *arguments).code == 0
    finally:
        subprocess.run(["umount", str(target)], check=True)


def _pretend(backup: Path, target: Path, moment: datetime) -> Path:
    """Put a copy of a backup into a target as if it had been made at another time."""
    from dataclasses import replace

    copied = target / moment.strftime("%Y-%m-%dT%H-%M-%SZ")
    shutil.copytree(backup, copied)
    manifest = replace(read_manifest(backup), backup_id=copied.name)
    (copied / "manifest.json").write_text(manifest.text(), encoding="utf-8")
    verified.note_check(copied, "decoded", ())
    return copied


def _configure(shop: Shop, target: Path) -> Path:
    """Write a configuration beside the shop's own that backs up elsewhere."""
    text = (shop.folder / "retail_brain.toml").read_text(encoding="utf-8")
    path = shop.folder / f"{target.parent.name}.toml"
    path.write_text(text.replace("[backup]\n", f"[backup]\nfolder = {json.dumps(str(target))}\n"), encoding="utf-8")
    return path

"""The target of backups and journal, when it is not what it was: not mounted, a new disk, damaged while nothing happens, or ahead
of a server that was set back."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from backstage import postgres, rows
from townsfolk import assert_told, people, person

from retail_brain.errors import ServiceError
from retail_brain.store.journal import Taking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Answer, Shop

WHY = ("--reason", "two sisters", "--by", "Kim")


def target(shop: Shop) -> Path:
    return shop.folder / "disk" / "backups"


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def parts(shop: Shop) -> list[Path]:
    return sorted((target(shop) / "journal").glob("*/*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def doctor(shop: Shop) -> str:
    return " ".join(shop.call("doctor").out.split())


def decide(shop: Shop, first: int, second: int) -> Answer:
    return shop.call("review", "decide", f"pos:{first}", f"pos:{second}", "different", *WHY, "--json")


def use_target(shop: Shop, folder: Path) -> None:
    file = shop.folder / "retail_brain.toml"
    kept = file.read_text(encoding="utf-8").partition("\n[backup]")[0]
    file.write_text(f'{kept}\n[backup]\nrestore_check = "never"\nfolder = "{folder}"\n', encoding="utf-8")


@contextmanager
def unmounted(shop: Shop, *, leaves: str | None) -> Iterator[Path]:
    """Take the disk away; what it leaves is the empty folder in which it was mounted, if any."""
    disk, away = shop.folder / "disk", shop.folder / "disk that is away"
    disk.rename(away)
    if leaves is not None:
        (shop.folder / leaves).mkdir(parents=True)
    yield disk
    if disk.exists():
        shutil.rmtree(disk)
    away.rename(disk)


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with a backup on a disk of its own, and its journal."""
    shop = make_shop("town with a disk")
    shop.deliver("pos.csv", *people(*range(1, 40)))
    shop.must("init", ".")
    use_target(shop, target(shop))
    shop.must("run")
    answer = shop.call("backup", "create")
    assert_told(answer, 8, "disk", "mount the disk")
    assert not (shop.folder / "disk").exists(), "only the folder of the backups is made, not what it lies in"
    (shop.folder / "disk").mkdir()
    shop.must("backup", "create")
    return shop


@pytest.mark.parametrize(("leaves", "number"), [(None, 20), ("disk", 22), ("disk/backups", 24)])
def test_where_the_disk_is_not_mounted_nothing_is_written_in_its_place(
    town: Shop, leaves: str | None, number: int
) -> None:
    before = len(town.must("backup", "list")["backups"])
    with unmounted(town, leaves=leaves) as disk:
        answer = decide(town, number, number + 1)
        assert answer.code == 4, answer.err
        assert_told(town.call("backup", "create"), 4, "holds no backup", "mount its disk", "--new-target")
        assert_told(town.call("backup", "journal"), 4, "cannot be written", "mounted")
        town.deliver(f"pos_{number}.csv", person(500 + number))
        assert town.call("ingest", "--from", f"pos_{number}.csv").code == 4
        assert disk.exists() == (leaves is not None)
        assert not disk.exists() or not [path for path in disk.rglob("*") if path.is_file()]
        told = doctor(town)
        assert "where a journal began with one" in told
        assert "the journal cannot be written" in told
    assert town.must("backup", "journal")["rows"] > 0
    assert f'"decision_id":{answer.json["decision_id"]},' in parts(town)[-1].read_text(encoding="utf-8")
    assert "the journal cannot" not in doctor(town)
    made = town.must("backup", "create")
    assert made["warnings"] == []
    assert len(parts(town)) == 1, "the journal goes on"
    assert len(town.must("backup", "list")["backups"]) == before + 1


def test_a_quiet_shop_hears_before_any_work_that_its_disk_is_away(town: Shop) -> None:
    town.must("backup", "journal")
    with unmounted(town, leaves="disk/backups") as disk:
        assert_told(town.call("backup", "journal"), 4, "cannot be written", "mounted")
        assert contents(disk) == {"backups"}
    assert town.must("backup", "journal")["status"] == "nothing new"


@pytest.mark.parametrize(("damage", "number"), [("lost", 26), ("cut", 28), ("edited", 30)])
def test_a_quiet_shop_hears_that_its_journal_was_damaged(town: Shop, damage: str, number: int) -> None:
    assert decide(town, number, number + 1).code == 0
    path = parts(town)[-1]
    sound, state = path.read_bytes(), "select entries, digest, bytes from journal_state"
    known = rows(town, state)
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes(sound[:-20] if damage == "cut" else sound[:-20] + b"x" + sound[-19:])
    assert_told(town.call("backup", "journal"), 6, "lacks entries that were in it")
    assert "lacks entries that were in it" in doctor(town)
    assert path.exists() == (damage != "lost")
    path.write_bytes(sound)
    assert town.must("backup", "journal")["status"] == "nothing new"
    assert rows(town, state) == known


def test_a_backup_says_that_a_new_journal_began_and_why(town: Shop) -> None:
    path = parts(town)[-1]
    path.write_bytes(path.read_bytes()[:-20])
    [warning] = town.must("backup", "create")["warnings"]
    assert "a new journal begins with this backup" in warning
    assert "lacks entries that were in it" in warning
    shutil.rmtree(target(town) / "journal")
    [warning] = town.must("backup", "create")["warnings"]
    assert "a new journal begins with this backup" in warning
    assert decide(town, 5, 6).code == 0
    assert town.must("backup", "create")["warnings"] == []


def test_a_new_disk_is_begun_by_saying_so(town: Shop) -> None:
    new = town.folder / "new disk"
    new.mkdir()
    use_target(town, new)
    assert_told(town.call("backup", "create"), 4, "holds no backup", "--new-target")
    assert contents(new) == set()
    made = town.must("backup", "create", "--new-target")
    assert (new / made["backup_id"]).is_dir()
    assert decide(town, 7, 8).code == 0
    assert [path.stat().st_size > 0 for path in (new / "journal").glob("*/*.jsonl")] == [True]
    assert town.must("backup", "create")["warnings"] == []
    use_target(town, target(town))
    assert_told(town.call("backup", "journal"), 4, "is not there", "mounted", "begins a new one")
    town.must("backup", "create")


def test_what_a_writer_had_brought_to_the_disk_when_it_was_killed_stays_and_counts(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Taking, **__: Any) -> None:
        raise ServiceError("the server went away")

    with monkeypatch.context() as patched:
        patched.setattr(Taking, "settle", cut)
        answers = [decide(town, 9, 10), decide(town, 9, 11)]
        assert [answer.code for answer in answers] == [4, 4]
    size = parts(town)[-1].stat().st_size
    assert decide(town, 9, 12).code == 0
    assert parts(town)[-1].stat().st_size > size
    town.must("backup", "journal")
    backup_id = town.must("backup", "list")["backups"][0]["backup_id"]
    assert town.must("backup", "restore", backup_id, "--to", "beside")["replayed"]["identity_decision"] == 3


def test_a_server_that_was_set_back_leaves_the_journal_alone_whatever_it_does_since(town: Shop) -> None:
    data = town.folder / ".retail-brain" / "services" / "postgres"
    earlier = data.with_name("earlier")
    assert decide(town, 13, 14).code == 0
    town.must("services", "stop")
    subprocess.run(["cp", "-a", data, earlier], check=True)  # with its owner
    town.must("services", "start")
    lost = decide(town, 15, 16).json["decision_id"]
    whole = parts(town)[-1].read_bytes()
    town.must("services", "stop")
    shutil.rmtree(data)
    earlier.rename(data)
    town.must("services", "start")

    assert_told(town.call("backup", "journal"), 6, "the database was set back", "backup restore")
    with postgres(town) as conn:
        for _ in range(50):
            conn.execute("select pg_current_xact_id()")
    answer = decide(town, 17, 18)
    assert answer.code == 4
    assert answer.json["decision_id"] == lost, "the very number that the journal knows for another decision"
    assert_told(town.call("backup", "journal"), 6, "the database was set back")
    assert parts(town)[-1].read_bytes() == whole
    backup_id = town.must("backup", "list")["backups"][0]["backup_id"]
    told = town.must("backup", "restore", backup_id, "--to", "retail_brain", "--yes")
    assert told["new_backup"]
    pair = rows(
        town,
        "select r.record_id from identity_decision as d join source_record as r on r.record_no in (d.record_no_l, d.record_no_r)"
        f" where d.decision_id = {lost} order by 1",
    )
    assert pair == [("15",), ("16",)]
    assert town.must("backup", "journal")["rows"] == 0


def test_a_drill_of_a_quiet_shop_knows_that_the_journal_was_current(town: Shop) -> None:
    made = town.must("backup", "create")
    assert town.must("backup", "drill")["recovered_until"] == made["snapshot_at"]
    reached = town.must("backup", "journal")["reached_at"]
    drilled = town.call("backup", "drill", "--json").json
    assert drilled["recovered_until"][:19] == reached[:19]
    assert drilled["recovered_until"] > made["snapshot_at"]
    assert drilled["replayed"] == {}
    [record] = [
        path
        for path in (target(town) / "drills").glob("*.json")
        if drilled["drilled_at"][:19].replace(":", "-") in path.name
    ]
    assert json.loads(record.read_bytes())["rpo_s"] == drilled["rpo_s"]

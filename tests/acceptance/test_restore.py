"""Losing everything and getting it back: the same rows, the same ids, and a next run that finds nothing to do."""

from __future__ import annotations

import json
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from backstage import cache, postgres, rows, struck
from townsfolk import assert_told, people, person

from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.services import service_status
from retail_brain.store.fingerprint import fingerprints, list_tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop

WHY = ("--reason", "two sisters", "--by", "Kim", "--yes")
TILL_PHONE = "415-555-0133"
MOVED = ("cache_state", "cache_outbox", "lease", "journal_state", "journal_touched")
"""What a restore makes newer than anything before, or begins anew, on purpose."""


def state(shop: Shop, database: str = "retail_brain") -> dict[str, tuple[int, str]]:
    """Rows and hash of every table."""
    with postgres(shop, database) as conn, conn.transaction():
        return {one.name: (one.rows, one.digest) for one in fingerprints(conn, list_tables(conn))}


def databases(shop: Shop) -> set[str]:
    found = rows(shop, "select datname from pg_database where not datistemplate and datname <> 'postgres'")
    return {name for (name,) in found}


def unmoved(found: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in found.items() if name not in MOVED}


def lose_the_database(shop: Shop) -> None:
    """The data folder of PostgreSQL is gone; the workspace is still there."""
    shop.must("services", "stop")
    shutil.rmtree(shop.folder / ".retail-brain" / "services" / "postgres")


def merge_of(shop: Shop, left: str, right: str) -> str:
    entries = shop.must("merge", "list", "--profile", left)["entries"]
    [entry] = [entry for entry in entries if entry["live"] and {entry["left"], entry["right"]} == {left, right}]
    return str(entry["merge_id"])


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with merges undone and made by hand, a ruling, a held run, and a backup of all that."""
    shop = make_shop("town to lose")
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write("\n[audit]\nrows_least = 20\n")
    shop.must("run")
    shop.must("merge", "rollback", merge_of(shop, "pos:1", "crm:1"), *WHY)
    shop.must("merge", "join", "pos:3", "crm:4", *WHY)
    shop.must("review", "decide", "pos:7", "pos:8", "different", "--reason", "looked into it")
    shop.deliver("pos_2.csv", *(person(n, phone=TILL_PHONE) if n % 2 else person(n) for n in range(100, 140)))
    assert shop.call("run").code == 5
    shop.must("backup", "create")
    shop.must("backup", "journal")
    return shop


@pytest.fixture(scope="module")
def kept(town: Shop) -> tuple[str, dict[str, tuple[int, str]], list[tuple[str, str, str]]]:
    """The backup's id, what every table held, and whose record is whose."""
    [backup] = town.must("backup", "list")["backups"]
    return backup["backup_id"], state(town), town.crosswalk()


def test_after_losing_the_database_everything_is_there_again_and_the_next_run_changes_nothing(
    town: Shop, kept: tuple[str, Any, Any]
) -> None:
    backup_id, before, crosswalk = kept
    former = town.must("profile", "show", "crm:4")["profile_id"]
    lose_the_database(town)
    told = town.must("backup", "restore", backup_id)
    assert told["rows"] == sum(count for count, _ in before.values())
    assert told["warmed"] > 0
    assert told["warnings"] == []
    assert told["returned"] == ["pos_2.csv"]
    assert told["new_backup"] > backup_id
    assert unmoved(state(town)) == unmoved(before)
    assert databases(town) == {"retail_brain"}
    assert town.crosswalk() == crosswalk
    answer = town.call("run")
    assert answer.code == 5, answer.err
    assert "HELD: nothing was published" in answer.out
    assert town.crosswalk() == crosswalk
    for profile_id in {row[2] for row in crosswalk} | {former}:
        assert town.call("profile", "show", profile_id).code == 0
    assert town.call("doctor").code == 0
    town.must("merge", "verify")
    night = town.must("run", "approve", "2", "--reason", "a new till", "--yes")
    assert (night["status"], night["generation"]) == ("published", 2)
    assert {row[:2] for row in crosswalk} < {row[:2] for row in town.crosswalk()}


def test_a_database_that_holds_something_is_named_or_left_alone(town: Shop, kept: tuple[str, Any, Any]) -> None:
    backup_id, before, crosswalk = kept
    now = state(town)
    assert_told(town.call("backup", "restore", backup_id), 5, "retail_brain is not empty", "--to")
    assert_told(town.call("backup", "restore", backup_id, "--yes"), 5, "retail_brain is not empty")
    assert_told(town.call("backup", "restore", backup_id, "--to", "retail_brain"), 2, "--yes")
    assert "it holds something" in town.call("backup", "restore", backup_id, "--to", "retail_brain", "--dry-run").out
    plan = town.must("backup", "restore", backup_id, "--to", "retail_brain", "--dry-run")
    assert (plan["database_state"], plan["is_configured"]) == ("filled", True)
    assert (state(town), databases(town)) == (now, {"retail_brain"})

    beside = town.must("backup", "restore", backup_id, "--to", "yesterday")
    assert (beside["database"], beside["aside"]) == ("yesterday", None)
    assert unmoved(state(town, "yesterday")) == unmoved(before)
    assert state(town) == now
    assert_told(town.call("backup", "restore", backup_id, "--to", "yesterday"), 2, "--yes")

    with cache(town) as client:
        generation = int(client.hget("rb:current", "generation") or 0)
    told = town.must("backup", "restore", backup_id, "--to", "retail_brain", "--yes")
    assert unmoved(state(town)) == unmoved(before)
    assert state(town, told["aside"]) == now
    assert town.crosswalk() == crosswalk
    with cache(town) as client:
        assert int(client.hget("rb:current", "generation") or 0) > generation
    assert town.must("profile", "show", "crm:4")["served_from"] == "redis"
    assert_told(town.call("backup", "discard", "retail_brain", "--yes"), 2, "not the name")
    town.must("backup", "discard", told["aside"], "--yes")
    assert databases(town) == {"retail_brain", "yesterday"}
    assert town.call("doctor").code == 0


def test_a_run_after_the_restore_does_not_take_up_what_a_forgotten_run_left(
    town: Shop, kept: tuple[str, Any, Any]
) -> None:
    """The runs after the backup are forgotten by the database and lie in the workspace still."""
    backup_id = kept[0]
    town.must("run", "discard", "2", "--reason", "a broken till", "--yes")
    town.deliver("crm_2.csv", person(41, "41", city="Northport"))
    assert town.must("run", "--from", "crm_2.csv")["status"] == "published"
    town.must("backup", "restore", backup_id, "--to", "retail_brain", "--yes")
    assert max(run["run_id"] for run in town.must("run", "list")["runs"]) == 2
    town.must("run", "discard", "2", "--reason", "a broken till", "--yes")
    night = town.must("run", "--from", "crm_2.csv")
    assert (night["status"], night["generation"], night["run_id"]) == ("published", 2, 4)
    assert frozenset({"pos:41", "crm:41"}) in town.groups()


def test_a_restore_that_is_killed_leaves_the_old_state_or_the_new_one_and_can_be_repeated(
    town: Shop, kept: tuple[str, Any, Any]
) -> None:
    backup_id, before, _ = kept
    now = unmoved(state(town))
    command = f"backup restore {backup_id} --to retail_brain --yes"
    for stage in ("restore", "check"):
        assert struck(town, stage, command=command).returncode == -signal.SIGKILL
        assert unmoved(state(town)) == now, stage
    assert struck(town, "schema", signal.SIGTERM, command=command).returncode == 128 + signal.SIGTERM
    assert unmoved(state(town)) == now
    assert struck(town, "switch", command=command).returncode == -signal.SIGKILL
    assert unmoved(state(town)) == unmoved(before)
    assert town.must("profile", "show", "crm:4")["served_from"] == "postgresql"
    told = town.call(*command.split())
    assert told.code == 0, told.err
    for words in (
        f"restored {backup_id} into retail_brain",
        "recovered up to",
        "equal by count and hash",
        "backup discard",
    ):
        assert words in told.out
    assert unmoved(state(town)) == unmoved(before)
    assert not [name for name in databases(town) if name.startswith("rb_scratch_")]
    assert town.must("profile", "show", "crm:4")["served_from"] == "redis"


def test_a_damaged_backup_is_refused_before_anything_starts_and_the_file_is_named(
    town: Shop, kept: tuple[str, Any, Any]
) -> None:
    folder = town.folder / "backups" / kept[0]
    path = max((folder / "dump").glob("*.dat.gz"), key=lambda found: found.stat().st_size)
    sound, there = path.read_bytes(), databases(town)
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        answer = town.call("backup", "restore", kept[0], "--to", "elsewhere")
    finally:
        path.write_bytes(sound)
    assert_told(answer, 6, f"dump/{path.name} was changed", "nothing was restored")
    assert databases(town) == there


def test_a_drill_recovers_on_a_server_of_its_own_and_leaves_a_record_and_nothing_else(
    town: Shop, kept: tuple[str, Any, Any]
) -> None:
    now = state(town)
    assert struck(town, "check", command=f"backup drill {kept[0]}").returncode == -signal.SIGKILL
    [left] = (town.folder / ".retail-brain" / "drill").iterdir()
    assert running(left) == {"running"}
    told = town.call("backup", "drill", kept[0])
    assert told.code == 0, told.err
    [record] = (town.folder / "backups" / "drills").glob("*.json")
    drilled = json.loads(record.read_text(encoding="utf-8"))
    for words in ("RTO", "RPO", "1,000 look-ups", "indexes read whole", "record: "):
        assert words in told.out
    assert running(left) == {"stopped"}
    assert list((town.folder / ".retail-brain" / "drill").iterdir()) == []
    assert drilled["passed"]
    assert (drilled["backup_id"], drilled["lookups"]) == (kept[0], 1000)
    assert drilled["rows"] == sum(count for count, _ in kept[1].values())
    assert 0 < drilled["rto_s"] < 120
    assert drilled["rpo_s"] > 0
    assert {"server", "restore", "compare", "check", "first look-up", "warm"} <= drilled["seconds"].keys()
    assert state(town) == now
    page = record.with_suffix(".html").read_text(encoding="utf-8")
    assert "passed" in page
    assert "Lopez" not in page
    assert "last recovered from on" in town.call("doctor").out
    assert town.call("backup", "list").code == 0


def running(workspace: Path) -> set[str]:
    """The states of the embedded servers of a workspace."""
    return {one.state for one in service_status(workspace, postgres=PostgresSettings(), redis=RedisSettings())}


def test_a_check_by_restoring_is_noted_and_leaves_nothing(town: Shop, kept: tuple[str, Any, Any]) -> None:
    there = databases(town)
    town.must("backup", "verify", kept[0], "--restore")
    levels = {backup["backup_id"]: backup["level"] for backup in town.must("backup", "list")["backups"]}
    assert levels[kept[0]] == "restored"
    assert databases(town) == there


def test_an_encrypted_backup_comes_back_from_another_disk_with_its_key_alone(
    make_shop: Callable[[str], Shop], town: Shop
) -> None:
    shop = make_shop("town-with-a-key")
    (shop.folder / "far").mkdir()
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    shop.deliver("pos.csv", *people(*range(1, 30)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 10)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[backup]\nrecipients = ["{public}"]\n[backup.offsite]\nurl = "file://{shop.folder}/far"\n')
    shop.must("run")
    backup_id = shop.must("backup", "create")["backup_id"]
    shop.must("merge", "join", "pos:3", "crm:4", *WHY)
    shop.must("backup", "journal")
    before, crosswalk = unmoved(state(shop)), shop.crosswalk()
    key = ("--identity", "backup.key")
    assert_told(shop.call("backup", "drill"), 2, "is encrypted", "--identity")
    assert not any((shop.folder / ".retail-brain" / "drill").iterdir())
    drilled = shop.must("backup", "drill", *key)
    assert {"fetch", "decrypt", "replay"} <= drilled["seconds"].keys()
    assert drilled["replayed"]["identity_decision"] == 1
    assert "warning" not in shop.call("doctor").out.split("drill")[1]

    shop.must("services", "stop")
    for lost in (".retail-brain", "backups"):
        shutil.rmtree(shop.folder / lost)
    assert shop.must("backup", "fetch")["backup_id"] == backup_id
    assert_told(shop.call("backup", "restore", backup_id), 2, "is encrypted", "--identity")
    town_key = town.must("backup", "key", "create", "another.key")["path"]
    answer = shop.call("backup", "restore", backup_id, "--identity", str(town.folder / town_key))
    assert_told(answer, 2, "does not open")
    assert databases(shop) == {"retail_brain"}
    shop.must("backup", "restore", backup_id, *key)
    assert unmoved(state(shop)) == before
    assert shop.crosswalk() == crosswalk
    assert shop.must("run")["status"] == "nothing new"
    scratch = shop.folder / ".retail-brain" / "scratch"
    assert not [path for path in scratch.rglob("*") if path.is_file()]

"""Restoring a new backup to try it: what passes, what is found, what keeps it from being done, and that nothing of it stays."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from backstage import postgres, rows, struck
from townsfolk import assert_told, people, person

from retail_brain.backup import place
from retail_brain.store import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Shop

SCRATCH = "select datname from pg_database where starts_with(datname, 'rb_scratch_')"


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run, whose backups are copied to another folder."""
    shop = make_shop("town of trials")
    (shop.folder / "far").mkdir()
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[backup]\n[backup.offsite]\nurl = "file://{shop.folder}/far"\n')
    shop.must("run")
    return shop


def configured(shop: Shop, **settings: Any) -> tuple[str, str]:
    """Write a configuration beside the shop's own with other settings of backups, and return the option that names it."""
    text = (shop.folder / "retail_brain.toml").read_text(encoding="utf-8")
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    path = shop.folder / "other.toml"
    path.write_text(text.replace("[backup]\n", f"[backup]\n{lines}"), encoding="utf-8")
    return "--config", str(path)


def newest(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.must("backup", "list")["backups"][0]
    return found


def told(answer: Any, code: int, *words: str) -> None:
    """The backup is shown on stdout, and what became of the trial is told as every error is."""
    assert_told(replace(answer, out=""), code, *words)


def test_a_new_backup_is_restored_compared_and_noted_and_nothing_of_that_stays(town: Shop) -> None:
    made = town.must("backup", "create")
    assert (made["level"], made["restore_check"], made["restore_problem"], made["warnings"]) == (
        "restored", "passed", "", [],
    )  # fmt: skip
    assert made["seconds"]["trial"] > 0
    assert (newest(town)["level"], newest(town)["state"], newest(town)["offsite"]["state"]) == (
        "restored", "verified", "copied",
    )  # fmt: skip
    assert rows(town, SCRATCH) == []
    assert "✓ backups" in town.call("doctor").out
    screen = town.call("backup", "create")
    assert "verified, and restored to try it" in screen.out
    stages = [json.loads(line) for line in screen.err.splitlines()]
    assert {"restore", "compare", "check"} <= {line["stage"] for line in stages if line["state"] == "done"}


def test_a_large_one_is_left_to_the_night_and_doctor_asks_for_that(town: Shop, tmp_path: Path) -> None:
    config = configured(town, folder=str(tmp_path), restore_check_below_mb=0)
    made = town.must("backup", "create", "--new-target", *config)
    assert (made["level"], made["restore_check"], "trial" in made["seconds"]) == ("decoded", "", False)
    doctor = town.call("doctor", *config).out
    assert "none was restored to try it" in doctor
    assert "backup verify --restore, every night" in doctor
    verified = town.call("backup", "verify", "--restore", *config)
    assert (verified.code, f"✓ {made['backup_id']}" in verified.out, "and restored" in verified.out) == (0, True, True)
    assert town.must("backup", "list", *config)["backups"][0]["level"] == "restored"
    assert "✓ backups" in town.call("doctor", *config).out


def test_what_only_a_restore_shows_takes_the_trust_away_and_the_backup_is_kept(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are whole, and every table has as many rows as it should; one row is another."""
    whole = fingerprint.fingerprints

    def lying(conn: Any, tables: Any, *tell: Any) -> Any:
        found = whole(conn, tables, *tell)
        return [replace(one, digest="0" * 16) if one.name == "source_record" else one for one in found]

    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "fingerprints", lying)
        answer = town.call("backup", "create", "--json")
    told(answer, 6, "cannot be trusted", "source_record (other values)")
    made = answer.json
    assert (made["level"], made["restore_check"], made["offsite"]) == ("decoded", "failed", "failed")
    listed = newest(town)
    assert (listed["backup_id"], listed["state"], listed["level"]) == (made["backup_id"], "failed", "decoded")
    assert "source_record (other values)" in listed["problems"][0]
    assert made["backup_id"] not in [one["backup_id"] for one in town.must("backup", "list", "--offsite")["backups"]]
    assert rows(town, SCRATCH) == []
    assert place.leftovers(town.folder / "backups") == []
    assert town.must("backup", "create")["level"] == "restored"
    shutil.rmtree(made["path"])


def test_a_disk_that_changed_a_byte_meanwhile_is_found(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = place.finish

    def forgetful(folder: Path) -> Path:
        done = whole(folder)
        path = max((done / "dump").glob("*.dat.gz"), key=lambda found: found.stat().st_size)
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(place, "finish", forgetful)
        answer = town.call("backup", "create")
    assert "NOT GOOD" in answer.out
    told(answer, 6, ".dat.gz was changed")
    shutil.rmtree(newest(town)["path"])


@contextmanager
def nobody_may_restore(shop: Shop) -> Iterator[None]:
    """End every session in a scratch database but the one that holds it."""
    ended = threading.Event()
    query = "select pg_terminate_backend(pid) from pg_stat_activity where starts_with(datname, 'rb_scratch_')"

    def watch() -> None:
        with postgres(shop) as foreign:
            while not ended.wait(0.005):
                foreign.execute(f"{query} and application_name = 'retail-brain backup'")

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def test_a_trial_that_could_not_be_made_is_told_and_the_backup_is_as_good_as_decoded(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nobody_may_restore(town):
        answer = town.call("backup", "create", "--json")
    told(answer, 4, "was not restored to try it", "backup verify --restore")
    assert (answer.json["level"], answer.json["restore_check"]) == ("decoded", "broken off")
    assert (newest(town)["state"], newest(town)["offsite"]["state"]) == ("verified", "copied")
    with monkeypatch.context() as patch:
        patch.setattr("retail_brain.backup.restore._GROWTH", 10**9)
        answer = town.call("backup", "create", "--json")
    told(answer, 8, "are free", 'restore_check = "never"')
    assert (answer.json["level"], newest(town)["state"]) == ("decoded", "verified")
    assert rows(town, SCRATCH) == []


def test_what_a_killed_trial_leaves_is_gone_with_the_next_backup_and_its_own_counts(town: Shop, tmp_path: Path) -> None:
    config = configured(town, folder=str(tmp_path), restore_check="never")
    assert struck(town, "compare", command="backup create").returncode == -signal.SIGKILL
    assert len(rows(town, SCRATCH)) == 1
    assert (newest(town)["state"], newest(town)["level"]) == ("verified", "decoded")
    made = town.must("backup", "create", "--new-target", *config)
    assert (made["level"], made["restore_check"]) == ("decoded", "")
    assert rows(town, SCRATCH) == []
    assert "✓ backups" in town.call("doctor", *config).out
    assert struck(town, "compare", signal.SIGTERM, command="backup create").returncode == 128 + signal.SIGTERM
    assert rows(town, SCRATCH) == []
    assert (newest(town)["state"], newest(town)["level"]) == ("verified", "decoded")


def test_an_encrypted_one_is_tried_without_its_key_and_leaves_nothing_in_plain(town: Shop, tmp_path: Path) -> None:
    public = town.must("backup", "key", "create", "trial.key")["recipient"]
    (town.folder / "trial.key").unlink()
    config = configured(town, folder=str(tmp_path / "sealed"), recipients=[public])
    made = town.must("backup", "create", "--new-target", *config)
    assert (made["level"], made["encrypted"]) == ("restored", True)
    [listed] = town.must("backup", "list", *config)["backups"]
    assert (listed["level"], listed["state"]) == ("restored", "verified")
    files = [path.name for path in (tmp_path / "sealed" / made["backup_id"]).rglob("*") if path.is_file()]
    assert {name for name in files if not name.endswith(".age")} == {"manifest.json", "verified.json"}
    command = f"backup create --new-target --config {config[1]}".replace(str(town.folder), ".")
    assert struck(town, "compare", command=command).returncode == -signal.SIGKILL
    assert len(town.must("backup", "list", *config)["backups"]) == 1
    assert town.must("backup", "create", "--new-target", *config)["removed_leftovers"] == 1
    assert rows(town, SCRATCH) == []

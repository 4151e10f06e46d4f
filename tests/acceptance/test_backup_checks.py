"""Checks of backups and what they change: trust that only a closer look gives back, checks that cannot be made or noted, and restores
from a target in which somebody else has written."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from townsfolk import assert_told, people, person

from retail_brain.backup.manifest import read_manifest
from retail_brain.desk import recovery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop import Answer, Shop


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run, whose backups are copied to another folder."""
    shop = make_shop("town of checks")
    (shop.folder / "far").mkdir()
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n[backup]\nrestore_check = "never"\n')
    shop.must("run")
    return shop


def configured(shop: Shop, target: Path, more: str = "") -> tuple[str, str]:
    """Write a configuration with another target, which holds no journal, and return the option that names it."""
    text = (shop.folder / "retail_brain.toml").read_text(encoding="utf-8")
    path = shop.folder / f"{target.name}.toml"
    path.write_text(
        text.replace("[backup]\n", f"[backup]\njournal = false\nfolder = {json.dumps(str(target))}\n") + more
    )
    return "--config", str(path)


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def told(answer: Answer, code: int, *words: str) -> None:
    """What was found is shown on stdout, and how it ends is told as every error is."""
    assert_told(replace(answer, out=""), code, *words)


def test_what_only_a_restore_has_found_no_cheaper_check_takes_back(
    town: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsite = f'[backup.offsite]\nurl = "file://{town.folder}/far"\n'
    config = configured(town, tmp_path / "trust", offsite)
    whole = recovery.fingerprints

    def lying(conn: Any, tables: Any, *tell: Any) -> Any:
        found = whole(conn, tables, *tell)
        return [replace(one, digest="0" * 16) if one.name == "source_record" else one for one in found]

    always = Path(config[1]).read_text().replace('"never"', '"always"')
    Path(config[1]).write_text(always)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "fingerprints", lying)
        assert town.call("backup", "create", *config).code == 6
    for words in (("verify",), ("verify", "--all", "--decode")):
        answer = town.call("backup", *words, *config)
        assert (answer.code, "it counts as failed" in answer.out, "verify --restore" in answer.out) == (0, True, True)
        [listed] = town.must("backup", "list", *config)["backups"]
        assert (listed["state"], "source_record (other values)" in listed["problems"][0]) == ("failed", True)
    assert town.must("backup", "copy", *config)["copied"] == []
    answer = town.call("backup", "verify", "--restore", *config)
    assert (answer.code, "counts as failed" in answer.out) == (0, False)
    [listed] = town.must("backup", "list", *config)["backups"]
    assert (listed["state"], listed["level"], listed["problems"]) == ("verified", "restored", [])


def test_without_the_key_every_file_is_checked_and_what_could_not_be_done_is_told_at_the_end(
    town: Shop, tmp_path: Path
) -> None:
    target = tmp_path / "sealed"
    town.must("backup", "create", *configured(town, target))
    public = town.must("backup", "key", "create", "checks.key")["recipient"]
    config = configured(town, target, "")
    text = Path(config[1]).read_text()
    Path(config[1]).write_text(text.replace("[backup]\n", f'[backup]\nrecipients = ["{public}"]\n'))
    ids = [town.must("backup", "create", *config)["backup_id"] for _ in range(2)]
    for how, level in (("--decode", "decoded"), ("--restore", "restored")):
        answer = town.call("backup", "verify", "--all", how, *config)
        told(answer, 2, *ids, "is encrypted")
        assert answer.out.count("every file is as it was written") == 3
        checked = {
            one["backup_id"]: one
            for one in town.call("backup", "verify", "--all", how, *config, "--json").json["backups"]
        }
        assert [(checked[one]["level"], checked[one]["sound"]) for one in ids] == [("files", True)] * 2
        [plain] = [one for name, one in checked.items() if name not in ids]
        assert (plain["level"], plain["untried"]) == (level, "")
    assert town.call("backup", "verify", "--all", *config).code == 0
    flip(max((target / ids[0] / "dump").iterdir()))
    answer = town.call("backup", "verify", "--all", "--decode", *config)
    told(answer, 6, ids[0], "not as written")
    assert f"! {ids[1]}" in answer.out
    assert [one["state"] for one in town.must("backup", "list", *config)["backups"]] == [
        "verified",
        "failed",
        "verified",
    ]
    assert_told(town.call("backup", "verify", "--decode", ids[1], *config), 2, "is encrypted")
    told(town.call("backup", "verify", "--all", "--decode", "--identity", "checks.key", *config), 6, ids[0])
    flip(max((target / ids[0] / "dump").iterdir()))
    checked = town.must("backup", "verify", "--all", "--decode", "--identity", "checks.key", *config)["backups"]
    assert [(one["level"], one["untried"]) for one in checked] == [("decoded", "")] * 3
    assert [one["state"] for one in town.must("backup", "list", *config)["backups"]] == ["verified"] * 3


@contextmanager
def only_to_be_read(target: Path) -> Iterator[None]:
    """Let a folder be one that can be read and not written, for everybody."""
    subprocess.run(["mount", "--bind", str(target), str(target)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(target)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(target)], check=True)


def test_a_target_that_can_only_be_read_does_not_hide_what_was_found(town: Shop, tmp_path: Path) -> None:
    target = tmp_path / "read only"
    config = configured(town, target)
    path = Path(town.must("backup", "create", *config)["path"])
    for words in (("verify",), ("verify", "--decode"), ("verify", "--restore")):
        with only_to_be_read(target):
            answer = town.call("backup", *words, *config)
        assert answer.code == 0, answer.err
        assert f"✓ {path.name}" in answer.out
        assert "could not be noted" in answer.out
    flip(path / "globals.sql")
    with only_to_be_read(target):
        answer = town.call("backup", "verify", *config)
        warnings = town.call("backup", "verify", "--all", *config, "--json").json["backups"][0]["warnings"]
    told(answer, 6, path.name)
    assert "globals.sql" in answer.out
    assert "could not be noted" in " ".join(warnings)
    assert town.must("backup", "list", *config)["backups"][0]["state"] == "verified"
    assert town.call("backup", "verify", *config).code == 6
    assert town.must("backup", "list", *config)["backups"][0]["state"] == "failed"


def test_a_restore_from_a_target_in_which_somebody_has_written_puts_files_nowhere_else_and_names_what_it_passed_over(
    town: Shop,
) -> None:
    target = town.folder / "backups"
    backup_id = town.must("backup", "create")["backup_id"]
    for number, name in enumerate(("pos_kept.csv", "pos_forged.csv", "pos_damaged.csv"), 600):
        town.deliver(name, person(number))
        town.must("ingest", "--from", name)
    notes = {json.loads(note.read_text())["name"]: note for note in (target / "journal" / "files").glob("*.json")}
    outside = town.folder / "outside.csv"
    outside.write_text("precious")
    notes["pos_forged.csv"].write_text(
        notes["pos_forged.csv"].read_text().replace('"pos_forged.csv"', json.dumps(str(outside)))
    )
    notes["pos_damaged.csv"].write_text(notes["pos_damaged.csv"].read_text()[:-3])
    [timeline] = [path for path in (target / "journal").iterdir() if list(path.glob("0*.jsonl"))]
    (timeline / "x.jsonl").write_text("no part of it")
    drilled = town.call("backup", "drill", backup_id)
    assert drilled.code == 0, drilled.err
    done = town.must("backup", "restore", backup_id, "--to", "retail_brain", "--yes")
    assert done["returned"] == ["pos_kept.csv"]
    assert (Path(done["returned_to"]) / "pos_kept.csv").read_bytes() == (town.folder / "pos_kept.csv").read_bytes()
    assert outside.read_text() == "precious"
    warnings = " ".join(done["warnings"])
    assert all(name in warnings for name in (notes["pos_forged.csv"].name, notes["pos_damaged.csv"].name, "x.jsonl"))
    assert read_manifest(target / done["new_backup"]).run_id == 1
    shutil.rmtree(done["returned_to"])

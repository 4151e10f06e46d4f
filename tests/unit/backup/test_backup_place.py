"""The target: what counts as a backup, who may write, what is left of the killed, and what is noted beside a backup."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from made_up_manifest import MANIFEST

from retail_brain.backup import place, verified
from retail_brain.backup.manifest import NAME
from retail_brain.errors import ConfigurationError, LockedError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 2, 3, 11, tzinfo=UTC)


def _make(target: Path, now: datetime = NOW) -> Path:
    folder = place.begin(target, now=now)
    backup_id = folder.name.removesuffix(place.PARTIAL)
    (folder / NAME).write_text(replace(MANIFEST, backup_id=backup_id).text(), encoding="utf-8")
    return place.finish(folder)


def test_a_backup_counts_when_it_is_finished_and_not_before(tmp_path: Path) -> None:
    with place.alone(tmp_path, "test"):
        folder = place.begin(tmp_path, now=NOW)
        assert place.list_backups(tmp_path) == []
        place.finish(folder)
    (found,) = place.list_backups(tmp_path)
    assert (found.backup_id, found.made_at, found.manifest) == ("2026-11-23T02-03-11Z", NOW, None)
    assert found.why_unreadable == "manifest.json is missing"
    assert not found.is_verified


def test_two_of_the_same_second_get_names_of_their_own(tmp_path: Path) -> None:
    assert [_make(tmp_path).name for _ in range(3)] == [f"2026-11-23T02-03-1{second}Z" for second in (1, 2, 3)]


def test_the_oldest_comes_first_and_other_folders_are_no_backups(tmp_path: Path) -> None:
    for day in (25, 23, 24):
        _make(tmp_path, NOW.replace(day=day))
    for name in ("journal", "2026-11-23", "2026-11-23T02-03-11Z.old", "README.md"):
        (tmp_path / name).mkdir()
    assert [backup.made_at.day for backup in place.list_backups(tmp_path)] == [23, 24, 25]
    assert place.find_backup(tmp_path).made_at.day == 25
    with pytest.raises(ConfigurationError, match="no backup 2020"):
        place.find_backup(tmp_path, "2020-01-01T00-00-00Z")


def test_a_target_that_is_not_there_holds_no_backup(tmp_path: Path) -> None:
    assert place.list_backups(tmp_path / "none") == []
    with pytest.raises(ConfigurationError, match="no backup in"):
        place.find_backup(tmp_path / "none")


def test_a_good_check_raises_the_level_and_a_bad_one_takes_the_trust(tmp_path: Path) -> None:
    folder = _make(tmp_path)
    verified.note_check(folder, "restored", ())
    assert verified.note_check(folder, "files", ()).level == "restored"
    verified.note(folder, offsite={"state": "copied"})
    assert place.find_backup(tmp_path).is_verified
    assert not verified.note_check(folder, "files", ("dump/toc.dat is missing",)).sound
    bad = place.find_backup(tmp_path)
    assert (bad.is_verified, bad.verified.level, bad.verified.offsite) == (False, "restored", {"state": "copied"})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"level": "decoded"}', '{"level": "decoded", "problems": [], "more": 1}']
)
def test_a_note_that_cannot_be_read_counts_as_none(tmp_path: Path, text: str) -> None:
    folder = _make(tmp_path)
    (folder / verified.NAME).write_text(text, encoding="utf-8")
    assert not place.find_backup(tmp_path).is_verified


def test_one_at_a_time_and_what_a_killed_one_left_is_cleared_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_LOCK_PATIENCE_S", 0.2)
    script = (
        "import sys, time, pathlib; from retail_brain.backup import place\n"
        "target = pathlib.Path(sys.argv[1])\n"
        "with place.alone(target, 'backup create'):\n"
        "    (place.begin(target) / 'dump').mkdir(); print('at work', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        maker.stdout.readline()
        with pytest.raises(LockedError, match=rf"process {maker.pid}: backup create"), place.alone(tmp_path, "second"):
            pass
        assert len(place.leftovers(tmp_path)) == 1
        os.kill(maker.pid, signal.SIGKILL)
        maker.wait()
    with place.alone(tmp_path, "next"):
        assert place.clear_leftovers(tmp_path) == 1
    assert place.leftovers(tmp_path) == []


def test_what_is_removed_loses_its_name_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(tmp_path)
    monkeypatch.setattr(place.shutil, "rmtree", lambda *_, **__: None)  # killed before anything is deleted
    place.remove(place.find_backup(tmp_path))
    assert place.list_backups(tmp_path) == []
    assert len(place.leftovers(tmp_path)) == 1

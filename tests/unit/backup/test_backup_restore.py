"""What a restore refuses before anything starts, models put back, and the record of a drill that doctor asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from made_up_manifest import MANIFEST

from retail_brain.backup import place, verified
from retail_brain.backup.drill import DrillResult, last_drill, write_record
from retail_brain.backup.manifest import NAME, FileEntry
from retail_brain.backup.restore import choose_tools, put_models_back, refuse_without_room
from retail_brain.config.file import load_configuration
from retail_brain.desk.drill_page import render_drill, span
from retail_brain.desk.health import questions_about
from retail_brain.desk.trial import is_wanted
from retail_brain.errors import ConfigurationError, ResourceError

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.model import Check

PASSED = DrillResult(
    drilled_at="2026-11-23T02:03:11+00:00", backup_id=MANIFEST.backup_id, passed=True, rto_s=4.7, rpo_s=60.0,
    recovered_until="2026-11-23T02:02:11+00:00", seconds={"restore": 1.7, "check": 0.5}, tables=22, rows=39_837,
    indexes=229, replayed={"identity_decision": 3}, lookups=1_000, lookup_p95_ms=5.9, warmed=5_450,
)  # fmt: skip


def test_a_dump_of_a_newer_server_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="PostgreSQL 19, and this server is PostgreSQL 18"):
        choose_tools(replace(MANIFEST, client_version="19.1"), 180_006, embedded=None)


def test_a_restore_without_room_is_refused(tmp_path: Path) -> None:
    refuse_without_room(MANIFEST, tmp_path / "not there yet")
    huge = replace(MANIFEST, files=(FileEntry(name="dump/1.dat.gz.age", size=10**15, sha256="ab" * 32),))
    with pytest.raises(ResourceError, match="are free"):
        refuse_without_room(huge, tmp_path)


def test_models_are_put_back_where_they_lack_and_none_is_replaced(tmp_path: Path) -> None:
    models = tmp_path / "workspace" / "models"
    for folder, text in (
        (tmp_path / "kept/models/a", "old"),
        (tmp_path / "kept/models/b", "old"),
        (models / "b", "ours"),
    ):
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(text, encoding="utf-8")
    (models / "in_use").write_text("c", encoding="utf-8")
    assert put_models_back(tmp_path / "kept", models) == ("a",)
    assert {path.parent.name: path.read_text(encoding="utf-8") for path in models.rglob("*.json")} == {
        "a": "old",
        "b": "ours",
    }
    assert not (models / "in_use").exists()
    assert put_models_back(tmp_path / "nothing", models) == ()


def test_the_newest_drill_that_passed_counts(tmp_path: Path) -> None:
    assert last_drill(tmp_path) is None
    write_record(tmp_path, PASSED, render_drill(PASSED))
    failed = replace(PASSED, drilled_at="2026-12-24T02:03:11+00:00", passed=False, problem="a <file> is damaged")
    page = write_record(tmp_path, failed, render_drill(failed))
    (tmp_path / "drills" / "2027-01-01.json").write_text("{", encoding="utf-8")
    assert last_drill(tmp_path) == datetime(2026, 11, 23, 2, 3, 11, tzinfo=UTC)
    assert "a &lt;file&gt; is damaged" in page.read_text(encoding="utf-8")
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["passed"] is False


def test_a_drills_page_tells_what_it_took() -> None:
    page = render_drill(PASSED)
    for words in ("passed", "4.7 s", "60.0 s", "39,837", "5.9 ms", "restore", "identity_decision"):
        assert words in page
    assert [span(seconds) for seconds in (4.71, 150, 14_400)] == ["4.7 s", "2.5 min", "4.0 h"]


def test_doctor_warns_of_old_backups_and_drills_and_not_before_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "retail_brain.toml").write_text("", encoding="utf-8")
    ask = questions_about(load_configuration(tmp_path / "retail_brain.toml", {}))
    target, now = tmp_path / "backups", datetime.now(UTC)

    def told() -> list[tuple[str, str]]:
        checks: list[Check] = [ask[name]() for name in ("backups", "drill")]
        return [(check.outcome, check.hint or "") for check in checks]

    assert [outcome for outcome, _ in told()] == ["ok", "ok"]
    _make(target, now - timedelta(days=3))
    assert [outcome for outcome, _ in told()] == ["warning", "warning"]
    assert "backup create" in told()[0][1]
    assert "backup drill" in told()[1][1]
    _make(target, now - timedelta(hours=3), "restored")
    write_record(target, replace(PASSED, drilled_at=(now - timedelta(days=93)).isoformat(timespec="seconds")), "")
    assert [outcome for outcome, _ in told()] == ["ok", "warning"]
    write_record(target, replace(PASSED, drilled_at=(now - timedelta(days=91)).isoformat(timespec="seconds")), "")
    assert [outcome for outcome, _ in told()] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("setting", "days", "outcome", "words"),
    [
        ("auto", None, "warning", "none was restored to try it"),
        ("auto", 3, "warning", "the newest that was restored to try it is of"),
        ("auto", 1, "ok", ""),
        ("always", 3, "warning", "the newest that was restored to try it is of"),
        ("never", None, "ok", ""),
    ],
)
def test_doctor_warns_when_no_backup_was_restored_for_two_days(
    tmp_path: Path, setting: str, days: int | None, outcome: str, words: str
) -> None:
    (tmp_path / "retail_brain.toml").write_text(f'[backup]\nrestore_check = "{setting}"\n', encoding="utf-8")
    ask, now = questions_about(load_configuration(tmp_path / "retail_brain.toml", {})), datetime.now(UTC)
    if days is not None:
        _make(tmp_path / "backups", now - timedelta(days=days), "restored")
    _make(tmp_path / "backups", now - timedelta(hours=3))
    check = ask["backups"]()
    assert check.outcome == outcome
    assert words in check.what
    assert ("backup verify --restore" in (check.hint or "")) == (outcome == "warning")


def test_a_new_backup_is_tried_at_once_below_the_size_always_or_never(tmp_path: Path) -> None:
    def wanted(**settings: str | int) -> bool:
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        (tmp_path / "retail_brain.toml").write_text(f"[backup]\n{lines}", encoding="utf-8")
        return is_wanted(load_configuration(tmp_path / "retail_brain.toml", {}), manifest)

    sizes = {"dump/1.dat.gz": 3 * 2**20 - 10, "dump/toc.dat": 5, "models/model.json": 2**30}
    manifest = replace(
        MANIFEST, files=tuple(FileEntry(name=name, size=size, sha256="ab" * 32) for name, size in sizes.items())
    )
    assert wanted()
    assert wanted(restore_check_below_mb=3)
    assert not wanted(restore_check_below_mb=2)
    assert not wanted(restore_check_below_mb=0)
    assert wanted(restore_check="always", restore_check_below_mb=0)
    assert not wanted(restore_check="never")


def _make(target: Path, now: datetime, level: str = "decoded") -> None:
    with place.alone(target, "test"):
        folder = place.begin(target, now=now)
        backup_id = folder.name.removesuffix(place.PARTIAL)
        (folder / NAME).write_text(replace(MANIFEST, backup_id=backup_id).text(), encoding="utf-8")
        verified.note_check(folder, level, ())
        place.finish(folder)

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from retail_brain.errors import ServiceError
from retail_brain.model import Check
from retail_brain.services import doctor


def test_this_machine_is_looked_over_and_nothing_is_made(tmp_path: Path) -> None:
    workspace = tmp_path / "not there yet"
    checks = doctor.check_everything(workspace, memory_limit_mb=1, questions={})
    assert [check.name for check in checks] == [
        "python", "libraries", "workspace", "disk", "memory", "files", "clock", "locale",
    ]  # fmt: skip
    assert not workspace.exists()


def test_a_question_that_fails_is_a_line_and_not_the_end(tmp_path: Path) -> None:
    def away() -> Check:
        raise ServiceError("PostgreSQL at db does not answer", hint="start it")

    checks = doctor.check_everything(
        tmp_path,
        memory_limit_mb=1,
        questions={"postgres": away, "schema": lambda: Check(name="schema", outcome="ok", what="5")},
    )
    assert checks[-2] == Check(
        name="postgres", outcome="failed", what="PostgreSQL at db does not answer", hint="start it"
    )
    assert checks[-1].outcome == "ok"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("redis==0.1", "redis is .*, wanted 0.1"),
        ("redis>=999", "redis is .*, wanted at least 999"),
        ("no-such-package>=1", "no-such-package is missing"),
    ],
)
def test_a_library_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch, line: str, problem: str) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: [line])
    check = doctor.check_libraries()
    assert check.outcome == "failed"
    assert re.search(problem, check.what)


def test_a_library_for_another_system_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["no-such-package>=1; sys_platform == 'win32'"])
    assert doctor.check_libraries().outcome == "ok"


def test_a_workspace_open_to_others_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    check = doctor.check_workspace(tmp_path)
    assert check.outcome == "warning"
    assert "chmod" in (check.hint or "")


def test_a_clock_that_went_back_is_seen(tmp_path: Path) -> None:
    (tmp_path / "later").touch()
    os.utime(tmp_path / "later", (time.time() + 7_200, time.time() + 7_200))
    assert doctor.check_clock(tmp_path).outcome == "warning"
    assert doctor.check_clock(tmp_path / "none").outcome == "ok"


def test_more_memory_than_there_is_comes_with_a_better_number() -> None:
    check = doctor.check_memory(10**9)
    assert check.outcome == "warning"
    assert "resources.memory_limit_mb" in (check.hint or "")


def test_a_low_limit_of_files_is_told_before_it_hurts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.resource, "getrlimit", lambda _: (64, 64))
    assert doctor.check_open_files().outcome == "failed"

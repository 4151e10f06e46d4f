"""The note of the checks: what takes the trust away, and what gives it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from retail_brain.backup.verified import LEVELS, NAME, note, note_check, read_verified

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("failed", LEVELS[1:])
@pytest.mark.parametrize("passed", LEVELS[1:])
def test_a_good_check_takes_back_what_one_as_close_has_found_and_nothing_that_a_closer_one_has(
    tmp_path: Path, failed: str, passed: str
) -> None:
    note_check(tmp_path, "decoded", ())
    bad = note_check(tmp_path, failed, ("source_record (other values)",))
    found = note_check(tmp_path, passed, ())
    assert found == read_verified(tmp_path)
    if LEVELS.index(passed) >= LEVELS.index(failed):
        assert (found.sound, found.problems, found.failed) == (True, (), "")
    else:
        assert (found.sound, found.problems, found.failed) == (False, bad.problems, failed)
        assert found.checked_at == bad.checked_at
    assert note_check(tmp_path, "restored", ()).sound


def test_what_both_have_found_is_told_and_what_lies_deeper_stays_until_it_is_looked_at_again(tmp_path: Path) -> None:
    note_check(tmp_path, "restored", ("source_record (other values)",))
    for _ in range(2):
        both = note_check(tmp_path, "files", ("dump/toc.dat was changed",))
        assert both.problems == ("dump/toc.dat was changed", "source_record (other values)")
    assert not note_check(tmp_path, "files", ()).sound
    assert note_check(tmp_path, "restored", ("profile (missing)",)).problems == ("profile (missing)",)
    note(tmp_path, offsite={"state": "copied"})
    lifted = note_check(tmp_path, "restored", ())
    assert (lifted.sound, lifted.level, lifted.offsite) == (True, "restored", {"state": "copied"})


def test_a_note_that_does_not_say_which_check_failed_wants_the_closest(tmp_path: Path) -> None:
    note_check(tmp_path, "decoded", ("globals.sql is missing",))
    body = json.loads((tmp_path / NAME).read_text())
    for failed in (None, "", "somehow"):
        body = {name: value for name, value in body.items() if name != "failed"} | (
            {"failed": failed} if failed else {}
        )
        (tmp_path / NAME).write_text(json.dumps(body))
        assert not note_check(tmp_path, "decoded", ()).sound
    assert note_check(tmp_path, "restored", ()).sound

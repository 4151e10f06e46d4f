"""A manifest is read as it was written, or said to be damaged."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from made_up_manifest import MANIFEST

from retail_brain.backup.manifest import FORMAT, NAME, FileEntry, read_manifest
from retail_brain.errors import ConfigurationError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup's folder with a manifest and nothing else."""
    made = tmp_path / MANIFEST.backup_id
    made.mkdir()
    (made / NAME).write_text(MANIFEST.text(), encoding="utf-8")
    return made


def test_it_is_read_as_it_was_written(folder: Path) -> None:
    assert read_manifest(folder) == MANIFEST


def test_every_single_bit_that_flips_is_found(folder: Path) -> None:
    good, draw = (folder / NAME).read_bytes(), random.Random(1)
    for place in draw.sample(range(len(good) * 8), 400):
        bad = bytearray(good)
        bad[place // 8] ^= 1 << place % 8
        (folder / NAME).write_bytes(bad)
        with pytest.raises(IntegrityError, match=NAME):
            read_manifest(folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "damaged"), ("{", "damaged"), ("[]", "damaged"), ("{}", "edited or damaged"), ('{"format": 1}', "edited")],
)
def test_what_is_no_manifest_is_said_to_be_none(folder: Path, text: str, told: str) -> None:
    (folder / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError, match=told):
        read_manifest(folder)


def test_a_missing_one_and_one_in_another_backup_are_told_apart(folder: Path) -> None:
    moved = folder.rename(folder.with_name("2026-11-24T02-03-11Z"))
    with pytest.raises(IntegrityError, match="is that of 2026-11-23T02-03-11Z"):
        read_manifest(moved)
    (moved / NAME).unlink()
    with pytest.raises(IntegrityError, match="missing"):
        read_manifest(moved)


def test_one_of_a_newer_program_is_refused_and_names_it_and_a_flipped_bit_is_no_newer_program(folder: Path) -> None:
    newer = replace(MANIFEST, format=FORMAT + 1, program="9.0").text()
    (folder / NAME).write_text(newer, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"9\.0"):
        read_manifest(folder)
    (folder / NAME).write_text(MANIFEST.text().replace('"format": 1', '"format": 3'), encoding="utf-8")
    with pytest.raises(IntegrityError, match=rf"{NAME} was edited or damaged, or was made by a newer"):
        read_manifest(folder)


def test_no_file_outside_of_the_backup_is_ever_looked_at(folder: Path) -> None:
    bad = replace(MANIFEST, files=(FileEntry(name="../../etc/passwd", size=1, sha256=""),))
    (folder / NAME).write_text(bad.text(), encoding="utf-8")
    with pytest.raises(IntegrityError, match="outside"):
        read_manifest(folder)

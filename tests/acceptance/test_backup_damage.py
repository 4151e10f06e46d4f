"""A damaged backup is found before anything is restored from it, whatever the damage, and the file is named.

DAMAGE_FLIPS says how many random bits are flipped, one at a time; `nox -s damage` asks for ten thousand. It also sets DAMAGE_WHOLE, with
which every kind of damage is done to every kind of file, and every command is asked about it; without, to half of them and one.
"""

from __future__ import annotations

import os
import random
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from backstage import rows
from backups_to_damage import FLAVOURS, Town, found, kinds, recomputed
from damages import DAMAGES, edit, flip
from townsfolk import assert_told

from retail_brain.backup import place, scan, verified

FLIPS = int(os.environ.get("DAMAGE_FLIPS", "300"))
WHOLE = "DAMAGE_WHOLE" in os.environ


@pytest.fixture
def town(town_to_damage: Town) -> Town:
    """The shop with backups."""
    return town_to_damage


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", DAMAGES)
def test_damage_to_a_file_of_any_kind_is_found_and_the_file_named(town: Town, name: str, flavour: str) -> None:
    turn, files = list(DAMAGES).index(name) + FLAVOURS.index(flavour), list(kinds(town.newer[flavour]).values())
    for file in files if WHOLE else files[turn % 2 :: 2]:
        folder, elder = town.copy(flavour, file), town.elder[flavour] / file
        is_same = "older backup" in name and elder.read_bytes() == (folder / file).read_bytes()
        DAMAGES[name](folder / file, elder)
        if is_same and "link to an" not in name:
            assert found(folder) == "", "a file that is as it was is no damage, wherever it comes from"
        else:
            assert file in found(folder), file


@pytest.mark.parametrize("name", DAMAGES)
def test_the_commands_name_the_file_and_start_nothing(town: Town, name: str) -> None:
    """Without a key: nothing has to be opened to see that it is damaged."""
    turn = list(DAMAGES).index(name)
    cases = [(flavour, file) for flavour in FLAVOURS for file in kinds(town.newer[flavour]).values()]
    changed = [(flavour, file) for flavour, file in cases if is_other(town, flavour, file)]
    chosen = changed if "older backup" in name else cases
    for flavour, file in chosen if WHOLE else [chosen[turn % len(chosen)]]:
        folder = town.copy(flavour, file)
        DAMAGES[name](folder / file, town.elder[flavour] / file)
        before = databases(town)
        answer = town.shop.call("backup", "restore", folder.name, "--to", "elsewhere", *town.here)
        assert_told(answer, 6, file)
        answer = town.shop.call("backup", "verify", *town.here)
        assert answer.code == 6, answer.err
        assert file in answer.out + answer.err
        assert "Traceback" not in answer.err
        [listed] = town.shop.must("backup", "list", *town.here)["backups"]
        assert listed["state"] == "failed"
        assert databases(town) == before


def is_other(town: Town, flavour: str, file: str) -> bool:
    """Whether a file differs from that of the older backup."""
    return (town.newer[flavour] / file).read_bytes() != (town.elder[flavour] / file).read_bytes()


def databases(town: Town) -> set[str]:
    return {name for (name,) in rows(town.shop, "select datname from pg_database")}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_note_of_checks_that_is_damaged_stops_nobody_and_raises_no_trust(town: Town, name: str) -> None:
    folder, elder = town.copy("plain", verified.NAME), town.elder["plain"] / verified.NAME
    DAMAGES[name](folder / verified.NAME, elder)
    backup = place.find_backup(town.target)
    assert backup.verified.level in ("", verified.read_verified(town.newer["plain"]).level)
    if "older backup" in name:
        assert not backup.is_verified, "what was found of another backup says nothing of this one"
    if "renamed" not in name and "moved" not in name and "folder" not in name:
        assert found(folder, decode=True) == ""


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_files_that_changed_places_are_found_and_both_named(town: Town, flavour: str) -> None:
    files = list(kinds(town.newer[flavour]).values())[:-1]
    for one, other in pairwise(files):
        folder = town.copy(flavour)
        (folder / one).rename(folder / "aside")
        (folder / other).rename(folder / one)
        (folder / "aside").rename(folder / other)
        told = found(folder)
        assert f"{one} holds the bytes of {other}" in told
        assert f"{other} holds the bytes of {one}" in told


def test_files_of_one_size_that_changed_places_are_found_and_both_named(town: Town) -> None:
    folder = town.copy("plain")
    one, other = "models/one", "models/other"
    for name, data in ((one, b"one"), (other, b"two")):
        (folder / name).write_bytes(data)
    recomputed(folder)
    assert found(folder) == ""
    (folder / one).write_bytes(b"two")
    (folder / other).write_bytes(b"one")
    assert found(folder) == f"{one} holds the bytes of {other}\n{other} holds the bytes of {one}"


def test_a_file_or_folder_too_many_is_found_and_named(town: Town) -> None:
    folder = town.copy("plain")
    (folder / "dump" / "9999.dat.gz").write_bytes(b"")
    (folder / "more").mkdir()
    (folder / "models" / "link").symlink_to("/etc")
    for file in ("dump/9999.dat.gz", "more", "models/link"):
        assert f"{file} does not belong" in found(folder)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_whole_folder_of_another_backup_is_found(town: Town, flavour: str) -> None:
    for part in ("dump", "models"):
        folder = town.copy(flavour)
        shutil.rmtree(folder / part)
        (folder / part).symlink_to(town.elder[flavour] / part)
        assert f"{part} does not belong" in found(folder)
        assert f"{part}/" in found(folder)
    folder = town.copy(flavour)
    shutil.rmtree(folder / "dump")
    shutil.copytree(town.elder[flavour] / "dump", folder / "dump")
    assert "dump/toc.dat" in found(folder)


@pytest.mark.parametrize("what", ["largest table", "table of contents", "manifest", "the folder"])
def test_what_this_user_may_not_read_is_named_and_why(town: Town, what: str) -> None:
    """As an ordinary user, because root may read everything."""
    ours = Path("/tmp") / f"rb-closed-{os.getpid()}"  # the folders of pytest are closed to others
    folder = shutil.copytree(town.newer["plain"], ours / town.newer["plain"].name)
    file = kinds(folder)["table of contents" if what == "the folder" else what]
    try:
        for path in (ours, *ours.rglob("*")):
            os.chown(path, 65534, 65534)
            path.chmod(0o700 if path.is_dir() else 0o600)
        (folder / "dump" if what == "the folder" else folder / file).chmod(0)
        told = as_nobody(folder)
    finally:
        shutil.rmtree(ours)
    assert f"{file} cannot be read: Permission denied" in told


def as_nobody(folder: Path) -> str:
    """What a check says to a user who owns the backup and is not root."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgid(65534)
            os.setuid(65534)
            os.write(writing, found(folder).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:  # noqa: PTH123 - a descriptor has no path
        told = answer.read()
    os.waitpid(child, 0)
    return told


def test_a_file_that_the_disk_does_not_give_is_found_and_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, whole = town.copy("plain"), scan._chunks
    for file in list(kinds(folder).values())[:-1]:

        def broken(path: Path, bad: str = file) -> object:
            if str(path).endswith(bad):
                raise OSError(5, "Input/output error")
            return whole(path)

        monkeypatch.setattr(scan, "_chunks", broken)
        assert f"{file} cannot be read: Input/output error" in found(folder)


def test_every_random_bit_that_flips_is_found_and_its_file_named(town: Town) -> None:
    draw, missed = random.Random(FLIPS), []
    for flavour in FLAVOURS:
        folder = town.copy(flavour)
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != verified.NAME]
        sizes = [path.stat().st_size for path in files]
        for _ in range(FLIPS // len(FLAVOURS)):
            # half of them fall anywhere, half into any file, however small
            [path] = draw.choices(files, sizes) if draw.random() < 0.5 else [draw.choice(files)]
            bit = draw.randrange(path.stat().st_size * 8)
            edit(path, lambda data, bit=bit: flip(data, bit))
            if str(path.relative_to(folder)) not in found(folder):
                missed.append((path.name, bit))
            edit(path, lambda data, bit=bit: flip(data, bit))
        assert found(folder, decode=True, key=town.key) == ""
    assert missed == []

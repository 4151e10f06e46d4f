"""A damaged backup is found before anything is restored from it, whatever the damage, and the file is named.

DAMAGE_FLIPS says how many random bits are flipped, one at a time; `nox -s damage` asks for ten thousand.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from townsfolk import people, person

from retail_brain.backup import check, place, scan, verified
from retail_brain.backup.manifest import NAME, FileEntry, Manifest, read_manifest
from retail_brain.backup.tool import find_tools
from retail_brain.desk.backups import embedded_folder
from retail_brain.errors import RetailBrainError

if TYPE_CHECKING:
    from shop import Shop

Damage = Callable[[Path], None]
FLIPS = int(os.environ.get("DAMAGE_FLIPS", "300"))


@pytest.fixture(scope="module")
def good(make_shop: Callable[[str], Shop]) -> Path:
    """A sound backup."""
    shop = make_shop("town to damage")
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    shop.must("run")
    return Path(shop.must("backup", "create")["path"])


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(good, tmp_path / good.name)


def kinds(folder: Path) -> dict[str, str]:
    """Return one file of every kind."""
    manifest = read_manifest(folder)
    by_rows = sorted((table.rows, table.file) for table in manifest.tables)
    models = [entry.name for entry in manifest.files if entry.name.startswith("models/")]
    return {
        "table of contents": "dump/toc.dat", "largest table": by_rows[-1][1], "empty table": by_rows[0][1],
        "roles": "globals.sql", "configuration": "configuration.toml",
        "model": next(name for name in models if name.endswith("model.json")),
        "frequencies": next(name for name in models if name.endswith(".parquet")),
    }  # fmt: skip


def found(folder: Path, *, decode: bool = False) -> str:
    """Return what a check says, by the manifest as it is read from the disk."""
    tools = find_tools(18, embedded=embedded_folder()) if decode else None
    try:
        return "\n".join(check.check_files(folder, read_manifest(folder), tools=tools))
    except RetailBrainError as error:
        return error.message


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def exchange(data: bytes) -> bytes:
    """Exchange the first byte and the next one that differs from it."""
    other = next(place for place, byte in enumerate(data) if byte != data[0])
    return data[other : other + 1] + data[1:other] + data[:1] + data[other + 1 :]


def replaced_by(make: Callable[[Path], object]) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def link_to_a_copy(path: Path) -> None:
    copy = path.parents[1] / "elsewhere"
    shutil.copy(path, copy)
    path.unlink()
    path.symlink_to(copy)


DAMAGES: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b"") and None,
    "short by a byte": lambda path: edit(path, lambda data: data[:-1]),
    "cut in the middle": lambda path: edit(path, lambda data: data[: len(data) // 2]),
    "its first byte only": lambda path: edit(path, lambda data: data[:1]),
    "without its beginning": lambda path: edit(path, lambda data: data[7:]),
    "long by a byte": lambda path: edit(path, lambda data: data + b"\n"),
    "written twice": lambda path: edit(path, lambda data: data * 2),
    "first bit": lambda path: edit(path, lambda data: flip(data, 0)),
    "middle bit": lambda path: edit(path, lambda data: flip(data, len(data) * 4)),
    "last bit": lambda path: edit(path, lambda data: flip(data, len(data) * 8 - 1)),
    "a block of zeros": lambda path: edit(path, lambda data: data[:9] + bytes(len(data[9:90])) + data[90:]),
    "all zeros": lambda path: edit(path, lambda data: bytes(len(data))),
    "other bytes": lambda path: edit(path, lambda data: random.Random(5).randbytes(len(data))),
    "two bytes exchanged": lambda path: edit(path, exchange),
    "backwards": lambda path: edit(path, lambda data: data[::-1]),
    "renamed": lambda path: path.rename(path.with_name(path.name + ".bak")) and None,
    "renamed by case": lambda path: path.rename(path.with_name(path.name.upper() + "~")) and None,
    "moved": lambda path: path.rename(path.parents[1] / f"moved-{path.name}") and None,
    "a folder instead": replaced_by(Path.mkdir),
    "a link to nowhere": replaced_by(lambda path: path.symlink_to("/nowhere/at/all")),
    "a link to itself": replaced_by(lambda path: path.symlink_to(path.name)),
    "a link to a copy": link_to_a_copy,
    "a link to a device": replaced_by(lambda path: path.symlink_to("/dev/zero")),
    "a pipe instead": replaced_by(os.mkfifo),
    "another file's bytes": lambda path: (
        shutil.copyfile(path.parents[len(path.parts) - 2] / "dev" / "null", path) and None
    ),
}
"""What can happen to one file, with the manifest as it was."""


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_to_a_file_of_any_kind_is_found_and_the_file_named(good: Path, folder: Path, name: str) -> None:
    for file in kinds(good).values():
        DAMAGES[name](folder / file)
        assert file in found(folder), file
        shutil.rmtree(folder)
        shutil.copytree(good, folder, symlinks=True)
    assert found(folder, decode=True) == ""


def test_files_that_changed_places_are_found_and_both_named(good: Path, folder: Path) -> None:
    files = list(kinds(good).values())
    for one, other in pairwise(files):
        (folder / one).rename(folder / "aside")
        (folder / other).rename(folder / one)
        (folder / "aside").rename(folder / other)
        told = found(folder)
        assert f"{one} holds the bytes of {other}" in told
        assert f"{other} holds the bytes of {one}" in told
        shutil.rmtree(folder)
        shutil.copytree(good, folder)


def test_a_file_or_folder_too_many_is_found_and_named(folder: Path) -> None:
    (folder / "dump" / "9999.dat.gz").write_bytes(b"")
    (folder / "more").mkdir()
    assert "dump/9999.dat.gz does not belong" in found(folder)
    assert "more does not belong" in found(folder)


def test_a_file_that_the_disk_does_not_give_is_found_and_named(
    good: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scan._chunks
    for file in kinds(good).values():

        def broken(path: Path, bad: str = file) -> object:
            if str(path).endswith(bad):
                raise OSError(5, "Input/output error")
            return whole(path)

        monkeypatch.setattr(scan, "_chunks", broken)
        assert f"{file} cannot be read: Input/output error" in found(folder)


def recomputed(folder: Path) -> None:
    """Write a manifest that fits the files as they are now."""
    manifest = read_manifest(folder)
    found = scan.scan(folder, unpack=False)
    entries = tuple(FileEntry(name=f.name, size=f.size, sha256=f.sha256) for f in found.files.values())
    (folder / NAME).write_text(replace(manifest, files=entries).text(), encoding="utf-8")


def less_a_row(data: bytes) -> bytes:
    lines = gzip.decompress(data).split(b"\n")
    return gzip.compress(b"\n".join(lines[1:]))


def less_a_column(data: bytes) -> bytes:
    first, *rest = gzip.decompress(data).split(b"\n")
    return gzip.compress(b"\n".join([first.replace(b"\t", b" ", 1), *rest]))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("largest table", lambda data: data[: len(data) // 2]),
        ("largest table", lambda data: data[:-1]),
        ("largest table", lambda data: b""),
        ("largest table", lambda data: data + b"more"),
        ("largest table", lambda data: flip(data, len(data) * 4)),
        ("largest table", less_a_row),
        ("largest table", less_a_column),
        ("largest table", lambda data: gzip.compress(gzip.decompress(data)[:-5])),
        ("largest table", gzip.decompress),
        ("empty table", lambda data: data[:10]),
        ("table of contents", lambda data: data[: len(data) // 2]),
        ("table of contents", lambda data: b"PGDMP"),
        ("roles", lambda data: data[: len(data) // 2]),
        ("configuration", lambda data: data + b"\n[half"),
        ("model", lambda data: data[: len(data) // 2]),
        ("frequencies", lambda data: data[: len(data) // 2]),
    ],
)
def test_what_was_cut_before_the_manifest_was_written_is_found_by_decoding(
    good: Path, folder: Path, kind: str, change: Callable[[bytes], bytes]
) -> None:
    file = kinds(good)[kind]
    edit(folder / file, change)
    recomputed(folder)
    assert found(folder) == ""
    assert file in found(folder, decode=True)


@pytest.mark.parametrize("way", ["swapped", "dropped"])
def test_tables_that_changed_places_or_went_with_the_manifest_are_found_by_decoding(
    good: Path, folder: Path, way: str
) -> None:
    tables = sorted(read_manifest(good).tables, key=lambda table: table.rows)
    another = next(table for table in reversed(tables) if table.rows != tables[-1].rows)
    one, other = folder / tables[-1].file, folder / another.file
    if way == "swapped":
        one.rename(folder / "aside")
        other.rename(one)
        (folder / "aside").rename(other)
    else:
        one.unlink()
    recomputed(folder)
    assert found(folder) == (
        ""
        if way == "swapped"
        else f"{folder.name}: {NAME} does not list {tables[-1].file}, which has the rows of a table"
    )
    assert tables[-1].file in found(folder, decode=True)


EDITS: dict[str, Callable[[Manifest], Manifest]] = {
    "a size": lambda m: replace(m, files=(replace(m.files[0], size=1), *m.files[1:])),
    "a hash": lambda m: replace(m, files=(replace(m.files[0], sha256="00" * 32), *m.files[1:])),
    "a file less": lambda m: replace(m, files=m.files[1:]),
    "a file more": lambda m: replace(m, files=(*m.files, FileEntry(name="more", size=0, sha256=""))),
    "rows": lambda m: replace(m, tables=(replace(m.tables[-1], rows=10**6), *m.tables[:-1])),
    "a table less": lambda m: replace(m, tables=m.tables[1:]),
    "a run": lambda m: replace(m, run_id=7),
    "an id": lambda m: replace(m, backup_id="2020-01-01T00-00-00Z"),
    "a version": lambda m: replace(m, client_version="15.1"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_manifest_is_found_and_named(folder: Path, name: str) -> None:
    true = read_manifest(folder)
    text = json.loads(EDITS[name](true).text()) | {"digest": json.loads(true.text())["digest"]}
    (folder / NAME).write_text(json.dumps(text), encoding="utf-8")
    assert NAME in found(folder)
    assert not place.find_backup(folder.parent).is_verified


@pytest.mark.parametrize(
    "change", [lambda data: b"", lambda data: data[:-40], lambda data: data[:50], lambda data: b"\0" * 900]
)
def test_a_broken_manifest_is_found_and_named(folder: Path, change: Callable[[bytes], bytes]) -> None:
    edit(folder / NAME, change)
    assert NAME in found(folder)


def test_every_random_bit_that_flips_is_found_and_its_file_named(folder: Path) -> None:
    draw, missed = random.Random(FLIPS), []
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != verified.NAME]
    sizes = [path.stat().st_size for path in files]
    for _ in range(FLIPS):
        # half of them fall anywhere, half into any file, however small
        [path] = draw.choices(files, sizes) if draw.random() < 0.5 else [draw.choice(files)]
        bit = draw.randrange(path.stat().st_size * 8)
        edit(path, lambda data, bit=bit: flip(data, bit))
        if str(path.relative_to(folder)) not in found(folder):
            missed.append((path.name, bit))
        edit(path, lambda data, bit=bit: flip(data, bit))
    assert missed == []
    assert found(folder, decode=True) == ""

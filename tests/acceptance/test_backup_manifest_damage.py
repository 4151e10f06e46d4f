"""A manifest that was edited is found and named; so is damage to a file for which somebody computed the manifest anew, as far as
anything that the backup holds contradicts it. All of it before a restore starts.
"""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from backups_to_damage import FLAVOURS, Town, found, kinds, manifest_as, recomputed
from damages import edit, flip
from townsfolk import assert_told

from retail_brain.backup import encrypt, place
from retail_brain.backup.manifest import NAME, FileEntry, Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def town(town_to_damage: Town) -> Town:
    """The shop with backups."""
    return town_to_damage


def refused(town: Town, folder: Path, *words: str) -> None:
    """A restore of it starts nothing and names the file."""
    key = ("--identity", str(town.key)) if (folder / "globals.sql.age").exists() else ()
    before = rows(town.shop, "select datname from pg_database order by 1")
    answer = town.shop.call("backup", "restore", folder.name, "--to", "elsewhere", *key, *town.here)
    assert_told(answer, 6, *words)
    assert rows(town.shop, "select datname from pg_database order by 1") == before
    scratch = town.shop.folder / ".retail-brain" / "scratch"
    assert not [path for path in scratch.rglob("*") if path.is_file()]


def less_a_row(data: bytes) -> bytes:
    lines = gzip.decompress(data).split(b"\n")
    return gzip.compress(b"\n".join(lines[1:]))


def less_a_column(data: bytes) -> bytes:
    first, *rest = gzip.decompress(data).split(b"\n")
    return gzip.compress(b"\n".join([first.replace(b"\t", b" ", 1), *rest]))


WRITTEN_WRONG: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("largest table", lambda data: data[: len(data) // 2]),
    ("largest table", lambda data: data[:-1]),
    ("largest table", lambda data: b""),
    ("largest table", lambda data: data + b"more"),
    ("largest table", lambda data: data + bytes(512)),
    ("largest table", lambda data: data + gzip.compress(b"1\t2\n")),
    ("largest table", lambda data: data + data),
    ("largest table", lambda data: flip(data, len(data) * 4)),
    ("largest table", lambda data: bytes(len(data))),
    ("largest table", less_a_row),
    ("largest table", less_a_column),
    ("largest table", lambda data: gzip.compress(gzip.decompress(data)[:-5])),
    ("largest table", lambda data: gzip.compress(b"\\.\n\n\n")),
    ("largest table", gzip.decompress),
    ("largest table", gzip.compress),
    ("empty table", lambda data: data[:10]),
    ("empty table", lambda data: gzip.compress(b"1\t2\n\\.\n\n\n")),
    ("table of contents", lambda data: data[: len(data) // 2]),
    ("table of contents", lambda data: b"PGDMP"),
    ("table of contents", lambda data: bytes(len(data))),
    ("roles", lambda data: data[: len(data) // 2]),
    ("configuration", lambda data: data + b"\n[half"),
    ("model", lambda data: data[: len(data) // 2]),
    ("note", lambda data: data[: len(data) // 2]),
    ("frequencies", lambda data: data[: len(data) // 2]),
]


@pytest.mark.parametrize("number", range(len(WRITTEN_WRONG)))
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_was_written_wrong_before_the_manifest_was_is_found_by_decoding(
    town: Town, flavour: str, number: int
) -> None:
    kind, change = WRITTEN_WRONG[number]
    folder = town.copy(flavour)
    file = kinds(folder)[kind]
    change_plain(town, folder / file, change)
    recomputed(folder)
    assert found(folder) == ""
    assert file.removesuffix(encrypt.SUFFIX) in found(folder, decode=True, key=town.key)
    refused(town, folder, file.removesuffix(encrypt.SUFFIX))


def change_plain(town: Town, path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change what a file holds, encrypted as it was."""
    if path.suffix != encrypt.SUFFIX:
        edit(path, change)
        return
    plain = encrypt.decrypt_bytes(path.read_bytes(), encrypt.read_identities(town.key))
    public = town.key.read_text(encoding="utf-8").partition("public key: ")[2].partition("\n")[0]
    path.write_bytes(encrypt.encrypt_bytes(change(plain), [public]))


CIPHERS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-1],
    "cut in its head": lambda data: data[:60],
    "empty": lambda _: b"",
    "a bit": lambda data: flip(data, len(data) * 8 - 1),
    "longer": lambda data: data + b"\0",
    "not encrypted": lambda _: b"in plain",
}


@pytest.mark.parametrize("name", CIPHERS)
def test_an_encrypted_file_that_was_changed_with_the_manifest_is_found_when_it_is_opened(town: Town, name: str) -> None:
    for file in list(kinds(town.newer["encrypted"]).values())[:-1]:
        folder = town.copy("encrypted")
        edit(folder / file, CIPHERS[name])
        recomputed(folder)
        assert found(folder) == ""
        assert file in found(folder, decode=True, key=town.key), file
    refused(town, folder, file)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("kind", ["table of contents", "largest table"])
def test_a_file_of_an_older_backup_that_came_with_its_entry_is_found(town: Town, kind: str, flavour: str) -> None:
    folder = town.copy(flavour)
    file = kinds(folder)[kind]
    shutil.copyfile(town.elder[flavour] / file, folder / file)
    recomputed(folder)
    assert found(folder) == ""
    assert file.removesuffix(encrypt.SUFFIX) in found(folder, decode=True, key=town.key)
    refused(town, folder, file.removesuffix(encrypt.SUFFIX))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("way", ["swapped", "dropped", "dropped with its table"])
def test_tables_that_changed_places_or_went_with_the_manifest_are_found(town: Town, way: str, flavour: str) -> None:
    folder = town.copy(flavour)
    tables, ending = sorted(read_manifest(folder).tables, key=lambda table: table.rows), encrypt.SUFFIX
    ending = "" if flavour == "plain" else ending
    another = next(table for table in reversed(tables) if table.rows != tables[-1].rows)
    one, other = folder / f"{tables[-1].file}{ending}", folder / f"{another.file}{ending}"
    if way == "swapped":
        one.rename(folder / "aside")
        other.rename(one)
        (folder / "aside").rename(other)
    else:
        one.unlink()
    recomputed(folder)
    if way == "dropped with its table":
        rest = [
            table for table in json.loads((folder / NAME).read_bytes())["tables"] if table["file"] != tables[-1].file
        ]
        manifest_as(folder, tables=rest)
    assert tables[-1].file in found(folder, decode=True, key=town.key)
    refused(town, folder, tables[-1].file)


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
    "a format": lambda m: replace(m, format=7),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_manifest_is_found_and_named(town: Town, name: str) -> None:
    folder = town.copy("plain")
    true = read_manifest(folder)
    text = json.loads(EDITS[name](true).text()) | {"digest": json.loads(true.text())["digest"]}
    (folder / NAME).write_text(json.dumps(text, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    assert NAME in found(folder)
    assert not place.find_backup(town.target).is_verified
    refused(town, folder, NAME)


REWRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "a blank more": lambda data: data + b" ",
    "a line less": lambda data: data[:-1],
    "line ends of another system": lambda data: data.replace(b"\n", b"\r\n"),
    "in one line": lambda data: json.dumps(json.loads(data)).encode(),
    "a name twice": lambda data: data.replace(b"{", b'{\n "run_id": 9,', 1),
    "a letter told by its number": lambda data: data.replace(b"retail_brain", b"\\u0072etail_brain", 1),
    "half of a letter": lambda data: data.replace(b"retail_brain", b"\\ud800", 1),
    "very deep": lambda _: b"[" * 100_000,
    "a number without end": lambda data: data.replace(b'"migration": ', b'"migration": ' + b"9" * 5_000, 1),
    "no object": lambda _: b"[]\n",
    "nothing": lambda _: b"null\n",
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_manifest_that_says_the_same_in_another_way_is_found_and_named(town: Town, name: str) -> None:
    folder = town.copy("plain")
    edit(folder / NAME, REWRITTEN[name])
    refused(town, folder, NAME)


def change_first(part: str, **changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Change the first entry of a list; None takes it out, "twice" repeats it."""

    def changed(body: dict[str, Any]) -> dict[str, Any]:
        first, *rest = body[part]
        return {part: [first | changes, *rest]}

    return changed


NONSENSE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a file twice": lambda body: {"files": [*body["files"], body["files"][0]]},
    "a file twice, the second true": lambda body: {"files": [body["files"][0] | {"size": 1}, *body["files"]]},
    "a table's file twice": lambda body: {"tables": [*body["tables"], body["tables"][0] | {"name": "other"}]},
    "a table's file not listed": lambda body: {"files": [one for one in body["files"] if "dump/2" not in one["name"]]},
    "an absolute path": change_first("files", name="/etc/passwd"),
    "a path that climbs": change_first("files", name="dump/../../../etc/passwd"),
    "a path that only seems to climb": change_first("files", name="./globals.sql"),
    "a path that ends": change_first("files", name="globals.sql\0.png"),
    "itself": change_first("files", name=NAME),
    "no name": change_first("files", name=""),
    "a table's path that climbs": change_first("tables", file="../other/dump/2878.dat.gz"),
    "a number for a name": change_first("files", name=5),
    "nothing for a name": change_first("files", name=None),
    "a text for a size": change_first("files", size="12"),
    "a fraction for a size": change_first("files", size=12.5),
    "truth for a size": change_first("files", size=True),
    "a size below nothing": change_first("files", size=-1),
    "a size beyond all disks": change_first("files", size=10**30),
    "rows below nothing": change_first("tables", rows=-1),
    "a field too many": change_first("files", more=1),
    "an object for files": lambda _: {"files": {}, "more": 1},
    "a number for files": lambda _: {"files": 7},
    "names for files": lambda _: {"files": ["globals.sql"]},
    "nothing for tables": lambda _: {"tables": None},
    "a text for truth": lambda _: {"encrypted": "no"},
    "encrypted where it is not": lambda _: {"encrypted": True},
    "no version": lambda _: {"client_version": "newest"},
    "no moment": lambda _: {"snapshot_at": "yesterday"},
    "a moment without a zone": lambda _: {"snapshot_at": "2026-01-01T00:00:00"},
    "a text for a run": lambda _: {"run_id": "1"},
    "a text for the format": lambda _: {"format": "1"},
    "a list for the id": lambda _: {"backup_id": []},
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_manifest_that_cannot_be_true_is_refused_though_its_hash_fits(town: Town, name: str) -> None:
    folder = town.copy("plain")
    manifest_as(folder, **NONSENSE[name](json.loads((folder / NAME).read_bytes())))
    assert NAME in found(folder)
    refused(town, folder, NAME)
    answer = town.shop.call("backup", "verify", *town.here)
    assert (answer.code, "Traceback" in answer.err) == (6, False)


def test_sizes_rows_and_encryption_that_are_not_those_of_the_files_are_found(town: Town) -> None:
    folder = town.copy("plain")
    first = json.loads((folder / NAME).read_bytes())["files"][0]
    manifest_as(
        folder,
        **change_first("files", size=first["size"] + 1)({"files": json.loads((folder / NAME).read_bytes())["files"]}),
    )
    assert found(folder) == f"{first['name']} has {first['size']:,} bytes, the manifest says {first['size'] + 1:,}"
    refused(town, folder, first["name"])
    folder = town.copy("plain")
    body = json.loads((folder / NAME).read_bytes())
    table = max(body["tables"], key=lambda one: one["rows"])
    table["rows"] += 1
    manifest_as(folder, tables=body["tables"])
    refused(town, folder, table["file"], f"there were {table['rows']:,}")
    folder = town.copy("encrypted")
    manifest_as(folder, encrypted=False)
    refused(town, folder, NAME)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_manifest_of_another_backup_is_found_also_with_the_id_of_this_one(town: Town, flavour: str) -> None:
    folder = town.copy(flavour)
    shutil.copyfile(town.elder[flavour] / NAME, folder / NAME)
    refused(town, folder, f"{NAME} is that of {town.elder[flavour].name}")
    manifest = replace(read_manifest(town.elder[flavour]), backup_id=folder.name)
    (folder / NAME).write_text(manifest.text(), encoding="utf-8")
    refused(town, folder, "dump/")

"""Delivered files beside the journal, where somebody else has written, a writer was killed, or a note was damaged."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from retail_brain.backup.bucket import open_bucket
from retail_brain.backup.delivered import forget_files, keep_file, list_files, sweep
from retail_brain.backup.delivery_note import DeliveredFile
from retail_brain.backup.encrypt import read_identities
from retail_brain.backup.handing_back import fetch_file, fetch_files
from retail_brain.backup.journal import digest_of, parts_before, read_journal, strays
from retail_brain.backup.key import create_key
from retail_brain.backup.offsite_journal import copy_journal, fetch_journal
from retail_brain.config.backup import OffsiteSettings
from retail_brain.errors import ConfigurationError, InputError, IntegrityError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retail_brain.backup.key import KeyResult

CUSTOMER = b"canary-of-a-customer@example.com"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the delivered files, with one."""
    keep(tmp_path / "journal" / "files", tmp_path, b"one")
    return tmp_path / "journal" / "files"


@pytest.fixture
def key(tmp_path: Path) -> KeyResult:
    """A key pair."""
    return create_key(tmp_path / "backup.key")


def described(data: bytes, name: str = "pos.csv") -> DeliveredFile:
    sha256 = hashlib.sha256(data).hexdigest()
    return DeliveredFile(source="pos", name=name, sha256=sha256, bytes=len(data), copied_at="2026-11-23T02:00:00+00:00")


def keep(folder: Path, where: Path, data: bytes, name: str = "pos.csv", *recipients: str) -> DeliveredFile:
    folder.parent.mkdir(exist_ok=True)
    (where / name).write_bytes(data)
    file = described(data, name)
    keep_file(folder, where / name, file, recipients=recipients)
    return file


def write_note(folder: Path, data: bytes, **changes: Any) -> DeliveredFile:
    """Put a file and its note there as somebody would who can write the target and knows the form."""
    file = described(data)
    (folder / f"{file.sha256}.zst").write_bytes(pa.Codec("zstd").compress(data, asbytes=True))
    (folder / f"{file.sha256}.json").write_text(json.dumps(asdict(file) | changes), encoding="utf-8")
    return replace(file, **changes)


@pytest.mark.parametrize("name", ["/home/x/.ssh/keys", "../up", "..", ".", "", "a/b", "nul\0", "\ud800", "x" * 256])
def test_a_name_that_leads_elsewhere_is_told_and_nothing_is_written(folder: Path, tmp_path: Path, name: str) -> None:
    forged = write_note(folder, b"forged", name=name)
    files, [warning] = list_files(folder)
    assert [file.name for file in files] == ["pos.csv"], "the sound one is there"
    assert f"{forged.sha256}.json names a file that would not lie in the folder" in warning
    for target in (tmp_path / "back", tmp_path / "none" / "back"):
        with pytest.raises(IntegrityError):
            fetch_file(folder, forged, target)
        assert not target.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "../../x"}, {"sha256": "0" * 64}, {"bytes": "3"}, {"bytes": -1}, {"bytes": True}, {"name": 5},
        {"source": None}, {"copied_at": "yesterday"}, {"copied_at": "2026-11-23T02:00:00"}, {"more": 1},
    ],
)  # fmt: skip
def test_a_note_that_says_what_cannot_be_is_told_by_its_name(folder: Path, changes: dict[str, Any]) -> None:
    forged = described(b"forged")
    write_note(folder, b"forged", **{name: value for name, value in changes.items() if name != "more"})
    if "more" in changes:
        (folder / f"{forged.sha256}.json").write_text(json.dumps(asdict(forged) | changes))
    files, [warning] = list_files(folder)
    assert len(files) == 1
    assert f"{forged.sha256}.json " in warning


def test_every_flipped_byte_of_a_note_leaves_the_other_files_and_is_told_or_harmless(
    folder: Path, tmp_path: Path
) -> None:
    other = keep(folder, tmp_path, b"two", "crm.csv")
    note = folder / f"{other.sha256}.json"
    whole = note.read_bytes()
    for place in range(len(whole)):
        note.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        files, warnings = list_files(folder)
        assert "pos.csv" in [file.name for file in files]
        assert len(files) + len(warnings) == 2, place
        assert all(f"{other.sha256}.json " in warning for warning in warnings)


@pytest.mark.parametrize("damage", ["empty", "folder", "pipe", "link", "closed", "many brackets", "a list"])
def test_whatever_lies_in_the_place_of_a_note_is_told_and_stops_nothing(folder: Path, damage: str) -> None:
    note = folder / f"{'0' * 64}.json"
    damages: dict[str, Callable[[], object]] = {
        "empty": note.touch, "folder": note.mkdir, "pipe": lambda: os.mkfifo(note),
        "link": lambda: note.symlink_to("/etc/passwd"), "closed": lambda: note.touch(0o000),
        "many brackets": lambda: note.write_bytes(b"[" * 100_000), "a list": lambda: note.write_bytes(b"[1]"),
    }  # fmt: skip
    damages[damage]()
    files, [warning] = list_files(folder)
    assert len(files) == 1
    assert note.name in warning
    (folder / "copy of a note.json").write_text("{}")
    (folder / f"{'1' * 64}.json.partial").write_text("half of it")  # a fetch that was killed
    assert any("copy of a note.json does not belong there" in warning for warning in list_files(folder)[1])
    assert len(list_files(folder)[1]) == 2


def test_an_encrypted_note_of_another_key_or_changed_is_told_and_the_others_come_back(
    folder: Path, tmp_path: Path, key: KeyResult
) -> None:
    other = create_key(tmp_path / "other.key")
    sealed = keep(folder, tmp_path, b"sealed", "sealed.csv", key.recipient)
    foreign = keep(folder, tmp_path, b"foreign", "foreign.csv", other.recipient)
    files, [warning] = list_files(folder, read_identities(key.path))
    assert {file.name for file in files} == {"pos.csv", "sealed.csv"}
    assert f"{foreign.sha256}.json.age opens with another identity" in warning
    files, [warning] = list_files(folder)
    assert [file.name for file in files] == ["pos.csv"]
    assert (foreign.sha256 in warning, sealed.sha256 in warning, "--identity" in warning) == (True, True, True)
    note = folder / f"{sealed.sha256}.json.age"
    note.write_bytes(note.read_bytes()[:-3])
    assert f"{note.name} was changed" in " ".join(list_files(folder, read_identities(key.path))[1])
    with pytest.raises(ConfigurationError):
        fetch_file(folder, foreign, tmp_path / "back", identities=read_identities(key.path))
    assert list((tmp_path / "back").iterdir()) == []


def test_a_file_that_is_there_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    [[file], _], back = list_files(folder), tmp_path / "back"
    short = file.sha256[:12]
    back.mkdir()
    (tmp_path / "precious").write_text("precious")
    (back / "pos.csv").symlink_to(tmp_path / "precious")
    (back / short).mkdir()
    (back / short / "pos.csv").write_text("somebody's work")
    (back / f"{short}-2").write_text("a file in the place of a folder")
    for _ in range(2):
        assert fetch_file(folder, file, back) == back / f"{short}-3" / "pos.csv"
    assert (back / f"{short}-3" / "pos.csv").read_bytes() == b"one"
    assert (tmp_path / "precious").read_text() == "precious"
    assert (back / short / "pos.csv").read_text() == "somebody's work"
    assert len(list(back.iterdir())) == 4


def test_more_bytes_than_were_delivered_stop_early_and_a_full_disk_is_told_as_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = described(b"one")
    (folder / f"{file.sha256}.zst").write_bytes(pa.Codec("zstd").compress(bytes(2**28), asbytes=True))
    with pytest.raises(IntegrityError, match=r"pos\.csv beside the journal was changed"):
        fetch_file(folder, file, tmp_path / "back")
    (folder / f"{file.sha256}.zst").unlink()
    with pytest.raises(IntegrityError, match=r"pos\.csv"):
        fetch_file(folder, file, tmp_path / "back")
    assert list((tmp_path / "back").iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ResourceError, match=r"pos\.csv cannot be written"):
        fetch_file(folder, file, tmp_path / "file")
    left = tmp_path / "back" / ".fetching-abc"
    left.mkdir()
    (left / "plain").write_bytes(CUSTOMER)
    assert fetch_files(folder, [], tmp_path / "back") == []
    assert not left.exists(), "what a killed process left is gone"


_KILLED = """
import os, signal, sys
from pathlib import Path
from retail_brain.backup import delivered
from retail_brain.backup.delivery_note import DeliveredFile
folder, path, sha256, size, *recipients = sys.argv[1:]
packed = delivered._packed
def cut(*arguments):
    pieces = packed(*arguments)
    yield next(pieces)
    yield next(pieces)
    print("at work", flush=True)
    sys.stdin.read()
delivered._packed = cut
file = DeliveredFile(source="pos", name="pos.csv", sha256=sha256, bytes=int(size))
delivered.keep_file(Path(folder), Path(path), file, recipients=recipients)
"""


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_killed_writer_leaves_nothing_in_plain_where_backups_are_encrypted_and_the_next_clears_it_away(
    folder: Path, tmp_path: Path, key: KeyResult, encrypted: bool
) -> None:
    data = b"".join(CUSTOMER + os.urandom(100) for _ in range(40_000))
    file, path = described(data), tmp_path / "pos.csv"
    path.write_bytes(data)
    recipients = [key.recipient] if encrypted else []
    command = [sys.executable, "-c", _KILLED, str(folder), str(path), file.sha256, str(len(data)), *recipients]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        [partial] = folder.glob("*.partial*")
        assert sweep(folder) == 0, "a living writer's file stays"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    found = partial.read_bytes()
    assert (CUSTOMER in found) == (not encrypted), "zstd keeps what does not repeat as it is"
    assert found.startswith(b"age-encryption.org/") == encrypted
    older = folder / f"{'a' * 64}.4711.partial"  # an earlier version's, in plain
    older.write_bytes(CUSTOMER)
    older.with_name(f"{older.name}.age").write_bytes(b"age")
    fetched = folder / f"{'a' * 64}.zst.partial"  # somebody fetches it from off-site
    fetched.write_bytes(b"half")
    keep_file(folder, path, file, recipients=recipients)
    assert list(folder.glob("*.partial*")) == [fetched]
    assert file in list_files(folder, read_identities(key.path))[0]
    back = fetch_file(folder, file, tmp_path / "back", identities=read_identities(key.path))
    assert back.read_bytes() == data


def test_pruning_removes_old_bytes_without_a_note_and_nothing_younger(folder: Path, tmp_path: Path) -> None:
    old, young = folder / f"{'a' * 64}.zst", folder / f"{'b' * 64}.zst"
    for path in (old, young):
        path.write_bytes(CUSTOMER)
    os.utime(old, (1_000, 1_000))
    (folder / "*.json").write_text("a name that is a pattern")
    os.utime(folder / "*.json", (1_000, 1_000))
    assert forget_files(folder, 2_000.0) == 0
    assert (old.exists(), young.exists()) == (False, True)
    assert len(list_files(folder)[0]) == 1
    keep(folder, tmp_path, b"")
    empty = described(b"")
    assert fetch_file(folder, empty, tmp_path / "back").read_bytes() == b""


def test_a_delivery_that_cannot_be_read_is_no_fault_of_the_target(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(InputError, match="cannot be read where it was delivered"):
        keep_file(folder, tmp_path / "directory", described(b"x", "directory"))
    assert len(list(folder.iterdir())) == 2


def write_journal(timeline: Path, moment: str = "2026-11-23T02:00:00+00:00") -> Path:
    """Write a journal of two entries in one part."""
    timeline.mkdir()
    part, digest = timeline / "000000000001.jsonl", ""
    for number, kind in enumerate(("rows", "commit"), 1):
        previous, digest = digest, digest_of(digest, number, moment, horizon=100, kind=kind, packed=b"{}")
        with part.open("a") as file:
            file.write(
                f'{{"n":{number},"at":"{moment}","horizon":100,"kind":"{kind}","previous":"{previous}","digest":"{digest}","body":{{}}}}\n'
            )
    return part


def test_a_stray_beside_the_parts_of_the_journal_is_named_and_passed_over(tmp_path: Path) -> None:
    part = write_journal(tmp_path / "t")
    before = list(read_journal(part.parent))
    assert len(before) == 2
    for name in ("x.jsonl", "000000000001 (conflict).jsonl"):
        (part.parent / name).write_bytes(part.read_bytes())
    assert list(read_journal(part.parent)) == before
    assert strays(part.parent) == ["000000000001 (conflict).jsonl", "x.jsonl"]
    assert parts_before(part.parent, "2030-01-01T00:00:00+00:00") == []


def test_a_part_that_cannot_be_read_and_a_moment_that_is_none_are_told_with_the_part(tmp_path: Path) -> None:
    part = write_journal(tmp_path / "t")
    sound = part.read_bytes()
    part.write_bytes(sound.replace(b"2026-11-23", b"2026-13-23"))
    until = datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(IntegrityError, match=r"entry 1 of the journal, in 000000000001\.jsonl, was changed"):
        list(read_journal(part.parent, until=until))
    part.unlink()
    part.mkdir()
    with pytest.raises(IntegrityError, match=r"000000000001\.jsonl of the journal cannot be read: is a directory"):
        list(read_journal(part.parent))


def test_what_is_half_written_is_neither_sent_off_site_nor_brought_back(folder: Path, tmp_path: Path) -> None:
    far, target = tmp_path / "far", folder.parent.parent
    far.mkdir()
    bucket = open_bucket(OffsiteSettings(url=f"file://{far}"), target)
    assert bucket is not None
    for name in (f"{'a' * 64}.4711.partial", f"{'a' * 64}.4711.partial.age", f"{'a' * 64}.zst.age.0a1b2c3d.partial"):
        (folder / name).write_bytes(CUSTOMER)
        left = far / "journal" / "files" / f"sent before {name}"
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"half")
    assert copy_journal(bucket, target) == 2
    assert sorted(path.suffix for path in far.rglob("*") if "sent before" not in path.name and path.is_file()) == [
        ".json", ".zst",
    ]  # fmt: skip
    elsewhere = tmp_path / "elsewhere"
    assert fetch_journal(bucket, elsewhere) == 2
    assert list(elsewhere.rglob("*.partial*")) == []

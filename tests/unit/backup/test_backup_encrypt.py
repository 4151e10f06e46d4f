"""Encryption of backups: what it lets through, what it refuses, and what stays behind: nothing in plain."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyrage import x25519

from retail_brain.backup import encrypt, key
from retail_brain.errors import ConfigurationError, IntegrityError, ResourceError

CANARY = b"canary-of-a-customer@example.com"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """An identity file."""
    key.create_key(tmp_path / "backup.key")
    return tmp_path / "backup.key"


def recipient_of(path: Path) -> str:
    """The public key that stands in an identity file."""
    return next(line.split()[-1] for line in path.read_text().splitlines() if "public key" in line)


def make_backup(folder: Path) -> dict[str, bytes]:
    """A folder with files in subfolders, of sizes around a piece of age's."""
    files = {
        "dump/1.dat.gz": CANARY * 10, "dump/toc.dat": b"", "models/a/model.json": os.urandom(65_536),
        "globals.sql": CANARY + os.urandom(200_000), "manifest.json": b"{}",
    }  # fmt: skip
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_opens_again_as_it_was_and_holds_nothing_in_plain_meanwhile(tmp_path: Path, identity: Path) -> None:
    folder = tmp_path / "2026-11-23T02-03-11Z"
    files = make_backup(folder)
    encrypt.encrypt_folder(folder, [recipient_of(identity)], except_for=["manifest.json"])
    sealed = everything_in(folder)
    assert set(sealed) == {name if name == "manifest.json" else f"{name}.age" for name in files}
    assert not any(CANARY in data for data in sealed.values())
    with encrypt.opened(folder, encrypt.read_identities(identity), scratch=tmp_path / "scratch") as plain:
        assert everything_in(plain) == files
        assert plain.name == folder.name
        assert plain.parent.stat().st_mode & 0o777 == 0o700
    assert everything_in(tmp_path / "scratch") == {}


def test_every_recipient_can_open_it_and_an_identity_file_may_hold_old_and_new_keys(tmp_path: Path) -> None:
    old, new, both = tmp_path / "old.key", tmp_path / "new.key", tmp_path / "both.key"
    keys = [key.create_key(path).recipient for path in (old, new)]
    assert encrypt.decrypt_bytes(encrypt.encrypt_bytes(b"x", keys), encrypt.read_identities(old)) == b"x"
    assert encrypt.decrypt_bytes(encrypt.encrypt_bytes(b"x", keys), encrypt.read_identities(new)) == b"x"
    both.write_text(old.read_text() + new.read_text())
    both.chmod(0o600)
    assert encrypt.decrypt_bytes(encrypt.encrypt_bytes(b"x", keys[:1]), encrypt.read_identities(both)) == b"x"


def test_a_wrong_key_is_a_matter_of_configuration_and_leaves_nothing_behind(tmp_path: Path, identity: Path) -> None:
    folder, other = tmp_path / "backup", tmp_path / "other.key"
    make_backup(folder)
    encrypt.encrypt_folder(folder, [recipient_of(identity)])
    key.create_key(other)
    with (
        pytest.raises(ConfigurationError, match="does not open"),
        encrypt.opened(folder, encrypt.read_identities(other), scratch=tmp_path / "scratch"),
    ):
        pytest.fail("it was opened")
    assert list((tmp_path / "scratch").iterdir()) == []
    with pytest.raises(ConfigurationError, match="does not open"):
        encrypt.decrypt_bytes(encrypt.encrypt_bytes(b"x", [recipient_of(identity)]), encrypt.read_identities(other))


@pytest.mark.parametrize("place", [0, 100, 170, 300, 70_000, -1])
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damage_is_found_and_leaves_nothing_behind(tmp_path: Path, identity: Path, place: int, damage: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(CANARY * 5_000)
    sealed = encrypt.encrypt_file(path, encrypt.parse_recipients([recipient_of(identity)]))
    data = bytearray(sealed.read_bytes())
    data[place] ^= 1
    sealed.write_bytes(data if damage == "flip" else data[:place])
    with pytest.raises((IntegrityError, ConfigurationError)):
        encrypt.decrypt_file(sealed, tmp_path / "plain", encrypt.read_identities(identity))
    assert not (tmp_path / "plain").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_an_identity_that_others_may_read_is_refused_without_a_word_of_it(identity: Path, mode: int) -> None:
    identity.chmod(mode)
    with pytest.raises(ConfigurationError, match="open to other users") as caught:
        encrypt.read_identities(identity)
    assert str(identity) in caught.value.message
    assert "AGE-SECRET-KEY-1" not in f"{caught.value.message}{caught.value.hint}"


def test_an_identity_of_another_user_is_refused(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: identity.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="another user"):
        encrypt.read_identities(identity)


@pytest.mark.parametrize("text", ["", "# only a remark\n", "AGE-SECRET-KEY-1NONSENSE\n", "\x00\xff"])
def test_a_file_without_an_identity_is_refused_without_a_word_of_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        encrypt.read_identities(path)
    assert "NONSENSE" not in f"{caught.value.message}{caught.value.hint}"


def test_no_file_and_no_regular_file_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigurationError):
            encrypt.read_identities(path)


def test_a_key_is_made_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    made = key.create_key(tmp_path / "key")
    text = made.path.read_text()
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.recipient == recipient_of(made.path)
    assert "AGE-SECRET-KEY-1" not in repr(made)
    with pytest.raises(ConfigurationError, match="there already"):
        key.create_key(made.path)
    assert made.path.read_text() == text


def test_a_recipient_with_a_slip_is_refused_by_its_number() -> None:
    good = str(x25519.Identity.generate().to_public())
    with pytest.raises(ConfigurationError, match="number 2"):
        encrypt.parse_recipients([good, good[:-1] + ("q" if good[-1] != "q" else "p")])


def test_a_full_disk_is_told_as_one_and_the_plain_file_stays(tmp_path: Path, identity: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(os.urandom(3_000_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(ResourceError, match="cannot be written"):
            encrypt.encrypt_file(path, encrypt.parse_recipients([recipient_of(identity)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert path.stat().st_size == 3_000_000
    assert not (tmp_path / "data.age").exists()


def test_a_file_that_cannot_be_read_is_not_told_as_a_full_disk(tmp_path: Path, identity: Path) -> None:
    keys, identities = encrypt.parse_recipients([recipient_of(identity)]), encrypt.read_identities(identity)
    (tmp_path / "folder").mkdir()
    for name, why in (("missing", "no such file or directory"), ("folder", "is a directory")):
        with pytest.raises(IntegrityError, match=f"^{name} cannot be read: {why}$") as caught:
            encrypt.encrypt_file(tmp_path / name, keys)
        assert "free disk" not in (caught.value.hint or "")
        with pytest.raises(IntegrityError, match=f"^dump/{name} cannot be read: {why}$"):
            encrypt.decrypt_file(tmp_path / name, tmp_path / "plain", identities, name=f"dump/{name}")
    with pytest.raises(IntegrityError, match="mem cannot be read: input/output error"):  # only when it is read
        encrypt.decrypt_file(Path("/proc/self/mem"), tmp_path / "plain", identities)
    assert not (tmp_path / "plain").exists()


def test_a_file_in_the_place_of_the_new_one_stays_as_it_is(tmp_path: Path, identity: Path) -> None:
    for name in ("data", "data.age"):
        (tmp_path / name).write_text(name)
    with pytest.raises(ResourceError, match=r"data\.age cannot be written: file exists"):
        encrypt.encrypt_file(tmp_path / "data", encrypt.parse_recipients([recipient_of(identity)]))
    assert [(tmp_path / name).read_text() for name in ("data", "data.age")] == ["data", "data.age"]


_LONG = """
import signal, sys
from pathlib import Path
from retail_brain.backup.encrypt import encrypt_file, parse_recipients
def stop(number, frame):
    raise SystemExit(143)
signal.signal(signal.SIGTERM, stop)
encrypt_file(Path(sys.argv[1]), parse_recipients(sys.argv[2:]))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_memory_does_not_grow_with_the_file_and_a_signal_ends_it_clean(tmp_path: Path, identity: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(400 * 2**20)
    command = [sys.executable, "-c", _LONG, str(path), recipient_of(identity)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as ended:
        while not (tmp_path / "large.age").exists():
            time.sleep(0.005)
        ended.terminate()
    assert ended.returncode == 143
    assert path.exists()
    assert not (tmp_path / "large.age").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000  # kB
    assert not path.exists()

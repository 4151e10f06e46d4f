"""Off-site copies against a store that fails in every way: the backup stays good, and what is said of its copy is true."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from made_up_manifest import MANIFEST

from retail_brain.backup import offsite, offsite_journal, place, verified
from retail_brain.backup.bucket import Bucket, open_bucket
from retail_brain.backup.manifest import NAME, FileEntry
from retail_brain.config.backup import BackupSettings, OffsiteSettings
from retail_brain.config.file import Configuration
from retail_brain.desk.offsite import prune_offsite
from retail_brain.errors import ConfigurationError, IntegrityError, ServiceError
from s3_double import Double, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3_double import Handler

KEY, SECRET = "AKIACANARYOFAKEY", "canary-of-a-secret-key"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
LARGE = 9 * 2**20


@pytest.fixture
def double() -> Iterator[Double]:
    """An S3 double."""
    with serve() as running:
        yield running


@pytest.fixture
def bucket(double: Double, tmp_path: Path) -> Bucket:
    """A place in the double."""
    settings = OffsiteSettings(url="s3://shop/backups of it", endpoint=double.url, patience_s=1.0)
    opened = open_bucket(settings, tmp_path, KEYS)
    assert opened is not None
    return opened


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder of backups with one of them."""
    make_backup(tmp_path / "target")
    return tmp_path / "target"


def make_backup(target: Path, moment: str = MANIFEST.backup_id, *, large: int = LARGE) -> place.Backup:
    """A backup as `create` leaves it: small, empty and large files."""
    target.mkdir(exist_ok=True)
    folder = place.begin(target, now=place.moment_of(moment))
    files = {"dump/toc.dat": b"toc", "dump/1.dat.gz": os.urandom(large), "globals.sql": b"", "models/a b/m.json": b"{}"}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    entries = tuple(
        FileEntry(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest()) for name, data in files.items()
    )
    (folder / NAME).write_text(replace(MANIFEST, backup_id=moment, tables=(), files=entries).text())
    verified.note_check(folder, "decoded", ())
    place.finish(folder)
    return place.find_backup(target, moment)


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files of a backup but the one that tells of its checks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*") if path.is_file() and path.name != verified.NAME
    }  # fmt: skip


def state_of(target: Path) -> dict[str, str]:
    """What is written beside the backup of its copy."""
    return place.find_backup(target).verified.offsite


def test_a_copy_is_sent_compared_and_comes_back_byte_for_byte(
    double: Double, bucket: Bucket, target: Path, tmp_path: Path
) -> None:
    backup = place.find_backup(target)
    offsite.copy_backup(bucket, backup)
    assert state_of(target)["state"] == "copied"
    assert state_of(target)["where"] == "s3://shop/backups of it"
    assert {name.removeprefix(f"shop/backups of it/{backup.backup_id}/") for name in double.names()} == set(
        everything_in(backup.path)
    )
    assert double.uploads == {}
    (copy,) = offsite.list_copies(bucket)
    assert (copy.backup_id, copy.complete) == (backup.backup_id, True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    fetched = offsite.fetch_copy(bucket, copy, elsewhere)
    assert everything_in(fetched) == everything_in(backup.path)
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in [fetched, *(fetched / name for name in everything_in(fetched))]
    )
    assert place.find_backup(elsewhere).verified.level == "files"


def test_the_manifest_goes_last_and_is_removed_first(double: Double, bucket: Bucket, target: Path) -> None:
    backup = place.find_backup(target)
    offsite.copy_backup(bucket, backup)
    sent = [line.split()[1] for line in double.requests if line.startswith(("PUT", "POST"))]
    assert sent[-1].endswith(NAME)
    double.requests.clear()
    offsite.remove_copy(bucket, backup.backup_id)
    assert double.objects == {}
    assert NAME in next(line for line in double.requests if not line.startswith("GET")) or len(double.requests) > 2


def test_what_was_sent_before_is_compared_and_not_sent_again(double: Double, bucket: Bucket, target: Path) -> None:
    backup = place.find_backup(target)
    offsite.copy_backup(bucket, backup)
    large = next(name for name in double.objects if name.endswith("1.dat.gz"))
    double.requests.clear()
    offsite.copy_backup(bucket, backup)
    assert not [line for line in double.requests if line.startswith(("PUT", "POST")) and NAME not in line]
    double.objects[large] = double.objects[large][:-1] + b"?"
    offsite.copy_backup(bucket, backup)
    assert double.objects[large] == (backup.path / "dump/1.dat.gz").read_bytes()


def failing(code: int) -> Callable[[Handler], bool]:
    """Answer what would change the store with a status."""

    def fault(request: Handler) -> bool:
        if request.command not in ("PUT", "POST"):
            return False
        request.body()
        request.answer(code, f"<Error><Code>Why</Code><Message>{SECRET}</Message></Error>".encode())
        return True

    return fault


def slow(request: Handler) -> bool:
    """Take longer than anybody waits."""
    if request.command != "PUT":
        return False
    request.body()
    time.sleep(0.8)
    request.answer(200, ETag='"x"')
    return True


def cut(request: Handler) -> bool:
    """Hang up when nearly all is there."""
    if request.command != "PUT":
        return False
    request.rfile.read(int(request.headers["Content-Length"]) * 99 // 100)
    request.close_connection = True
    return True


def forget_the_end(request: Handler) -> bool:
    """Say that all is well and keep 99 of 100 bytes."""
    if request.command != "PUT" or "uploadId" in request.query:
        return False
    data = request.body()
    request.double.objects[request.key] = data[: len(data) * 99 // 100]
    request.answer(200, ETag='"x"')
    return True


def other_bytes(request: Handler) -> bool:
    """Give other bytes back than were sent."""
    if request.command == "GET" and "Range" in request.headers:
        data = request.double.objects[request.key]
        request.double.objects[request.key] = bytes([data[0] ^ 1]) + data[1:]
    return False


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (failing(500), r"fails \(500\)"), (failing(503), r"fails \(503\)"), (failing(403), r"refuses these keys \(403\)"),
        (failing(404), "no such bucket"), (slow, "in time"), (cut, "breaks the connection"),
        (forget_the_end, "other bytes"), (other_bytes, "other bytes"),
    ],
    ids=["500", "503", "403", "404", "slow", "cut at 99 %", "99 % kept", "other bytes"],
)  # fmt: skip
def test_a_store_that_fails_leaves_the_backup_good_and_is_told_truly(
    double: Double, bucket: Bucket, target: Path, fault: Callable[[Handler], bool], told: str
) -> None:
    backup, before = place.find_backup(target), everything_in(target / MANIFEST.backup_id)
    double.fault = fault
    began = time.monotonic()
    with pytest.raises(ServiceError, match=told) as caught:
        offsite.copy_backup(bucket, backup)
    assert time.monotonic() - began < 10
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    assert everything_in(backup.path) == before
    after = place.find_backup(target)
    assert after.is_verified
    assert (after.verified.offsite["state"], after.verified.offsite["why"]) == ("failed", caught.value.message)
    double.fault = None
    assert [copy for copy in offsite.list_copies(bucket) if copy.complete] == []
    offsite.copy_backup(bucket, after)
    assert state_of(target)["state"] == "copied"
    assert [copy.complete for copy in offsite.list_copies(bucket)] == [True]


def test_a_failure_that_passes_is_tried_again(double: Double, bucket: Bucket, target: Path) -> None:
    answers = iter([500, 503, 502])

    def fault(request: Handler) -> bool:
        code = next(answers, None) if request.command == "PUT" else None
        return failing(code)(request) if code else False

    double.fault = fault
    offsite.copy_backup(bucket, place.find_backup(target))
    assert state_of(target)["state"] == "copied"


def test_nobody_who_listens_sees_the_secret_key(double: Double, bucket: Bucket, target: Path) -> None:
    offsite.copy_backup(bucket, place.find_backup(target))
    assert any(KEY in line for line in double.requests)
    assert not any(SECRET in line for line in double.requests)
    assert not any(SECRET.encode() in data for data in everything_in(target).values())
    assert SECRET not in repr(bucket)


def test_a_damaged_backup_is_not_sent_away_as_a_good_one(bucket: Bucket, double: Double, target: Path) -> None:
    (target / MANIFEST.backup_id / "dump/toc.dat").write_bytes(b"TOC")
    with pytest.raises(IntegrityError, match="not as it was written"):
        offsite.copy_backup(bucket, place.find_backup(target))
    assert state_of(target)["state"] == "failed"
    verified.note_check(target / MANIFEST.backup_id, "files", ("dump/toc.dat was changed",))
    with pytest.raises(IntegrityError, match="is damaged"):
        offsite.copy_backup(bucket, place.find_backup(target))
    assert not any(name.endswith(NAME) for name in double.objects)


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in ("1.dat.gz", "toc.dat", NAME) for damage in ("flip", "short", "missing")],
)
def test_a_copy_that_was_damaged_there_does_not_come_back(  # noqa: PLR0917 - four fixtures
    double: Double, bucket: Bucket, target: Path, tmp_path: Path, name: str, damage: str
) -> None:
    offsite.copy_backup(bucket, place.find_backup(target))
    key = next(key for key in double.objects if key.endswith(name))
    data = double.objects.pop(key)
    if damage != "missing":
        double.objects[key] = data[:-2] + (bytes([data[-2] ^ 1]) + data[-1:] if damage == "flip" else b"")
    (copy,) = offsite.list_copies(bucket)
    assert copy.complete is (damage == "flip" and name != NAME)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(IntegrityError):
        offsite.fetch_copy(bucket, copy, tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_elsewhere_takes_copies_too_and_one_that_is_not_mounted_does_not(target: Path, tmp_path: Path) -> None:
    settings = OffsiteSettings(url=f"file://{tmp_path}/the%20disk")
    with pytest.raises(ServiceError, match="not there"):
        open_bucket(settings, tmp_path, {})
    assert not (tmp_path / "the disk").exists()
    (tmp_path / "the disk").mkdir()
    bucket = open_bucket(settings, tmp_path, {})
    assert bucket is not None
    backup = place.find_backup(target)
    offsite.copy_backup(bucket, backup)
    assert everything_in(tmp_path / "the disk" / backup.backup_id) == everything_in(backup.path)
    assert (tmp_path / "the disk" / backup.backup_id).stat().st_mode & 0o077 == 0
    offsite.remove_copy(bucket, backup.backup_id)
    assert offsite.list_copies(bucket) == []


def test_the_journal_goes_along_as_it_grows_and_comes_back(
    double: Double, bucket: Bucket, target: Path, tmp_path: Path
) -> None:
    part = target / "journal" / "1" / "000000000001.jsonl"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"one\n")
    (part.parent / "x.partial").write_bytes(b"half")
    assert offsite_journal.copy_journal(bucket, target) == 1
    assert offsite_journal.copy_journal(bucket, target) == 0
    part.write_bytes(b"one\ntwo\n")
    assert offsite_journal.copy_journal(bucket, target) == 1
    assert offsite_journal.fetch_journal(bucket, tmp_path / "new") == 1
    assert (tmp_path / "new" / "journal" / "1" / part.name).read_bytes() == b"one\ntwo\n"
    assert offsite_journal.fetch_journal(bucket, target) == 0


def test_old_copies_go_by_the_rule_of_the_backups_and_half_ones_count_for_nothing(tmp_path: Path) -> None:
    now, far = datetime(2026, 11, 23, 3, tzinfo=UTC), tmp_path / "far"
    far.mkdir()
    settings = BackupSettings(
        folder=str(tmp_path / "target"), keep_least=3, offsite=OffsiteSettings(url=f"file://{far}")
    )
    config, bucket = Configuration(backup=settings), open_bucket(settings.offsite, tmp_path, {})
    assert bucket is not None
    days = [f"{now - timedelta(days=age):%Y-%m-%dT02-00-00Z}" for age in range(40, -1, -4)]
    for day in days:
        offsite.copy_backup(bucket, make_backup(tmp_path / "target", day, large=10))
    for name, age in (("old", 35), ("old-and-here", 35), ("young", 20)):
        part = far / "journal" / "1" / name
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"")
        os.utime(part, ((now - timedelta(days=age)).timestamp(),) * 2)
    here = config.backup_folder / "journal" / "1" / "old-and-here"
    here.parent.mkdir(parents=True)
    here.write_bytes(b"")
    (far / days[-4] / NAME).unlink()
    (far / days[-5] / "dump/toc.dat").write_bytes(b"short")
    assert prune_offsite(config, dry_run=True, now=now) == tuple(days[:3])
    assert len(offsite.list_copies(bucket)) == len(days)
    assert prune_offsite(config, dry_run=False, now=now) == tuple(days[:3])
    assert [copy.backup_id for copy in offsite.list_copies(bucket)] == days[3:]
    assert {path.name for path in (far / "journal" / "1").iterdir()} == {"old-and-here", "young"}
    assert prune_offsite(config, dry_run=False, now=now) == ()
    later = now + timedelta(days=400)
    assert prune_offsite(config, dry_run=True, now=later) == (), "a clock that leapt removes nothing"
    (far / days[-1] / NAME).unlink()
    assert prune_offsite(config, dry_run=True, now=now + timedelta(days=6)) == (), "only half a copy is newer"


@pytest.mark.parametrize(
    "keys", [{}, {"AWS_ACCESS_KEY_ID": KEY}, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": ""}]
)
def test_missing_keys_are_told_by_the_names_of_their_variables(tmp_path: Path, keys: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_bucket(OffsiteSettings(url="s3://shop/x"), tmp_path, keys)
    assert "AWS_SECRET_ACCESS_KEY" in (caught.value.hint or "")


def test_the_environment_does_not_lead_elsewhere_than_the_configuration(
    double: Double, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    bucket = open_bucket(OffsiteSettings(url="s3://shop", endpoint=double.url, patience_s=1.0), tmp_path, KEYS)
    assert bucket is not None
    offsite.copy_backup(bucket, place.find_backup(target))
    assert all("AWS4-HMAC-SHA256" in line for line in double.requests)


def certificate(folder: Path, address: str) -> Path:
    """A store's certificate with its key in one file; ca.crt beside it is the authority's that signed it."""
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    authority = ["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt"]
    store = ["-subj", "/CN=store", "-keyout", "store.key", "-out", "store.crt", "-CA", "ca.crt", "-CAkey", "ca.key"]
    proof = ["-addext", f"subjectAltName=IP:{address}", "-addext", "basicConstraints=critical,CA:FALSE"]
    for words in (authority, [*store, *proof]):
        subprocess.run([*make, *words], cwd=folder, check=True, capture_output=True)
    both = folder / "store.pem"
    both.write_text((folder / "store.key").read_text() + (folder / "store.crt").read_text())
    return both


@pytest.mark.parametrize(
    ("address", "trusted", "told"),
    [
        ("127.0.0.1", True, ""), ("127.0.0.1", False, "certificate that is not trusted"),
        ("127.0.0.2", True, "certificate that is not trusted"),
    ],
    ids=["the right one", "of an unknown authority", "of another host"],
)  # fmt: skip
def test_a_store_that_cannot_prove_who_it_is_gets_nothing(
    tmp_path: Path, target: Path, address: str, trusted: bool, told: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, address))
    with serve(context) as double:
        settings = OffsiteSettings(
            url="s3://shop", endpoint=double.url, patience_s=1.0, tls_ca_file="ca.crt" if trusted else None
        )
        bucket = open_bucket(settings, tmp_path, KEYS)
        assert bucket is not None
        if told:
            with pytest.raises(ServiceError, match=told):
                offsite.copy_backup(bucket, place.find_backup(target))
            assert double.requests == []
        else:
            offsite.copy_backup(bucket, place.find_backup(target))
            assert double.objects


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": f"s3://key:{SECRET}@shop/x"}, {"url": "s3://shop", "endpoint": f"https://key:{SECRET}@host"},
        {"url": "s3://shop", "endpoint": "http://store.example.com"}, {"url": "ftp://host/x"}, {"url": "s3://"},
        {"url": "s3://shop/x?key=1"}, {"url": "file://host/x"}, {"url": "s3://shop", "endpoint": "store.example.com"},
    ],
)  # fmt: skip
def test_addresses_that_carry_a_password_or_go_in_the_clear_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        OffsiteSettings(**wrong)
    assert SECRET not in json.dumps(caught.value.errors(include_input=False, include_url=False, include_context=False))


def test_plain_http_elsewhere_has_to_be_asked_for_outright() -> None:
    assert OffsiteSettings(url="s3://shop", endpoint="http://nas.example.com", plain_http=True).plain_http
    assert OffsiteSettings(url="s3://shop", endpoint="http://localhost:9000").endpoint

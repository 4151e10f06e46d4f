"""Encrypted backups with a copy in an S3 store, as an operator meets them: what is told, what is kept, what is never shown."""

from __future__ import annotations

import gzip
import shutil
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.server import ThreadedMotoServer
from townsfolk import assert_told, people, person

from retail_brain.backup import place
from s3_double import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3_double import Double
    from shop import Shop

SECRET, PASSWORD = "canary-of-a-store-key", "canary-of-a-password"


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    """An S3 double."""
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop], double: Double) -> Iterator[Shop]:
    """A shop with one run and one backup; its backups are encrypted and copied to the double."""
    shop = make_shop("town with copies")
    shop.deliver("pos.csv", *people(*range(1, 30)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 10)])
    shop.must("init", ".")
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[backup]\nrecipients = ["{public}"]\nrestore_check = "never"\n')
        file.write(f'[backup.offsite]\nurl = "s3://vault/town"\nendpoint = "{double.url}"\npatience_s = 0.5\n')
    shop.must("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "key-id")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("POSTGRES_PASSWORD", PASSWORD)
        shop.must("backup", "create")
        yield shop


@contextmanager
def watched() -> Iterator[set[bytes]]:
    """Note the words of every process that lives meanwhile."""
    seen, ended = set[bytes](), threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()


def secret_of(shop: Shop) -> str:
    """The secret line of the shop's identity."""
    return (shop.folder / "backup.key").read_text().splitlines()[-1]


def plain(data: bytes) -> bytes:
    """What a file holds, decompressed where it is compressed."""
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def copied(shop: Shop, backup_id: str) -> dict[str, Any]:
    """What `backup list` tells of a copy."""
    return next(one["offsite"] for one in shop.must("backup", "list")["backups"] if one["backup_id"] == backup_id)


def test_no_secret_and_no_customer_is_in_any_file_argument_or_answer_of_an_encrypted_backup(
    town: Shop, double: Double
) -> None:
    canary = b"lopez"  # in an e-mail address of a customer
    told = []
    with watched() as seen:
        answer = town.call("backup", "create", "--json")
        told.append(answer)
        backup_id = answer.json["backup_id"]
        told.append(town.call("backup", "verify", "--decode", "--identity", "backup.key"))
        told.append(town.call("backup", "list", "--offsite"))
        told.append(town.call("backup", "copy", backup_id))
    assert [answer.code for answer in told] == [0, 0, 0, 0], [answer.err for answer in told]
    assert answer.json["encrypted"]
    assert answer.json["offsite"] == "copied"
    assert any(b"pg_dump" in words for words in seen), "pg_dump was seen"
    folder = town.folder / "backups" / backup_id
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()} | double.objects
    assert len(files) > 20
    assert not [name for name, data in files.items() if canary in plain(data).lower()]
    hidden = [SECRET, PASSWORD, secret_of(town)]
    for word in hidden:
        assert not [words for words in seen if word.encode() in words]
        assert not [name for name, data in files.items() if word.encode() in data]
        assert not [answer for answer in told if word in answer.out + answer.err]
        assert not [request for request in double.requests if word in request]
    workspace = town.folder / ".retail-brain"
    logs = [path.read_bytes() for path in workspace.rglob("*.log")]
    assert not [log for log in logs for word in hidden if word.encode() in log]
    assert not [path for path in (workspace / "scratch").rglob("*") if path.is_file()], "nothing stays in plain"


def test_a_store_that_is_down_costs_no_backup_and_is_told_with_exit_code_4(town: Shop, double: Double) -> None:
    double.fault = lambda request: (request.body(), request.answer(503), True)[-1]
    answer = town.call("backup", "create")
    assert "NOT copied off-site" in answer.out
    only = replace(answer, out="")
    assert_told(only, 4, "the backup is good, its off-site copy is not", "fails (503)", "backup copy")
    [newest, *_] = town.must("backup", "list")["backups"]
    assert (newest["state"], newest["offsite"]["state"]) == ("verified", "failed")
    assert_told(town.call("backup", "copy"), 4, "fails (503)")
    assert_told(town.call("backup", "journal"), 4, "fails (503)")
    pruned = town.call("backup", "prune", "--yes")
    assert_told(replace(pruned, out=""), 4, "off-site copies were not looked at", "fails (503)")
    double.fault = None
    assert newest["backup_id"] in town.must("backup", "copy")["copied"]
    assert copied(town, newest["backup_id"])["state"] == "copied"
    assert town.must("backup", "copy")["copied"] == []
    there = town.must("backup", "list", "--offsite")["backups"]
    assert all(one["complete"] and one["encrypted"] and one["here"] for one in there)


def test_a_restore_of_what_lies_off_site_alone_says_that_it_has_to_be_fetched(town: Shop, double: Double) -> None:
    backup_id = town.must("backup", "create")["backup_id"]
    shutil.rmtree(town.folder / "backups" / backup_id)
    restore = ("backup", "restore", backup_id, "--to", "beside")
    assert_told(town.call(*restore), 2, "a copy lies off-site", f"retail-brain backup fetch {backup_id}")
    unknown = town.call("backup", "restore", "2020-01-01T00-00-00Z")
    assert_told(unknown, 2, "there is no backup 2020-01-01T00-00-00Z", "backup list")
    assert "off-site" not in unknown.err
    double.fault = lambda request: (request.body(), request.answer(503), True)[-1]
    try:
        assert_told(town.call(*restore), 2, f"backup fetch {backup_id}, once the off-site place answers", "fails (503)")
    finally:
        double.fault = None
    town.must("backup", "fetch", backup_id)
    plan = town.must(*restore, "--dry-run")
    assert (plan["backup_id"], plan["database_state"]) == (backup_id, "missing")
    town.must("backup", "verify", "--decode", "--identity", "backup.key")


def test_a_fetch_that_was_cut_off_is_repeated_by_the_same_command_and_no_backup_stands_without_its_journal(
    town: Shop, double: Double
) -> None:
    backup_id = town.must("backup", "create")["backup_id"]
    told = ("--reason", "looked into it", "--by", "Kim")
    town.must("review", "decide", "pos:11", "pos:12", "different", *told)
    town.must("backup", "journal")
    target, lost = town.folder / "backups", town.folder / "lost"
    target.rename(lost)
    try:
        double.fault = lambda request: "/journal/" in request.path and (request.answer(503), True)[-1]
        assert_told(town.call("backup", "fetch"), 4, "fails (503)")
        assert not (target / backup_id).exists()
        double.fault = lambda request: (target / backup_id).exists() and (request.answer(503), True)[-1]
        assert_told(town.call("backup", "fetch"), 4, "fails (503)")
        assert (target / backup_id).exists()
        shutil.rmtree(target / "journal")
        double.fault = None
        again = town.must("backup", "fetch")
        assert (again["backup_id"], again["was_here"]) == (backup_id, True)
        assert again["journal_files"] > 0
        assert "is here already, only the journal" in town.call("backup", "fetch", backup_id).out
        restored = town.must("backup", "restore", backup_id, "--to", "fetched", "--identity", "backup.key")
        assert restored["replayed"]["identity_decision"] == 1
        (target / backup_id / "manifest.json").write_text("{}")
        assert_told(town.call("backup", "fetch", backup_id), 2, "is damaged or another one", "away")
    finally:
        double.fault = None
        shutil.rmtree(target, ignore_errors=True)
        lost.rename(target)


def test_the_journal_goes_off_site_while_a_backup_is_copied_and_a_new_backup_waits_for_that(
    town: Shop, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = town.folder / "backups"
    town.must("backup", "create")
    monkeypatch.setattr(place, "_LOCK_PATIENCE_S", 0.1)
    told = ("--reason", "looked into it", "--by", "Kim")
    with place.alone(target, "backup copy", name=place.COPY_LOCK):
        town.must("review", "decide", "pos:13", "pos:14", "different", *told)
        assert town.must("backup", "journal")["warnings"] == []
    here = {path.relative_to(target).as_posix(): path.stat().st_size for path in (target / "journal").glob("*/*.jsonl")}
    there = {name.removeprefix("vault/town/"): len(data) for name, data in double.objects.items()}
    assert here.items() <= there.items()
    with place.alone(target, "backup journal", name=place.JOURNAL_COPY_LOCK):
        [warning] = town.must("backup", "journal")["warnings"]
        assert "another process is sending the journal" in warning
        assert "another process is sending the journal" in town.call("backup", "copy").out
    with ExitStack() as held:
        held.enter_context(place.alone(target, "backup copy", name=place.COPY_LOCK))
        assert_told(town.call("backup", "copy"), 7, "backup copy")
        threading.Timer(3.0, held.pop_all().close).start()
        assert town.must("backup", "create")["offsite"] == "copied"


def test_mistakes_are_told_before_anything_is_dumped(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = town.must("backup", "list")["backups"]
    with monkeypatch.context() as patch:
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        assert_told(town.call("backup", "create"), 2, "not in the environment", "AWS_SECRET_ACCESS_KEY")
    good = (town.folder / "retail_brain.toml").read_text()
    key = next(line for line in good.splitlines() if line.startswith("recipients"))
    wrong = key[:-4] + ("qq" if key[-4:-2] != "qq" else "pp") + key[-2:]
    (town.folder / "retail_brain.toml").write_text(good.replace(key, wrong))
    try:
        assert_told(town.call("backup", "create"), 2, "no age public key")
    finally:
        (town.folder / "retail_brain.toml").write_text(good)
    assert [one["backup_id"] for one in town.must("backup", "list")["backups"]] == [one["backup_id"] for one in before]
    assert town.must("backup", "list")["leftovers"] == []


def test_a_wrong_a_loose_and_a_missing_identity_are_refused_and_leave_nothing(town: Shop) -> None:
    town.call("backup", "key", "create", "other.key")
    scratch = town.folder / ".retail-brain" / "scratch"
    decode = ("backup", "verify", "--decode")
    assert_told(town.call(*decode), 2, "is encrypted", "--identity")
    assert_told(town.call(*decode, "--identity", "other.key"), 2, "does not open")
    (town.folder / "other.key").chmod(0o644)
    answer = town.call(*decode, "--identity", "other.key")
    assert_told(answer, 2, "open to other users", "chmod 600")
    assert "AGE-SECRET-KEY" not in answer.err
    assert_told(town.call(*decode, "--identity", "no.key"), 2, "cannot be read")
    assert not [path for path in scratch.rglob("*") if path.is_file()]
    [newest, *_] = town.must("backup", "list")["backups"]
    assert newest["state"] == "verified", "a wrong key says nothing about the backup"


def test_the_identity_can_be_named_by_the_environment(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_BRAIN_IDENTITY", "backup.key")
    assert town.call("backup", "verify", "--decode").code == 0


def test_another_s3_store_takes_and_gives_back_copies_as_well(town: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    good = (town.folder / "retail_brain.toml").read_text()
    try:
        host, port = server.get_host_and_port()
        make_bucket(f"http://{host}:{port}", "vault")
        ours = next(line for line in good.splitlines() if line.startswith("endpoint"))
        (town.folder / "retail_brain.toml").write_text(
            good.replace(ours, f'endpoint = "http://{host}:{port}"\n').replace("patience_s = 0.5", "patience_s = 20")
        )
        [newest, *_] = town.must("backup", "list")["backups"]
        town.must("backup", "copy", newest["backup_id"])
        [there] = town.must("backup", "list", "--offsite")["backups"]
        assert there["complete"]
        away = Path(newest["path"]).rename(town.folder / "away")
        assert town.must("backup", "fetch")["backup_id"] == newest["backup_id"]
        assert town.call("backup", "verify", newest["backup_id"], "--decode", "--identity", "backup.key").code == 0
        assert (away / "manifest.json").read_bytes() == (Path(newest["path"]) / "manifest.json").read_bytes()
        again = town.call("backup", "fetch")
        assert (again.code, "is here already" in again.out) == (0, True)
    finally:
        (town.folder / "retail_brain.toml").write_text(good)
        server.stop()


def make_bucket(url: str, name: str) -> None:
    """Make a bucket, which the product itself never does."""
    import boto3

    boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket=name)

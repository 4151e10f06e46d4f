"""The files of the journal: what is found when they are damaged, and what a killed writer leaves."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from retail_brain.backup import journal_writer
from retail_brain.backup.delivered import forget_files, is_kept, keep_file, list_files
from retail_brain.backup.delivery_note import DeliveredFile
from retail_brain.backup.encrypt import read_identities
from retail_brain.backup.handing_back import fetch_file
from retail_brain.backup.journal import Head, parts_before, read_journal
from retail_brain.backup.journal_end import find_end
from retail_brain.backup.journal_writer import JournalWriter, rows_entries
from retail_brain.backup.key import create_key
from retail_brain.desk.journal import prune_journal
from retail_brain.errors import ConfigurationError, InputError, IntegrityError, ServiceError

if TYPE_CHECKING:
    from pathlib import Path

BODY = '{"table":"profile","rows":[{"given_name":"Zoë"}],"gone":[]}'
LONG = '{"table":"profile","rows":["' + "x" * 5_000 + '"],"gone":[]}'


def write(
    folder: Path, head: Head, *bodies: str, horizon: int = 100, recipients: tuple[str, ...] = (), notes: tuple[int, ...] = (1,),
    waiting: tuple[int, ...] = (),
) -> Head:  # fmt: skip
    """Write one batch, where PostgreSQL knows this end and these notes wait in it."""
    at = f"2026-11-23T02:00:{head.entries % 60:02}+00:00"
    if not head.entries:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    end = find_end(folder, head, lambda taken: set(taken) <= set(waiting))
    writer = JournalWriter(folder, end, at=at, horizon=horizon, recipients=recipients)
    try:
        for body in bodies:
            writer.append("rows", body)
        return writer.commit(notes)
    finally:
        writer.close()


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, Head]:
    """A journal of three batches, six entries."""
    folder, head = tmp_path / "t", Head()
    for _ in range(3):
        head = write(folder, head, BODY)
    return folder, head


def test_what_was_written_is_read_in_its_order(tmp_path: Path) -> None:
    head = write(tmp_path / "t", Head(), BODY, LONG)
    head = write(tmp_path / "t", head, BODY)
    found = list(read_journal(tmp_path / "t"))
    assert [(entry.number, entry.kind) for entry in found] == [
        (1, "rows"), (2, "rows"), (3, "commit"), (4, "rows"), (5, "commit"),
    ]  # fmt: skip
    assert [found[place].body() for place in (0, 1, 3)] == [BODY, LONG, BODY]
    assert found[-1].digest == head.digest
    assert len(found[1].packed) < 500, "long bodies are compressed"


def test_files_are_their_owners_alone(three: tuple[Path, Head]) -> None:
    folder, head = three
    assert (folder / head.part).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_any_changed_byte_is_found_and_its_entry_named(three: tuple[Path, Head]) -> None:
    folder, head = three
    path = folder / head.part
    whole = path.read_bytes()
    for place in range(0, len(whole) - 1, 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        number = whole[:place].count(b"\n") + 1
        with pytest.raises(IntegrityError, match=r"entr(y|ies) \d+") as caught:
            list(read_journal(folder))
        assert path.name in caught.value.message
        assert f"{number}" in caught.value.message
        assert "what stands before is sound" in (caught.value.hint or "")


@pytest.mark.parametrize("line", range(5))
def test_a_line_that_is_missing_is_found(three: tuple[Path, Head], line: int) -> None:
    folder, head = three
    path = folder / head.part
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    with pytest.raises(IntegrityError, match=f"lacks entries {line + 1} to {line + 1}|entry {line + 1} ") as caught:
        list(read_journal(folder))
    assert f"up to entry {line}" in (caught.value.hint or "")


def test_a_part_that_is_missing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "PART_BYTES", 10)
    head = Head()
    for _ in range(3):
        head = write(tmp_path / "t", head, BODY)
    parts = sorted((tmp_path / "t").iterdir())
    assert [part.name for part in parts] == [f"{number:012}.jsonl" for number in (1, 3, 5)]
    assert len(list(read_journal(tmp_path / "t"))) == 6
    parts[1].unlink()
    with pytest.raises(IntegrityError, match=r"lacks entries 3 to 4, before 000000000005.jsonl"):
        list(read_journal(tmp_path / "t"))


def test_older_parts_may_go_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "PART_BYTES", 10)
    head = Head()
    for _ in range(3):
        head = write(tmp_path / "t", head, BODY)
    parts = sorted((tmp_path / "t").iterdir())
    assert parts_before(tmp_path / "t", "2026-11-23T02:00:00+00:00") == []
    assert parts_before(tmp_path / "t", "2026-11-23T02:00:03+00:00") == parts[:1]
    assert parts_before(tmp_path / "t", "2026-11-24T02:00:00+00:00") == parts[:2], "the newest part always stays"
    parts[0].unlink()
    assert [entry.number for entry in read_journal(tmp_path / "t")] == [3, 4, 5, 6]


def test_a_torn_end_is_ignored_and_cut_off_by_the_next_writer(three: tuple[Path, Head]) -> None:
    folder, head = three
    path = folder / head.part
    whole = path.read_bytes()
    write(folder, head, BODY, LONG)
    longer = path.read_bytes()
    for length in range(len(whole), len(longer)):
        path.write_bytes(longer[:length])
        assert [entry.number for entry in read_journal(folder)] == list(range(1, 7)), length
    for length in range(len(whole), len(longer), 97):
        path.write_bytes(longer[:length])
        assert write(folder, head, BODY).entries == 8
        assert [entry.number for entry in read_journal(folder)] == list(range(1, 9))


def test_a_batch_that_reached_the_disk_and_that_postgresql_did_not_hear_of_stays(three: tuple[Path, Head]) -> None:
    folder, head = three
    write(folder, head, BODY)
    assert write(folder, head, BODY, waiting=(1, 2)).entries == 10
    assert [entry.number for entry in read_journal(folder)] == list(range(1, 11))


def test_a_database_that_was_set_back_does_not_write_on_however_much_it_has_done_since(
    three: tuple[Path, Head],
) -> None:
    folder, head = three
    write(folder, head, BODY, horizon=200, notes=(7, 8))
    for waiting in ((), (7,), (9,)):
        with pytest.raises(IntegrityError, match="the database was set back"):
            write(folder, head, BODY, horizon=1_000, waiting=waiting)
    assert write(folder, head, BODY, horizon=1_000, waiting=(7, 8, 9)).entries == 10


def test_a_commit_that_does_not_tell_what_it_took_is_nobodys(three: tuple[Path, Head]) -> None:
    folder, head = three
    write(folder, head, BODY, notes=())
    with pytest.raises(IntegrityError, match="the database was set back"):
        find_end(folder, head, bool)


def test_the_end_is_found_where_the_next_part_was_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "PART_BYTES", 10)
    head = write(tmp_path / "t", write(tmp_path / "t", Head(), BODY), BODY)
    assert find_end(tmp_path / "t", head) == head
    path = sorted((tmp_path / "t").iterdir())[-1]
    whole = path.read_bytes()
    for damaged in (whole[:-9], b""):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="lacks entries that were in it"):
            find_end(tmp_path / "t", head)


def test_entries_that_vanished_from_the_target_are_noticed_before_more_are_written(three: tuple[Path, Head]) -> None:
    folder, head = three
    path = folder / head.part
    os.truncate(path, path.stat().st_size - 10)
    with pytest.raises(IntegrityError, match="lacks entries that were in it"):
        write(folder, head, BODY)


def test_a_target_that_is_not_mounted_is_no_place_to_begin_anew(three: tuple[Path, Head]) -> None:
    folder, head = three
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(ServiceError, match="cannot be written"):
        write(folder, head, BODY)
    assert not folder.exists()


def test_an_encrypted_journal_is_checked_without_a_key_and_read_with_it(tmp_path: Path) -> None:
    key, other = create_key(tmp_path / "key"), create_key(tmp_path / "other")
    write(tmp_path / "t", Head(), BODY, LONG, recipients=(key.recipient,))
    assert b"given_name" not in next((tmp_path / "t").iterdir()).read_bytes()
    found = list(read_journal(tmp_path / "t"))
    assert found[0].body(read_identities(key.path)) == BODY
    assert found[1].body(read_identities(key.path)) == LONG
    with pytest.raises(ConfigurationError):
        found[0].body(read_identities(other.path))


def test_rows_are_put_together_by_table_word_for_word() -> None:
    rows = [("a", "[1]", '{"x": {"y":1}}'), ("a", "[2]", None), ("b", "[3]", '{"z":"ä"}')]
    assert list(rows_entries(rows)) == [
        '{"table":"a","rows":[{"x": {"y":1}}],"gone":[[2]]}',
        '{"table":"b","rows":[{"z":"ä"}],"gone":[]}',
    ]
    assert list(rows_entries([])) == []
    assert len(list(rows_entries(("a", "[1]", f'"{"x" * 100_000}"') for _ in range(20)))) == 5


FILE = b"record_id,name\n1,Maria Lopez\n" * 1_000


@pytest.fixture
def delivery(tmp_path: Path) -> tuple[Path, DeliveredFile]:
    """A delivered file."""
    import hashlib

    path = tmp_path / "pos.csv"
    path.write_bytes(FILE)
    return path, DeliveredFile(source="pos", name="pos.csv", sha256=hashlib.sha256(FILE).hexdigest(), bytes=len(FILE))


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_delivered_file_is_kept_once_and_comes_back(
    tmp_path: Path, delivery: tuple[Path, DeliveredFile], encrypted: bool
) -> None:
    path, file = delivery
    key = create_key(tmp_path / "key")
    recipients, identities = ((key.recipient,), read_identities(key.path)) if encrypted else ((), [])
    folder = tmp_path / "files"
    for _ in range(2):
        keep_file(folder, path, file, recipients=recipients)
    assert len(list(folder.iterdir())) == 2
    assert sum(one.stat().st_size for one in folder.iterdir()) < len(FILE) / 10
    if encrypted:
        assert not any(b"pos" in one.read_bytes() for one in folder.iterdir())
    path.unlink()
    assert list_files(folder, identities) == ([file], ())
    for place in ("back/pos.csv", "back/pos.csv"):
        assert fetch_file(folder, file, tmp_path / "back", identities=identities) == tmp_path / place
        assert (tmp_path / place).read_bytes() == FILE
    assert forget_files(folder, 0.0) == 0
    assert forget_files(folder, 2e9 * 10) == 1
    assert list(folder.iterdir()) == []


def test_a_file_that_was_replaced_or_is_gone_is_not_kept_under_its_name(
    tmp_path: Path, delivery: tuple[Path, DeliveredFile]
) -> None:
    path, file = delivery
    path.write_bytes(b"other")
    with pytest.raises(InputError, match="replaced"):
        keep_file(tmp_path / "files", path, file)
    path.unlink()
    with pytest.raises(InputError, match="no longer"):
        keep_file(tmp_path / "files", path, file)
    assert not is_kept(tmp_path / "files", file.sha256)
    assert list((tmp_path / "files").iterdir()) == []


def test_a_kept_file_that_was_damaged_is_not_handed_back(tmp_path: Path, delivery: tuple[Path, DeliveredFile]) -> None:
    path, file = delivery
    folder = tmp_path / "files"
    keep_file(folder, path, file)
    packed = folder / f"{file.sha256}.zst"
    whole = packed.read_bytes()
    for data in (whole[:-5], whole[: len(whole) // 2], b"", bytes([whole[20] ^ 1]).join((whole[:20], whole[21:]))):
        packed.write_bytes(data)
        with pytest.raises(IntegrityError, match=r"pos\.csv"):
            fetch_file(folder, file, tmp_path / "back")
        assert list((tmp_path / "back").iterdir()) == []


def test_pruning_keeps_what_the_oldest_backup_needs_and_the_journal_that_may_grow(
    tmp_path: Path, delivery: tuple[Path, DeliveredFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "PART_BYTES", 10)
    journal = tmp_path / "journal"
    journal.mkdir()
    keep_file(journal / "files", *delivery)
    for name in ("ended", "living"):
        head = Head()
        for _ in range(3):
            head = write(journal / name, head, BODY)
        for part in (journal / name).iterdir():
            moment = 1_000.0 if name == "ended" else 2_000.0
            os.utime(part, (moment, moment))
    for path in (journal / "files").iterdir():
        os.utime(path, (1e10, 1e10))

    def left() -> dict[str, int]:
        return {folder.name: len(list(folder.iterdir())) for folder in journal.iterdir()}

    assert prune_journal(tmp_path, datetime.fromtimestamp(3_000.0, UTC)) == 0, "an hour more than needed is kept"
    assert prune_journal(tmp_path, datetime(2026, 11, 23, 3, 0, 3, tzinfo=UTC)) == 3
    assert left() == {"files": 2, "living": 2}, "the first part of each, and the whole of the one that ended"
    assert prune_journal(tmp_path, datetime(2027, 11, 23, tzinfo=UTC)) == 1
    assert left() == {"files": 2, "living": 1}
    assert prune_journal(tmp_path, datetime(2300, 1, 1, tzinfo=UTC)) == 1
    assert left() == {"files": 0, "living": 1}

"""Broken, odd and hostile deliveries: each is told in one message, nothing is half done, no row is lost."""

from __future__ import annotations

import gzip
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from townsfolk import assert_conserved, assert_nowhere, assert_told, people, person

from shop import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Shop

CANARY = "canary.zanzibarova"
HEADER = ",".join(COLUMNS)


def row(number: int, **values: str) -> str:
    """One line of a file; every value that a message could betray holds the canary."""
    return ",".join(
        {**person(number, **values), "last_name": "Zanzibarova", "email": f"{CANARY}{number}@example.com"}.values()
    )


def text(*lines: str) -> bytes:
    return ("\n".join((HEADER, *lines)) + "\n").encode()


@pytest.fixture(scope="module")
def counter(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop in which a good night was published."""
    shop = make_shop("bad input")
    shop.deliver("pos.csv", *people(*range(12)))
    shop.deliver("crm.csv", *people(*range(4)))
    shop.must("init", ".")
    shop.must("run")
    return shop


@pytest.fixture
def dropped(counter: Shop) -> Iterator[Callable[[str, bytes], Path]]:
    """Return a function that drops a file beside the good one; what was dropped is gone afterwards."""
    made: list[Path] = []

    def drop(name: str, content: bytes) -> Path:
        path = counter.folder / name
        path.write_bytes(content)
        os.utime(path, (path.stat().st_mtime - 60,) * 2)
        made.append(path)
        return path

    yield drop
    for path in made:
        path.unlink(missing_ok=True)


def state(shop: Shop) -> tuple[Any, ...]:
    """What readers and operators see."""
    return (
        shop.crosswalk(),
        shop.must("run", "list")["runs"],
        shop.must("quarantine", "list", "--limit", "10000")["rows"],
    )


REFUSED = {
    "the record id's column was renamed": (text(row(90)).replace(b"record_id", b"kundennummer"), "record_id"),
    "columns are missing": (b"record_id,first_name\n1,Zanzibarova\n", "last_name"),
    "a column stands twice": (text(row(90)).replace(b"first_name", b"email"), "email"),
    "a quote is never closed": (
        text(row(90), row(91).replace("Zanzibarova", '"Zanzibarova'), *map(row, range(92, 99))),
        "line 3",
    ),
    "it is UTF-16 and does not say so": (text(row(90)).decode().encode("utf-16-le"), ""),
    "it holds no text at all": (bytes(range(256)) * 40, ""),
    "its header is a row of customers": (f"{row(90)}\n{row(91)}\n".encode(), ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_delivery_is_refused_and_changes_nothing_when(
    what: str, counter: Shop, dropped: Callable[[str, bytes], Path]
) -> None:
    content, word = REFUSED[what]
    before = state(counter)
    path = dropped("pos_2.csv", content)
    answer = counter.call("run")
    assert_told(answer, 3, "pos_2.csv", word)
    assert CANARY not in answer.err
    assert "Zanzibarova" not in answer.err
    assert state(counter) == before
    path.unlink()
    assert counter.must("run")["status"] == "nothing new"


@pytest.mark.parametrize("damage", ["truncated", "bit-flipped", "with a wrong checksum"])
def test_a_packed_delivery_is_refused_when_it_is(
    damage: str, counter: Shop, dropped: Callable[[str, bytes], Path]
) -> None:
    packed = bytearray(gzip.compress(text(*map(row, range(90, 190)))))
    if damage == "truncated":
        del packed[-200:]
    else:
        packed[len(packed) // 2 if damage == "bit-flipped" else -6] ^= 0xFF
    before = state(counter)
    path = dropped("pos_2.csv.gz", bytes(packed))
    answer = counter.call("run")
    assert_told(answer, 3, "pos_2.csv.gz")
    assert state(counter) == before
    path.write_bytes(gzip.compress(text(row(90))))
    assert counter.call("ingest").code == 0
    path.unlink()


def test_what_is_wrong_with_several_files_is_told_at_once(counter: Shop, dropped: Callable[[str, bytes], Path]) -> None:
    dropped("pos_2.csv", b"a,b\n1,2\n")
    dropped("pos_3.csv.gz", b"this is not gzip")
    dropped("pos_4.csv", text(row(90)))
    before = state(counter)
    answer = counter.call("run")
    assert_told(answer, 3, "pos_2.csv", "pos_3.csv.gz")
    assert "pos_4.csv" not in answer.err.partition("error: ")[2]
    assert state(counter) == before


@pytest.mark.parametrize("kind", ["symlink", "pipe", "control character", "unreadable"])
def test_a_hostile_file_is_refused_and_nothing_hangs(kind: str, counter: Shop) -> None:
    path = counter.folder / ("pos_\x1b[2Jx.csv" if kind == "control character" else "pos_2.csv")
    if kind == "symlink":
        path.symlink_to("/etc/passwd")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(text(row(90)))
        path.chmod(0 if kind == "unreadable" else 0o600)
    try:
        answer = counter.call("run")
        assert_told(answer, 3, "pos_")
        assert "\x1b" not in answer.err
    finally:
        path.unlink()
    assert counter.must("run")["status"] == "nothing new"


def test_a_pattern_cannot_leave_its_folder_and_a_name_cannot_reach_sql(
    counter: Shop, dropped: Callable[[str, bytes], Path]
) -> None:
    name = "pos_x'); copy (select 1) to '_stolen.csv"
    dropped(name, b"only,two\n1,2\n")
    assert_told(counter.call("run"), 3, "pos_x")
    assert not list(counter.folder.glob("*stolen.csv*"))[1:]


@pytest.mark.parametrize("when", ["between the hash and the read", "while it is read"])
def test_a_file_that_is_replaced_is_refused(
    when: str, counter: Shop, dropped: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from retail_brain.ingest import reading

    path = dropped("pos_2.csv", text(row(90)))
    name = "survey_file" if when == "between the hash and the read" else "load_fast"
    real = getattr(reading, name)

    def replaced_meanwhile(*arguments: Any, **options: Any) -> Any:
        other = counter.folder / "other.txt"
        other.write_bytes(text(row(91), row(92)))
        other.replace(path)
        return real(*arguments, **options)

    before = state(counter)
    with monkeypatch.context() as patch:
        patch.setattr(reading, name, replaced_meanwhile)
        assert_told(counter.call("run"), 3, "pos_2.csv", "replaced")
    assert state(counter) == before
    path.unlink()
    assert counter.must("run")["status"] == "nothing new"


@pytest.mark.parametrize(("name", "content"), [("pos_empty.csv", b""), ("pos_header.csv", HEADER.encode() + b"\n")])
def test_a_file_without_rows_is_taken_with_a_warning(
    name: str, content: bytes, counter: Shop, dropped: Callable[[str, bytes], Path]
) -> None:
    dropped(name, content)
    night = counter.must("run")
    assert night["status"] == "published"
    [file] = [file for file in night["files"] if file["file_name"] == name]
    assert (file["rows"], file["accepted"], file["quarantined"], file["duplicates"]) == (0, 0, 0, 0)
    assert any(name in warning for warning in night["warnings"])
    again = counter.must("run")
    assert again["status"] == "nothing new"


@pytest.fixture(scope="module")
def odd(make_shop: Callable[[str], Shop]) -> tuple[Shop, dict[str, Any]]:
    """A shop in which files of odd rows were run, and the night."""
    shop = make_shop("odd rows")
    lines = [row(n) for n in range(100, 130)]
    lines[1] += ",one,two"
    lines[2] = lines[2].rsplit(",", 3)[0]
    lines[4] = lines[4].replace("Zanzibarova", "Zan\0zibarova")
    lines[6] = row(106, address="x" * 1_000_000)
    lines[8] = row(108, record_id="").replace("108,", ",", 1) if lines[8].startswith("108,") else lines[8]
    lines[9] = row(109, date_of_birth="0000-00-00")
    lines[10] = row(110, date_of_birth="2026-02-30")
    shop.deliver("pos.csv", *people(*range(12)))
    shop.deliver("crm.csv", *people(*range(4)))
    shop.must("init", ".")
    (shop.folder / "pos_odd.csv").write_bytes(text(*lines, lines[20]))
    latin = text(row(200), row(201, city="Besançon"), row(202)).decode().encode("latin-1")
    (shop.folder / "pos_latin.csv").write_bytes(latin)
    wide = text(row(300, city="Zürich"), row(301)).decode()
    (shop.folder / "pos_wide.csv").write_bytes(wide.encode("utf-16"))
    (shop.folder / "pos_bom.csv").write_bytes(b"\xef\xbb\xbf" + text(row(310)).replace(b"\n", b"\r\n").rstrip())
    order = list(reversed(COLUMNS))
    shop.deliver("pos_reordered.csv", *people(400, 401), columns=tuple(order))
    return shop, shop.must("run")


def test_every_row_of_an_odd_file_is_accounted_for(odd: tuple[Shop, dict[str, Any]]) -> None:
    _, night = odd
    assert_conserved(night)
    files = {file["file_name"]: file for file in night["files"]}
    counts = {
        name: tuple(file[key] for key in ("rows", "accepted", "quarantined", "duplicates"))
        for name, file in files.items()
    }
    assert counts == {
        "crm.csv": (4, 4, 0, 0),
        "pos.csv": (12, 12, 0, 0),
        "pos_odd.csv": (31, 25, 5, 1),
        "pos_latin.csv": (3, 2, 1, 0),
        "pos_wide.csv": (2, 2, 0, 0),
        "pos_bom.csv": (1, 1, 0, 0),
        "pos_reordered.csv": (2, 2, 0, 0),
    }


def test_quarantined_rows_carry_file_line_and_reason_and_show_themselves_only_when_asked(
    odd: tuple[Shop, dict[str, Any]],
) -> None:
    shop, night = odd
    rows = shop.must("quarantine", "list")["rows"]
    found = {(r["file_name"], r["line"], r["reason"]) for r in rows}
    assert found == {
        ("pos_odd.csv", 3, "too many fields"),
        ("pos_odd.csv", 4, "too few fields"),
        ("pos_odd.csv", 6, "forbidden character"),
        ("pos_odd.csv", 8, "field too long"),
        ("pos_odd.csv", 10, "no record id"),
        ("pos_latin.csv", 3, "bytes that are not in the encoding"),
    }
    assert {r["run_id"] for r in rows} == {night["run_id"]}
    assert all(r["raw"] is None for r in rows)
    assert CANARY not in shop.call("quarantine", "list").out
    shown = shop.must("quarantine", "list", "--with-rows")["rows"]
    assert all(CANARY in r["raw"] or r["line"] == 8 for r in shown)
    assert all(len(r["raw"]) <= 10_000 for r in shown)
    assert CANARY in shop.call("quarantine", "list", "--with-rows").out


def test_a_date_that_is_none_becomes_empty_and_the_row_is_kept(odd: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = odd
    for record_id in ("109", "110"):
        shown = shop.must("profile", "show", f"pos:{record_id}")
        assert "date_of_birth" not in shown["values"]
        assert shown["values"]["email"] == f"{CANARY}{record_id}@example.com"


def test_other_encodings_and_line_ends_are_read_as_they_are_meant(odd: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = odd
    assert shop.must("profile", "show", "pos:300")["values"]["city"] == "Zürich"
    assert shop.must("profile", "show", "pos:310")["values"]["postal_code"] == person(310)["postal_code"]
    assert shop.must("profile", "show", "pos:400")["values"]["email"] == person(400)["email"]


def test_no_customer_stands_in_a_log_a_report_or_a_manifest(odd: tuple[Shop, dict[str, Any]], counter: Shop) -> None:
    for shop in (odd[0], counter):
        assert_nowhere(shop, CANARY, "zanzibarova", "pappas")


def test_the_same_file_under_another_name_is_known(counter: Shop) -> None:
    copy = counter.folder / "pos_copy.csv"
    shutil.copy2(counter.folder / "pos.csv", copy)
    night = counter.must("run")
    assert night["status"] == "nothing new"
    assert [file["already_in_run"] for file in night["files"] if file["file_name"] == "pos_copy.csv"] == ["1"]
    copy.unlink()

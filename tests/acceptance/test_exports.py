"""What leaves the shop: files for others and lines on a terminal, safe to open, and equal whenever the state is."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop

ESCAPED = {"first_name": "Mal\x1b[2Jlory\x9b31m", "last_name": "O'\x07Brien\x7f"}
FORMULAS = ("=1+1", "+1 2", "-2+3", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x")


@pytest.fixture(scope="module")
def stocked(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with odd names, published."""
    shop = make_shop("exports")
    odd = [person(100 + n, record_id=f"f{n}", city=text) for n, text in enumerate(FORMULAS)]
    shop.deliver("pos.csv", *people(*range(20)), *odd, person(150, "esc", **ESCAPED))
    shop.deliver("crm.csv", *people(*range(10)), person(151, "-7"))
    shop.must("init", ".")
    shop.must("run")
    return shop


def exported(shop: Shop, what: str, *options: str, name: str = "out.csv") -> list[dict[str, str]]:
    shop.must("export", what, "--to", name, *options)
    with (shop.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_cell_that_a_spreadsheet_would_run_is_disarmed_unless_raw_is_asked_for(stocked: Shop) -> None:
    guarded = {row["city"] for row in exported(stocked, "profiles")}
    raw = {row["city"] for row in exported(stocked, "profiles", "--raw")}
    for text in FORMULAS:
        assert f"'{text}" in guarded, text
        assert text not in guarded
        assert text in raw
    assert all(row["phone"].startswith("'+1") for row in exported(stocked, "profiles") if row["phone"])
    assert all(row["phone"].startswith("+1") for row in exported(stocked, "profiles", "--raw") if row["phone"])
    assert ("crm", "'-7") in {(row["source"], row["record_id"]) for row in exported(stocked, "crosswalk")}
    assert ("crm", "-7") in {(row["source"], row["record_id"]) for row in exported(stocked, "crosswalk", "--raw")}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("what", ["crosswalk", "profiles", "merges"])
def test_two_exports_of_one_state_are_equal_byte_for_byte_and_sorted(what: str, ending: str, stocked: Shop) -> None:
    for name in ("a", "b"):
        assert stocked.must("export", what, "--to", f"{name}.{ending}")["rows"] > 0
    assert (stocked.folder / f"a.{ending}").read_bytes() == (stocked.folder / f"b.{ending}").read_bytes()
    rows = read(stocked.folder / f"a.{ending}")
    order = {
        "crosswalk": lambda row: (row["source"], row["record_id"]),
        "profiles": lambda row: row["profile_id"],
        "merges": lambda row: int(row["merge_id"]),
    }[what]
    assert rows == sorted(rows, key=order)


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return parquet.read_table(path).to_pylist()


def test_every_record_stands_in_the_crosswalk_once_and_every_profile_in_the_profiles(stocked: Shop) -> None:
    crosswalk = exported(stocked, "crosswalk")
    assert list(crosswalk[0]) == ["source", "record_id", "profile_id"]
    assert (
        len({(row["source"], row["record_id"]) for row in crosswalk}) == len(crosswalk) == 20 + len(FORMULAS) + 1 + 11
    )
    assert {row["profile_id"] for row in crosswalk} == {row["profile_id"] for row in exported(stocked, "profiles")}


def test_an_export_that_cannot_be_written_is_told_and_leaves_nothing(stocked: Shop) -> None:
    assert_told(stocked.call("export", "crosswalk", "--to", "crosswalk.xls"), 2, ".csv or .parquet")
    assert_told(stocked.call("export", "crosswalk", "--to", "nowhere/crosswalk.csv"), 2, "no folder")
    (stocked.folder / "taken.csv").mkdir()
    assert_told(stocked.call("export", "crosswalk", "--to", "taken.csv"), 8, "cannot be written")
    assert_told(stocked.call("export", "crosswalk", "--to", "/proc/crosswalk.csv"), 8, "cannot be written")
    assert list(stocked.folder.glob("*.partial")) == []


@pytest.mark.parametrize(
    "command",
    [
        ("profile", "show", "pos:esc"),
        ("profile", "show", "pos:esc", "--records"),
        ("profile", "search", "mallory"),
        ("merge", "list"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_value_can_drive_the_terminal(command: tuple[str, ...], options: tuple[str, ...], stocked: Shop) -> None:
    answer = stocked.call(*command, *options)
    assert answer.code == 0, answer.err
    assert not {"\x1b", "\x9b", "\x07", "\x7f"} & set(answer.out + answer.err)

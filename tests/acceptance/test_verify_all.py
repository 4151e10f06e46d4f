"""Checking all backups: one that cannot be looked at is told, and keeps nobody from seeing the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from townsfolk import assert_told, people

from retail_brain.backup.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with three backups."""
    shop = make_shop("town that checks all")
    shop.deliver("pos.csv", *people(*range(1, 30)))
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n[backup]\nrestore_check = "never"\n')
    shop.must("run")
    for _ in range(3):
        shop.must("backup", "create")
    return shop


def levels(shop: Shop) -> list[tuple[str, str]]:
    """How far each backup was checked, and its state; the oldest first."""
    return [(one["level"], one["state"]) for one in reversed(shop.must("backup", "list")["backups"])]


def ids(shop: Shop) -> list[str]:
    return [one["backup_id"] for one in reversed(shop.must("backup", "list")["backups"])]


def test_backups_for_which_there_is_no_room_are_shown_as_far_as_they_were_looked_at(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retail_brain.backup.restore._GROWTH", 10**9)
    answer = town.call("backup", "verify", "--all", "--restore")
    assert (answer.code, "are free" in answer.err) == (8, True)
    assert all(f"! {backup_id}  every file is as it was written, and decoded" in answer.out for backup_id in ids(town))
    assert levels(town) == [("decoded", "verified")] * 3


@pytest.mark.parametrize("how", ["--decode", "--restore"])
def test_one_that_no_program_here_reads_keeps_nobody_from_seeing_the_others(town: Shop, how: str) -> None:
    first, *others = ids(town)
    manifest = town.folder / "backups" / first / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(replace(read_manifest(manifest.parent), client_version="99.1").text())
    try:
        answer = town.call("backup", "verify", "--all", how)
        assert_told(town.call("backup", "verify", first, how), 2, "PostgreSQL 99")
        assert levels(town)[0] == ("files", "checked"), "nothing is wrong with it, as far as its files tell"
    finally:
        manifest.write_text(whole)
    assert (answer.code, "PostgreSQL 99" in answer.err, first in answer.err) == (2, True, True)
    assert f"! {first}  every file is as it was written" in answer.out
    assert f"! {first}  every file is as it was written, and decoded" not in answer.out
    for backup_id in others:
        assert f"✓ {backup_id}  every file is as it was written" in answer.out
    assert levels(town)[1:] == [("restored" if how == "--restore" else "decoded", "verified")] * 2

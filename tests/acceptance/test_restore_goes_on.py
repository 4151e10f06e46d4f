"""What a restore does once the database is in its place: nothing breaks it off any more, and what failed is told."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from backstage import postgres, rows
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

LIKE_OURS = "crm_before_upgrade"


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with a backup, and two deliveries after it that no run has published."""
    shop = make_shop("town that goes on")
    shop.deliver("pos.csv", *people(*range(1, 40)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 10)])
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n[backup]\nrestore_check = "never"\n')
    shop.must("run")
    shop.must("backup", "create")
    for number, name in enumerate(("pos_2.csv", "pos_3.csv"), 501):
        shop.deliver(name, person(number))
        shop.must("ingest", "--from", name)
    return shop


def oldest(shop: Shop) -> str:
    return str(shop.must("backup", "list")["backups"][-1]["backup_id"])


def restore(shop: Shop) -> Any:
    return shop.must("backup", "restore", oldest(shop), "--to", "retail_brain", "--yes")


def test_a_delivered_file_that_cannot_be_given_back_costs_neither_the_cache_nor_the_new_backup(town: Shop) -> None:
    files = town.folder / "backups" / "journal" / "files"
    packed = {json.loads(path.read_bytes())["name"]: path.with_suffix(".zst") for path in files.glob("*.json")}
    kept = {path: path.read_bytes() for path in packed.values()}
    data = kept[packed["pos_2.csv"]]
    packed["pos_2.csv"].write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    told = restore(town)
    assert told["returned"] == ["pos_3.csv"]
    assert [warning for warning in told["warnings"] if "pos_2.csv" in warning]
    assert told["warmed"] > 0
    assert told["new_backup"] > oldest(town)
    assert town.must("profile", "show", "crm:4")["served_from"] == "redis"
    packed["pos_3.csv"].unlink()
    told = restore(town)
    assert told["returned"] == []
    assert {name for name in packed for warning in told["warnings"] if name in warning} == set(packed)
    assert told["aside"]
    for path, whole in kept.items():
        path.write_bytes(whole)


def test_a_workspace_that_takes_nothing_is_told_and_the_rest_is_done(town: Shop) -> None:
    workspace = town.folder / ".retail-brain"
    shutil.rmtree(workspace / "returned", ignore_errors=True)
    (workspace / "returned").write_text("no folder")
    configuration = workspace / "restored_configuration.toml"
    configuration.unlink(missing_ok=True)
    configuration.mkdir()
    try:
        told = restore(town)
    finally:
        (workspace / "returned").unlink()
        configuration.rmdir()
    for words in ("pos_2.csv", "pos_3.csv", "the configuration did not come back"):
        assert [warning for warning in told["warnings"] if words in warning], words
    assert (told["returned"], told["configuration"], told["warmed"] > 0) == ([], None, True)
    assert told["new_backup"]
    assert town.call("doctor").code == 0


def test_only_what_a_restore_named_so_is_discarded(town: Shop) -> None:
    aside = restore(town)["aside"]
    with postgres(town) as conn:
        conn.execute(f"create database {LIKE_OURS}")  # type: ignore[call-overload]
    assert_told(town.call("backup", "discard", LIKE_OURS, "--yes"), 2, "not the name")
    assert rows(town, f"select datname from pg_database where datname = '{LIKE_OURS}'")
    town.must("backup", "discard", aside, "--yes")
    assert rows(town, f"select datname from pg_database where datname = '{aside}'") == []


def test_a_database_with_somebodys_function_is_not_empty(town: Shop) -> None:
    with postgres(town, LIKE_OURS) as conn:
        conn.execute("create function rate() returns int language sql as 'select 19'")
    plan = town.must("backup", "restore", oldest(town), "--to", LIKE_OURS, "--dry-run")
    assert plan["database_state"] == "filled"
    aside = town.must("backup", "restore", oldest(town), "--to", LIKE_OURS, "--yes")["aside"]
    with postgres(town, aside) as conn:
        assert conn.execute("select rate()").fetchone() == (19,)

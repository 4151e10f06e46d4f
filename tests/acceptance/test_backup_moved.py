"""Somebody changes the structure of the database while a backup is made: it is good, or it fails and says so, and it never lies."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from backstage import postgres
from townsfolk import assert_told, people, person

from retail_brain.backup import dump
from retail_brain.backup.manifest import read_manifest
from retail_brain.store import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Shop

RECORDS = 78
REWRITE = "alter table source_record add column somebodys uuid default gen_random_uuid()"
"""Gives every row a new version: whoever reads the table by an older snapshot finds it empty."""


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with one run and a backup."""
    shop = make_shop("town on the move")
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    shop.must("run")
    shop.must("backup", "create")
    return shop


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump waits half a second for a lock."""
    monkeypatch.setattr(dump, "_LOCK_WAIT_S", 0.5)


def backups(shop: Shop) -> list[str]:
    return [one["backup_id"] for one in shop.must("backup", "list")["backups"]]


def assert_whole(shop: Shop, made: Any) -> None:
    """The backup holds every record, and comes back."""
    manifest = read_manifest(shop.folder / "backups" / made["backup_id"])
    table = manifest.table("source_record")
    assert table is not None
    assert table.rows == RECORDS
    assert made["level"] == "restored"


@contextmanager
def meanwhile(shop: Shop, statement: str) -> Iterator[threading.Event]:
    """Run a statement on another connection, from now on; the event says that it is done."""
    done = threading.Event()

    def change() -> None:
        with postgres(shop) as foreign:
            foreign.execute(statement)  # type: ignore[call-overload]
        done.set()

    changing = threading.Thread(target=change)
    changing.start()
    try:
        yield done
    finally:
        changing.join(timeout=60)
        assert done.is_set()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        (REWRITE, "alter table source_record drop column somebodys"),
        ("truncate cache_outbox, quarantined_row", None),
        ("drop index source_record_somebodys", None),
        ("alter table source_record rename column somebodys_text to another", None),
    ],
    ids=["rewritten", "truncated", "index dropped", "renamed"],
)
def test_a_table_that_changes_right_after_the_snapshot_is_backed_up_as_a_whole(
    town: Shop, monkeypatch: pytest.MonkeyPatch, statement: str, undo: str | None
) -> None:
    """The change comes after the snapshot and before pg_dump has locked anything."""
    with postgres(town) as owner:
        owner.execute("alter table source_record add column if not exists somebodys_text text")
        owner.execute("create index if not exists source_record_somebodys on source_record (updated_at)")
    whole, changes = dump.refuse_without_room, list[Any]()

    def struck(target: Path, needed: int) -> None:
        whole(target, needed)
        if not changes:
            change = meanwhile(town, statement)
            changes.append(change)
            done = change.__enter__()
            assert not done.wait(0.5), "the change waits for the snapshot to be given up"

    monkeypatch.setattr(dump, "refuse_without_room", struck)
    made = town.must("backup", "create")
    changes[0].__exit__(None, None, None)
    assert made["tries"] == 2
    assert_whole(town, made)
    with postgres(town) as owner:
        if undo:
            owner.execute(undo)  # type: ignore[call-overload]
        owner.execute("alter table source_record drop column if exists somebodys_text, drop column if exists another")
        owner.execute("drop index if exists source_record_somebodys")


def test_a_table_that_comes_at_the_moment_of_the_snapshot_begins_it_again(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, came = fingerprint._lock, list[int]()

    def struck(conn: Any, tables: Any) -> None:
        if not came:
            came.append(1)
            with postgres(town) as foreign:
                foreign.execute("create table newcomer as select 1 as number")
        lock(conn, tables)

    monkeypatch.setattr(fingerprint, "_lock", struck)
    made = town.must("backup", "create")
    assert made["tries"] == 2
    assert_whole(town, made)
    table = read_manifest(town.folder / "backups" / made["backup_id"]).table("newcomer")
    assert table is not None
    assert table.rows == 1
    with postgres(town) as foreign:
        foreign.execute("drop table newcomer")


def test_a_table_that_goes_again_and_again_stops_it_and_leaves_nothing(
    town: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, before = fingerprint._lock, backups(town)

    def struck(conn: Any, tables: Any) -> None:
        with postgres(town) as foreign:
            foreign.execute("drop table goner")
        try:
            lock(conn, tables)
        finally:
            with postgres(town) as foreign:
                foreign.execute("create table goner ()")

    with postgres(town) as foreign:
        foreign.execute("create table goner ()")
    monkeypatch.setattr(fingerprint, "_lock", struck)
    assert_told(town.call("backup", "create"), 4, "somebody changed the structure")
    assert backups(town) == before
    assert town.must("backup", "list")["leftovers"] == []
    with postgres(town) as foreign:
        foreign.execute("drop table goner")


STORM = (
    "alter table source_record add column stormy uuid default gen_random_uuid()",
    "create index stormy_index on source_record (stormy)",
    "create table stormy as select 1 as number",
    "alter table stormy add column more uuid default gen_random_uuid()",
    "drop index stormy_index",
    "truncate stormy",
    "alter table source_record drop column stormy",
    "drop table stormy",
)


@contextmanager
def storm(shop: Shop) -> Iterator[None]:
    """Somebody rewrites tables, makes and drops indexes and tables, in gusts."""
    ended, calm = threading.Event(), random.Random(7)

    def blow() -> None:
        with postgres(shop) as foreign:
            while not ended.wait(calm.uniform(0.1, 2.0)):
                for statement in STORM:
                    foreign.execute(statement)  # type: ignore[call-overload]

    with ThreadPoolExecutor(1) as beside:
        blowing = beside.submit(blow)
        try:
            yield
        finally:
            ended.set()
        blowing.result(timeout=60)


@pytest.mark.usefixtures("impatient")
def test_backups_in_a_storm_of_changes_are_whole_or_fail(town: Shop) -> None:
    made, shaken = 0, 0
    with storm(town):
        for _ in range(40):
            answer = town.call("backup", "create", "--json")
            if answer.code:
                assert_told(answer, 4)
            else:
                assert_whole(town, answer.json)
            made += answer.code == 0
            shaken += bool(answer.code or answer.json["tries"] > 1)
            if made >= 2 and shaken:
                break
    assert made >= 2
    assert shaken
    assert_whole(town, town.must("backup", "create"))

"""What somebody reads is not pruned meanwhile: whoever restores, checks, copies or fetches an old backup keeps it, and prune says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_backups import _pretend
from townsfolk import people

from retail_brain.backup import place, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

OLD, NEW = (60, 50, 40), (27, 20, 13, 6, 1)


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with old and newer backups, all of them off-site, too."""
    shop = make_shop("town of readers")
    (shop.folder / "far").mkdir()
    shop.deliver("pos.csv", *people(*range(1, 30)))
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[backup]\nkeep_least = 2\nrestore_check = "never"\n[backup.offsite]\nurl = "file://{shop.folder}/far"\n'
        )
    shop.must("run")
    return shop


@pytest.fixture
def old(town: Shop) -> str:
    """The oldest of the backups, which would be pruned."""
    backup = Path(town.must("backup", "create")["path"])
    for days in (*OLD, *NEW):
        if not any(
            abs(one.made_at - _days_ago(days)) < timedelta(hours=1) for one in place.list_backups(backup.parent)
        ):
            verified.note(_pretend(backup, backup.parent, _days_ago(days)), offsite={})
    town.must("backup", "copy")
    return place.list_backups(backup.parent)[0].backup_id


def _days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def prune_meanwhile(shop: Shop, monkeypatch: pytest.MonkeyPatch, where: str, *command: str) -> Any:
    """Run a command that is stopped at a function until somebody has pruned; return what that told."""
    module, _, name = where.rpartition(".")
    whole, told = getattr(import_module(module), name), list[Any]()

    def stopped(*arguments: Any, **named: Any) -> Any:
        if not told:
            told.append(None)
            told.append(shop.must("backup", "prune", "--yes"))
        return whole(*arguments, **named)

    monkeypatch.setattr(import_module(module), name, stopped)
    answer = shop.call(*command)
    assert answer.code == 0, answer.err
    return told[1]


@pytest.mark.parametrize(
    ("where", "command"),
    [
        ("retail_brain.store.inside.analyze", "backup restore OLD --to beside"),
        ("retail_brain.store.inside.analyze", "backup verify OLD --restore"),
        ("retail_brain.store.inside.analyze", "backup drill OLD --here"),
        ("retail_brain.backup.check.check_files", "backup verify OLD"),
        ("retail_brain.backup.offsite.digest_of", "backup copy OLD"),
    ],
)
def test_a_backup_in_use_stays_and_goes_with_the_next_prune(
    town: Shop, old: str, monkeypatch: pytest.MonkeyPatch, where: str, command: str
) -> None:
    with monkeypatch.context() as patch:
        told = prune_meanwhile(town, patch, where, *command.replace("OLD", old).split())
    away = ["off-site copies"] if command.startswith("backup copy") else []
    assert (told["in_use"], len(told["prune"])) == ([old, *away], len(OLD) - 1)
    assert (town.folder / "backups" / old).is_dir()
    answer = town.call("backup", "prune", "--yes")
    assert (answer.code, old in answer.out) == (0, True)
    assert not (town.folder / "backups" / old).exists()


def test_copies_off_site_stay_while_one_is_fetched_for_a_drill(
    town: Shop, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        told = prune_meanwhile(town, patch, "retail_brain.backup.offsite.fetch_copy", "backup", "drill", old)
    assert (told["in_use"], told["offsite"]) == (["off-site copies"], [])
    assert (town.folder / "far" / old / "manifest.json").is_file()
    assert len(town.must("backup", "prune", "--yes")["offsite"]) == len(OLD)

"""Looking for torn reads: a profile, its records and its merges, read in one transaction, must fit one another.

A process of its own that reads and checks as fast as it is asked to, most often those profiles that the night at work is
about to change. It also holds the cached profile against the transaction: the cache may not be older.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from retail_brain import sql
from retail_brain.store.failure import translated
from retail_brain.store.lookup import profile_of, record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.connection import Connection as Pipe

    from retail_brain.cache.read import CacheReader
    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.client import SharedTurnstile
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredProfile, StoredRecord

_HOT_SHARE = 0.5
_REMEMBERED = 100_000


@dataclass(slots=True, kw_only=True)
class Checked:
    """What one checker found: transactions, those that did not fit, by rule, and how many profiles changed meanwhile."""

    checks: int = 0
    torn: int = 0
    changed: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one transaction saw of a profile: it, its records, its live merges, and the state of publishing and cache."""

    profile: StoredProfile | None
    records: Sequence[StoredRecord]
    merges: Sequence[tuple[int, int, int | None]]
    published_run: int | None
    cache_generation: int
    is_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """What a checker does: at what pace, and on which profiles; `hot` are those about to change.

    It goes on until the load is over, or, with `at_most`, until so many checks are done. `per_second` None: without a pause.
    """

    per_second: float | None
    at_most: int | None = None
    profile_ids: tuple[str, ...]
    hot: tuple[str, ...] = ()
    seed: int = 0


def work(pipe: Pipe, config: Configuration, checking: Checking, turnstile: SharedTurnstile) -> None:
    """Be a checker, from the start of the load."""
    from retail_brain.cache.read import CacheReader
    from retail_brain.services import ensure_services
    from retail_brain.store.connection import connect

    found = ensure_services(config.workspace_folder, config.services, postgres=config.postgres, redis=config.redis)
    with (
        connect(found.postgres, application_name="retail-brain loadtest check", autocommit=True) as pg,
        CacheReader(found.redis, config.cache) as cache,
    ):
        pipe.send("ready")
        pipe.recv()
        checked = _check(pg, cache, checking, turnstile)
    pipe.send(checked)


def _check(pg: Connection, cache: CacheReader, checking: Checking, turnstile: SharedTurnstile) -> Checked:
    dice, checked, parent = random.Random(checking.seed), Checked(), os.getppid()
    versions: dict[str, int] = {}
    changed: set[str] = set()
    began = time.monotonic()
    while checking.at_most is None or checked.checks < checking.at_most:
        due = turnstile.start_s + (checked.checks / checking.per_second if checking.per_second else 0.0)
        while (left := due - time.monotonic()) > 0 and turnstile.is_open(due):
            time.sleep(min(left, 0.2))
        if not turnstile.is_open(max(due, time.monotonic())) or os.getppid() != parent:
            break
        hot = bool(checking.hot) and dice.random() < _HOT_SHARE
        profile_id = dice.choice(checking.hot if hot else checking.profile_ids)
        view = look(pg, profile_id)
        broken = [*misfits(view), *_behind(view, cache, versions, changed)]
        checked.checks += 1
        checked.torn += bool(broken)
        checked.rules.update(broken)
        if len(versions) > _REMEMBERED:
            versions.clear()
    checked.changed, checked.seconds = len(changed), time.monotonic() - began
    return checked


def look(pg: Connection, profile_id: str) -> View:
    """Read everything that belongs to a profile in one transaction, statement by statement.

    Args:
        pg: a connection outside any transaction, in autocommit.
        profile_id: any id that was ever issued.
    """
    with translated():
        pg.execute(sql.load("loadtest/begin_check"))
        way = _rows(pg, "store/fetch_profile", {"profile_id": UUID(profile_id)})
        profile = profile_of(way[0]) if way[0]["profile_id"] is not None else None
        key = profile.profile_id if profile else UUID(profile_id)
        records = [record_of(row) for row in _rows(pg, "store/list_members", {"profile_ids": [key]})] if profile else []
        numbers = [record.record_no for record in records]
        merges = pg.execute(sql.load("loadtest/checked_merge"), {"numbers": numbers}).fetchall()
        head = _rows(pg, "loadtest/checked_head", {"profile_id": key})[0]
        pg.execute(sql.load("loadtest/end_check"))
    return View(
        profile=profile, records=records, merges=merges, published_run=head["run_id"],
        cache_generation=head["cache_generation"], is_pending=head["is_pending"],
    )  # fmt: skip


def _rows(pg: Connection, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = pg.execute(sql.load(name), parameters)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def misfits(view: View) -> list[str]:
    """Return the rules that a profile as one transaction saw it breaks; none where all fits.

    Args:
        view: what the transaction saw; a profile that has ended breaks nothing.
    """
    profile, records = view.profile, view.records
    if profile is None:
        return []
    by_no = {record.record_no: record for record in records}
    newest = view.published_run or 0
    broken = {
        "a profile counts its records": profile.record_count == len(records),
        "its first record is its own": bool(by_no) and profile.first_record_no == min(by_no),
        "each value stands on the record that it names": all(
            profile.provenance.get(name) in by_no and by_no[profile.provenance[name]].values.get(name) == value
            for name, value in profile.values.items()
        ),
        "its merges join its records, one fewer than there are": len(view.merges) == len(records) - 1
        and _connected(by_no, view.merges),
        "nothing is newer than the published run": profile.run_id <= newest
        and all((run_id or 0) <= newest for _, _, run_id in view.merges),
    }
    return [rule for rule, holds in broken.items() if not holds]


def _connected(numbers: Iterable[int], merges: Sequence[tuple[int, int, int | None]]) -> bool:
    """Say whether the merges lie among the records and make one tree of them."""
    parts = {number: number for number in numbers}

    def root(number: int) -> int:
        while parts[number] != number:
            number = parts[number]
        return number

    for left, right, _run in merges:
        if left not in parts or right not in parts:
            return False
        parts[root(left)] = root(right)
    return len({root(number) for number in parts}) == 1


def _behind(view: View, cache: CacheReader, versions: dict[str, int], changed: set[str]) -> list[str]:
    """Return what goes back in time: a version seen before that was newer, or a trusted cached profile that is older."""
    profile = view.profile
    if profile is None:
        return []
    broken, key = [], str(profile.profile_id)
    before = versions.get(key)
    if before is not None and profile.version != before:
        changed.add(key)
        if profile.version < before:
            broken.append("the version of a profile never falls")
    versions[key] = profile.version
    if not view.is_pending:
        read = cache.read(key, generation=view.cache_generation)
        if read.document is not None and json.loads(read.document)["version"] < profile.version:
            broken.append("a trusted cached profile is not older")
    return broken

"""The hour: a writer notes what was acknowledged, the server is destroyed at random moments, and nothing of it is missing afterwards.

Two moments in the suite, as many as HOUR_ROUNDS says in `nox -s hour`, which also tells the age of the newest loss.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

ROUNDS = int(os.environ.get("HOUR_ROUNDS", "2"))
SEED = int(os.environ.get("HOUR_SEED", "5"))
LONGEST_S = 6.0
WHY = ("--reason", "looked into it", "--by", "Kim")


@dataclass
class Server:
    """The shop's PostgreSQL, to be destroyed."""

    shop: Shop
    gone_at: datetime | None = None

    @property
    def folder(self) -> Path:
        """Where its data lie."""
        return self.shop.folder / ".retail-brain" / "services" / "postgres"

    def destroy(self) -> None:
        """Kill all its processes at once, and let its data vanish."""
        [pid_file] = self.folder.rglob("postmaster.pid")
        postmaster = int(pid_file.read_text(encoding="ascii").split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
        self.gone_at = datetime.now(UTC)
        for process in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.folder.rename(self.folder.with_name(f"lost {time.time_ns()}"))


@dataclass
class Writer:
    """Somebody at work: what was asked for, and what was acknowledged."""

    shop: Shop
    chance: random.Random
    done: list[tuple[str, Any]] = field(default_factory=list)
    people: int = 1_000

    def work(self, server: Server) -> None:
        """Do one thing after the other until the server is gone."""
        kinds = [
            self.rollback,
            self.rollback,
            self.decide,
            self.decide,
            self.join,
            self.record,
            self.record,
            self.night,
            self.deliver,
        ]
        while server.gone_at is None:
            self.chance.choice(kinds)()

    def ask(self, *words: str) -> Any:
        """Return what a command says, or nothing where it failed."""
        answer = self.shop.call(*words, "--json")
        return answer.json if answer.code == 0 else None

    def look(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what PostgreSQL says, nothing where it is gone."""
        try:
            return rows(self.shop, statement)
        except Exception:  # noqa: BLE001 - the server was destroyed under our feet, in one of many ways
            return []

    def rollback(self) -> None:
        live = self.look(
            "select merge_id from identity_merge_log as m where kind = 'merge' and not exists"
            " (select from identity_merge_log as i where i.inverts = m.merge_id)"
        )
        if live:
            merge = self.chance.choice(live)[0]
            if told := self.ask("merge", "rollback", str(merge), *WHY, "--yes"):
                self.done.append(("rollback", (merge, told["decisions"])))

    def pair(self) -> list[str]:
        found = self.look(
            "select source || ':' || record_id from source_record where profile_id is not null order by 1"
        )
        return [one[0] for one in self.chance.sample(found, 2)] if len(found) > 1 else []

    def decide(self) -> None:
        if (pair := self.pair()) and (told := self.ask("review", "decide", *pair, "different", *WHY)):
            self.done.append(("decision", told["decision_id"]))

    def join(self) -> None:
        if (pair := self.pair()) and (told := self.ask("merge", "join", *pair, *WHY, "--yes")):
            self.done.append(("decision", told["decision_id"]))

    def newcomer(self) -> dict[str, str]:
        self.people += 1
        return person(self.people)

    def record(self) -> None:
        one = self.newcomer()
        if told := self.ask("ingest", "--record", json.dumps({"source": "pos", "record": one})):
            self.done.append(("record", (f"pos:{one['record_id']}", told["profile_id"])))

    def file(self) -> str:
        newcomers = [self.newcomer() for _ in range(3)]
        return self.shop.deliver(f"pos_{self.people}.csv", *newcomers).name

    def night(self) -> None:
        if told := self.ask("run", "--from", self.file()):
            self.done.append(("run", (told["run_id"], told["seal"])))

    def deliver(self) -> None:
        name = self.file()
        if self.ask("ingest", "--from", name):
            self.done.append(("delivery", name))


def assert_there(shop: Shop, kind: str, what: Any, returned: list[str]) -> None:
    """What was acknowledged is there, under the very numbers and ids that were told."""
    if kind == "rollback":
        merge, decisions = what
        assert rows(shop, f"select kind from identity_merge_log where inverts = {merge}") == [("unmerge",)], what
        for decision in decisions:
            assert rows(shop, f"select 1 from identity_decision where decision_id = {decision}"), what
    elif kind == "decision":
        assert rows(shop, f"select decided_by from identity_decision where decision_id = {what}") == [("Kim",)], what
    elif kind == "record":
        found = shop.must("profile", "show", what[0])["profile_id"]
        assert found == shop.must("profile", "show", what[1])["profile_id"], what
    elif kind == "run":
        assert rows(shop, f"select status, seal from run where run_id = {what[0]}") == [("published", what[1])], what
    else:
        published = rows(shop, f"select 1 from delivery where file_name = '{what}'")
        assert published or any(Path(name).name == what for name in returned), what


@pytest.fixture(scope="module")
def busy(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop with merges to undo and a backup."""
    shop = make_shop("busy town")
    shop.deliver("pos.csv", *people(*range(1, 120)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 60)])
    shop.must("init", ".")
    shop.must("run")
    shop.must("backup", "create")
    return shop


def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_destroyed(busy: Shop) -> None:
    chance, ages, done = random.Random(SEED), list[float](), 0
    writer = Writer(busy, chance)
    for number in range(ROUNDS):
        server, after, before = Server(busy), chance.uniform(0.0, LONGEST_S), len(writer.done)
        killer = threading.Timer(after, server.destroy)
        killer.start()
        writer.work(server)
        killer.join()
        busy.call("services", "stop")
        shutil.rmtree(server.folder, ignore_errors=True)
        backup_id = busy.must("backup", "list")["backups"][0]["backup_id"]
        told = busy.must("backup", "restore", backup_id)
        assert server.gone_at is not None
        ages.append((server.gone_at - datetime.fromisoformat(told["recovered_until"])).total_seconds())
        for kind, what in writer.done:
            assert_there(busy, kind, what, told["returned"])
        done += len(writer.done) - before
        told_s = f"{number + 1}: destroyed after {after:.1f} s, {len(writer.done)} acknowledged, none lost"
        print(f"{told_s}; all is there up to {ages[-1]:.1f} s before")  # noqa: T201
        writer.done = [(kind, what) for kind, what in writer.done if kind not in ("delivery",)]
        busy.must("merge", "verify")
        assert busy.call("doctor").code == 0
    print(f"{done} acknowledged, 0 lost; newest loss {max(ages):.1f} s old at most")  # noqa: T201
    assert max(ages) < 300

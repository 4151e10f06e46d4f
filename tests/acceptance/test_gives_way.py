"""A night gives way to the people at the desk: its own threads, and PostgreSQL's process that publishes for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backstage import postgres, rows
from townsfolk import people

from retail_brain.config.file import find_configuration, load_configuration
from retail_brain.desk.session import open_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shop import Shop

_NICE = 15
_NIGHT = (sys.executable, "-c", "from retail_brain_cli.main import run; run()", "run", "--json")
_AT_WORK = (
    "select pid from pg_stat_activity where application_name like 'retail-brain publish%' and wait_event_type = 'Lock'"
)
_DESK = "select pid from pg_stat_activity where application_name = 'retail-brain desk'"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop with one published night, and deliveries for another."""
    shop.deliver("pos.csv", *people(*range(40)))
    shop.must("init", ".")
    shop.must("run")
    shop.deliver("pos_2.csv", *people(*range(30, 60), updated_at="2026-03-01"))
    return shop


def configure(shop: Shop, nice: int) -> None:
    path = shop.folder / "retail_brain.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[resources]\nnice = {nice}\n", encoding="utf-8")


def threads_of(process: int) -> set[int]:
    """The niceness of each thread of a process."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return {os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in tasks}


def session_of(process: int) -> int | None:
    """The niceness of a session; None where sessions have none on this machine."""
    group = Path(f"/proc/{process}/autogroup")
    told = group.read_text(encoding="ascii").split() if group.exists() else []
    return int(told[-1]) if told else None


@contextmanager
def publishing(shop: Shop) -> Iterator[tuple[int, int]]:
    """A night in a process of its own that waits for a lock in the middle of publishing: it, and its server process."""
    with postgres(shop) as holder:
        with holder.transaction():
            holder.execute("lock table profile in share mode")
            night = subprocess.Popen(
                _NIGHT, cwd=shop.folder, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )  # fmt: skip
            try:
                yield night.pid, _wait_for_publisher(shop, night)
            except BaseException:
                night.kill()
                raise
        _out, error = night.communicate(timeout=120)
    assert night.returncode == 0, error


def _wait_for_publisher(shop: Shop, night: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and night.poll() is None:
        if found := rows(shop, _AT_WORK):
            return int(found[0][0])
        time.sleep(0.05)
    raise AssertionError("the night does not publish")


def test_a_night_and_the_server_process_that_publishes_for_it_give_way_and_the_desk_does_not(stocked: Shop) -> None:
    configure(stocked, _NICE)
    with open_desk(load_configuration(find_configuration(stocked.folder))) as desk:
        desk.search("Anna")
        with publishing(stocked) as (night, server):
            assert threads_of(night) == {_NICE}
            assert threads_of(server) == {_NICE}
            assert session_of(night) in (_NICE, None)
            assert session_of(server) in (_NICE, None)
            (at_the_desk,) = rows(stocked, _DESK)[0]
            assert threads_of(at_the_desk) == {os.getpriority(os.PRIO_PROCESS, 0)}
            assert session_of(at_the_desk) in (0, None)


def test_nought_lets_a_night_work_like_everybody_else(stocked: Shop) -> None:
    configure(stocked, 0)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with publishing(stocked) as (night, server):
        assert threads_of(night) == {usual}
        assert threads_of(server) == {usual}
        assert session_of(server) in (0, None)


def test_servers_that_a_night_starts_do_not_give_way(shop: Shop) -> None:
    shop.deliver("pos.csv", *people(*range(10)))
    shop.must("init", ".")
    configure(shop, _NICE)
    subprocess.run(_NIGHT, cwd=shop.folder, start_new_session=True, capture_output=True, check=True)
    with postgres(shop) as conn:
        assert threads_of(conn.info.backend_pid) == {os.getpriority(os.PRIO_PROCESS, 0)}

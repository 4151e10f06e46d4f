"""Nights that are cut off: by kill -9, by a polite signal, by damage in the workspace, by somebody else's run."""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from backstage import keys, rows, struck
from townsfolk import assert_conserved, assert_told, people

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop

STAGES = ("services", "ingest", "standardise", "train", "match", "resolve", "survive", "audit", "in publish", "publish")
LATER_STAGES = ("ingest", "match", "audit", "in publish", "publish")


def first_night(shop: Shop) -> None:
    shop.deliver("pos.csv", *people(*range(60)))
    shop.deliver("crm.csv", *people(*range(0, 60, 2), updated_at="2026-01-02"))


def second_night(shop: Shop) -> None:
    moved = people(*range(0, 60, 7), address="9 Quarry Way", updated_at="2026-03-01")
    shop.deliver("pos_2.csv", *moved, *people(*range(60, 80)))
    shop.deliver("crm_2.csv", *people(*range(1, 30, 2)))


def published(shop: Shop) -> tuple[Any, ...]:
    """Everything that a repeated night must make again, byte for byte."""
    shop.must("export", "profiles", "--to", "profiles.csv")
    shop.must("export", "merges", "--to", "merges.csv")
    merges = [line.split(",")[0] for line in (shop.folder / "merges.csv").read_text(encoding="utf-8").splitlines()]
    return shop.crosswalk(), (shop.folder / "profiles.csv").read_bytes(), merges


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[[str], Shop]) -> list[tuple[Any, ...]]:
    """What two quiet nights publish."""
    shop = make_shop("quiet nights")
    first_night(shop)
    shop.must("init", ".")
    nights = []
    for night in (None, second_night):
        if night:
            night(shop)
        assert shop.must("run")["status"] == "published"
        nights.append(published(shop))
    return nights


def test_a_night_that_is_killed_at_every_stage_ends_as_if_it_was_never_killed(
    shop: Shop, undisturbed: list[tuple[Any, ...]]
) -> None:
    first_night(shop)
    shop.must("init", ".")
    for number, stages in enumerate((STAGES, LATER_STAGES)):
        if number:
            second_night(shop)
        for stage in stages:
            done = struck(shop, stage)
            assert done.returncode == -signal.SIGKILL, (stage, done.stderr)
            generations = rows(shop, "select generation from run where status = 'published' order by 1")
            assert len(generations) == number + (stage == "publish"), stage
        assert shop.must("run")["status"] == "nothing new"
        assert published(shop) == undisturbed[number]
        assert shop.call("doctor").code == 0
    assert rows(shop, "select file_name, count(*) from delivery group by 1 having count(*) > 1") == []
    assert len(rows(shop, "select 1 from delivery")) == 4
    assert rows(shop, "select generation from run where status = 'published' order by 1") == [(1,), (2,)]
    assert rows(shop, "select 1 from run where status = 'running'") == []


def test_a_night_that_was_killed_before_the_cache_was_warm_is_warmed_by_the_next_run(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    assert struck(shop, "publish").returncode == -signal.SIGKILL
    key = "pos:1"
    assert shop.must("profile", "show", key)["served_from"] == "postgresql"
    again = shop.must("run")
    assert (again["status"], again["warmed"]) == ("nothing new", 60)
    assert shop.must("profile", "show", key)["served_from"] == "redis"
    before = keys(shop)
    assert shop.must("run")["warmed"] == 0
    assert keys(shop) == before


def test_a_polite_signal_ends_the_night_between_two_steps_and_the_next_run_goes_on(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    for stage, number, code in (
        ("ingest", signal.SIGHUP, 129),
        ("match", signal.SIGINT, 130),
        ("in publish", signal.SIGTERM, 143),
    ):
        done = struck(shop, stage, number)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr
        assert rows(shop, "select 1 from profile") == []
        assert rows(shop, "select holder from lease") == [(None,)]
    assert shop.must("run")["status"] == "published"
    assert not list((shop.folder / ".retail-brain" / "scratch").iterdir())


@pytest.fixture
def matched(shop: Shop) -> Shop:
    """A shop with a run that waits to be published."""
    first_night(shop)
    shop.must("init", ".")
    shop.must("ingest")
    assert shop.must("match")["status"] == "matched"
    return shop


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)


def run_folder(shop: Shop) -> Path:
    return shop.folder / ".retail-brain" / "runs" / "00000001"


@pytest.mark.parametrize(("command", "damage"), [("run", "flipped"), ("publish", "truncated"), ("run", "removed")])
def test_a_damaged_artefact_of_a_waiting_run_is_made_again(
    command: str, damage: str, matched: Shop, undisturbed: list[tuple[Any, ...]]
) -> None:
    path = run_folder(matched) / "crosswalk.parquet"
    if damage == "flipped":
        flip(path)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.unlink()
    night = matched.must(command)
    assert night["status"] == "published"
    assert any("damaged" in warning for warning in night["warnings"])
    assert published(matched) == undisturbed[0]


def test_a_damaged_intake_is_told_and_read_again_by_a_run(shop: Shop, undisturbed: list[tuple[Any, ...]]) -> None:
    first_night(shop)
    shop.must("init", ".")
    shop.must("ingest")
    flip(run_folder(shop) / "delivered_row.parquet")
    assert_told(shop.call("match"), 5, "damaged", "retail-brain run")
    shop.must("ingest")
    assert shop.must("match")["status"] == "matched"
    assert shop.must("run")["status"] == "published"
    assert published(shop) == undisturbed[0]


def test_the_workspace_can_be_lost_and_the_next_night_is_the_same(
    shop: Shop, undisturbed: list[tuple[Any, ...]]
) -> None:
    first_night(shop)
    shop.must("init", ".")
    shop.must("run")
    for name in ("runs", "reports", "scratch"):
        shutil.rmtree(shop.folder / ".retail-brain" / name)
    assert shop.must("run")["status"] == "nothing new"
    second_night(shop)
    night = shop.must("run")
    assert_conserved(night)
    assert published(shop)[:2] == undisturbed[1][:2]


def test_a_second_run_during_the_first_is_refused_and_names_it(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    shop.must("services", "start")
    code = "import sys, time; from retail_brain.pipeline import night; night._match = lambda n: time.sleep(60); from retail_brain_cli.main import main; sys.exit(main(['run']))"
    first = subprocess.Popen(
        [sys.executable, "-c", code], cwd=shop.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not rows(shop, "select 1 from pg_tables where tablename = 'run'") or not rows(shop, "select 1 from run"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for command in ("run", "ingest", "match", "publish", "warm"):
            assert_told(shop.call(command), 7, f"process {first.pid}", "retail-brain run")
    finally:
        first.kill()
        first.wait()
    assert shop.must("run")["status"] == "published"


def test_a_workspace_that_cannot_be_made_is_told_before_any_work(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    (shop.folder / ".retail-brain").write_text("a file where the folder should be", encoding="utf-8")
    assert_told(shop.call("run"), 8, "cannot be written")
    (shop.folder / ".retail-brain").unlink()


def test_a_lock_that_cannot_be_taken_is_told(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    lock = shop.folder / ".retail-brain" / "lock"
    lock.mkdir(parents=True)
    assert_told(shop.call("run"), 8, "cannot be written")
    lock.rmdir()
    assert shop.must("run")["status"] == "published"


def test_a_read_only_folder_is_told_before_any_work(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    code = "from retail_brain_cli.main import run; run()"
    shop.folder.chmod(0o500)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, "run"], cwd=shop.folder, capture_output=True, text=True, check=False, timeout=120,
            preexec_fn=_obey_mode_bits,
        )  # fmt: skip
    finally:
        shop.folder.chmod(0o700)
    assert done.returncode == 8, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(shop.folder.glob("*.log")) == []


def _obey_mode_bits() -> None:
    """Give up root's right to pass over mode bits; an ordinary user has none to give."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_every_mistake_of_a_configuration_is_told_at_once_with_its_line(shop: Shop) -> None:
    first_night(shop)
    shop.must("init", ".")
    path = shop.folder / "retail_brain.toml"
    good = path.read_text(encoding="utf-8")
    bad = good.replace('delivery = "delta"', 'delivery = "weekly"', 1).replace("quote = '\"'", 'quotes = "\'"', 1)
    path.write_text(bad + '\n[resources]\nmemory_limit_mb = "plenty"\n[cache]\nexpiry_days = 0\n', encoding="utf-8")
    answer = shop.call("run")
    assert_told(
        answer,
        2,
        "sources.crm.delivery",
        "sources.crm.quotes: unknown key",
        "resources.memory_limit_mb",
        "cache.expiry_days",
    )
    lines = bad.splitlines()
    assert f"retail_brain.toml:{lines.index(next(line for line in lines if 'weekly' in line)) + 1}: " in answer.err
    path.write_text("this is = = not toml", encoding="utf-8")
    assert_told(shop.call("run"), 2, "not valid TOML", "line 1")
    path.write_text(good, encoding="utf-8")
    assert not (shop.folder / ".retail-brain").exists()

"""The stages by themselves, and a night in which there is nothing to do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from backstage import cache, keys, rows, versions
from townsfolk import assert_conserved, assert_told, people, person

from shop import fill_with_sample

if TYPE_CHECKING:
    from shop import Shop


@pytest.fixture
def opened(shop: Shop) -> Shop:
    """A shop with a configuration and two exports, nothing run yet."""
    shop.deliver("pos.csv", *people(*range(30)))
    shop.deliver("crm.csv", *people(*range(10)))
    shop.must("init", ".")
    return shop


def test_the_stages_one_by_one_are_the_night_and_each_can_be_repeated(opened: Shop) -> None:
    for early in ("match", "publish", "warm"):
        assert opened.must(early)["status"] in ("nothing new", "warmed")
    for _ in range(2):
        taken = opened.must("ingest")
        assert taken["status"] == "ingested"
        assert_conserved(taken)
    assert opened.must("publish")["status"] == "nothing new"
    matched = opened.must("match")
    assert matched["status"] == "matched"
    assert opened.must("match")["status"] == "nothing new"
    assert opened.crosswalk() == []
    assert opened.must("ingest")["status"] == "ingested"
    night = opened.must("publish")
    assert (night["status"], night["generation"], night["warmed"]) == ("published", 1, 0)
    assert opened.must("publish")["status"] == "nothing new"
    assert opened.must("profile", "show", "pos:1")["served_from"] == "postgresql"
    assert opened.must("warm")["warmed"] == 30
    assert opened.must("warm")["warmed"] == 0
    assert opened.must("profile", "show", "pos:1")["served_from"] == "redis"
    assert {run["status"] for run in opened.must("run", "list")["runs"]} == {"published"}
    assert opened.must("run")["status"] == "nothing new"


def test_what_was_ingested_waits_for_the_next_run_together_with_newer_files(opened: Shop) -> None:
    elsewhere = opened.folder / "inbox"
    opened.deliver("inbox/pos_9.csv", *people(*range(40, 45)))
    first = opened.must("ingest", "--from", str(elsewhere))
    assert [file["file_name"] for file in first["files"]] == ["pos_9.csv"]
    night = opened.must("run")
    assert {file["file_name"] for file in night["files"]} == {"pos.csv", "crm.csv", "pos_9.csv"}
    assert night["records"]["new"] == 45


def test_a_night_without_anything_new_writes_nothing_anywhere(opened: Shop) -> None:
    opened.must("run")
    before, cached = versions(opened), keys(opened)
    folder = {path: path.stat().st_mtime_ns for path in (opened.folder / ".retail-brain" / "runs").rglob("*")}
    for _ in range(2):
        night = opened.must("run")
        assert (night["status"], night["warmed"], night["written"]) == ("nothing new", 0, {})
        assert {file["already_in_run"] for file in night["files"]} == {"1"}
    assert versions(opened) == before
    assert keys(opened) == cached
    assert {path: path.stat().st_mtime_ns for path in (opened.folder / ".retail-brain" / "runs").rglob("*")} == folder
    screen = opened.call("run")
    assert "Nothing new" in screen.out
    assert "already ingested in run 1" in screen.out


def test_a_folder_without_exports_has_nothing_to_do(opened: Shop) -> None:
    for path in opened.folder.glob("*.csv"):
        path.unlink()
    assert opened.must("run")["status"] == "nothing new"
    assert rows(opened, "select 1 from run") == []


def test_a_file_that_no_source_takes_is_told(opened: Shop) -> None:
    path = opened.deliver("stock.csv", *people(1))
    assert_told(opened.call("run", "--from", str(path)), 3, "stock.csv belongs to no source", "pos*.csv")
    assert_told(opened.call("run", "--from", "nowhere/pos_5.csv"), 3, "pos_5.csv is not there")


def test_commands_that_look_before_the_first_night_say_that_there_is_nothing_yet(opened: Shop) -> None:
    for command in (("run", "show"), ("run", "list"), ("profile", "show", "pos:1"), ("profile", "search", "maria")):
        assert_told(opened.call(*command), 2, "a table is missing", "the first retail-brain run")
    opened.must("db", "migrate")
    assert_told(opened.call("run", "show"), 2, "no run yet")
    assert opened.must("run", "list")["runs"] == []
    assert opened.must("quarantine", "list")["rows"] == []
    assert opened.crosswalk() == []
    assert opened.must("profile", "search", "maria lopez")["hits"] == []
    assert_told(opened.call("profile", "show", "pos:1"), 2, "pos never delivered a record 1")


def test_cron_with_an_empty_environment_and_no_terminal_is_enough(opened: Shop) -> None:
    opened.deliver("pos_2.csv", person(90, city="Zürich"))
    code = "from retail_brain_cli.main import run; run()"
    for arguments in (("run",), ("run",), ("profile", "show", "pos:90"), ("services", "stop")):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=opened.folder, env={"PATH": "/usr/bin:/bin", "LANG": "C"},
            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert all(json.loads(line)["event"] == "step" for line in done.stderr.decode().splitlines())
        if "show" in arguments:
            assert "Zürich" in done.stdout.decode("utf-8")


def test_a_changed_threshold_is_obeyed_by_the_next_run_without_new_files(shop: Shop) -> None:
    fill_with_sample(shop.folder)
    shop.must("init", ".")
    loose = shop.must("run")
    assert shop.must("run")["status"] == "nothing new"
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write("\n[matching]\nmerge_probability = 0.99\n\n[audit]\nenabled = false\n")
    strict = shop.must("run")
    assert strict["status"] == "published"
    assert strict["profiles"] > loose["profiles"]
    assert strict["written"]["source_record"] < 0.2 * sum(file["accepted"] for file in loose["files"])
    assert shop.must("run")["status"] == "nothing new"


def test_a_newly_trained_model_scores_everything_in_the_next_run(shop: Shop) -> None:
    fill_with_sample(shop.folder)
    shop.must("init", ".")
    first = shop.must("run")
    before = shop.crosswalk()
    trained = shop.must("model", "train")
    assert trained["model_id"] != first["model_id"]
    again = shop.must("run")
    assert (again["status"], again["model_id"]) == ("published", trained["model_id"])
    assert shop.crosswalk() == before
    assert shop.must("run")["status"] == "nothing new"


def test_a_first_night_without_a_row_and_one_with_a_single_row_are_nights_like_others(shop: Shop) -> None:
    shop.deliver("crm.csv", *people(*range(3)))
    shop.must("init", ".")
    shop.deliver("crm.csv")
    empty = shop.must("run")
    assert (empty["status"], empty["profiles"]) == ("published", 0)
    assert any("no rows" in warning for warning in empty["warnings"])
    shop.deliver("crm.csv", *people(0))
    assert shop.must("run")["profiles"] == 1
    shop.deliver("crm.csv", *people(*range(3)))
    shop.deliver("crm_2.csv", {**people(0)[0], "record_id": "again"})
    last = shop.must("run")
    assert (last["merges"], last["profiles"]) == (1, 3)


def documents(shop: Shop) -> dict[bytes, bytes]:
    """The cache's document of every profile, by its id."""
    with cache(shop) as client:
        found = [key for key in client.scan_iter(count=1000) if client.type(key) == b"string" and len(key) > 36]
        return {key[-36:]: client.get(key) for key in found}


def test_the_cache_holds_the_same_document_whether_a_first_night_made_it_or_postgresql(shop: Shop) -> None:
    """Also where values hold what a document is written with, or nothing."""
    odd = ['Ann "Bo"', "O\\'Neil", 'x","phone":null,"y', "Zoë 北", "null", "back\\slash"]
    rows_of = [
        {**person(number), "first_name": name, "address": f'{number} "Elm" St \\ rear', "city": name}
        for number, name in enumerate(odd)
    ]
    bare = {"record_id": "99", "last_name": "Alone"}
    shop.deliver("pos.csv", *rows_of, *people(*range(20, 30)), bare)
    shop.deliver("crm.csv", *people(*range(20, 25)))
    shop.must("init", ".")
    shop.must("run")
    first = documents(shop)
    with cache(shop) as client:
        client.flushall()
    shop.must("warm")
    again = documents(shop)
    assert len(first) == len(odd) + 10 + 1
    assert first == again

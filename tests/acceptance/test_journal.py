"""The journal as an operator meets it: when it begins, what happens while the target is away, what is found when it was damaged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from backstage import rows
from townsfolk import assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop

WHY = ("--reason", "two sisters", "--by", "Kim")
TRIGGERS = "select count(*) from pg_trigger where tgname ~ '^journal_'"


def target(shop: Shop) -> Path:
    return shop.folder / "backups"


def parts(shop: Shop) -> list[Path]:
    return sorted(path for path in (target(shop) / "journal").glob("*/*.jsonl"))


def entries(shop: Shop) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in parts(shop))


def kept_files(shop: Shop) -> set[str]:
    return {json.loads(path.read_bytes())["name"] for path in (target(shop) / "journal" / "files").glob("*.json")}


@pytest.fixture(scope="module")
def town(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop without any backup."""
    shop = make_shop("journal town")
    shop.deliver("pos.csv", *people(*range(1, 40)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    shop.must("run")
    return shop


def test_who_never_made_a_backup_has_no_journal(town: Shop) -> None:
    town.must("review", "decide", "pos:1", "pos:2", "different", *WHY)
    assert town.must("backup", "journal")["status"] == "off"
    assert not target(town).exists()
    assert rows(town, TRIGGERS) == [(0,)]
    assert "begins with the first retail-brain backup create" in town.call("doctor").out


def test_from_the_first_backup_on_each_change_is_there_before_the_command_says_done(town: Shop) -> None:
    town.must("backup", "create")
    assert entries(town) == ""
    told = town.must("review", "decide", "pos:3", "pos:4", "different", *WHY)
    assert f'"decision_id":{told["decision_id"]},' in entries(town)
    town.must("merge", "decisions", "withdraw", str(told["decision_id"]), *WHY)
    assert f'"withdraws":{told["decision_id"]},' in entries(town)
    town.must("ingest", "--record", json.dumps({"source": "pos", "record": person(500)}))
    waiting = town.must("backup", "journal")
    assert (waiting["status"], waiting["rows"]) == ("nothing new", 0)
    town.deliver("pos_2.csv", person(501))
    town.must("ingest", "--from", "pos_2.csv")
    assert kept_files(town) == {"pos_2.csv"}
    town.must("run")
    assert town.must("backup", "journal")["rows"] == 0


def test_while_the_target_is_away_work_stands_and_the_command_says_that_its_copy_is_missing(town: Shop) -> None:
    away = target(town).with_name("away")
    target(town).rename(away)
    answer = town.call("review", "decide", "pos:5", "pos:6", "different", *WHY, "--json")
    assert answer.code == 4
    assert "its copy is not beside the backups yet" in answer.err
    assert "Traceback" not in answer.err
    decision = answer.json["decision_id"]
    assert answer.json["warnings"]
    assert rows(town, f"select decided_by from identity_decision where decision_id = {decision}") == [("Kim",)]
    town.deliver("pos_3.csv", person(502))
    answer = town.call("run", "--from", "pos_3.csv", "--json")
    assert (answer.code, answer.json["status"]) == (4, "published")
    assert_told(town.call("backup", "journal"), 4, "cannot be written", "mounted")
    assert not target(town).exists()

    away.rename(target(town))
    caught_up = town.must("backup", "journal")
    assert caught_up["rows"] > 0
    assert f'"decision_id":{decision},' in entries(town)
    assert kept_files(town) == {"pos_2.csv", "pos_3.csv"}
    assert town.call("doctor").code == 0


def test_a_delivery_that_is_gone_before_it_could_be_copied_is_told(town: Shop) -> None:
    away = target(town).with_name("away")
    target(town).rename(away)
    path = town.deliver("pos_4.csv", person(503))
    assert town.call("ingest", "--from", "pos_4.csv").code == 4
    path.unlink()
    away.rename(target(town))
    assert "pos_4.csv is no longer where it was delivered" in " ".join(town.must("backup", "journal")["warnings"])
    town.deliver("pos_4.csv", person(503))
    town.must("run", "--from", "pos_4.csv")
    assert town.must("backup", "journal")["warnings"] == []


def test_a_service_follows_until_it_is_told_to_end(town: Shop) -> None:
    command = [
        sys.executable,
        "-c",
        "from retail_brain_cli.main import run; run()",
        "backup",
        "journal",
        "--follow",
        "--every",
        "0.2",
        "--json",
    ]
    with subprocess.Popen(
        command, cwd=town.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follower:
        rows(town, "insert into waiting_record (source, record_id, raw) values ('pos', 'x', '{}') returning 1")
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["rows"] == 1
        rows(town, "delete from waiting_record where record_id = 'x' returning 1")
        assert json.loads(follower.stdout.readline())["rows"] == 1
        follower.send_signal(signal.SIGTERM)
        _, err = follower.communicate(timeout=30)
    assert follower.returncode == 0, err
    assert '"gone":[["pos", "x"]]' in entries(town)


def test_a_journal_that_lost_entries_is_not_written_on_and_the_next_backup_begins_another(town: Shop) -> None:
    [path] = parts(town)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rstrip(b"\n").rindex(b"\n") + 1])
    answer = town.call("review", "decide", "pos:7", "pos:8", "different", *WHY, "--json")
    assert answer.code == 4
    assert_told(town.call("backup", "journal"), 6, "lacks entries that were in it", "backup create")
    town.must("backup", "create")
    town.must("review", "decide", "pos:9", "pos:10", "different", *WHY)
    assert len(parts(town)) == 2
    assert town.must("backup", "journal")["rows"] == 0


def test_an_edited_journal_stops_a_restore_that_needs_it_and_not_one_that_ends_before(town: Shop) -> None:
    town.must("backup", "create")
    backup_id = town.must("backup", "list")["backups"][0]["backup_id"]
    town.must("review", "decide", "pos:11", "pos:12", "different", *WHY)
    until = town.must("backup", "journal")["reached_at"]
    time.sleep(1.1)  # a moment is named by its second, and this one is another
    town.must("review", "decide", "pos:13", "pos:14", "different", *WHY)
    path = max(parts(town), key=lambda part: part.stat().st_mtime_ns)
    sound = path.read_bytes()
    place = sound.rindex(b"two sisters")
    path.write_bytes(sound[:place] + b"six" + sound[place + 3 :])
    assert_told(
        town.call("backup", "restore", backup_id, "--to", "edited"), 6, path.name, "was changed", "what stands before is sound"
    )  # fmt: skip
    moment = (datetime.fromisoformat(until) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    told = town.must("backup", "restore", backup_id, "--to", "before", "--at", moment)
    assert told["recovered_until"] <= moment
    assert told["replayed"]["identity_decision"] == 1
    path.write_bytes(sound)
    told = town.must("backup", "restore", backup_id, "--to", "whole")
    assert told["replayed"]["identity_decision"] == 2


def test_a_configuration_that_wants_no_journal_ends_it(town: Shop) -> None:
    file = town.folder / "retail_brain.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\n[backup]\njournal = false\n", encoding="utf-8")
    assert town.must("backup", "journal")["status"] == "off"
    assert rows(town, TRIGGERS) == [(0,)]
    town.must("backup", "create")
    assert rows(town, TRIGGERS) == [(0,)]
    assert "switched off" in town.call("doctor").out

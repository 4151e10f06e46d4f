"""The load test as its user meets it: against what a shop has published, with its exit codes, and cut off in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retail_brain.config.file import load_configuration
from retail_brain.services import find_services

if TYPE_CHECKING:
    from shop import Shop

SMALL = ("loadtest", "--no-nights", "--seconds", "1", "--rate", "20", "--clients", "1", "--checks", "40")


def test_serving_what_is_published_tells_latencies_and_a_verdict_and_changes_nothing(
    sample_shop: Shop, tmp_path: Path
) -> None:
    before = sample_shop.must("run", "list")
    target = tmp_path / "targets.toml"
    target.write_text(
        'name = "mine"\n[serving]\nerror_rate = 0\ntorn_reads = 0\n[p95_ms]\nprofile = 0.001\n', encoding="utf-8"
    )
    page = tmp_path / "report.html"
    answer = sample_shop.call(*SMALL, "--target", str(target), "--html", str(page), "--json")
    assert answer.code == 5, answer.err
    found = answer.json
    assert not found["met"]
    missed = [verdict for verdict in found["verdicts"] if not verdict["met"]]
    assert {(verdict["name"], verdict["limit"]) for verdict in missed} == {("p95 profile", 0.001)}
    served, without = found["phases"]
    assert (served["errors"], without["errors"]) == (0, 0)
    assert served["scheduled"] == served["answered"] >= 20
    assert {latency["kind"] for latency in served["latencies"]} == {"profile", "search", "resolve"}
    assert all(latency["found"] > 0.5 for latency in served["latencies"])
    assert (served["cache_hits"], without["cache_hits"]) == (1.0, 0.0)
    assert served["checking"]["checks"] > 0 == served["checking"]["torn"] + served["checking"]["torn_answers"]
    assert "1 of" not in page.read_text(encoding="utf-8")[:100]
    assert "targets of mine were missed" in page.read_text(encoding="utf-8")
    assert sample_shop.must("run", "list") == before


def test_options_that_exclude_one_another_are_refused(sample_shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    for words, told in (
        (["--config", str(sample_shop.folder)], "a load test makes a workspace of its own"),
        (["--records", "many"], "the number of records cannot be read"),
        (["--workspace", str(tmp_path / "full")], "is not empty"),
        (["--phases", "serve"], "there is no such phase"),
        (["--mix", "rain=1"], "there is no request rain"),
        (["--data", str(tmp_path / "nowhere")], "is not a folder"),
    ):
        answer = sample_shop.call("loadtest", *words)
        assert (answer.code, answer.out) == (2, "")
        assert told in answer.err


@pytest.mark.parametrize("server", ["PostgreSQL", "Redis"])
def test_servers_that_hold_profiles_are_refused_and_left_as_they_are(
    server: str, sample_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, config = sample_shop.must("run", "list"), load_configuration(sample_shop.folder / "retail_brain.toml")
    found = find_services(config.workspace_folder, postgres=config.postgres, redis=config.redis)
    assert found is not None
    with monkeypatch.context() as patch:
        name = "POSTGRES_HOST" if server == "PostgreSQL" else "REDIS_HOST"
        patch.setenv(name, found.postgres.host if server == "PostgreSQL" else found.redis.socket_path or "")
        answer = sample_shop.call("loadtest", "--records", "500")
    assert answer.code == 5
    assert f"the configured {server} holds profiles" in answer.err
    assert sample_shop.must("run", "list") == before


def test_cut_off_in_the_middle_it_leaves_no_server_and_no_folder_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from retail_brain_cli.main import run; run()", "loadtest", "--records", "2000"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path,
        start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["stage"] == "night 1":
            break
    (folder,) = tmp_path.glob("retail-brain-loadtest-*")
    assert _processes_in(folder), "its servers run"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
    assert not folder.exists()
    deadline = time.monotonic() + 20
    while _processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _processes_in(folder)


def _processes_in(folder: Path) -> list[str]:
    """The processes that work in a folder or in one that was deleted there."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                where = str((place / "cwd").readlink())
            except OSError:
                continue
            if where.startswith(str(folder)):
                found.append(place.name)
    return found

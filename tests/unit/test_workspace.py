"""The workspace: artefacts are whole or absent, and one run holds the lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from retail_brain.errors import LockedError
from retail_brain.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(folder=tmp_path / "my shop")
    made.prepare()
    return made


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create table crosswalk as select range as record_no from range(1000)")
    return connection


def test_an_artefact_is_read_back_as_it_was_written(workspace: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    folder = workspace.create_run_folder(1)
    folder.write(con, "crosswalk")
    assert folder.read(con, "crosswalk", into="again")
    assert con.execute("select count(*), sum(record_no) from again").fetchone() == (1000, 499500)


def test_a_flipped_bit_is_noticed_and_the_artefact_is_not_used(
    workspace: Workspace, con: duckdb.DuckDBPyConnection
) -> None:
    folder = workspace.create_run_folder(1)
    folder.write(con, "crosswalk")
    path = folder.path / "crosswalk.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert not folder.read(con, "crosswalk", into="again")


def test_a_truncated_or_missing_artefact_is_not_used(workspace: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    folder = workspace.create_run_folder(1)
    assert not folder.read(con, "crosswalk")
    folder.write(con, "crosswalk")
    path = folder.path / "crosswalk.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    assert not folder.read(con, "crosswalk", into="again")


def test_two_runs_cannot_hold_the_workspace(workspace: Workspace) -> None:
    again = Workspace(folder=workspace.folder)
    with workspace.lock("retail-brain run"), pytest.raises(LockedError, match="retail-brain run"), again.lock("run"):
        pass


def test_a_killed_process_leaves_no_lock(workspace: Workspace) -> None:
    code = (
        "import os, sys; from pathlib import Path; from retail_brain.workspace import Workspace\n"
        "with Workspace(folder=Path(sys.argv[1])).lock('run'): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(workspace.folder)], check=False)
    with workspace.lock("retail-brain run"):
        pass


def test_scratch_of_a_dead_process_is_swept(workspace: Workspace) -> None:
    left = workspace.folder / "scratch" / "999999999"
    left.mkdir()
    (left / "spill.tmp").write_text("x")
    workspace.prepare()
    assert not left.exists()


def test_only_the_runs_to_keep_stay(workspace: Workspace) -> None:
    for number in (1, 2, 3):
        workspace.create_run_folder(number)
    workspace.forget_runs({2, 3})
    assert [workspace.run_folder(number).path.exists() for number in (1, 2, 3)] == [False, True, True]

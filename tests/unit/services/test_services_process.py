from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from retail_brain.services.process import answers, last_words, process_id, started_at


def test_a_dead_process_is_not_believed(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        note = tmp_path / "pid"
        note.write_text(f"{child.pid}\nmore\n")
        assert process_id(note, "sleep") == child.pid
        assert process_id(note, "postgres") is None, "a stranger with the same number"
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process_id(note, "sleep") is None, "a zombie"


def test_a_note_that_says_nothing_names_no_process(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("")
    assert process_id(tmp_path / "pid", "sleep") is None
    assert process_id(tmp_path / "missing", "sleep") is None


def test_the_start_of_a_process_is_known() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        began = started_at(child.pid)
        child.kill()
    assert began is not None
    assert abs(began - time.time()) < 5


def test_nobody_answers_where_there_is_no_socket(tmp_path: Path) -> None:
    assert not answers(tmp_path / "none")


def test_the_last_words_of_a_server_are_its_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("2026 LOG:  starting\n2026 FATAL:  no space left\n2026 LOG:  shut down\n")
    assert last_words(log, ("FATAL:", "PANIC:")) == "FATAL:  no space left"
    assert last_words(tmp_path / "none", ("FATAL:",)) == "no word about it in its log"

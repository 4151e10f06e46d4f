"""`review next` at a real terminal of 80 columns: two people side by side, one key, the next two."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest
from backstage import rows
from townsfolk import assert_told

from doubtful import BORDERLINE, doubts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop import Shop

_PROGRAM = "import sys; from retail_brain_cli.main import run; run()"
_PROMPT = "[q] quit"


class Terminal:
    """A command at a pseudo-terminal: what it shows, and keys pressed without Return."""

    def __init__(self, shop: Shop, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments], cwd=shop.folder, stdin=slave, stdout=slave, stderr=slave,
            env=environment | {"TERM": "xterm"}, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def press(self, key: str, *, prompts: int) -> str:
        """Wait until the question stands there for the n-th time, press a key, and return what was shown."""
        self._read(lambda: self.shown.count(_PROMPT) >= prompts)
        time.sleep(0.2)  # what is typed before the question stands is not an answer
        os.write(self.master, key.encode())
        return self.shown

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        self._read(lambda: False)
        os.close(self.master)
        return self.process.wait(timeout=30)

    def _read(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not done():
            assert time.monotonic() < until, self.shown
            ready, _, _ = select.select([self.master], [], [], 1)
            try:
                text = os.read(self.master, 65536) if ready else b""
            except OSError:  # the other side has closed
                return
            self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode("utf-8", errors="replace"))


@pytest.fixture(scope="module")
def doubtful(make_shop: Callable[[str], Shop]) -> Iterator[Shop]:
    made = make_shop("questions")
    doubts(made)
    made.must("init", ".")
    made.must("run")
    return made


def test_keys_skip_explain_join_keep_apart_and_quit_each_at_once(doubtful: Shop) -> None:
    terminal = Terminal(doubtful, "review", "next", "--kind", "borderline", "--by", "Ann", "--ticket", "T-1")
    terminal.press("\r", prompts=1)
    terminal.press("w", prompts=2)
    terminal.press("s", prompts=3)
    terminal.press("x", prompts=4)
    assert rows(doubtful, "select kind, decided_by, ticket from identity_decision") == [("must_link", "Ann", "T-1")]
    os.write(terminal.master, b"D")
    terminal.press("q", prompts=5)
    assert terminal.end() == 0
    lines = [line.rstrip() for line in terminal.shown.replace("\r", "").split("\n")]
    assert max(len(line) for line in lines) <= 80, [line for line in lines if len(line) > 80]
    assert f"1 of {len(BORDERLINE)}" in lines[0]
    assert any(re.search(r"name .*≠", line) for line in lines)
    assert any("starting odds" in line for line in lines)
    assert any("are one person now" in line for line in lines)
    assert any("stay two people" in line for line in lines)
    assert lines[-2].startswith("1 same, 1 different, 1 skipped.")
    assert rows(doubtful, "select kind from identity_decision order by decision_id") == [
        ("must_link",),
        ("cannot_link",),
    ]
    assert len(doubtful.must("review", "list", "--kind", "borderline")["items"]) == len(BORDERLINE) - 2


def test_the_queue_and_the_decisions_fit_80_columns(doubtful: Shop) -> None:
    for command in (("review", "list"), ("merge", "decisions", "list", "--state", "all")):
        terminal = Terminal(doubtful, *command)
        assert terminal.end() == 0
        lines = terminal.shown.replace("\r", "").split("\n")
        assert len(lines) > 3
        assert max(map(len, lines)) <= 80


def test_an_interrupt_ends_it_and_what_was_answered_stays(doubtful: Shop) -> None:
    before = rows(doubtful, "select count(*) from identity_decision")[0][0]
    terminal = Terminal(doubtful, "review", "next", "--kind", "refused")
    terminal.press("d", prompts=1)
    terminal.press("\x03", prompts=2)
    assert terminal.end() == 130
    assert rows(doubtful, "select count(*) from identity_decision") == [(before + 1,)]


def test_an_answer_that_somebody_else_contradicts_is_told_and_the_next_question_comes(doubtful: Shop) -> None:
    terminal = Terminal(doubtful, "review", "next", "--kind", "weak")
    terminal.press("", prompts=1)
    item = doubtful.must("review", "next", "--kind", "weak", "--json")["item"]
    doubtful.must("review", "decide", item["left"]["key"], item["right"]["key"], "same", "--reason", "quicker")
    terminal.press("d", prompts=1)
    terminal.press("q", prompts=2)
    assert terminal.end() == 0
    assert "not applied: decision" in terminal.shown
    assert "merge decisions withdraw" in terminal.shown


def test_without_a_terminal_it_says_what_to_do_and_json_prints_the_next_question(doubtful: Shop) -> None:
    assert_told(doubtful.call("review", "next"), 2, "there is none", "review next --json")
    told = doubtful.must("review", "next")
    assert set(told) == {"item", "waiting", "or_more"}
    assert {"key", "profile_id", "profile_records", "values"} == set(told["item"]["left"])


def test_an_empty_queue_says_so_kindly(doubtful: Shop) -> None:
    assert "Nothing to decide." in doubtful.call("review", "list", "--min-weight", "999").out
    assert doubtful.must("review", "next", "--min-weight", "999")["item"] is None
    terminal = Terminal(doubtful, "review", "next", "--min-weight", "999")
    assert terminal.end() == 0
    assert "Nothing to decide." in terminal.shown

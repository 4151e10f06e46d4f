"""Giving way: seen from outside, in processes of their own, for an ordinary user cannot take it back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from retail_brain.priority import niceness, serving_process

# Prints the niceness of all threads before, inside and after, of a thread begun inside, and of the session.
_SCRIPT = """
import os, sys, threading
from pathlib import Path
from retail_brain.priority import giving_way
def told():
    threads = sorted(os.getpriority(os.PRIO_PROCESS, int(one.name)) for one in Path("/proc/self/task").iterdir())
    group = Path("/proc/self/autogroup")
    session = group.read_text().split() if group.exists() else []  # the first session since the start has none: empty
    return threads, int(session[-1]) if session else None
end = threading.Event()
def wait(): end.wait(60)
threading.Thread(target=wait, daemon=True).start()
print(told())
with giving_way(int(sys.argv[1])):
    threading.Thread(target=wait, daemon=True).start()
    print(told())
end.set()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


def told(nice: int, *, new_session: bool) -> list[str]:
    command = [sys.executable, "-c", _SCRIPT, str(nice)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=new_session)
    return answer.stdout.splitlines()


def test_all_threads_give_way_those_of_before_and_those_that_come() -> None:
    own = niceness()
    before, inside, _after = told(17, new_session=False)
    assert before.startswith(f"([{own}, {own}], ")
    assert inside.startswith("([17, 17, 17], ")


def test_who_has_a_session_alone_gives_way_with_it() -> None:
    before, inside, _after = told(18, new_session=True)
    assert before.endswith((", 0)", ", None)"))
    assert inside.endswith(", 18)" if before.endswith(", 0)") else ", None)")


def test_a_shell_that_only_waits_does_not_count_as_company() -> None:
    shell = ["/bin/sh", "-c", '"$@" && :', "sh", sys.executable, "-c", _SCRIPT, "18"]
    answer = subprocess.run(shell, capture_output=True, text=True, check=True, start_new_session=True)
    before, inside, _after = answer.stdout.splitlines()
    assert inside.endswith(", 18)" if before.endswith(", 0)") else ", None)")


def test_a_session_that_belongs_to_others_is_left_alone() -> None:
    before, inside, _after = told(18, new_session=False)
    assert inside.rpartition(" ")[2] == before.rpartition(" ")[2]


@pytest.mark.parametrize("nice", [0, 3])
def test_nought_changes_nothing_and_nobody_is_hurried(nice: int) -> None:
    own = niceness()
    before, inside, after = told(nice, new_session=False)
    expected = max(own, nice)
    assert before.startswith(f"([{own}, {own}], ")
    assert inside.startswith(f"([{expected}, {expected}, {expected}], ")
    assert int(after) in (own, expected)


def test_a_process_is_believed_to_serve_a_connection_only_where_the_kernel_says_so() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert serving_process(one.fileno(), os.getpid()) is False  # its listener is this process, not its parent
        with subprocess.Popen(["sleep", "60"]) as child:
            try:
                assert serving_process(one.fileno(), child.pid)
            finally:
                child.kill()
    with socket.socket(socket.AF_INET) as elsewhere:
        assert serving_process(elsewhere.fileno(), os.getpid()) is False

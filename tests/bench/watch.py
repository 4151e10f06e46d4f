"""Running one command and watching what it takes: seconds, memory of all its processes, disk in a folder.

Shared by the benches, so that product, floor and peers are measured in the same way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM = (sys.executable, "-c", "from retail_brain_cli.main import run; run()")
_EVERY_S = 0.5
_MIB = 1 << 20
_SCRATCH = ("scratch", "pgsql_tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one command took.

    Attributes:
        seconds: from start to end.
        peak_mib: most memory that its processes held together, looked at twice a second, or that the largest of them
            ever held, if that is more. Servers that outlive the command are not its processes.
        disk_mib: most disk that the folder held, looked at twice a second.
        scratch_mib: most of it that lay in folders for what does not fit into memory: DuckDB's and PostgreSQL's.
        code: its exit code.
        stopped: why it was ended, or nothing.
    """

    seconds: float
    peak_mib: int
    disk_mib: int
    scratch_mib: int
    code: int
    stopped: str
    out: str
    err: str


def watch(
    command: Sequence[str],
    *,
    cwd: Path,
    folder: Path | None = None,
    limit_s: float | None = None,
    limit_mib: int | None = None,
) -> Watched:
    """Run a command and watch it.

    Args:
        command: program and arguments.
        cwd: where it runs.
        folder: whose disk space is watched.
        limit_s: after so many seconds it is ended with all its processes.
        limit_mib: so it is when they hold more memory than this.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
        ended = threading.Event()
        sampler = _Sampler(process.pid, ended, folder, limit_s, limit_mib)
        sampler.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        ended.set()
        sampler.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [_text(file) for file in (out, err)]
    return Watched(
        seconds=seconds,
        peak_mib=max(usage.ru_maxrss // 1024, sampler.memory // _MIB),
        disk_mib=sampler.disk // _MIB,
        scratch_mib=sampler.scratch // _MIB,
        code=process.returncode,
        stopped=sampler.stopped,
        out=texts[0],
        err=texts[1],
    )


def call(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run one command of the product, and add what it took to its JSON.

    Args:
        folder: where it runs, whose disk space is watched.
        arguments: the words after the program's name.

    Raises:
        SystemExit: the command failed.
    """
    done = watch([*PROGRAM, *arguments], cwd=folder, folder=folder)
    if done.code:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.code}:\n{done.err[-2000:]}")
    if "--json" not in arguments:
        return {}
    took = {"peak_mib": done.peak_mib, "disk_mib": done.disk_mib, "scratch_mib": done.scratch_mib}
    return {**json.loads(done.out), "wall_seconds": done.seconds, **took}


def used_bytes(folder: Path) -> tuple[int, int]:
    """Return the disk space that the files of a folder hold, and that of those in folders for scratch."""
    found = list(_sizes(folder))
    return sum(size for size, _ in found), sum(size for size, scratch in found if scratch)


def _sizes(folder: Path) -> Iterator[tuple[int, bool]]:
    waiting = [(str(folder), False)]
    while waiting:
        path, inside = waiting.pop()
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, inside or entry.name.startswith(_SCRATCH)))
                    else:
                        yield entry.stat(follow_symlinks=False).st_blocks * 512, inside


class _Sampler(threading.Thread):
    """Looks at a process and its descendants until it has ended, and ends them where they take more than they may."""

    def __init__(
        self, pid: int, ended: threading.Event, folder: Path | None, limit_s: float | None, limit_mib: int | None
    ) -> None:
        super().__init__(daemon=True)
        self.memory = self.disk = self.scratch = 0
        self.stopped = ""
        self._pid, self._ended, self._folder = pid, ended, folder
        self._since, self._limit_s, self._limit_mib = time.monotonic(), limit_s, limit_mib

    def run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self.memory = max(self.memory, sum(_memory(pid) for pid in _family(self._pid)))
            if self._folder is not None:
                disk, scratch = used_bytes(self._folder)
                self.disk, self.scratch = max(self.disk, disk), max(self.scratch, scratch)
            self.stopped = self._why_stop()
            if self.stopped:
                with suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
                return

    def _why_stop(self) -> str:
        if self._limit_s is not None and time.monotonic() - self._since > self._limit_s:
            return f"not done in {self._limit_s / 60:g} minutes"
        if self._limit_mib is not None and self.memory > self._limit_mib * _MIB:
            return f"more than {self._limit_mib:,} MiB"
        return ""


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _memory(pid: int) -> int:
    """Return the bytes that a process holds for itself; shared ones count where the process alone has touched them."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
        held, shared = int(fields[1]), int(fields[2])
    except (OSError, IndexError, ValueError):
        return 0
    return (held - shared) * os.sysconf("SC_PAGE_SIZE")


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")

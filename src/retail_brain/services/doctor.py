"""Is everything well: Python, libraries, the workspace, the machine, and whatever else the caller can ask.

Each check looks, changes nothing and never raises. What other rooms own (the schema, the servers, the invariants) is
passed in as questions, so that a failing one becomes a line of the answer instead of its end.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import RetailBrainError
from retail_brain.model import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*(?:(==|>=)\s*([0-9][0-9A-Za-z.]*))?[^;]*(;.*)?$")
_PYTHONS = ((3, 11), (3, 12), (3, 13))
_GIGABYTE = 2**30


def check_everything(
    workspace_folder: Path, *, memory_limit_mb: int, questions: Mapping[str, Callable[[], Check]]
) -> tuple[Check, ...]:
    """Check the machine, then ask what the caller wants to know.

    Args:
        workspace_folder: the workspace; it need not exist yet.
        memory_limit_mb: what the engine may use, in MB.
        questions: a function for each further check by its name; one that raises is a failed check.

    Returns:
        All checks in order.
    """
    machine: dict[str, Callable[[], Check]] = {
        "python": check_python,
        "libraries": check_libraries,
        "workspace": lambda: check_workspace(workspace_folder),
        "disk": lambda: check_disk(workspace_folder),
        "memory": lambda: check_memory(memory_limit_mb),
        "files": check_open_files,
        "clock": lambda: check_clock(workspace_folder),
        "locale": check_locale,
    }
    return tuple(_ask(name, question) for name, question in (machine | dict(questions)).items())


def check_python() -> Check:
    """Check the version of Python against the one that the package asks for."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] not in _PYTHONS:
        hint = f"use Python {_PYTHONS[0][0]}.{_PYTHONS[0][1]} to {_PYTHONS[-1][0]}.{_PYTHONS[-1][1]}"
        return Check(name="python", outcome="warning", what=f"Python {version} has not been tested", hint=hint)
    return Check(name="python", outcome="ok", what=f"Python {version}")


def check_libraries() -> Check:
    """Check that the libraries are the ones that this version of Retail Brain was tested with."""
    try:
        required = metadata.requires("retail-brain") or []
    except metadata.PackageNotFoundError:
        return Check(name="libraries", outcome="warning", what="retail-brain is not installed as a package")
    wrong = [problem for line in required if (problem := _library_problem(line))]
    if wrong:
        return Check(name="libraries", outcome="failed", what="; ".join(wrong), hint="install retail-brain again")
    return Check(name="libraries", outcome="ok", what=f"{len(required)} libraries as required")


def check_workspace(folder: Path) -> Check:
    """Check that the workspace can be written, and by its owner alone."""
    existing = _nearest(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        hint = "check its owner, or set workspace.folder"
        return Check(name="workspace", outcome="failed", what=f"{existing} cannot be written", hint=hint)
    if folder.is_dir() and folder.stat().st_mode & 0o022:
        what = f"{folder} can be written by other users"
        return Check(name="workspace", outcome="warning", what=what, hint=f"chmod go-w '{folder}'")
    return Check(name="workspace", outcome="ok", what=str(folder))


def check_disk(folder: Path) -> Check:
    """Check the free disk under the workspace."""
    place = _nearest(folder)
    free = shutil.disk_usage(place).free / _GIGABYTE
    inodes = os.statvfs(place)
    what = f"{free:,.1f} GiB free"
    if free < 1 or (inodes.f_files and inodes.f_favail < 1_000):
        hint = "free disk or inodes, or set workspace.folder to another disk"
        return Check(name="disk", outcome="failed", what=what, hint=hint)
    if free < 10:
        return Check(name="disk", outcome="warning", what=what, hint="ten million records want about 20 GiB")
    return Check(name="disk", outcome="ok", what=what)


def check_memory(memory_limit_mb: int) -> Check:
    """Check that the memory which the engine may use is there."""
    available_mb = _available_memory_mb()
    if available_mb is None:
        return Check(name="memory", outcome="warning", what="the free memory is not known")
    what = f"{available_mb:,} MB available, the engine may use {memory_limit_mb:,} MB"
    if available_mb < memory_limit_mb:
        hint = f"set resources.memory_limit_mb to at most {max(256, available_mb * 3 // 4)}"
        return Check(name="memory", outcome="warning", what=what, hint=hint)
    return Check(name="memory", outcome="ok", what=what)


def check_open_files() -> Check:
    """Check how many files a process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < 256:
        what = f"a process may have {soft} files open"
        return Check(name="files", outcome="failed", what=what, hint="raise the limit: ulimit -n 1024")
    return Check(name="files", outcome="ok", what=f"a process may have {soft:,} files open")


def check_clock(folder: Path) -> Check:
    """Check that the clock has not gone back behind what the workspace has seen."""
    newest = max((entry.stat().st_mtime for entry in _entries(folder)), default=0.0)
    ahead_s = newest - time.time()
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if ahead_s > 300:
        what = f"it is {now}, and the workspace holds files from {ahead_s / 3600:,.1f} hours later"
        return Check(name="clock", outcome="warning", what=what, hint="set the clock; is NTP running?")
    return Check(name="clock", outcome="ok", what=now)


def check_locale() -> Check:
    """Check that file names are read as UTF-8."""
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        what = f"file names are read as {encoding}"
        return Check(name="locale", outcome="warning", what=what, hint="set PYTHONUTF8=1 or LANG=C.UTF-8")
    return Check(name="locale", outcome="ok", what="file names are read as UTF-8")


def _ask(name: str, question: Callable[[], Check]) -> Check:
    try:
        return question()
    except RetailBrainError as error:
        return Check(name=name, outcome="failed", what=error.message, hint=error.hint)
    except OSError as error:
        return Check(name=name, outcome="failed", what=f"cannot be checked: {error.strerror or type(error).__name__}")


def _library_problem(line: str) -> str | None:
    found = _REQUIREMENT.match(line)
    if found is None:
        return None
    name, relation, wanted, marker = found.groups()
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return None if marker else f"{name} is missing"
    if relation == "==" and installed != wanted:
        return f"{name} is {installed}, wanted {wanted}"
    if relation == ">=" and _numbers(installed) < _numbers(wanted):
        return f"{name} is {installed}, wanted at least {wanted}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+", maxsplit=1)[0]))


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def _entries(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if not entry.is_symlink()] if folder.is_dir() else []


def _available_memory_mb() -> int | None:
    """Return the free memory of the machine or of the container, whichever is less."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="utf-8"))
        available = min(available, limit - int((group / "memory.current").read_text(encoding="utf-8")))
    except (OSError, ValueError):  # no container, or one without a limit
        pass
    return available // 2**20

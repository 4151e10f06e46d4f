"""One file claimed: opened without following links or waiting on pipes, hashed, and checked to be the same afterwards.

Apart from the readers, so that nothing else in ingesting opens a file that somebody else delivered. Everything is
read through the one open handle, so a file replaced meanwhile can be noticed but never be read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from retail_brain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An open delivery: its handle, its name for people, and what the file looked like when it was opened."""

    path: Path
    name: str
    handle: BinaryIO
    size: int
    identity: tuple[int, ...]

    @property
    def readable_path(self) -> str:
        """A path that leads to the open handle itself, whatever stands under the file's name by now."""
        alias = f"/dev/fd/{self.handle.fileno()}"
        return alias if Path(alias).exists() else str(self.path)


def printable(name: str) -> str:
    """Return a file name without anything that a terminal or a table could stumble over."""
    return "".join(c if c.isprintable() else "?" for c in name)[:200]


def claim_file(path: Path) -> Claim:
    """Open a delivered file for reading.

    Args:
        path: the file; a symbolic link, pipe, device or folder is refused without opening it.

    Returns:
        The claim; close its handle.

    Raises:
        InputError: it is not a plain file, its name holds control characters, or it may not be read.
    """
    name = printable(path.name)
    if name != path.name:
        raise InputError(f"{name} has control characters or broken bytes in its name", hint="rename the file")
    try:
        _require_plain(name, os.lstat(path))
        handle = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)
    except FileNotFoundError:
        raise InputError(f"{name} is not there", hint=f"looked in {printable(str(path.parent))}") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}", hint="check its owner and mode") from None
    status = os.fstat(handle.fileno())
    try:
        _require_plain(name, status)
    except InputError:
        handle.close()
        raise
    return Claim(path=path, name=name, handle=handle, size=status.st_size, identity=_identity(status))


def _require_plain(name: str, status: os.stat_result) -> None:
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"))
    for test, kind in kinds:
        if test(status.st_mode):
            raise InputError(f"{name} is {kind}, not a file", hint="deliver the file itself")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is a device or socket, not a file", hint="deliver the file itself")
    if not status.st_mode & 0o444:
        raise InputError(f"{name} cannot be read: nobody may read it (mode 000)", hint="check its owner and mode")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def confirm_unchanged(claim: Claim) -> None:
    """Check that the file is still the one that was opened, under the same name.

    Raises:
        InputError: it was replaced, changed or removed while it was read.
    """
    try:
        same = _identity(os.lstat(claim.path)) == claim.identity == _identity(os.fstat(claim.handle.fileno()))
    except OSError:
        same = False
    if not same:
        raise InputError(
            f"{claim.name} was changed or replaced while it was read", hint="run again when it is complete"
        )


def hash_claim(claim: Claim) -> str:
    """Return the SHA-256 of the file's bytes in hex, read from the start."""
    digest = hashlib.sha256()
    for chunk in read_chunks(claim):
        digest.update(chunk)
    return digest.hexdigest()


def read_chunks(claim: Claim) -> Iterator[bytes]:
    """Yield the file's bytes from the start."""
    claim.handle.seek(0)
    while chunk := claim.handle.read(CHUNK_BYTES):
        yield chunk


def unstable_files(paths: Sequence[Path], *, fresh_s: float, settle_s: float) -> frozenset[Path]:
    """Return those files that are still being written.

    Only files changed in the last `fresh_s` seconds are looked at a second time, after one pause of `settle_s`
    seconds for all of them.
    """
    now = time.time()
    looks = _looks(path for path in paths)
    fresh = {path: look for path, look in looks.items() if abs(now - look[1] / 1e9) < fresh_s}
    if not fresh:
        return frozenset()
    time.sleep(settle_s)
    again = _looks(fresh)
    return frozenset(path for path, look in fresh.items() if again.get(path) != look)


def _looks(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    looks: dict[Path, tuple[int, int]] = {}
    for path in paths:
        try:
            status = os.lstat(path)
        except OSError:
            continue
        looks[path] = (status.st_size, status.st_mtime_ns)
    return looks

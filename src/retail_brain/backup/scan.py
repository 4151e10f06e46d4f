"""Every file of a folder read once: its size, its SHA-256, and what comes out when it is decompressed.

Apart from the judgement about it, because a backup that is made and one that is checked are read in the same way. Files are read side by
side; hashing and decompressing leave Python's lock alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.backup import manifest, place, verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNCOVERED = frozenset({manifest.NAME, verified.NAME, verified.NAME + place.PARTIAL})
_CHUNK = 1 << 18
_UNPACKED_CHUNK = 1 << 22
_TAIL = 5
_POLL_S = 0.1
COPY_END = b"\\.\n\n\n"
"""What pg_dump writes after the rows of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What a compressed file holds: lines, tabulators and its last bytes; or why it cannot be decompressed."""

    lines: int = 0
    tabs: int = 0
    tail: bytes = b""
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFile:
    """One file as it is."""

    name: str
    size: int = 0
    sha256: str = ""
    why_unreadable: str = ""
    unpacked: Unpacked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFolder:
    """Every file of a folder that a manifest has to cover, and its subfolders, by their names relative to it."""

    files: dict[str, ScannedFile]
    folders: frozenset[str]
    closed: dict[str, str] = field(default_factory=dict)
    """Folders that cannot be listed, and why."""


def no_tell(done: int, total: int) -> None:
    """Tell nobody."""


def scan(folder: Path, *, unpack: bool, jobs: int = 2, tell: Callable[[int, int], None] = no_tell) -> ScannedFolder:
    """Read every file of a backup but its manifest and the note of its checks.

    Args:
        folder: the backup, or what it will become.
        unpack: decompress what is compressed, and count.
        jobs: files that are read at the same time.
        tell: told the bytes read and all bytes.

    Returns:
        What was found; a file that cannot be read says why.
    """
    closed: dict[str, str] = {}
    names, folders = _walk(folder, closed)
    sizes = {name: _size(folder / name) for name in names}
    order, read = sorted(names, key=lambda name: -sizes[name]), dict.fromkeys(names, 0)
    with ThreadPoolExecutor(jobs) as pool:
        reading = [pool.submit(_read, folder, name, read, unpack=unpack) for name in order]
        try:
            while wait(reading, timeout=_POLL_S).not_done:
                tell(sum(read.values()), sum(sizes.values()))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    found = {file.name: file for file in (future.result() for future in reading)}
    tell(sum(sizes.values()), sum(sizes.values()))
    return ScannedFolder(files={name: found[name] for name in sorted(found)}, folders=frozenset(folders), closed=closed)


def _walk(folder: Path, closed: dict[str, str]) -> tuple[list[str], list[str]]:
    def cannot_list(error: OSError) -> None:
        closed[str(Path(error.filename).relative_to(folder))] = error.strerror or "unreadable"

    names, folders = [], []
    for path, inner, files in os.walk(folder, onerror=cannot_list):
        here = Path(path).relative_to(folder)
        links = [name for name in inner if (Path(path) / name).is_symlink()]
        folders += [str(here / name) for name in inner if name not in links]
        names += [str(here / name) for name in (*files, *links)]
    return [name for name in names if name not in _UNCOVERED], folders


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _read(folder: Path, name: str, read: dict[str, int], *, unpack: bool) -> ScannedFile:
    path = folder / name
    try:
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind):
            what = "is a symbolic link" if stat.S_ISLNK(kind) else "is not a file"
            return ScannedFile(name=name, why_unreadable=what)
        digest, reader = hashlib.sha256(), _Unpacker() if unpack and name.endswith(".gz") else None
        for chunk in _chunks(path):
            read[name] += len(chunk)
            digest.update(chunk)
            if reader is not None:
                reader.feed(chunk)
    except OSError as error:
        return ScannedFile(name=name, why_unreadable=f"cannot be read: {error.strerror}")
    unpacked = reader.result() if reader is not None else None
    return ScannedFile(name=name, size=read[name], sha256=digest.hexdigest(), unpacked=unpacked)


def _chunks(path: Path) -> Iterator[bytes]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor has no path
        while chunk := file.read(_CHUNK):
            yield chunk


class _Unpacker:
    """Decompresses a gzip stream in bounded pieces and counts what comes out."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._lines = self._tabs = 0
        self._tail = b""
        self._why_not = ""

    def feed(self, chunk: bytes) -> None:
        if self._why_not:
            return
        if self._stream.eof:
            self._why_not = "bytes follow after its end"
            return
        try:
            piece = self._stream.decompress(chunk, _UNPACKED_CHUNK)
            while piece:
                self._lines += piece.count(b"\n")
                self._tabs += piece.count(b"\t")
                self._tail = (self._tail + piece[-_TAIL:])[-_TAIL:]
                piece = self._stream.decompress(self._stream.unconsumed_tail, _UNPACKED_CHUNK)
        except zlib.error:
            self._why_not = "its bytes are damaged"
        if self._stream.unused_data:
            self._why_not = "bytes follow after its end"

    def result(self) -> Unpacked:
        if not self._why_not and not self._stream.eof:
            self._why_not = "it breaks off"
        return Unpacked(lines=self._lines, tabs=self._tabs, tail=self._tail, why_not=self._why_not)

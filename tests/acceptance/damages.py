"""What can happen to one file of a backup: by a disk, a careless copy, a tired administrator, or somebody who means it.

Each kind is done to a path, and given the same file of an older backup of the same shop.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, Path], object]


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write a file anew."""
    path.write_bytes(change(path.read_bytes()))


def flip(data: bytes, bit: int) -> bytes:
    """Return bytes with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _exchange(data: bytes) -> bytes:
    """Exchange the first byte and the next one that differs from it."""
    other = next(place for place, byte in enumerate(data) if byte != data[0])
    return data[other : other + 1] + data[1:other] + data[:1] + data[other + 1 :]


def _other_bytes(data: bytes) -> bytes:
    return random.Random(5).randbytes(len(data))


def _edited(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path, _: edit(path, change)


def _replaced(make: Callable[[Path, Path], object]) -> Damage:
    def damage(path: Path, elder: Path) -> None:
        path.unlink()
        make(path, elder)

    return damage


def _renamed(new: Callable[[Path], Path]) -> Damage:
    return lambda path, _: path.rename(new(path))


def _link_to_a_copy(path: Path, _: Path) -> None:
    copy = _target_of(path) / "elsewhere"
    path.rename(copy)
    path.symlink_to(copy)


def _target_of(path: Path) -> Path:
    """The folder of the backups."""
    return next(parent for parent in path.parents if (parent / "manifest.json").exists()).parent


def _sparse(path: Path, _: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, 0)
    os.truncate(path, size)


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            server.bind(f"/proc/self/fd/{here}/{path.name}")  # the name of a socket may not be long
        finally:
            os.close(here)


def _end_lost_and_size_kept(data: bytes) -> bytes:
    kept = len(data) * 2 // 3
    return data[:kept] + bytes(len(data) - kept)


def _half_twice(data: bytes) -> bytes:
    half = data[: len(data) // 2]
    return half + half + data[len(half) * 2 :]


DAMAGES: dict[str, Damage] = {
    "missing": lambda path, _: path.unlink(),
    "empty": _edited(lambda _: b""),
    "short by a byte": _edited(lambda data: data[:-1]),
    "cut in the middle": _edited(lambda data: data[: len(data) // 2]),
    "its first byte only": _edited(lambda data: data[:1]),
    "without its beginning": _edited(lambda data: data[7:]),
    "a byte lost in the middle": _edited(lambda data: data[: len(data) // 2] + data[len(data) // 2 + 1 :]),
    "a byte more in the middle": _edited(lambda data: data[: len(data) // 2] + b"0" + data[len(data) // 2 :]),
    "long by a byte": _edited(lambda data: data + b"\n"),
    "a tail of zeros": _edited(lambda data: data + bytes(512)),
    "written twice": _edited(lambda data: data * 2),
    "a byte order mark": _edited(lambda data: b"\xef\xbb\xbf" + data),
    "compressed once more": _edited(gzip.compress),
    "first bit": _edited(lambda data: flip(data, 0)),
    "middle bit": _edited(lambda data: flip(data, len(data) * 4)),
    "last bit": _edited(lambda data: flip(data, len(data) * 8 - 1)),
    "a block of zeros": _edited(lambda data: data[:9] + bytes(len(data[9:90])) + data[90:]),
    "all zeros": _edited(lambda data: bytes(len(data))),
    "a hole of the same size": _sparse,
    "its end lost and its size kept": _edited(_end_lost_and_size_kept),
    "its first half twice": _edited(_half_twice),
    "other bytes": _edited(_other_bytes),
    "two bytes exchanged": _edited(_exchange),
    "backwards": _edited(lambda data: data[::-1]),
    "renamed": _renamed(lambda path: path.with_name(path.name + ".bak")),
    "renamed by case": _renamed(lambda path: path.with_name(path.name.swapcase())),
    "renamed by a blank at the end": _renamed(lambda path: path.with_name(path.name + " ")),
    "renamed to what no terminal shows": _renamed(lambda path: path.with_name("\x1b[2J\udcff\n")),
    "moved out of the backup": _renamed(lambda path: _target_of(path) / f"moved-{path.name}"),
    "moved into a new folder": lambda path, _: ((path.parent / "new").mkdir(), path.rename(path.parent / "new/file")),
    "a folder instead": _replaced(lambda path, _: path.mkdir()),
    "a full folder instead": _replaced(lambda path, elder: shutil.copytree(elder.parent, path, symlinks=True)),
    "a link to nowhere": _replaced(lambda path, _: path.symlink_to("/nowhere/at/all")),
    "a link to itself": _replaced(lambda path, _: path.symlink_to(path.name)),
    "a link to a copy": _link_to_a_copy,
    "a link to an older backup": _replaced(lambda path, elder: path.symlink_to(elder)),
    "a link to a device": _replaced(lambda path, _: path.symlink_to("/dev/zero")),
    "a pipe instead": _replaced(lambda path, _: os.mkfifo(path)),
    "a socket instead": _replaced(_socket),
    "a device instead": _replaced(lambda path, _: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))),
    "that of an older backup": _replaced(lambda path, elder: shutil.copyfile(elder, path)),
    "a hard link to that of an older backup": _replaced(lambda path, elder: path.hardlink_to(elder)),
}
"""By their names; the manifest is as it was."""

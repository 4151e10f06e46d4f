"""Who reads a backup, so that nobody removes it meanwhile: a lock that readers share, and that a pruner has alone or not at all.

Apart from the lock of the target, which one process holds and for which others wait. A backup is locked by its manifest, which is there
already and need not be written: a target that can only be read is read as well. Where the file system knows no locks, nobody is kept
from reading. A copy off-site cannot be locked; those who fetch one share a file in the target, as far as they use the same.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from retail_brain.backup.manifest import NAME
from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FETCH_LOCK = ".fetch.lock"


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep a backup from being removed while its files are read.

    Args:
        folder: of the backup. One without a manifest is not kept: nothing of it can be believed.

    Raises:
        ConfigurationError: it was removed since it was found, or is at this moment.
    """
    lock = _open(folder / NAME, os.O_RDONLY)
    try:
        free = _take(lock, fcntl.LOCK_SH)
        if not free or not folder.is_dir():
            raise ConfigurationError(f"the backup {folder.name} is being removed", hint="retail-brain backup list")
        yield
    finally:
        _close(lock)


@contextmanager
def unread(folder: Path) -> Iterator[bool]:
    """Keep others from beginning to read a backup, if nobody does already.

    Args:
        folder: of the backup.

    Returns:
        Whether nobody reads it.
    """
    with _alone(folder / NAME, os.O_RDWR) as free:
        yield free


@contextmanager
def fetching(target: Path) -> Iterator[None]:
    """Keep copies off-site from being removed from here while one is fetched.

    Args:
        target: the folder of the backups; where it is missing nobody prunes from here.
    """
    lock = _open(target / _FETCH_LOCK, os.O_RDWR | os.O_CREAT)
    try:
        _take(lock, fcntl.LOCK_SH)
        yield
    finally:
        _close(lock)


@contextmanager
def unfetched(target: Path) -> Iterator[bool]:
    """Keep others from beginning to fetch copies to here, if nobody does already.

    Args:
        target: the folder of the backups.

    Returns:
        Whether nobody fetches one.
    """
    with _alone(target / _FETCH_LOCK, os.O_RDWR | os.O_CREAT) as free:
        yield free


@contextmanager
def _alone(path: Path, flags: int) -> Iterator[bool]:
    lock = _open(path, flags)
    try:
        yield _take(lock, fcntl.LOCK_EX)
    finally:
        _close(lock)


def _open(path: Path, flags: int) -> int | None:
    """Open a file to be locked; None where it is missing, or the disk takes no new one."""
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError:
        return None


def _take(lock: int | None, how: int) -> bool:
    """Say whether nobody holds the lock in a way that excludes this one, and hold it from now on."""
    if lock is None:
        return True
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _close(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)

"""The target: the folder in which backups lie, what is known of each, and how one comes to be and goes.

A backup is made under a name that ends in `.partial` and gets its own in one step, when everything of it is on the disk. One that is
pruned loses its name first. So a killed process leaves nothing that could be taken for a backup, and whoever makes the next one clears
it away. One lock for the whole target keeps makers and pruners apart; the programs that a maker starts inherit it, so it is held for as
long as anything still writes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from retail_brain.backup.manifest import Manifest, read_manifest
from retail_brain.backup.reading import unread
from retail_brain.backup.verified import LEVELS, Verified, read_verified
from retail_brain.errors import ConfigurationError, LockedError, ResourceError, RetailBrainError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTIAL = ".partial"
LOCK = ".lock"
COPY_LOCK = ".copy.lock"
"""Held while a copy is sent away, which may take hours: no backup waits for it."""
JOURNAL_COPY_LOCK = ".copy.journal.lock"
"""Held while the journal is sent away: it does not wait for a copy of a backup, nor that for it."""
_ID = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_ID_FORMAT = "%Y-%m-%dT%H-%M-%SZ"
_LOCK_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One finished backup of a target."""

    backup_id: str
    path: Path
    manifest: Manifest | None
    why_unreadable: str = ""
    """Why there is no manifest."""
    verified: Verified = field(default_factory=Verified)

    @property
    def made_at(self) -> datetime:
        """When it was begun."""
        return moment_of(self.backup_id)

    @property
    def is_verified(self) -> bool:
        """Whether everything in it was decoded at least once, and the last check found nothing wrong."""
        level = LEVELS.index(self.verified.level) if self.verified.level in LEVELS else 0
        return self.manifest is not None and self.verified.sound and level >= LEVELS.index("decoded")


def is_id(name: str) -> bool:
    """Say whether a name is that of a finished backup."""
    try:
        return _ID.fullmatch(name) is not None and moment_of(name).year > 0
    except ValueError:  # a 30th of February
        return False


def moment_of(backup_id: str) -> datetime:
    """Return when a backup was begun."""
    return datetime.strptime(backup_id, _ID_FORMAT).replace(tzinfo=UTC)


def list_backups(target: Path) -> list[Backup]:
    """Return the finished backups of a target, the oldest first.

    Args:
        target: the folder; it may be missing.

    Raises:
        ConfigurationError: the folder cannot be read.
    """
    try:
        found = sorted(path for path in target.iterdir() if is_id(path.name) and path.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be read: {error.strerror}", hint="check its owner") from error
    return [_look(path) for path in found]


def find_backup(target: Path, backup_id: str | None = None) -> Backup:
    """Return one backup.

    Args:
        target: the folder of the backups.
        backup_id: which; the newest by default.

    Raises:
        ConfigurationError: there is no such backup.
    """
    backups = list_backups(target)
    if not backups:
        raise ConfigurationError(f"there is no backup in {target}", hint="retail-brain backup create")
    if backup_id is None:
        return backups[-1]
    for backup in backups:
        if backup.backup_id == backup_id:
            return backup
    raise ConfigurationError(f"there is no backup {backup_id} in {target}", hint="retail-brain backup list")


def leftovers(target: Path) -> list[Path]:
    """Return what makers or pruners that were killed have left, or a living one is at work on."""
    return sorted(target.glob(f"*{PARTIAL}")) if target.is_dir() else []


@contextmanager
def alone(target: Path, what: str, *, name: str = LOCK, patience_s: float | None = None) -> Iterator[int]:
    """Be the only one who makes or removes backups in a target; the folder is made where it is missing, and not what it lies in.

    Args:
        target: the folder of the backups.
        what: what the holder does, told to whoever finds the lock taken.
        name: the lock.
        patience_s: how long to wait for it; by default moments.

    Returns:
        The locked descriptor, to be inherited by every program that writes into the target.

    Raises:
        LockedError: somebody else is at work.
        ResourceError: the folder cannot be written.
    """
    try:
        target.mkdir(exist_ok=True, mode=0o700)
        lock = os.open(target / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        _take(lock, target, _LOCK_PATIENCE_S if patience_s is None else patience_s)
        with suppress(OSError):  # on a full disk nobody is told who holds it, and pruning makes room
            os.ftruncate(lock, 0)
            os.write(lock, f"process {os.getpid()}: {what}".encode())
        yield lock
    finally:
        os.close(lock)


def clear_leftovers(target: Path) -> int:
    """Remove what killed makers and pruners left. The caller holds the target alone.

    Returns:
        How many were removed.
    """
    left = leftovers(target)
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def begin(target: Path, *, now: datetime | None = None) -> Path:
    """Make the folder of a new backup, under a name that does not count. The caller holds the target alone.

    Args:
        target: the folder of the backups.
        now: the moment that names it.

    Returns:
        The folder `<id>.partial`; the id is free even where two begin in the same second.

    Raises:
        ResourceError: it cannot be made.
    """
    moment = now or datetime.now(UTC)
    while (target / moment.strftime(_ID_FORMAT)).exists():
        moment += timedelta(seconds=1)
    folder = target / (moment.strftime(_ID_FORMAT) + PARTIAL)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise _unwritable(target, error) from error
    return folder


@contextmanager
def begun(target: Path) -> Iterator[Path]:
    """Give the folder of a new backup, which is gone again where the block fails.

    Args:
        target: the folder of the backups. The caller holds it alone.

    Raises:
        ResourceError: it cannot be made, or what the block does to it fails.
    """
    folder = begin(target)
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        what = error.strerror or "a file cannot be copied"
        raise ResourceError(
            f"{folder} cannot be written: {what}", hint="check the free disk; nothing half-done counts"
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def finish(folder: Path) -> Path:
    """Give a backup its name, once everything of it is on the disk.

    Args:
        folder: what `begin` returned.

    Returns:
        The folder under its own name.

    Raises:
        ResourceError: the disk does not take it.
    """
    done = folder.with_name(folder.name.removesuffix(PARTIAL))
    try:
        for path, _, files in os.walk(folder):
            for name in files:
                _sync(os.path.join(path, name))  # noqa: PTH118 - os.walk speaks text
            _sync(path)
        folder.rename(done)
        _sync(str(done.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    return done


def remove(backup: Backup) -> bool:
    """Remove a backup: its name first, so that no part of it is ever taken for one. The caller holds the target alone.

    Returns:
        False where somebody reads it: it stays.

    Raises:
        ResourceError: it cannot be removed.
    """
    gone = backup.path.with_name(backup.backup_id + PARTIAL)
    with unread(backup.path) as free:
        if not free:
            return False
        try:
            backup.path.rename(gone)
            _sync(str(gone.parent))
        except OSError as error:
            raise _unwritable(backup.path, error) from error
        shutil.rmtree(gone, ignore_errors=True)
    return True


def _look(path: Path) -> Backup:
    verified = read_verified(path)
    try:
        return Backup(backup_id=path.name, path=path, manifest=read_manifest(path), verified=verified)
    except RetailBrainError as error:
        why = error.message.removeprefix(f"{path.name}: ")
        return Backup(backup_id=path.name, path=path, manifest=None, why_unreadable=why, verified=verified)


def _take(lock: int, target: Path, patience_s: float) -> None:
    """Take the lock; what a killed maker had started ends within moments of it and then lets go."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
                raise LockedError(
                    f"the backups in {target} are in use by {holder}", hint="wait for it to end, then repeat"
                ) from None
            time.sleep(0.05)
        else:
            return


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> ResourceError:
    is_there = path.parent.is_dir()
    hint = "check the folder's owner and the free disk" if is_there else f"mount the disk of {path.parent}, or make it"
    return ResourceError(f"{path} cannot be written: {error.strerror}", hint=hint)

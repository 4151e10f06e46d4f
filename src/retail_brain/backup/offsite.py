"""Off-site copies: a backup sent away, read back and compared before it counts; brought back; and removed.

A copy is `<id>/` with the files of the backup. Its manifest is sent last and removed first, so half a copy is none. Whatever
becomes of a copy, the backup beside which its state is written stays as good as it was. The journal goes along (`offsite_journal`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.backup import place, verified
from retail_brain.backup.manifest import NAME, Manifest, parse_manifest
from retail_brain.errors import ConfigurationError, IntegrityError, ResourceError, RetailBrainError, ServiceError
from retail_brain.model import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from retail_brain.backup.bucket import Bucket
    from retail_brain.backup.manifest import FileEntry
    from retail_brain.backup.place import Backup
    from retail_brain.model import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteCopy:
    """One backup at the off-site place."""

    backup_id: str
    complete: bool
    """Whether its manifest is sound and every file of it is there with its size."""
    size: int
    manifest: Manifest | None

    @property
    def made_at(self) -> datetime:
        """When the backup was begun."""
        return place.moment_of(self.backup_id)


def copy_backup(bucket: Bucket, backup: Backup, *, progress: Progress = no_progress) -> None:
    """Send a backup away, read it back, and write beside it what became of that.

    What an earlier try has sent is compared and not sent again.

    Args:
        bucket: where to.
        backup: a sound one.
        progress: told how many bytes were sent.

    Raises:
        ServiceError: the store did not take it, or gave other bytes back.
        IntegrityError: the backup itself is damaged.
    """
    if backup.manifest is None or not backup.verified.sound:
        raise IntegrityError(f"{backup.backup_id} is damaged and is not copied", hint="retail-brain backup verify")
    _note(bucket, backup, "pending")
    try:
        _send(bucket, backup, backup.manifest, progress)
    except RetailBrainError as error:
        _note(bucket, backup, "failed", why=error.message)
        raise
    _note(bucket, backup, "copied")


def is_copied(bucket: Bucket, backup: Backup) -> bool:
    """Say whether a copy of a backup was sent to this place and compared."""
    return backup.verified.offsite.get("state") == "copied" and backup.verified.offsite.get("where") == bucket.where


def _note(bucket: Bucket, backup: Backup, state: str, **more: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    verified.note(backup.path, offsite={"state": state, "at": at, "where": bucket.where, **more})


def _send(bucket: Bucket, backup: Backup, manifest: Manifest, progress: Progress) -> None:
    there, sent = bucket.sizes(backup.backup_id), 0

    def tell(count: int) -> None:
        nonlocal sent
        sent += count
        progress("copy", done=min(sent, manifest.size - 1), total=max(manifest.size, 1))

    for entry in manifest.files:
        key = f"{backup.backup_id}/{entry.name}"
        if there.get(key) == entry.size and digest_of(bucket, key, entry.size) == entry.sha256:
            tell(entry.size)
        else:
            _put(bucket, backup.path / entry.name, key, entry, tell)
    bucket.settle()
    _put_whole(bucket, backup.path / NAME, f"{backup.backup_id}/{NAME}")
    bucket.settle()
    progress("copy", done=max(manifest.size, 1), total=max(manifest.size, 1))


def _put(bucket: Bucket, path: Path, key: str, entry: FileEntry, tell: Callable[[int], None]) -> None:
    """Send one file and compare what is there then."""
    try:
        sent = bucket.put(path, key, tell)
    except OSError as error:
        raise IntegrityError(f"{key} cannot be read: {error.strerror}", hint="retail-brain backup verify") from error
    if sent != entry.sha256:
        raise IntegrityError(f"{key} is not as it was written", hint="retail-brain backup verify")
    if bucket.size(key) != entry.size or digest_of(bucket, key, entry.size) != entry.sha256:
        raise other_bytes(bucket, key)


def _put_whole(bucket: Bucket, path: Path, key: str) -> None:
    """Send a small file that no manifest lists, and compare what is there then."""
    data = path.read_bytes()
    bucket.put(path, key, lambda _: None)
    if bucket.size(key) != len(data) or b"".join(bucket.read(key, len(data))) != data:
        raise other_bytes(bucket, key)


def digest_of(bucket: Bucket, key: str, size: int) -> str:
    """Return the SHA-256 of what the store gives back under a key."""
    found = hashlib.sha256()
    for piece in bucket.read(key, size):
        found.update(piece)
    return found.hexdigest()


def other_bytes(bucket: Bucket, key: str) -> ServiceError:
    """Return the error of a store that does not give back what it was sent."""
    return ServiceError(
        f"the off-site store {bucket.where} gives other bytes back than were sent ({key})",
        hint="retail-brain backup copy tries again",
    )


def list_copies(bucket: Bucket) -> list[OffsiteCopy]:
    """Return the backups at the off-site place, the oldest first, also those that are not whole.

    Raises:
        ServiceError: the store does not answer.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, size in bucket.sizes().items():
        backup_id, _, name = key.partition("/")
        if place.is_id(backup_id) and name:
            found[backup_id][name] = size
    return [_look(bucket, backup_id, sizes) for backup_id, sizes in sorted(found.items())]


def _look(bucket: Bucket, backup_id: str, sizes: dict[str, int]) -> OffsiteCopy:
    manifest, size = None, sum(sizes.values())
    if NAME in sizes:
        try:
            manifest = parse_manifest(backup_id, b"".join(bucket.read(f"{backup_id}/{NAME}", sizes[NAME])))
        except (IntegrityError, ConfigurationError):
            manifest = None
    whole = manifest is not None and all(sizes.get(entry.name) == entry.size for entry in manifest.files)
    return OffsiteCopy(backup_id=backup_id, complete=whole, size=size, manifest=manifest)


def fetch_copy(bucket: Bucket, copy: OffsiteCopy, target: Path, *, progress: Progress = no_progress) -> Path:
    """Bring a backup back. It counts when every byte of it is as its manifest says.

    Args:
        bucket: where from.
        copy: which.
        target: the folder of the backups, which the caller holds alone; the backup is not in it.
        progress: told how many bytes came.

    Returns:
        Its folder.

    Raises:
        IntegrityError: the copy is not whole, or was changed; nothing of it stays.
        ServiceError: the store does not answer.
        ResourceError: there is too little room.
    """
    if copy.manifest is None or not copy.complete:
        raise IntegrityError(f"the off-site copy of {copy.backup_id} is not whole", hint="backup list --offsite")
    folder = place.begin(target, now=copy.made_at)
    total, came = max(copy.manifest.size, 1), 0
    try:
        for entry in copy.manifest.files:
            _take(bucket, f"{copy.backup_id}/{entry.name}", folder / entry.name, entry)
            came += entry.size
            progress("fetch", done=came, total=total)
        write_private(folder / NAME, iter([copy.manifest.text().encode()]))
        verified.note_check(folder, "files", ())
        at = datetime.now(UTC).isoformat(timespec="seconds")
        verified.note(folder, offsite={"state": "copied", "at": at, "where": bucket.where})
        return place.finish(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _take(bucket: Bucket, key: str, path: Path, entry: FileEntry) -> None:
    if write_private(path, bucket.read(key, entry.size)) != entry.sha256:
        raise IntegrityError(
            f"the off-site copy was changed: {key}", hint="take another backup: retail-brain backup list --offsite"
        )


def write_private(path: Path, pieces: Iterator[bytes]) -> str:
    """Write a file that only its owner can read, and return its SHA-256."""
    found = hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            for piece in pieces:
                found.update(piece)
                file.write(piece)
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}", hint="check the free disk") from error
    return found.hexdigest()


def remove_copy(bucket: Bucket, backup_id: str) -> None:
    """Remove a copy: its manifest first, so that no part of it is ever taken for one.

    Raises:
        ServiceError: the store did not do it.
    """
    keys = [key for key in bucket.sizes(backup_id) if key.startswith(f"{backup_id}/")]
    manifest = f"{backup_id}/{NAME}"
    if manifest in keys:
        bucket.remove([manifest])
        keys.remove(manifest)
    if keys:
        bucket.remove(keys)

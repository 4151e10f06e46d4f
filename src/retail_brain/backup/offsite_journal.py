"""The journal off-site, beside the copies of backups.

Apart from the copies because it has no manifest and only grows: a part is sent again where it is longer here than there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retail_brain.backup import place
from retail_brain.backup.journal import FOLDER as JOURNAL
from retail_brain.backup.journal_end import REACHED
from retail_brain.backup.offsite import digest_of, other_bytes, write_private

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.backup.bucket import Bucket

_MARGIN = timedelta(hours=1)
"""What is kept of the journal from before the oldest copy: clocks differ, and snapshots take a moment."""


def copy_journal(bucket: Bucket, target: Path) -> int:
    """Send what the journal has grown by.

    Args:
        bucket: where to.
        target: the folder of the backups.

    Returns:
        How many files were sent.

    Raises:
        ServiceError: the store did not take it, or gave other bytes back.
    """
    there, sent = bucket.sizes(JOURNAL), 0
    for path in sorted((target / JOURNAL).rglob("*")):
        key = path.relative_to(target).as_posix()
        if place.PARTIAL in path.name or not path.is_file():
            continue
        if path.name == REACHED or there.get(key) != path.stat().st_size:  # that note changes and keeps its length
            _put_growing(bucket, path, key)
            sent += 1
    bucket.settle()
    return sent


def _put_growing(bucket: Bucket, path: Path, key: str) -> None:
    """Send a file to which another process may append meanwhile."""
    sent = bucket.put(path, key, lambda _: None)
    if digest_of(bucket, key, bucket.size(key)) != sent:
        raise other_bytes(bucket, key)


def prune_journal(bucket: Bucket, target: Path, oldest: datetime) -> None:
    """Remove files of the journal that were pruned here and that no kept copy needs.

    Args:
        bucket: where from.
        target: the folder of the backups.
        oldest: when the oldest copy that stays was begun.

    Raises:
        ServiceError: the store did not do it.
    """
    gone = [key for key in bucket.unchanged_since(JOURNAL, oldest - _MARGIN) if not (target / key).exists()]
    if gone:
        bucket.remove(gone)


def fetch_journal(bucket: Bucket, target: Path) -> int:
    """Bring back the parts of the journal that are missing here, or shorter.

    Args:
        bucket: where from.
        target: the folder of the backups.

    Returns:
        How many files came.

    Raises:
        ServiceError: the store does not answer.
        ResourceError: there is too little room.
    """
    came = 0
    for key, size in sorted(bucket.sizes(JOURNAL).items()):
        path = target / key
        if ".." in key.split("/") or place.PARTIAL in path.name or (path.is_file() and path.stat().st_size >= size):
            continue
        partial = path.with_name(path.name + place.PARTIAL)
        write_private(partial, bucket.read(key, size))
        partial.replace(path)
        came += 1
    return came

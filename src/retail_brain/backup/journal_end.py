"""The end of the journal, held against what PostgreSQL knows of it: before anything is written on, and where nothing is to be
written, since a shop that is idle wants to hear as well that its journal is gone.

What stands behind the known end was brought there by a writer that was killed before PostgreSQL heard of it, or by a future that
PostgreSQL has lost because it was set back. Each commit says which notes of touched rows it took. A killed writer has left all
of them in PostgreSQL; of a lost future at least one is gone, since its moment never comes again.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.backup.journal import FOLDER, LINE, Entry, Head, check_line
from retail_brain.backup.small_file import read_small
from retail_brain.errors import IntegrityError, ResourceError, ServiceError
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

REACHED = "reached.json"
"""The note of a timeline that nothing was to be written at some moment."""
_HINT = "is the target mounted, writable and not full? retail-brain backup journal catches up"
_TAIL_BYTES = 16_384
"""A commit is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Up to when an end of the journal is known to hold everything, and the digest of that end."""

    at: datetime
    digest: str


def make_timeline(target: Path, timeline: str) -> Path:
    """Make the folder of a new timeline, on the disk; where it is missing later, the target is not the one that it began in.

    Args:
        target: the folder of the backups. It is not made: it may not be mounted.
        timeline: its name.

    Returns:
        The folder.

    Raises:
        ServiceError: the target is not there, or cannot be written.
    """
    folder = target / FOLDER / timeline
    try:
        for place in (folder.parent, folder):
            place.mkdir(exist_ok=True, mode=0o700)
            sync_folder(place.parent)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def find_end(folder: Path, head: Head, is_ours: Callable[[Sequence[int]], bool] | None = None) -> Head:
    """Return where the journal ends: what is known, and behind it what a killed writer had brought to the disk.

    Args:
        folder: the folder of the timeline.
        head: where PostgreSQL says that it ends.
        is_ours: says whether the notes that a commit took are still there; None where only the known end is looked at.

    Raises:
        ServiceError: the target is not there, or cannot be read.
        IntegrityError: the journal lacks entries that PostgreSQL knows, or holds some of its future.
    """
    head = head if head.part else replace(head, part=part_name(1))
    try:
        data = _read_from(folder, head)
        if head.entries and _digest_at(folder, head, data) != head.digest:
            raise IntegrityError(
                f"the journal in {folder} lacks entries that were in it, or they were changed",
                hint="retail-brain backup create begins a new one; look at the target's disk",
            )
    except OSError as error:
        raise unwritable(folder, error) from error
    known, end = head.size, head
    if is_ours is None:
        return end
    for entry, length in _parse(data[known - _start(head) :], head):
        if entry.kind == "commit":
            if not is_ours(_moments(entry)):
                raise IntegrityError(
                    f"the journal in {folder} knows more than the database (entry {entry.number}): the database was set back",
                    hint="retail-brain backup restore brings back what it knows; backup create begins a new journal",
                )
            end = replace(end, entries=entry.number, digest=entry.digest, size=known + length)
    return end


def note_reached(folder: Path, moment: str, head: Head) -> None:
    """Note that at a moment nothing was to be written behind an end that was looked at.

    Args:
        folder: the folder of the timeline.
        moment: in ISO 8601.
        head: the end.

    Raises:
        ServiceError: the target cannot be written.
    """
    try:
        replace_text(folder / REACHED, json.dumps({"at": moment, "digest": head.digest}) + "\n")
    except ResourceError as error:
        raise ServiceError(f"the journal's {error.message}", hint=_HINT) from error


def read_reached(folder: Path) -> Reached | None:
    """Return the note of `note_reached`; None where there is none that can be read."""
    try:
        body = json.loads(read_small(folder / REACHED))
        return Reached(at=datetime.fromisoformat(body["at"]).astimezone(UTC), digest=str(body["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def part_name(number: int) -> str:
    """Return the name of the part that begins with an entry."""
    return f"{number:012}.jsonl"


def _start(head: Head) -> int:
    return max(head.size - _TAIL_BYTES, 0)


def _read_from(folder: Path, head: Head) -> bytes:
    """Return the newest part from a little before its known end; nothing where it was not begun yet."""
    if not folder.is_dir():
        raise ServiceError(
            f"the journal cannot be written: {folder} is not there",
            hint="is the target mounted? where the journal is lost, retail-brain backup create begins a new one",
        )
    try:
        with (folder / head.part).open("rb") as file:
            file.seek(_start(head))
            return file.read()
    except FileNotFoundError:
        return b""


def _digest_at(folder: Path, head: Head, data: bytes) -> str:
    """Return the digest of the entry at the known end, computed again; '' where none stands there, or it was changed."""
    if head.size:
        last = data[: head.size - _start(head)]
        if len(last) < head.size - _start(head):
            return ""
    else:  # the part was not begun yet, so the end is that of the one before
        before = [path for path in sorted(folder.glob("*.jsonl")) if path.stem.isdigit() and path.name < head.part]
        if not before:
            return ""
        with before[-1].open("rb") as file:
            file.seek(max(before[-1].stat().st_size - _TAIL_BYTES, 0))
            last = file.read()
    line = last.rpartition(b"\n")[0].rpartition(b"\n")[2] + b"\n"
    found = LINE.fullmatch(line)
    try:
        return check_line(line, head.entries - 1, found[5].decode(), head.part).digest if found else ""
    except IntegrityError:
        return ""


def _parse(data: bytes, head: Head) -> Iterator[tuple[Entry, int]]:
    """Yield whole entries of what stands behind the known end, and where each ends; stop where it is torn."""
    number, digest, length = head.entries, head.digest, 0
    for line in io.BytesIO(data):
        try:
            entry = check_line(line, number, digest, head.part)
        except IntegrityError:
            return
        number, digest, length = entry.number, entry.digest, length + len(line)
        yield entry, length


def _moments(entry: Entry) -> list[int]:
    """Return the notes that a commit took; none where it does not tell, which nobody can own up to."""
    try:
        return [int(moment) for moment in json.loads(entry.packed)["notes"]]
    except (ValueError, KeyError, TypeError):
        return []


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(folder: Path | None, error: OSError) -> ServiceError:
    """Return the failure of a target that does not take the journal."""
    return ServiceError(
        f"the journal{f' in {folder}' if folder else ''} cannot be written: {(error.strerror or 'input or output failed').lower()}",
        hint=_HINT,
    )

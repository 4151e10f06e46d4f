"""The journal beside the backups: what was committed since the last one, entry after entry, each standing on all before.

    <target>/journal/<timeline>/000000000001.jsonl      entries 1 …, one a line
    <target>/journal/<timeline>/000000004711.jsonl      the next part
    <target>/journal/files/                             delivered files, see `delivered`

Entries of the kind `rows` lead up to one of the kind `commit`: together they bring a database from one state that really
was to the next. A line holds the digest of its own content and of the line before, so an entry that was edited, removed or
slipped in is found and named. What a killed writer left behind the last commit was promised to nobody. Bodies above a few
lines are compressed, and encrypted where the backups are. Here is how the journal is read; `journal_writer` writes it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

from retail_brain.backup.encrypt import decrypt_bytes
from retail_brain.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FOLDER = "journal"
_AGE = b"age-encryption.org/"
_PART = re.compile(r"\d{12,}\.jsonl")
LINE = re.compile(
    rb'\{"n":(\d+),"at":"([0-9T:.+-]+)","horizon":(\d+),"kind":"(\w+)","previous":"(\w*)","digest":"(\w{64})","body":(.*)\}\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the journal ends: its entries, the digest of the last, the part that gets the next, and how long that is."""

    entries: int = 0
    digest: str = ""
    part: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        number: its number, from 1, without gaps.
        at: the moment of the state that it leads to, in ISO 8601.
        horizon: the number that the next transaction of that state would get.
        kind: rows or commit.
        digest: SHA-256 of everything else and of the digest before.
        packed: the body as it stands in the file.
    """

    number: int
    at: str
    horizon: int
    kind: str
    digest: str
    packed: bytes

    def body(self, identities: Sequence[Any] = ()) -> str:
        """Return the body as JSON.

        Args:
            identities: of `encrypt.read_identities`; needed where it is encrypted.

        Raises:
            ConfigurationError: it is encrypted, and no identity fits.
        """
        if not self.packed.startswith(b'"'):
            return self.packed.decode()
        data = base64.b64decode(self.packed[1:-1])
        if data.startswith(_AGE):
            data = decrypt_bytes(data, identities)
        return zlib.decompress(data).decode()


def read_journal(folder: Path, *, until: datetime | None = None) -> Iterator[Entry]:
    """Yield the entries of a timeline that count, each after it was checked, and those before it.

    Args:
        folder: the folder of the timeline.
        until: stop before the first entry of a later moment; nothing behind it is looked at.

    Raises:
        IntegrityError: an entry was edited, or is missing, or cannot be read; the message names the file and the entry.
    """
    last = max((entry.number for entry in _walk(folder, until) if entry.kind == "commit"), default=0)
    yield from takewhile(lambda entry: entry.number <= last, _walk(folder, until))


def _walk(folder: Path, until: datetime | None) -> Iterator[Entry]:
    """Yield every entry after it was checked, also those that no commit follows; a batch may be larger than the memory."""
    head, parts = Head(), _parts(folder)
    for part in parts:
        first = int(part.stem)
        if part == parts[0]:
            head = replace(head, entries=first - 1, digest=_previous_of(part) if first > 1 else "")
        elif first != head.entries + 1:
            raise IntegrityError(
                f"the journal lacks entries {head.entries + 1} to {first - 1}, before {part.name}", hint=_before(head)
            )
        for line in _lines(part, is_last=part == parts[-1]):
            if until is not None and _is_later(line, until):
                return
            entry = check_line(line, head.entries, head.digest, part.name)
            head = replace(head, entries=entry.number, digest=entry.digest)
            yield entry


def parts_before(folder: Path, moment: str) -> list[Path]:
    """Return the parts of a timeline that no backup made at or after a moment needs.

    Args:
        folder: the folder of the timeline.
        moment: in ISO 8601, UTC.
    """
    return [part for part, after in pairwise(_parts(folder)) if (_first_moment(after) or moment) < moment]


def strays(folder: Path) -> list[str]:
    """Return the files in the folder of a timeline whose names are almost those of parts: nobody here writes such, or reads them.

    Args:
        folder: the folder of the timeline; it may be missing.
    """
    return sorted(path.name for path in folder.glob("*.jsonl") if _PART.fullmatch(path.name) is None)


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jsonl") if _PART.fullmatch(path.name))


def _lines(part: Path, *, is_last: bool) -> Iterator[bytes]:
    try:
        with part.open("rb") as file:
            for line in file:
                if is_last and not line.endswith(b"\n"):  # torn: a writer was killed, and had promised nothing
                    return
                yield line
    except OSError as error:
        raise IntegrityError(
            f"{part.name} of the journal cannot be read: {(error.strerror or 'input or output failed').lower()}",
            hint="look at its disk and its owner",
        ) from error


def _is_later(line: bytes, until: datetime) -> bool:
    found = LINE.fullmatch(line)
    try:
        return found is not None and datetime.fromisoformat(found[2].decode()) > until
    except (ValueError, TypeError):  # a moment that is none, or of no time zone: whoever checks the line says so
        return False


def check_line(line: bytes, number: int, digest: str, part: str) -> Entry:
    """Return the entry of a line, which has to follow the one with this number and digest."""
    found = LINE.fullmatch(line)
    if found is not None:
        at, kind, previous, claimed = (found[place].decode() for place in (2, 4, 5, 6))
        entry = Entry(
            number=int(found[1]), at=at, horizon=int(found[3]), kind=kind, digest=claimed, packed=found[7]
        )  # fmt: skip
        if entry.number > number + 1:
            raise IntegrityError(
                f"the journal lacks entries {number + 1} to {entry.number - 1} in {part}",
                hint=_before(Head(entries=number)),
            )
        expected = digest_of(digest, entry.number, at, horizon=entry.horizon, kind=kind, packed=entry.packed)
        if entry.number == number + 1 and previous == digest and claimed == expected:
            return entry
    raise IntegrityError(
        f"entry {number + 1} of the journal, in {part}, was changed", hint=_before(Head(entries=number))
    )


def _before(head: Head) -> str:
    return f"what stands before is sound: backup restore --at TIME, up to entry {head.entries}"


def _previous_of(part: Path) -> str:
    """Return what the first entry of a part stands on; the parts before it were pruned."""
    found = LINE.fullmatch(next(_lines(part, is_last=False), b""))
    return found[5].decode() if found else ""


def _first_moment(part: Path) -> str | None:
    found = LINE.fullmatch(next(_lines(part, is_last=False), b""))
    return found[2].decode() if found else None


def digest_of(previous: str, number: int, at: str, *, horizon: int, kind: str, packed: bytes) -> str:
    """Return the digest of an entry: of the one before, and of everything in it."""
    head = f"{previous}\n{number}\n{at}\n{horizon}\n{kind}\n".encode()
    return hashlib.sha256(head + packed).hexdigest()

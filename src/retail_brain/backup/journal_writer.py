"""Writing the journal: a batch of entries at the end of its newest part, on the disk before anybody is told that it is done.

Apart from reading it, because only a writer has to know where PostgreSQL says that the journal ends, and to clear away what
a killed one left.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from retail_brain.backup.encrypt import encrypt_bytes
from retail_brain.backup.journal import LINE, Head, check_line, digest_of
from retail_brain.errors import IntegrityError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retail_brain.backup.journal import Entry

PART_BYTES = 16 * 2**20
"""A part that is larger gets no further entry."""
_BODY_BYTES = 400_000
_PLAIN_BYTES = 1_000
_TAIL_BYTES = 4_096
"""A commit is shorter."""


class JournalWriter:
    """One batch of entries at the end of a timeline: rows, then the commit that makes them count."""

    def __init__(self, folder: Path, head: Head, *, at: str, horizon: int, recipients: Sequence[str] = ()) -> None:
        """Open the end of the journal.

        Args:
            folder: the folder of the timeline.
            head: where PostgreSQL says that it ends.
            at: the moment of the state that the batch leads to.
            horizon: the number that the next transaction of that state would get.
            recipients: public keys, where the backups are encrypted.

        Raises:
            ServiceError: the target is not there, or cannot be written.
            IntegrityError: the journal lacks entries that PostgreSQL knows, or holds some of its future.
        """
        self._at, self._horizon, self._recipients = at, horizon, recipients
        self.head = head if head.part else replace(head, part=_part_name(1))
        try:
            for place in (folder.parent, folder) if not head.entries else ():  # not the target: it may not be mounted
                place.mkdir(exist_ok=True, mode=0o700)
            self._file = os.open(folder / self.head.part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            if not self.head.size:
                _sync(folder)
                _sync(folder.parent)
        except OSError as error:
            raise _unwritable(folder, error) from error
        try:
            self._recover(folder)
        except BaseException:
            self.close()
            raise

    def _recover(self, folder: Path) -> None:
        """Hold the end of the file against what is known, and cut off what was never promised."""
        known, size = self.head.size, os.fstat(self._file).st_size
        if known:
            start = max(known - _TAIL_BYTES, 0)
            last = os.pread(self._file, known - start, start).rpartition(b"\n")[0].rpartition(b"\n")[2] + b"\n"
            found = LINE.fullmatch(last)
            if size < known or found is None or found[6].decode() != self.head.digest:
                raise IntegrityError(
                    f"the journal in {folder} lacks entries that were in it, or they were changed",
                    hint="retail-brain backup create begins a new one; look at the target's disk",
                )
        if size == known:
            return
        tail = os.pread(self._file, size - known, known)
        for entry, length in _parse(tail, self.head, self.head.part):
            if entry.horizon > self._horizon:
                raise IntegrityError(
                    f"the journal in {folder} knows more than the database (entry {entry.number}): the database was set back",
                    hint="retail-brain backup restore brings back what it knows; backup create begins a new journal",
                )
            if entry.kind == "commit":
                self.head = replace(self.head, entries=entry.number, digest=entry.digest, size=known + length)
        os.ftruncate(self._file, self.head.size)

    def append(self, kind: str, body: str) -> None:
        """Write one entry.

        Args:
            kind: rows or commit.
            body: a JSON object.

        Raises:
            ServiceError: the target cannot be written.
        """
        packed, number = _pack(body, self._recipients), self.head.entries + 1
        digest = digest_of(self.head.digest, number, self._at, horizon=self._horizon, kind=kind, packed=packed)
        line = b'{"n":%d,"at":"%s","horizon":%d,"kind":"%s","previous":"%s","digest":"%s","body":%s}\n' % (
            number, self._at.encode(), self._horizon, kind.encode(), self.head.digest.encode(), digest.encode(), packed,
        )  # fmt: skip
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise _unwritable(None, error) from error
        self.head = replace(self.head, entries=number, digest=digest, size=self.head.size + len(line))

    def commit(self, body: str = "{}") -> Head:
        """Write the entry that makes the batch count, and wait for the disk.

        Args:
            body: what it tells besides.

        Returns:
            Where the journal ends now.

        Raises:
            ServiceError: the target cannot be written.
        """
        self.append("commit", body)
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _unwritable(None, error) from error
        if self.head.size > PART_BYTES:
            self.head = replace(self.head, part=_part_name(self.head.entries + 1), size=0)
        return self.head

    def close(self) -> None:
        """Close the file; a batch without its commit is cut off by the next writer."""
        os.close(self._file)


def rows_entries(rows: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """Put touched rows together into bodies of entries of the kind `rows`.

    Args:
        rows: table, key and content (None: gone), table by table.

    Returns:
        JSON objects: `table`, `rows` as they stand, word for word, and `gone`, the keys of those that are no more.
    """
    table, there, gone, size = "", list[str](), list[str](), 0

    def body() -> str:
        return f'{{"table":{json.dumps(table)},"rows":[{",".join(there)}],"gone":[{",".join(gone)}]}}'

    for name, key, content in rows:
        if (name != table or size > _BODY_BYTES) and (there or gone):
            yield body()
            there, gone, size = [], [], 0
        table = name
        (gone if content is None else there).append(key if content is None else content)
        size += len(content or key)
    if there or gone:
        yield body()


def _parse(data: bytes, head: Head, part: str) -> Iterator[tuple[Entry, int]]:
    """Yield whole entries of what stands behind the known end, and where each ends; stop where it is torn."""
    number, digest, length = head.entries, head.digest, 0
    for line in io.BytesIO(data):
        try:
            entry = check_line(line, number, digest, part)
        except IntegrityError:
            return
        number, digest, length = entry.number, entry.digest, length + len(line)
        yield entry, length


def _pack(body: str, recipients: Sequence[str]) -> bytes:
    data = body.encode()
    if not recipients and len(data) <= _PLAIN_BYTES and b"\n" not in data:
        return data
    data = zlib.compress(data, 1)
    if recipients:
        data = encrypt_bytes(data, recipients)
    return b'"' + base64.b64encode(data) + b'"'


def _part_name(number: int) -> str:
    return f"{number:012}.jsonl"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(folder: Path | None, error: OSError) -> ServiceError:
    return ServiceError(
        f"the journal{f' in {folder}' if folder else ''} cannot be written: {(error.strerror or 'input or output failed').lower()}",
        hint="is the target mounted, writable and not full? retail-brain backup journal catches up",
    )

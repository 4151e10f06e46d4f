"""Writing the journal: a batch of entries at the end of its newest part, on the disk before anybody is told that it is done.

Apart from reading it, and from finding its end (`journal_end`), because only a writer clears away what a killed one left.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from retail_brain.backup.encrypt import encrypt_bytes
from retail_brain.backup.journal import digest_of
from retail_brain.backup.journal_end import part_name, sync_folder, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retail_brain.backup.journal import Head

PART_BYTES = 16 * 2**20
"""A part that is larger gets no further entry."""
_BODY_BYTES = 400_000
_PLAIN_BYTES = 1_000


class JournalWriter:
    """One batch of entries at the end of a timeline: rows, then the commit that makes them count."""

    def __init__(self, folder: Path, end: Head, *, at: str, horizon: int, recipients: Sequence[str] = ()) -> None:
        """Open the end of the journal.

        Args:
            folder: the folder of the timeline, of `make_timeline`.
            end: where the journal ends, of `find_end`; what stands behind it was never promised and is cut off.
            at: the moment of the state that the batch leads to.
            horizon: the number that the next transaction of that state would get.
            recipients: public keys, where the backups are encrypted.

        Raises:
            ServiceError: the target is not there, or cannot be written.
        """
        self._at, self._horizon, self._recipients, self.head = at, horizon, recipients, end
        try:
            self._file = os.open(folder / end.part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(folder, error) from error
        try:
            if not end.size:
                sync_folder(folder)
            os.ftruncate(self._file, end.size)
        except OSError as error:
            self.close()
            raise unwritable(folder, error) from error

    def append(self, kind: str, body: str) -> None:
        """Write one entry.

        Args:
            kind: rows.
            body: a JSON object.

        Raises:
            ServiceError: the target cannot be written.
        """
        self._append(kind, _pack(body, self._recipients))

    def _append(self, kind: str, packed: bytes) -> None:
        number = self.head.entries + 1
        digest = digest_of(self.head.digest, number, self._at, horizon=self._horizon, kind=kind, packed=packed)
        line = b'{"n":%d,"at":"%s","horizon":%d,"kind":"%s","previous":"%s","digest":"%s","body":%s}\n' % (
            number, self._at.encode(), self._horizon, kind.encode(), self.head.digest.encode(), digest.encode(), packed,
        )  # fmt: skip
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise unwritable(None, error) from error
        self.head = replace(self.head, entries=number, digest=digest, size=self.head.size + len(line))

    def commit(self, notes: Sequence[int]) -> Head:
        """Write the entry that makes the batch count, and wait for the disk.

        Args:
            notes: the moments of the notes that were taken, the newest of each transaction; they stand there in plain,
                for whoever writes next and has no key.

        Returns:
            Where the journal ends now.

        Raises:
            ServiceError: the target cannot be written.
        """
        self._append("commit", json.dumps({"notes": list(notes)}, separators=(",", ":")).encode())
        try:
            os.fsync(self._file)
        except OSError as error:
            raise unwritable(None, error) from error
        if self.head.size > PART_BYTES:
            self.head = replace(self.head, part=part_name(self.head.entries + 1), size=0)
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


def _pack(body: str, recipients: Sequence[str]) -> bytes:
    data = body.encode()
    if not recipients and len(data) <= _PLAIN_BYTES and b"\n" not in data:
        return data
    data = zlib.compress(data, 1)
    if recipients:
        data = encrypt_bytes(data, recipients)
    return b'"' + base64.b64encode(data) + b'"'

"""What is written down of a delivered file beside the journal, and how much of it is believed.

Apart from the files, because nothing but the name of a note's file vouches for what stands in it: whoever can write the target can write
one. So a note says no more than which bytes have which name, and a name is that of a file and leads nowhere else.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from retail_brain.backup.encrypt import SUFFIX, decrypt_bytes
from retail_brain.backup.small_file import read_small
from retail_brain.errors import ConfigurationError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOTE = re.compile(r"([0-9a-f]{64})\.json(?:\.age)?")
"""The name of a note's file; the group is the SHA-256 of the delivered file."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME_BYTES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """A delivered file: its source, its name without folder, SHA-256 and size of its bytes, and when it was copied."""

    source: str
    name: str
    sha256: str
    bytes: int
    copied_at: str = ""

    def text(self) -> str:
        """Return the note."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_note(path: Path, identities: Sequence[Any]) -> DeliveredFile:
    """Read a note.

    Args:
        path: its file.
        identities: of `encrypt.read_identities`; needed where it is encrypted.

    Raises:
        IntegrityError: it cannot be read, was changed, or names what no delivery is called; the message is the end of a sentence.
        ConfigurationError: no identity fits.
    """
    found = NOTE.fullmatch(path.name)
    if found is None:
        raise IntegrityError("does not belong there")
    try:
        data = read_small(path)
    except OSError as error:
        raise IntegrityError(f"cannot be read: {(error.strerror or 'input or output failed').lower()}") from error
    if path.suffix == SUFFIX:
        data = _decrypted(data, identities)
    try:
        file = DeliveredFile(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        raise IntegrityError("was changed") from None
    check(file)
    if file.sha256 != found[1]:
        raise IntegrityError("is the note of another file")
    return file


def _decrypted(data: bytes, identities: Sequence[Any]) -> bytes:
    try:
        return decrypt_bytes(data, identities)
    except ConfigurationError:
        why = "opens with another identity" if identities else "is encrypted; --identity FILE names what opens it"
        raise ConfigurationError(why) from None
    except IntegrityError:
        raise IntegrityError("was changed") from None


def check(file: DeliveredFile) -> None:
    """Refuse a delivered file that could not be put into a folder under its own name.

    Raises:
        IntegrityError: its name leads elsewhere or is none, or something else of it cannot be.
    """
    texts = (file.source, file.name, file.sha256, file.copied_at)
    if not all(isinstance(text, str) for text in texts) or type(file.bytes) is not int or file.bytes < 0:
        raise IntegrityError("was changed")
    if _SHA256.fullmatch(file.sha256) is None or not _is_moment(file.copied_at):
        raise IntegrityError("was changed")
    if not _is_name(file.name):
        raise IntegrityError("names a file that would not lie in the folder for files that are handed back")


def _is_name(name: str) -> bool:
    try:
        length = len(os.fsencode(name))
    except UnicodeError:
        return False
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name and length <= _NAME_BYTES


def _is_moment(text: str) -> bool:
    try:
        return not text or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False

"""Delivered files beside the journal: the bytes of each, compressed, stored once, named by their SHA-256.

    <target>/journal/files/<sha256>.zst      the bytes
    <target>/journal/files/<sha256>.json     source, name, size and moment; written last, so that it says: all of it is there

A run that was published stands in the journal with its rows. These files are for deliveries that were taken in and whose run
was not published when everything was lost: a restore hands them back. Apart from the journal, because they need no order. Where
backups are encrypted so are they, before anything of them reaches the target. What is written bears a name of its own until it is whole,
and is locked meanwhile: what nobody holds was left by a killed writer.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from retail_brain.backup.delivery_note import NOTE, read_note
from retail_brain.backup.encrypt import SUFFIX, encrypt_bytes, encrypt_pieces, parse_recipients
from retail_brain.errors import InputError, RetailBrainError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retail_brain.backup.delivery_note import DeliveredFile

FOLDER = "files"
PARTIAL = ".partial"
_LEFT = re.compile(r"[0-9a-f]{64}(\.(zst|json)(\.age)?)?\.[0-9a-f]+\.partial(\.age)?")
"""What a writer's file is called until it is whole; also that of earlier versions, which held the delivered file in plain."""
_PACKED = re.compile(r"([0-9a-f]{64})\.zst(?:\.age)?")
_CHUNK_BYTES = 2**20
_TOLD = 10


def is_kept(folder: Path, sha256: str) -> bool:
    """Tell whether a delivered file lies beside the journal.

    Args:
        folder: the folder of the delivered files.
        sha256: of its bytes.
    """
    return any((folder / f"{sha256}.json{ending}").is_file() for ending in ("", SUFFIX))


def keep_file(folder: Path, path: Path, file: DeliveredFile, *, recipients: Sequence[str] = ()) -> None:
    """Copy a delivered file, unless it is there already, and remove what killed writers left.

    Args:
        folder: the folder of the delivered files.
        path: where it was delivered.
        file: what is known of it.
        recipients: public keys, where the backups are encrypted.

    Raises:
        InputError: what lies at `path` is another file by now, or none, or cannot be read.
        ServiceError: the target cannot be written.
    """
    if is_kept(folder, file.sha256):
        return
    keys, ending = parse_recipients(recipients), SUFFIX if recipients else ""
    try:
        for place in (folder.parent, folder):  # not the target: where it is missing it is not mounted
            place.mkdir(exist_ok=True, mode=0o700)
        sweep(folder)
        with _new_file(folder / f"{file.sha256}.zst{ending}") as sink:
            if keys:
                encrypt_pieces(_packed(path, file), sink, keys)
            else:
                sink.writelines(_packed(path, file))
        with _new_file(folder / f"{file.sha256}.json{ending}") as sink:
            note = file.text().encode()
            sink.write(encrypt_bytes(note, recipients) if keys else note)
        _sync(folder)
    except OSError as error:
        raise ServiceError(
            f"{file.name} could not be copied beside the journal: {(error.strerror or 'input or output failed').lower()}",
            hint="is the target mounted, writable and not full? retail-brain backup journal catches up",
        ) from error


def sweep(folder: Path) -> int:
    """Remove what killed writers left, which may be a customer's file in plain.

    Args:
        folder: the folder of the delivered files; it may be missing.

    Returns:
        How many there were.
    """
    swept = 0
    for path in folder.glob(f"*{PARTIAL}*"):
        if _LEFT.fullmatch(path.name) is None:
            continue
        with suppress(OSError):  # it is being written; or it cannot be removed
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                swept += 1
            finally:
                os.close(lock)
    return swept


def list_files(folder: Path, identities: Sequence[Any] = ()) -> tuple[list[DeliveredFile], tuple[str, ...]]:
    """Return the delivered files that lie beside the journal.

    Args:
        folder: the folder of the delivered files; it may be missing.
        identities: of `encrypt.read_identities`; needed where they are encrypted.

    Returns:
        The files, the oldest first, and what a person should know of those of which nothing can be said.
    """
    found: list[DeliveredFile] = []
    wrong: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.json*")):
        if PARTIAL in path.name:  # of an off-site copy that is being fetched, or was
            continue
        try:
            found.append(read_note(path, identities))
        except RetailBrainError as error:
            wrong.setdefault(error.message, []).append(path.name)
    warnings = tuple(f"a delivered file is not handed back: {_named(names)} {why}" for why, names in wrong.items())
    return sorted(found, key=lambda file: (file.copied_at, file.sha256)), warnings


def _named(names: list[str]) -> str:
    told = ", ".join(name if name.isprintable() else ascii(name) for name in names[:_TOLD])
    return told + (f" and {len(names) - _TOLD} more, each" if len(names) > _TOLD else "")


def forget_files(folder: Path, before_s: float) -> int:
    """Remove the files that were copied before a moment: the kept backups hold their rows.

    Args:
        folder: the folder of the delivered files; it may be missing.
        before_s: seconds since 1970.

    Returns:
        How many were removed.
    """
    sweep(folder)
    old = [path for path in folder.glob("*.json*") if NOTE.fullmatch(path.name) and path.stat().st_mtime < before_s]
    for path in old:
        path.unlink()  # first: what has no note does not count
    gone = {path.name.partition(".")[0] for path in old}
    for packed in folder.glob("*.zst*"):
        found = _PACKED.fullmatch(packed.name)
        if found and (found[1] in gone or (packed.stat().st_mtime < before_s and not is_kept(folder, found[1]))):
            packed.unlink()
    return len(old)


def _packed(path: Path, file: DeliveredFile) -> Iterator[bytes]:
    """Yield what was delivered, compressed piece by piece.

    Raises:
        InputError: it is not what was delivered, or cannot be read.
    """
    import pyarrow as pa

    codec, digest, hint = pa.Codec("zstd"), hashlib.sha256(), "it was not copied"
    try:
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                yield codec.compress(chunk, asbytes=True)
    except FileNotFoundError as error:
        raise InputError(f"{file.name} is no longer where it was delivered", hint=hint) from error
    except OSError as error:
        why = (error.strerror or "input or output failed").lower()
        raise InputError(f"{file.name} cannot be read where it was delivered: {why}", hint=hint) from error
    if digest.hexdigest() != file.sha256:
        raise InputError(f"{file.name} was replaced since it was taken in", hint=hint)


@contextmanager
def _new_file(place: Path) -> Iterator[IO[bytes]]:
    """Give a file to be written. It gets its name when it is on the disk, and is gone where the block fails."""
    partial = place.with_name(f"{place.name}.{secrets.token_hex(4)}{PARTIAL}")
    with open(partial, "xb", opener=_private) as file:
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
            file.flush()
            os.fsync(file.fileno())
            partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Delivered files beside the journal: the bytes of each, compressed, stored once, named by their SHA-256.

    <target>/journal/files/<sha256>.zst      the bytes
    <target>/journal/files/<sha256>.json     source, name, size and moment; written last, so that it says: all of it is there

A run that was published stands in the journal with its rows. These files are for deliveries that were taken in and whose run
was not published when everything was lost: a restore hands them back. Apart from the journal, because they need no order.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.backup.encrypt import (
    SUFFIX,
    decrypt_bytes,
    decrypt_file,
    encrypt_bytes,
    encrypt_file,
    parse_recipients,
)
from retail_brain.errors import InputError, IntegrityError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = "files"
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """A delivered file: its source, its name without folder, SHA-256 and size of its bytes, and when it was copied."""

    source: str
    name: str
    sha256: str
    bytes: int
    copied_at: str = ""


def is_kept(folder: Path, sha256: str) -> bool:
    """Tell whether a delivered file lies beside the journal.

    Args:
        folder: the folder of the delivered files.
        sha256: of its bytes.
    """
    return any((folder / f"{sha256}.json{ending}").is_file() for ending in ("", SUFFIX))


def keep_file(folder: Path, path: Path, file: DeliveredFile, *, recipients: Sequence[str] = ()) -> None:
    """Copy a delivered file, unless it is there already.

    Args:
        folder: the folder of the delivered files.
        path: where it was delivered.
        file: what is known of it.
        recipients: public keys, where the backups are encrypted.

    Raises:
        InputError: what lies at `path` is another file by now, or none.
        ServiceError: the target cannot be written.
    """
    if is_kept(folder, file.sha256):
        return
    stem, partial = folder / file.sha256, folder / f"{file.sha256}.{os.getpid()}.partial"
    try:
        for place in (folder.parent, folder):  # not the target: where it is missing it is not mounted
            place.mkdir(exist_ok=True, mode=0o700)
        _compress(path, partial, file)
        done = encrypt_file(partial, parse_recipients(recipients)) if recipients else partial
        done.replace(stem.with_suffix(f".zst{SUFFIX if recipients else ''}"))
        note = json.dumps(asdict(file), ensure_ascii=False).encode()
        data = encrypt_bytes(note, recipients) if recipients else note
        _write(partial, data)
        partial.replace(stem.with_suffix(f".json{SUFFIX if recipients else ''}"))
        _sync(folder)
    except OSError as error:
        raise ServiceError(
            f"{file.name} could not be copied beside the journal: {(error.strerror or 'input or output failed').lower()}",
            hint="is the target mounted, writable and not full? retail-brain backup journal catches up",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def list_files(folder: Path, identities: Sequence[Any] = ()) -> list[DeliveredFile]:
    """Return the delivered files that lie beside the journal, the oldest first.

    Args:
        folder: the folder of the delivered files; it may be missing.
        identities: of `encrypt.read_identities`; needed where they are encrypted.
    """
    found = []
    for path in folder.glob("*.json*"):
        data = path.read_bytes()
        if path.suffix == SUFFIX:
            data = decrypt_bytes(data, identities)
        found.append(DeliveredFile(**json.loads(data)))
    return sorted(found, key=lambda file: (file.copied_at, file.sha256))


def fetch_file(folder: Path, file: DeliveredFile, target: Path, *, identities: Sequence[Any] = ()) -> Path:
    """Give a delivered file back under its own name.

    Args:
        folder: the folder of the delivered files.
        file: which.
        target: the folder that gets it.
        identities: where it is encrypted.

    Returns:
        The file; where another one of that name is there, it lies in a folder named by its SHA-256.

    Raises:
        IntegrityError: its bytes are not those that were delivered.
    """
    import pyarrow as pa

    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = target / file.name
    if place.exists():
        place = target / file.sha256[:12] / file.name
        place.parent.mkdir(exist_ok=True, mode=0o700)
    packed, partial = folder / f"{file.sha256}.zst", place.with_name(place.name + ".partial")
    try:
        if not packed.exists():
            decrypt_file(packed.with_name(packed.name + SUFFIX), target / packed.name, identities)
            packed = target / packed.name
        digest = hashlib.sha256()
        with pa.CompressedInputStream(str(packed), "zstd") as source, open(partial, "wb", opener=_private) as sink:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                sink.write(chunk)
    except (OSError, pa.ArrowException) as error:
        partial.unlink(missing_ok=True)
        raise IntegrityError(f"the copy of {file.name} beside the journal cannot be read") from error
    finally:
        if packed.parent == target:
            packed.unlink(missing_ok=True)
    if digest.hexdigest() != file.sha256:
        partial.unlink()
        raise IntegrityError(f"the copy of {file.name} beside the journal was changed")
    return partial.replace(place)


def forget_files(folder: Path, before_s: float) -> int:
    """Remove the files that were copied before a moment: the kept backups hold their rows.

    Args:
        folder: the folder of the delivered files; it may be missing.
        before_s: seconds since 1970.

    Returns:
        How many were removed.
    """
    old = [path for path in folder.glob("*.json*") if path.stat().st_mtime < before_s]
    for path in old:
        path.unlink()  # first: what has no note does not count
        for packed in folder.glob(f"{path.name.partition('.')[0]}.zst*"):
            packed.unlink()
    return len(old)


def _compress(path: Path, target: Path, file: DeliveredFile) -> None:
    import pyarrow as pa

    digest = hashlib.sha256()
    try:
        source = path.open("rb")
    except OSError as error:
        raise InputError(f"{file.name} is no longer where it was delivered", hint="it was not copied") from error
    with source, open(target, "wb", opener=_private) as sink:
        packer = pa.CompressedOutputStream(pa.PythonFile(sink, mode="w"), "zstd")
        with packer:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                packer.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise InputError(f"{file.name} was replaced since it was taken in", hint="it was not copied")
    _sync(target)


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

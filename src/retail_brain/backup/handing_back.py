"""Delivered files handed back: from beside the journal into a folder, each under its own name.

Apart from keeping them, because what is read here may have been written by somebody else: nothing of it leads out of the folder, no file that
is there is overwritten, and what is not the very file that was delivered does not stay.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain.backup.delivery_note import check
from retail_brain.backup.encrypt import SUFFIX, decrypt_file
from retail_brain.errors import IntegrityError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retail_brain.backup.delivery_note import DeliveredFile

_CHUNK_BYTES = 2**20
_WORKING = ".fetching-"


def fetch_files(
    folder: Path, files: Sequence[DeliveredFile], target: Path, *, identities: Sequence[Any] = ()
) -> list[Path]:
    """Give delivered files back, and remove what a killed process that did so has left.

    Args:
        folder: the folder of the delivered files.
        files: which.
        target: the folder that gets them; no other process gives files back to it meanwhile.
        identities: where they are encrypted.

    Returns:
        The files, as `fetch_file` does.

    Raises:
        RetailBrainError: of `fetch_file`.
    """
    for left in target.glob(f"{_WORKING}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    return [fetch_file(folder, file, target, identities=identities) for file in files]


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
        IntegrityError: its bytes are not those that were delivered, or its name is none.
        ConfigurationError: no identity fits.
        ResourceError: the folder cannot be written.
    """
    check(file)
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=_WORKING, dir=target) as private:
            plain, digest = Path(private) / "plain", hashlib.sha256()
            with open(plain, "xb", opener=_private) as sink:
                for chunk in _unpacked(folder, file, Path(private), identities):
                    digest.update(chunk)
                    sink.write(chunk)
            if digest.hexdigest() != file.sha256:
                raise IntegrityError(f"the copy of {file.name} beside the journal was changed")
            return _put(plain, target, file)
    except OSError as error:
        why = (error.strerror or "input or output failed").lower()
        raise ResourceError(f"{file.name} cannot be written: {why}", hint="check the free disk") from error


def _unpacked(folder: Path, file: DeliveredFile, private: Path, identities: Sequence[Any]) -> Iterator[bytes]:
    """Yield what was delivered, and stop behind the length that it had: what is longer is another file.

    Raises:
        IntegrityError: it cannot be read.
    """
    import pyarrow as pa

    packed, size = folder / f"{file.sha256}.zst", 0
    if not packed.exists():
        encrypted, packed = packed.with_name(packed.name + SUFFIX), private / "packed"
        decrypt_file(encrypted, packed, identities, name=f"the copy of {file.name} beside the journal")
    try:
        with pa.CompressedInputStream(str(packed), "zstd") as source:
            while size <= file.bytes and (chunk := source.read(_CHUNK_BYTES)):
                size += len(chunk)
                yield chunk
    except (OSError, pa.ArrowException) as error:
        raise IntegrityError(f"the copy of {file.name} beside the journal cannot be read") from error


def _put(plain: Path, target: Path, file: DeliveredFile) -> Path:
    """Give a file its name, and take that of no other; the very same file is left as it is."""
    for count in itertools.count():
        own = file.sha256[:12] + f"-{count}" * (count > 1)
        place = target / own / file.name if count else target / file.name
        try:
            place.parent.mkdir(exist_ok=True, mode=0o700)
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except (FileExistsError, NotADirectoryError):
            if _holds(place, file):
                return place
        else:
            return plain.replace(place)
    raise AssertionError("unreachable")


def _holds(place: Path, file: DeliveredFile) -> bool:
    if place.is_symlink() or not place.is_file() or place.stat().st_size != file.bytes:
        return False
    with place.open("rb") as found:
        return hashlib.file_digest(found, "sha256").hexdigest() == file.sha256


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

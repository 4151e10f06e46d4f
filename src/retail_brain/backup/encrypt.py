"""Backups that only the holder of a key can read: age files, made with public keys, opened with an identity file.

Apart from what is encrypted, so that the folder of a backup and the entries of the journal are treated alike, and the
only importer of pyrage. Files stream through in small pieces, whatever their size. The machine that makes backups needs
no secret; the identity file is looked at, and read, only by those who open one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from retail_brain.backup.key import read_private
from retail_brain.backup.tap import Pieces, Tap
from retail_brain.errors import ConfigurationError, IntegrityError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SUFFIX = ".age"


def parse_recipients(texts: Sequence[str]) -> list[Any]:
    """Return the public keys that the configuration names.

    Raises:
        ConfigurationError: one of them is no age public key.
    """
    from pyrage import RecipientError, x25519

    found = []
    for place, text in enumerate(texts, 1):
        try:
            found.append(x25519.Recipient.from_str(text))
        except RecipientError:
            raise ConfigurationError(
                f"backup.recipients: number {place} is no age public key",
                hint="one begins with age1; retail-brain backup key create FILE makes a pair and prints it",
            ) from None
    return found


def read_identities(path: Path) -> list[Any]:
    """Read an identity file: one secret key a line, newest or oldest first, as age-keygen writes them.

    Args:
        path: the file. It must belong to the user of this process and be closed to everybody else.

    Returns:
        The identities, to be handed to the other functions here.

    Raises:
        ConfigurationError: the file is missing, open to others, somebody else's, or holds no identity.
    """
    from pyrage import IdentityError, x25519

    lines = [line.strip() for line in read_private(path).splitlines()]
    try:
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except IdentityError:
        found = []
    if not found:
        raise ConfigurationError(f"{path} holds no age identity", hint="a line of it begins with AGE-SECRET-KEY-1")
    return found


def encrypt_bytes(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return data that only the holders of these keys can read.

    Raises:
        ConfigurationError: a recipient is no age public key.
    """
    import pyrage

    return pyrage.encrypt(data, parse_recipients(recipients))


def decrypt_bytes(data: bytes, identities: Sequence[Any]) -> bytes:
    """Return what `encrypt_bytes` was given.

    Raises:
        ConfigurationError: no identity fits.
        IntegrityError: the data was changed.
    """
    import pyrage

    try:
        return pyrage.decrypt(data, identities)
    except pyrage.DecryptError as error:
        raise _unreadable("an encrypted entry", error) from None


def encrypt_pieces(pieces: Iterator[bytes], sink: IO[bytes], recipients: Sequence[Any]) -> None:
    """Write data that comes piece by piece so that only the holders of these keys can read it; none of it is written in plain.

    Args:
        pieces: the data.
        sink: where to.
        recipients: of `parse_recipients`.

    Raises:
        OSError: it cannot be written.
    """
    import pyrage

    _pump(Tap(Pieces(pieces)), Tap(sink), lambda source, sink: pyrage.encrypt_io(source, sink, recipients))


def encrypt_file(path: Path, recipients: Sequence[Any]) -> Path:
    """Put `NAME.age` in place of a file. The plain text goes once the other is on the disk.

    Args:
        path: the file.
        recipients: of `parse_recipients`.

    Returns:
        The encrypted file.

    Raises:
        IntegrityError: the file cannot be read.
        ResourceError: the disk is full.
    """
    import pyrage

    target = path.with_name(path.name + SUFFIX)
    _convert(path, target, lambda source, sink: pyrage.encrypt_io(source, sink, recipients))
    path.unlink()
    return target


def decrypt_file(path: Path, target: Path, identities: Sequence[Any], *, name: str = "") -> None:
    """Write what an encrypted file holds to another place.

    Args:
        path: the file.
        target: the place.
        identities: of `read_identities`.
        name: what the file is called in an error; its own name by default.

    Raises:
        ConfigurationError: no identity fits.
        IntegrityError: the file was changed, or cannot be read.
        ResourceError: the disk is full.
    """
    import pyrage

    try:
        _convert(path, target, lambda source, sink: pyrage.decrypt_io(source, sink, identities), name=name)
    except (pyrage.DecryptError, OSError) as error:
        raise _unreadable(name or path.name, error) from None


def encrypt_folder(folder: Path, recipients: Sequence[str], *, except_for: Sequence[str] = ()) -> None:
    """Put `NAME.age` in place of every file of a folder and its subfolders.

    Args:
        folder: a backup that is being made.
        recipients: public keys; whoever holds one of them can read the files.
        except_for: names of files that stay readable.

    Raises:
        ConfigurationError: a recipient is no age public key.
        IntegrityError: a file cannot be read.
        ResourceError: the disk is full.
    """
    keys = parse_recipients(recipients)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != SUFFIX and path.name not in except_for:
            encrypt_file(path, keys)


@contextmanager
def opened(folder: Path, identities: Sequence[Any], *, scratch: Path) -> Iterator[Path]:
    """Give the files of an encrypted backup in plain, in a private folder that is gone afterwards, whatever happens.

    Args:
        folder: the backup.
        identities: of `read_identities`.
        scratch: a folder that is swept at the start of every use, in case this process is killed.

    Yields:
        A folder of the backup's name, with the files under their names without `.age`; what was not encrypted is copied.

    Raises:
        ConfigurationError: no identity fits.
        IntegrityError: a file was changed.
        ResourceError: there is too little room.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_room(scratch, sum(path.stat().st_size for path in paths))
    private = Path(tempfile.mkdtemp(prefix="opened-", dir=scratch))
    plain = private / folder.name
    try:
        for path in paths:
            target = plain / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path.suffix == SUFFIX:
                decrypt_file(path, target.with_suffix(""), identities, name=str(path.relative_to(folder)))
            else:
                shutil.copyfile(path, target)
        yield plain
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _check_room(place: Path, needed: int) -> None:
    free = shutil.disk_usage(place).free
    if free < needed:
        raise ResourceError(
            f"{place} has {free / 2**20:,.0f} MiB free, decrypting needs {needed / 2**20:,.0f} MiB",
            hint="free some disk; nothing was started",
        )


def _convert(path: Path, target: Path, work: Callable[[Tap, Tap], None], *, name: str = "") -> None:
    """Stream one file into another, which is on the disk afterwards, or gone.

    Raises:
        IntegrityError: the one cannot be read; it is told by `name`.
        ResourceError: the other cannot be written.
    """
    try:
        opened_source = path.open("rb")
    except OSError as error:
        raise _cannot_be_read(name or path.name, error) from None
    with opened_source as source, _new_file(target) as sink:
        read = Tap(source)
        try:
            _pump(read, Tap(sink), work)
            sink.flush()
            os.fsync(sink.fileno())
        except BaseException as error:
            target.unlink(missing_ok=True)
            if not isinstance(error, OSError) or error.errno is None:
                raise
            if error is read.failure:
                raise _cannot_be_read(name or path.name, error) from None
            raise _cannot_be_written(target, error) from None


def _new_file(target: Path) -> IO[bytes]:
    try:
        return open(target, "xb", opener=_private)
    except OSError as error:
        raise _cannot_be_written(target, error) from None


def _pump(source: Tap, sink: Tap, work: Callable[[Tap, Tap], None]) -> None:
    """Do the work in a thread: signals reach this one, which can end it, and never the middle of pyrage."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work, source, sink)
        try:
            failed = done.exception()
        finally:
            source.stopped = sink.stopped = True
    if failed:
        raise source.failure or sink.failure or failed


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _cannot_be_read(name: str, error: OSError) -> IntegrityError:
    return IntegrityError(
        f"{name} cannot be read: {os.strerror(error.errno or 0).lower()}", hint="look at its disk and its owner"
    )


def _cannot_be_written(target: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"{target.name} cannot be written: {os.strerror(error.errno or 0).lower()}", hint="check the free disk"
    )


def _unreadable(what: str, error: Exception) -> ConfigurationError | IntegrityError:
    if "No matching keys" in str(error):
        return ConfigurationError(
            f"the identity does not open {what}",
            hint="it was encrypted to other keys; name the identity of the time when it was made",
        )
    return IntegrityError(f"{what} was changed since it was encrypted", hint="take another backup")

"""Key pairs for backups: made for whoever has no age tools, kept by nobody but the operator, and read by those who open one.

Apart from encrypting, which needs only the public half.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_IDENTITY_BYTES = 100_000
"""More than the longest identity file; another file that was named by mistake is not read whole."""
_NOTE = "# identity of retail-brain backups; keep it apart from them\n# public key: {public}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyResult:
    """A new key pair."""

    path: Path
    """The identity file, which opens backups."""
    recipient: str
    """The public key, which makes them."""


def create_key(path: Path) -> KeyResult:
    """Make a key pair and write its secret part into a new file that only its owner can read.

    Args:
        path: the identity file; never overwritten.

    Raises:
        ConfigurationError: the file is there already, or its folder cannot be written.
    """
    from pyrage import x25519

    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(f"{_NOTE.format(public=public)}{identity}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConfigurationError(
            f"{path} is there already", hint="an identity is never overwritten; name another file"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written", hint="check its folder and the free disk") from error
    return KeyResult(path=path, recipient=public)


def read_private(path: Path) -> str:
    """Return the text of a file that only its owner, the user of this process, can read.

    Args:
        path: the identity file.

    Raises:
        ConfigurationError: it is missing, no file, open to others, or somebody else's.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _check_private(path, os.fstat(descriptor))
            return os.read(descriptor, _IDENTITY_BYTES).decode()
        finally:
            os.close(descriptor)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the identity {path} cannot be read", hint="--identity names the file") from error


def _check_private(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise ConfigurationError(f"the identity {path} is not a file")
    if state.st_uid != os.geteuid():
        raise ConfigurationError(f"the identity {path} belongs to another user", hint="chown it, or copy it")
    if state.st_mode & 0o077:
        raise ConfigurationError(f"the identity {path} is open to other users", hint=f"chmod 600 '{path}'")

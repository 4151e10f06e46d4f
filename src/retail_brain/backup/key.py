"""Key pairs for backups: made for whoever has no age tools, and kept by nobody but the operator.

Apart from encrypting, which needs only the public half.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

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

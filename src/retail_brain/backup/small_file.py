"""A small file of a backup, read whole without trusting what lies in its place: a pipe would keep a reader waiting for ever,
and a device would never end.

Apart from the manifest and the note of the checks, which are the two files that are read before anything was hashed.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 64 * 2**20
"""More than the manifest of ten thousand tables."""


def read_small(path: Path) -> bytes:
    """Return what a small file holds.

    Args:
        path: the file.

    Raises:
        OSError: it is missing, no file of its own, unreadable, or far too long; `strerror` says which.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise OSError(error.errno, "it is not a file") from None
        raise
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        if state.st_size > _MOST_BYTES:
            raise OSError(errno.EFBIG, "it is far too long")
        return file.read(_MOST_BYTES)

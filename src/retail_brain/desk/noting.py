"""What a check of a backup found, written beside it; and told where that cannot be written, or changes less than one may think.

Apart from the checks, because both kinds need it, and because a target that can only be read, or is full, must not hide what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.backup.verified import note_check
from retail_brain.errors import ResourceError

if TYPE_CHECKING:
    from pathlib import Path

_CLOSER = {"decoded": "--decode", "restored": "--restore"}


def note_found(folder: Path, level: str, problems: tuple[str, ...]) -> tuple[str, ...]:
    """Note beside a backup what a check found.

    Args:
        folder: the backup's folder.
        level: which level was looked at.
        problems: what was found; nothing where all is well.

    Returns:
        What a person should know: that it could not be noted; or that a closer look has found something, and this one does
        not take it back.
    """
    try:
        noted = note_check(folder, level, problems)
    except ResourceError as error:
        return (f"what was found could not be noted beside the backup: {error.message}",)
    if problems or noted.sound:
        return ()
    found = f": {noted.problems[0]}" if noted.problems else ""
    return (
        f"it counts as failed, by a closer look{found}; retail-brain backup verify {_CLOSER.get(noted.failed, '')} looks again",
    )

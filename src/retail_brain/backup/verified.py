"""What the checks of a backup found so far, and the state of its off-site copy: a note beside the manifest.

Apart from the target, because the manifest does not cover it and every check rewrites it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retail_brain.backup.manifest import NAME as MANIFEST
from retail_brain.backup.small_file import read_small
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from pathlib import Path

NAME = "verified.json"
LEVELS = ("", "files", "decoded", "restored")
"""How far a backup was checked, the least first; '' is not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the checks of a backup found so far."""

    level: str = ""
    """The highest level that was reached; see LEVELS."""
    sound: bool = True
    """Whether nothing wrong was found, or a check that looks as closely as the one that found it has passed since."""
    checked_at: str = ""
    problems: tuple[str, ...] = ()
    """What was found."""
    failed: str = ""
    """The closest level that found something; '' where all is well."""
    offsite: dict[str, Any] = field(default_factory=dict)
    """The state of the off-site copy; empty where there is none."""
    manifest: str = ""
    """SHA-256 of the manifest that was checked: with another one, nothing was."""


def note(folder: Path, **changes: Any) -> Verified:
    """Write what a check found, or the state of the off-site copy, beside the manifest, in one step.

    Args:
        folder: the backup's folder.
        changes: fields of Verified; the others stay.

    Returns:
        What stands there now.

    Raises:
        ResourceError: it cannot be written.
    """
    verified = replace(read_verified(folder), **changes)
    replace_text(folder / NAME, json.dumps(asdict(verified), indent=1, sort_keys=True) + "\n")
    return verified


def note_check(folder: Path, level: str, problems: tuple[str, ...], *, now: datetime | None = None) -> Verified:
    """Write the outcome of a check. A good one raises the level and never lowers it.

    What a closer look has found, a good check does not take back: files that are as they were written may hold what cannot be restored.

    Args:
        folder: the backup's folder.
        level: which level was looked at.
        problems: what was found; nothing where all is well.
        now: the moment of the check.

    Raises:
        ResourceError: it cannot be written.
    """
    before, manifest = read_verified(folder), _manifest(folder)
    is_closer = _rank(before.failed) > _rank(level)
    if not problems:
        best = max(before.level, level, key=_rank)
        if is_closer:
            return note(folder, level=best, manifest=manifest)
        found = replace(before, level=best, sound=True, problems=(), failed="")
    else:
        known = [problem for problem in before.problems if is_closer and problem not in problems]
        failed = before.failed if is_closer else level
        found = replace(before, sound=False, problems=(*problems, *known), failed=failed)
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    return note(
        folder, level=found.level, sound=found.sound, problems=found.problems, failed=found.failed, checked_at=moment,
        manifest=manifest,
    )  # fmt: skip


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


def read_verified(folder: Path) -> Verified:
    """Return what the checks found so far; nothing where that cannot be read, no level where it was found of another manifest."""
    try:
        body = json.loads(read_small(folder / NAME))
        found = Verified(**{**body, "problems": tuple(body["problems"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Verified()
    texts = (found.level, found.checked_at, found.manifest, found.failed, *found.problems)
    if not all(isinstance(text, str) for text in texts) or not isinstance(found.offsite, dict):
        return Verified()
    if found.manifest != _manifest(folder):
        found = replace(found, level="")
    if found.sound is True:
        return replace(found, failed="")
    known = found.failed in LEVELS[1:]  # a note of an earlier version says that it failed, and not where
    return replace(found, sound=False, failed=found.failed if known else LEVELS[-1])


def _manifest(folder: Path) -> str:
    try:
        return hashlib.sha256(read_small(folder / MANIFEST)).hexdigest()
    except OSError:
        return ""

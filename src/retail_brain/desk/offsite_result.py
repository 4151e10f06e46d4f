"""What the commands that look after off-site copies tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What was sent away, and read back as it was."""

    where: str
    copied: tuple[str, ...]
    """Backups."""
    journal_files: int | None
    """Files of the journal that had grown; None where another process is sending it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteEntry:
    """One backup at the off-site place."""

    backup_id: str
    age_hours: float
    size: int
    complete: bool
    """Whether every file of it is there; half a copy counts for nothing."""
    encrypted: bool
    here: bool
    """Whether the backup is also in the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteList:
    """All backups at the off-site place, the newest first."""

    where: str
    backups: tuple[OffsiteEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A backup that was brought back, every byte as its manifest says, and the journal."""

    backup_id: str
    path: str
    size: int
    journal_files: int
    was_here: bool = False
    """Whether the backup was in the target already, so that only the journal was looked at."""

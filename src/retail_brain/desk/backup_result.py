"""What the commands that look after backups tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

TrialOutcome = Literal["", "passed", "failed", "no room", "broken off"]
"""What became of restoring a new backup to try it; '' where that was not to be done."""

Hindrance = Literal["", "no room", "configuration", "broken off"]
"""What kept one of several backups from being looked at as closely as was asked; '' where nothing did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCreated:
    """A backup that was made, checked file by file, decoded, given its name, and, where that is wanted, restored to try it."""

    backup_id: str
    path: str
    size: int
    tables: int
    rows: int
    snapshot_at: str
    run_id: int | None
    seal: str
    encrypted: bool
    level: str
    """How far it was checked: decoded, restored."""
    seconds: dict[str, float]
    removed_leftovers: int = 0
    """What killed makers had left, and this one removed."""
    tries: int = 1
    warnings: tuple[str, ...] = ()
    offsite: Literal["", "copied", "failed"] = ""
    """What became of its off-site copy; '' where none is wanted."""
    offsite_problem: str = ""
    restore_check: TrialOutcome = ""
    restore_problem: str = ""
    """What is not as it was backed up; or why it was not restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupEntry:
    """One backup of the target."""

    backup_id: str
    path: str
    made_at: datetime
    age_hours: float
    size: int
    rows: int
    state: Literal["verified", "checked", "unchecked", "failed"]
    """'verified' was decoded or restored; 'checked' has fitting hashes; 'failed' has problems."""
    level: str
    checked_at: str
    problems: tuple[str, ...] = ()
    encrypted: bool = False
    offsite: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupList:
    """All backups of the target, the newest first, and what is no backup: being made, or left by a killed process."""

    folder: str
    backups: tuple[BackupEntry, ...]
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupChecked:
    """What a check of one backup found."""

    backup_id: str
    level: str
    """What was looked at: files, decoded, restored; '' for nothing."""
    sound: bool
    problems: tuple[str, ...]
    seconds: float
    untried: str = ""
    """Why it was not decoded or restored, though that was asked for: no fault of the backup."""
    untried_for: Hindrance = ""
    warnings: tuple[str, ...] = ()
    """What a person should know besides: that it could not be noted, or that it counts as failed all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupsChecked:
    """What a check found, backup by backup."""

    backups: tuple[BackupChecked, ...]

    @property
    def sound(self) -> bool:
        """Nothing was found in any of them."""
        return all(backup.sound for backup in self.backups)


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult:
    """The backups that were removed, or would be."""

    status: Literal["planned", "pruned"]
    prune: tuple[str, ...]
    kept: int
    size: int
    """Bytes that are freed."""
    why_none: str = ""
    in_use: tuple[str, ...] = ()
    """Backups that would have gone, and stay because somebody reads them; "off-site copies" where one is being sent or fetched."""
    offsite: tuple[str, ...] = ()
    """Off-site copies that were removed, or would be."""
    offsite_problem: str = ""
    """Why nothing is known of them."""

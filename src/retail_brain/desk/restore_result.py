"""What a restore is about to do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """What a restore would do."""

    backup_id: str
    state_at: str
    """The moment whose state the backup holds."""
    at: str | None
    """The moment up to which the journal shall be replayed; None for all of it."""
    database: str
    database_state: Literal["missing", "empty", "filled"]
    is_configured: bool
    """Whether it is the database that the other commands work on."""
    backup_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """What a restore brought back."""

    backup_id: str
    database: str
    recovered_until: str
    """The newest moment whose work is there again."""
    tables: int
    rows: int
    indexes: int | None
    """Indexes that were read whole; None where this server cannot."""
    replayed: dict[str, int] = field(default_factory=dict)
    """Rows that the journal wrote on top of the backup, by table."""
    aside: str | None = None
    """What the database that stood there is called now."""
    models: tuple[str, ...] = ()
    """Models that were put back into the workspace."""
    configuration: str | None = None
    """Where the configuration of that time lies; the one in use is left as it is."""
    returned: tuple[str, ...] = ()
    """Delivered files that were taken in and that no run has published."""
    returned_to: str | None = None
    """The folder where they lie, to be taken again."""
    warmed: int = 0
    new_backup: str | None = None
    """The backup that was made of it, on which the journal stands from now on."""
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardResult:
    """A database that a restore had put aside, and that is gone now."""

    database: str

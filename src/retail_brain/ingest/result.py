"""What ingesting has to tell: the counts of every file, and of the night.

Apart from the stage, so that whoever shows or stores a result need not import what made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """One file of tonight, and where it lies: rows = accepted + quarantined + duplicates, unless it was ingested before."""

    source: str
    name: str
    sha256: str
    bytes: int
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    already_ingested_run: str | None = None
    warnings: tuple[str, ...] = ()
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """Everything that was delivered tonight, counted."""

    deliveries: tuple[DeliveryResult, ...]
    quarantine_reasons: Mapping[str, int]
    sources_delivered: tuple[str, ...]
    unstable: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows in all new files."""
        return sum(delivery.rows for delivery in self.deliveries)

    @property
    def accepted(self) -> int:
        """Rows taken, superseded ones included."""
        return sum(delivery.accepted for delivery in self.deliveries)

    @property
    def quarantined(self) -> int:
        """Rows put aside."""
        return sum(delivery.quarantined for delivery in self.deliveries)

    @property
    def duplicates(self) -> int:
        """Rows that equal another row of the same record."""
        return sum(delivery.duplicates for delivery in self.deliveries)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know, file by file."""
        waiting = (f"{name} or a part beside it is still being written; it waits" for name in self.unstable)
        return (*(f"{d.name}: {text}" for d in self.deliveries for text in d.warnings), *waiting)

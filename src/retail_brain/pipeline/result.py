"""What a night tells about itself: one result for the screen, for JSON, for the run table and for the report."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from retail_brain.desk.result import ProfileResult

STAGE_NAMES = (
    "services", "ingest", "standardise", "train", "match", "resolve", "survive", "audit", "publish", "warm", "report",
)  # fmt: skip
"""The laps of a night's clock, in their order."""

Status = Literal["nothing new", "ingested", "matched", "held", "published", "warmed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One delivered file: rows = accepted + quarantined + duplicates."""

    source: str
    file_name: str
    rows: int
    accepted: int
    quarantined: int
    duplicates: int
    already_in_run: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOut:
    """One value kept out of matching, told by its shape (letters as a, digits as 9) and counts; itself only where asked for."""

    field: str
    kind: str
    records: int
    people: int
    shape: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightResult:
    """The outcome of `run`, or of one of its stages."""

    status: Status
    run_id: int | None = None
    generation: int | None = None
    files: tuple[FileResult, ...] = ()
    quarantine_reasons: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    merges: int = 0
    splits: int = 0
    refused: int = 0
    for_review: int = 0
    profiles: int = 0
    largest_profile: int = 0
    kept_out: tuple[KeptOut, ...] = ()
    model_id: str | None = None
    written: dict[str, int] = field(default_factory=dict)
    warmed: int = 0
    findings: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    report: str | None = None
    seal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo shows: the night, its accuracy, three customers, and what to try next."""

    night: NightResult
    precision: float
    recall: float
    examples: tuple[ProfileResult, ...]
    try_next: tuple[str, ...]
    folder: str


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to a stage."""
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self._last, 3)
        self._last = now

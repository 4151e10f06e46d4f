"""What the desk answers: a profile, search hits, a history, a resolved person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from retail_brain.audit.example import Example


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResult:
    """One record of a profile: its key `source:record_id` and its standardised values."""

    key: str
    values: dict[str, str]
    updated_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileResult:
    """One profile as a support agent sees it.

    Attributes:
        profile_id: the id that is in use now.
        asked_for: what was asked: another id that leads here, or a record's key.
        values: golden values that are not empty.
        came_from: for each golden value the key of the record that it stands on.
        records: the keys of its records, in the order in which they were first delivered.
        members: the records themselves, where they were asked for.
        version: grows by one each time the profile changes.
        served_from: redis or postgresql.
        maybe_stale: PostgreSQL could not be asked whether the cached profile is still the newest.
    """

    profile_id: str
    asked_for: str
    values: dict[str, str]
    came_from: dict[str, str]
    records: tuple[str, ...]
    version: int
    served_from: Literal["redis", "postgresql"]
    maybe_stale: bool = False
    members: tuple[MemberResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One profile that fits a search: how well (0 to 100) and by what."""

    profile_id: str
    score: float
    matched_by: str
    values: dict[str, str]
    record_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The profiles that fit, best first."""

    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One row of the merge log that made a profile what it is."""

    merge_id: int
    logged_at: datetime
    run_id: int | None
    kind: str
    cause: str
    left: str
    right: str
    match_probability: float | None
    match_weight: float | None
    blocking_rule: str | None
    live: bool
    undone_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryResult:
    """How a profile came to be."""

    profile_id: str
    former_ids: tuple[str, ...]
    entries: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One profile that a person may be: through its closest record."""

    profile_id: str
    match_probability: float
    match_weight: float
    record: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveResult:
    """Which profile a person is.

    Attributes:
        profile_id: the profile, None where nobody is close enough.
        match_probability: of the best candidate, 0 to 1.
        verdict: "same" above the merge threshold, "unsure" above the review threshold, "unknown" below.
        candidates: best first.
    """

    profile_id: str | None
    match_probability: float
    verdict: Literal["same", "unsure", "unknown"]
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A file that was written."""

    path: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One row of the run table."""

    run_id: int
    status: str
    started_at: datetime
    ended_at: datetime | None
    generation: int | None
    model_id: str | None
    reason: str | None
    counts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    seal: str | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunListResult:
    """The last runs, newest first."""

    runs: tuple[RunResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """One row that was put aside."""

    source: str
    file_name: str
    line: int | None
    reason: str
    run_id: int
    raw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineResult:
    """Rows that were put aside, newest first."""

    rows: tuple[QuarantinedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitSource:
    """One source that `init` recognised."""

    name: str
    files: tuple[str, ...]
    recognised: tuple[str, ...]
    passed_through: tuple[str, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """The configuration that was written."""

    path: str
    folder: str
    sources: tuple[InitSource, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthResult:
    """Synthetic exports that were written: `files` gives the rows of each, by its path below the folder."""

    folder: str
    records: int
    persons: int
    nights: int = 1
    files: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeListResult:
    """Rows of the merge log, newest first."""

    entries: tuple[HistoryEntry, ...]

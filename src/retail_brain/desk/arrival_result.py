"""What became of a record that came between two nights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ArrivalStatus = Literal["new profile", "joined", "changed", "moved", "unchanged", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalMerge:
    """A row that an arrival wrote into the merge log: a merge made (`merge`) or ended (`split`), and its evidence."""

    merge_id: int
    kind: str
    cause: str
    left: str
    right: str
    match_probability: float | None
    match_weight: float | None
    blocking_rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRefusal:
    """A link to another record that was refused, and why; it waits for a person."""

    record: str
    match_probability: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalResult:
    """What became of one record.

    Attributes:
        status: new profile; joined (a new record in a profile that stood); changed (in its profile, or the one that this
            became part of); moved (a changed record that left its profile); unchanged; waiting (a night is at work; the
            record gets its place when that has ended).
        source: its source.
        record_id: the source's key.
        profile_id: its profile now; None while it waits.
        retired_ids: profiles that became part of another.
        merges: rows written into the merge log.
        refused: links that were refused.
        warnings: what a person should know.
    """

    status: ArrivalStatus
    source: str
    record_id: str
    profile_id: str | None = None
    retired_ids: tuple[str, ...] = ()
    merges: tuple[ArrivalMerge, ...] = ()
    refused: tuple[ArrivalRefusal, ...] = ()
    warnings: tuple[str, ...] = ()
    touched_ids: tuple[str, ...] = field(default=(), repr=False)

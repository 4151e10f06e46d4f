"""What undoing and joining answer: the plan, what was done, or why nothing was to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeToUndo:
    """One merge of a plan: its number, its two records, and what it stood on."""

    merge_id: int
    run_id: int | None
    logged_at: datetime
    left: str
    right: str
    match_probability: float | None
    match_weight: float | None
    blocking_rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyUndone:
    """A merge that does not stand any more: when it ended, who undid it (empty where a run ended it), and why."""

    merge_id: int
    at: datetime
    by: str | None
    run_id: int | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A golden value that changes: what it was and will be, and the record that each came from."""

    field: str
    before: str | None
    after: str | None
    before_from: str | None
    after_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterRecord:
    """A record that came after the merge: by which merge, because of which record, and what these two share.

    `through` is the record that the later merge brought: this one, or one that this one hangs on.
    """

    record: str
    merge_id: int
    because_of: str
    through: str
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One profile after the change.

    Attributes:
        profile_id: its id; a new one where `kept` is False.
        values: its golden values.
        came_from: for each the record that it stands on.
        records: its records.
        changes: what differs from the profile that bore this id; empty for a new one.
        later: its records that came after the merge that is undone.
    """

    profile_id: str
    kept: bool
    values: dict[str, str]
    came_from: dict[str, str]
    records: tuple[str, ...]
    changes: tuple[ValueChange, ...] = ()
    later: tuple[LaterRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitResult:
    """A profile that falls into parts, the one that keeps the id first."""

    profile_id: str
    version: int
    parts: tuple[PartResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerId:
    """An id from before that leads to another profile from now on."""

    former_id: str
    leads_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeResult:
    """Merges undone, or what undoing them would do.

    Attributes:
        status: planned (nothing was changed), undone, moved (nothing was changed: the plan is not the one that was asked
            for), already undone, nothing to undo.
        plan: hash of everything that is going to differ; the same hash, the same change.
        merges: the merges to undo.
        profiles: the profiles that fall apart.
        former_ids: ids that lead elsewhere from now on.
        withdrawn: decisions that are taken back with it, since the merges stood on them.
        refused_links: further links between the parts that stay refused.
        decisions: numbers of the decisions that were written.
        already: merges that were asked for and do not stand any more.
        warnings: what a person should know, such as that Redis does not answer.
    """

    status: Literal["planned", "undone", "moved", "already undone", "nothing to undo"]
    plan: str | None = None
    merges: tuple[MergeToUndo, ...] = ()
    profiles: tuple[SplitResult, ...] = ()
    former_ids: tuple[FormerId, ...] = ()
    withdrawn: tuple[int, ...] = ()
    refused_links: int = 0
    decisions: tuple[int, ...] = ()
    already: tuple[AlreadyUndone, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinResult:
    """Two records joined by hand, or what joining them would do.

    Attributes:
        status: planned (nothing was changed), joined, moved (nothing was changed: the plan is not the one that was asked
            for), already joined.
        plan: hash of everything that is going to differ.
        left: the one record.
        right: the other.
        profile: the profile that holds both afterwards; None where nothing changes but the decision.
        retired_id: the id that becomes an alias; None where both records were in one profile.
        replaced_merge_id: the merge whose place the new link takes, where both were in one profile.
        merge_id: the merge that was written.
        decision_id: the decision that was written, or that stands already.
        decided_by: who decided it, where it stands already.
        decided_at: when.
        warnings: what a person should know.
    """

    status: Literal["planned", "joined", "moved", "already joined"]
    left: str
    right: str
    plan: str | None = None
    profile: PartResult | None = None
    retired_id: str | None = None
    replaced_merge_id: int | None = None
    merge_id: int | None = None
    decision_id: int | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    warnings: tuple[str, ...] = ()

"""What the desk answers about rulings: the review queue, decisions, and what deciding did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSide:
    """One record in question: its key, its standardised values, and how many records its profile has."""

    key: str
    profile_id: str
    profile_records: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One pair that waits for a person's ruling.

    Attributes:
        kind: borderline (between the thresholds), refused (a link that a rule refused) or weak (a merge that nothing else holds).
        left: the one record.
        right: the other one.
        match_probability: that they are one person, 0 to 1, by the evidence of the pair alone.
        match_weight: the same in bits.
        blocking_rule: what the two share, so that they were compared.
        reason: why the link was refused.
        stake: pairs of records that are likely to be wrong while nobody rules.
        merge_id: the merge in question (weak).
        differing: fields that both have, and in which they differ by more than capitals, accents and points.
        state: a mark of both records' values, by which an import sees that one has changed since.
    """

    kind: Literal["borderline", "refused", "weak"]
    left: ReviewSide
    right: ReviewSide
    match_probability: float | None
    match_weight: float
    blocking_rule: str | None
    reason: str | None
    stake: float
    merge_id: int | None
    differing: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewListResult:
    """What waits for a person, most at stake first.

    `waiting` counts all questions that were asked for, listed here or not, and `pairs` the pairs of records that they are
    about: one question for all pairs of the same two profiles. `or_more` where counting stopped.
    """

    items: tuple[ReviewItem, ...]
    waiting: int
    pairs: int
    or_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewNextResult:
    """The next question, None where nothing waits; `waiting` counts it and the others, `about` says what it asks."""

    item: ReviewItem | None
    waiting: int
    or_more: bool = False
    about: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideResult:
    """What a ruling about two records did.

    Attributes:
        outcome: joined (two profiles became one), confirmed (one profile already), kept_apart (two profiles stay two),
            unmerged (one profile became two) or already_decided (nothing: it was ruled so before).
        decision_id: the decision in force.
        left: the one record's key.
        right: the other one's.
        left_profile_id: the profile of the one record now.
        right_profile_id: the profile of the other one now.
        decided_by: who decided; somebody else where it was decided already.
        decided_at: when.
        warnings: what a person should know.
    """

    outcome: Literal["joined", "confirmed", "kept_apart", "unmerged", "already_decided"]
    decision_id: int
    left: str
    right: str
    left_profile_id: str
    right_profile_id: str
    decided_by: str
    decided_at: datetime
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What a file of decisions did: rows by what came of them.

    Attributes:
        path: the file.
        same: rows that joined two records.
        different: rows that keep two records apart.
        already_decided: rows that say what was ruled before.
        undecided: rows without a decision.
        warnings: what a person should know.
    """

    path: str
    same: int
    different: int
    already_decided: int
    undecided: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEntry:
    """One ruling about two records.

    Attributes:
        decision_id: its number.
        kind: must_link or cannot_link.
        left: the one record's key.
        right: the other one's.
        reason: why, in the words of who decided.
        ticket: where it was asked for.
        decided_by: who.
        decided_at: when.
        in_force: nobody has withdrawn it.
        left_since: whether the one record is the same, has changed or is gone since.
        right_since: the same of the other one.
        withdrawn_by: who took it back.
        withdrawn_at: when.
        withdrawn_reason: why.
        withdrawn_ticket: where that was asked for.
    """

    decision_id: int
    kind: Literal["must_link", "cannot_link"]
    left: str
    right: str
    reason: str
    ticket: str | None
    decided_by: str
    decided_at: datetime
    in_force: bool
    left_since: Literal["same", "changed", "gone"]
    right_since: Literal["same", "changed", "gone"]
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None
    withdrawn_ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionListResult:
    """Decisions, newest first; `stale` where only those were asked for whose records have changed since."""

    decisions: tuple[DecisionEntry, ...] = field(default=())
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawResult:
    """A decision that is no longer in force; `already` where somebody had withdrawn it before."""

    decision: DecisionEntry
    already: bool
    warnings: tuple[str, ...] = ()

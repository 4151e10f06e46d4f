"""What the desk answers about merges: the log, one merge before and after, and why two records are, or are not, one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retail_brain.desk.result import HistoryEntry
from retail_brain.desk.review_result import DecisionEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """How a merge ended: the log row that inverts it, and where a person did it who, why and on which ticket."""

    merge_id: int
    kind: str
    cause: str
    run_id: int | None
    logged_at: datetime
    decision: DecisionEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSide:
    """One of the two groups that a merge joined.

    Attributes:
        key: the record at this end of the edge.
        profile_id: its profile before, None where the record was new.
        profile_id_now: its profile now, None where it is not delivered any more.
        records: the keys of the records of this side of the tree.
        values: the golden values of a profile of these records alone.
    """

    key: str
    profile_id: str | None
    profile_id_now: str | None
    records: tuple[str, ...]
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeField:
    """One field of the profile that a merge makes: what each side says, what the profile says, and why.

    Attributes:
        name: the field.
        left: golden value of the left side alone.
        right: golden value of the right side alone.
        value: golden value of both together.
        came_from: the record that it stands on.
        side: the side of that record; both where both sides say the same, neither where the value was left out.
        rule: the rule of survivorship that decided.
    """

    name: str
    left: str | None
    right: str | None
    value: str | None
    came_from: str | None
    side: Literal["left", "right", "both", "neither"]
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeShowResult:
    """One merge: both sides before, the profile after, the evidence, and what became of it.

    Values are chosen from what the records say now, which need not be what they said then.

    Attributes:
        merge: the row of the log.
        model_id: the model that scored the pair.
        profile_id: the profile that lived on.
        left: the one side.
        right: the other side.
        fields: the values of the profile of both sides together, in the order in which they are shown.
        undone: how it ended, None where it stands.
        decisions: what people ruled about its two records, newest first.
    """

    merge: HistoryEntry
    model_id: str | None
    profile_id: str
    left: MergeSide
    right: MergeSide
    fields: tuple[MergeField, ...]
    undone: Undoing | None
    decisions: tuple[DecisionEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainLine:
    """One comparison's part in a match weight, in bits."""

    comparison: str
    left: str | None
    right: str | None
    level: str
    weight_bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One merge on the way between two records of a profile."""

    merge_id: int
    left: str
    right: str
    cause: str
    match_weight: float | None
    match_probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that keeps two records in two profiles, the strongest first.

    Attributes:
        kind: decision (a person ruled), refused (a rule refused their link), clash (two records of the two profiles that
            cannot be one person), below_threshold, never_compared (they share no blocking rule) or gone.
        said: the same as a sentence.
        records: the records it is about.
        decision_id: the decision.
        ticket: its ticket.
    """

    kind: Literal["decision", "refused", "clash", "below_threshold", "never_compared", "gone"]
    said: str
    records: tuple[str, ...] = ()
    decision_id: int | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult:
    """Why two records are one person, or why not.

    Attributes:
        left: the one record's key.
        right: the other one's.
        left_values: its standardised values, as they are now.
        right_values: the other one's.
        left_profile_id: its profile now; empty where it has none.
        right_profile_id: the other one's.
        same_profile: whether these are one.
        merge_id: the merge of just these two records, None where there is none.
        live: whether that stands.
        run_id: the run that made it.
        logged_at: when it was made.
        undone: how it ended.
        scored: as_logged, from the levels that the log holds; or now, from the two records as they are.
        match_weight: evidence that they are one person, in bits: the sum of the lines.
        match_probability: the same, 0 to 1.
        stored_weight: what the log says, None where it says nothing.
        blocking_rule: what the two share, so that they were compared.
        model_id: the model that the weights are of.
        lines: the parts of the weight.
        chain: the records on the way from one to the other through the merges of their profile.
        links: these merges.
        obstacles: what keeps them apart, where they are in two profiles.
        decisions: what people ruled about these two records, newest first.
        html: the page that was written.
    """

    left: str
    right: str
    left_values: dict[str, str]
    right_values: dict[str, str]
    left_profile_id: str
    right_profile_id: str
    same_profile: bool
    merge_id: int | None
    live: bool | None
    run_id: int | None
    logged_at: datetime | None
    undone: Undoing | None
    scored: Literal["as_logged", "now"]
    match_weight: float
    match_probability: float
    stored_weight: float | None
    blocking_rule: str | None
    model_id: str
    lines: tuple[ExplainLine, ...]
    chain: tuple[str, ...]
    links: tuple[ChainLink, ...]
    obstacles: tuple[Obstacle, ...]
    decisions: tuple[DecisionEntry, ...]
    html: str | None = None

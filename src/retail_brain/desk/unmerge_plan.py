"""A plan in the words of who has to agree to it: which records go where, which values change, what came later and why.

Apart from making the plan, because nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.change_result import (
    FormerId,
    LaterRecord,
    MergeToUndo,
    PartResult,
    SplitResult,
    UnmergeResult,
    ValueChange,
)
from retail_brain.desk.lookup import plain_values
from retail_brain.identity.cut import later_records
from retail_brain.model import VALUE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from retail_brain.desk.change import Golden
    from retail_brain.desk.change_result import AlreadyUndone
    from retail_brain.desk.unmerge import Plan
    from retail_brain.identity.cut import Edge
    from retail_brain.store.lookup import StoredProfile
    from retail_brain.store.touched import Decision, Member, StandingMerge, Touched

_TELLING = (
    "national_id", "loyalty_id", "email", "phone", "address", "date_of_birth", "family_name", "given_name",
)  # fmt: skip
"""What two records may share, the most telling first."""


def describe_plan(plan: Plan, digest: str, already: tuple[AlreadyUndone, ...]) -> UnmergeResult:
    """Tell a plan.

    Args:
        plan: the plan.
        digest: its hash.
        already: merges that were asked for and stand no more.
    """
    members = plan.touched.members
    return UnmergeResult(
        status="planned",
        plan=digest,
        merges=tuple(_merge(merge, members) for merge in plan.cut),
        profiles=_splits(plan),
        former_ids=tuple(
            FormerId(former_id=str(former), leads_to=str(now)) for former, now in sorted(plan.regrouped.aliases.items())
        ),
        withdrawn=tuple(decision.decision_id for decision in plan.withdrawn),
        refused_links=sum(row[2] == "refused" for row in plan.review),
        already=already,
    )


def _merge(merge: StandingMerge, members: Mapping[int, Member]) -> MergeToUndo:
    return MergeToUndo(
        merge_id=merge.merge_id, run_id=merge.run_id, logged_at=merge.logged_at,
        left=members[merge.record_no_l].key, right=members[merge.record_no_r].key,
        match_probability=merge.match_probability, match_weight=merge.match_weight, blocking_rule=merge.blocking_rule,
    )  # fmt: skip


def _splits(plan: Plan) -> tuple[SplitResult, ...]:
    """Tell every profile that falls apart; each record and edge is looked at once, since a whole run may be undone."""
    members, cut = plan.touched.members, {merge.merge_id for merge in plan.cut}
    edges: dict[UUID, list[Edge]] = {}
    ids: dict[UUID, set[UUID]] = {}
    for edge in plan.edges:
        edges.setdefault(members[edge.left].profile_id, []).append(edge)
    for record_no, now in plan.regrouped.crosswalk.items():
        ids.setdefault(members[record_no].profile_id, set()).add(now)
    splits = []
    for before in plan.touched.profiles.values():
        goldens = [plan.regrouped.profiles[now] for now in ids[before.profile_id]]
        goldens.sort(key=lambda golden: (golden.profile_id != before.profile_id, golden.records))
        tree = edges.get(before.profile_id, [])
        parts = tuple(describe_part(golden, before, members, tree, cut) for golden in goldens)
        splits.append(SplitResult(profile_id=str(before.profile_id), version=before.version, parts=parts))
    return tuple(splits)


def describe_part(
    golden: Golden,
    before: StoredProfile,
    members: Mapping[int, Member],
    edges: Collection[Edge] = (),
    cut: Collection[int] = (),
) -> PartResult:
    """Tell one profile as it will be.

    Args:
        golden: the profile.
        before: the profile that its records were in.
        members: the records by number.
        edges: the tree of that profile.
        cut: the merges that are undone.
    """
    kept = golden.profile_id == before.profile_id
    values = plain_values(golden.values)
    later = later_records(list(edges), cut, golden.records)
    return PartResult(
        profile_id=str(golden.profile_id),
        kept=kept,
        values=values,
        came_from={name: members[golden.provenance[name]].key for name in values},
        records=tuple(members[record_no].key for record_no in golden.records),
        changes=_changes(before, golden, members) if kept else (),
        later=tuple(
            LaterRecord(
                record=members[one.record_no].key, merge_id=one.merge_id, because_of=members[one.because_of].key,
                through=members[one.through].key,
                shared=shared_fields(members[one.through], members[one.because_of]),
            )
            for one in later
        ),
    )  # fmt: skip


def shared_fields(left: Member, right: Member) -> tuple[str, ...]:
    """Return the fields in which two records say the same, the most telling first."""
    return tuple(name for name in _TELLING if name in left.values and left.values[name] == right.values.get(name))


def name_decision(touched: Touched, decision: Decision) -> str:
    """Return a decision as a message names it: its number, its records, its ticket, and who made it."""
    keys = " ─ ".join(touched.members[no].key for no in decision.pair if no in touched.members)
    ticket = f", ticket {decision.ticket}" if decision.ticket else ""
    return f"decision {decision.decision_id} ({keys}{ticket}, by {decision.decided_by})"


def _changes(before: StoredProfile, golden: Golden, members: Mapping[int, Member]) -> tuple[ValueChange, ...]:
    old, new = plain_values(dict(before.values)), plain_values(golden.values)

    def came_from(provenance: Mapping[str, int], name: str) -> str | None:
        return members[provenance[name]].key if provenance.get(name) in members else None

    return tuple(
        ValueChange(
            field=name, before=old.get(name), after=new.get(name),
            before_from=came_from(before.provenance, name), after_from=came_from(golden.provenance, name),
        )
        for name in VALUE_FIELDS
        if old.get(name) != new.get(name)
    )  # fmt: skip

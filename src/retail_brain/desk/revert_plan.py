"""What taking runs back comes to: which records go where, which merges end and which stand again, and what is in the way.

Apart from doing it, because nothing here reads or writes a store.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.desk.arrive import fresh_id
from retail_brain.desk.revert_result import RevertedProfile, RevertResult
from retail_brain.errors import RefusedError
from retail_brain.identity.cut import Edge
from retail_brain.identity.rewind import rewind

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from retail_brain.store.revert import Ground, LoggedMerge, Scope
    from retail_brain.store.touched import Decision

_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What taking some runs back comes to.

    Attributes:
        scope: the first of them.
        run_ids: all of them, oldest first.
        ground: what they touch.
        target: the profile of each record concerned afterwards; None for those that are gone.
        alone: records that came between two runs: each in a profile of its own, until the next run.
        unmade: merges that end.
        again: merges that stand again.
        aliases: ids that end, and where they lead.
        withdrawn: decisions that are taken back.
    """

    scope: Scope
    run_ids: tuple[int, ...]
    ground: Ground
    target: dict[int, uuid.UUID | None]
    alone: frozenset[int]
    unmade: tuple[LoggedMerge, ...]
    again: tuple[LoggedMerge, ...]
    aliases: dict[uuid.UUID, uuid.UUID | None]
    withdrawn: tuple[Decision, ...]

    @property
    def hash(self) -> str:
        """SHA-256 over everything that is going to differ, and over the versions that it differs from."""
        content = {
            "runs": self.run_ids,
            "versions": sorted((str(profile_id), version) for profile_id, version in self.ground.versions.items()),
            "target": sorted((record_no, str(profile_id)) for record_no, profile_id in self.target.items()),
            "restored": sorted(one.record_no for one in self.ground.former.values() if one.is_changed),
            "unmade": [one.merge_id for one in self.unmade],
            "again": [one.merge_id for one in self.again],
            "withdrawn": [one.decision_id for one in self.withdrawn],
        }
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def make_plan(
    scope: Scope, run_ids: Sequence[int], ground: Ground, decisions: Iterable[Decision], *, with_later: bool
) -> Plan:
    """Work out what going back to before a run comes to.

    Args:
        scope: the run.
        run_ids: it and the runs that were published since, oldest first.
        ground: what these touch.
        decisions: the rulings in force about its records.
        with_later: take back what was built on it as well.

    Raises:
        RefusedError: later runs or people built on it.
    """
    existed, alone, gone = _sort_out(scope, ground)
    stood = [one for one in ground.merges if one.stood and existed.issuperset(one.pair)]
    edges = [Edge(merge_id=one.merge_id, left=one.record_no_l, right=one.record_no_r, at=one.merge_id) for one in stood]
    former = {no: one.profile_id for no, one in ground.former.items() if one.profile_id is not None}
    target: dict[int, uuid.UUID | None] = dict(
        rewind(existed, edges, named=ground.named, former=former, now=ground.now)
    )
    target |= {no: fresh_id(":".join(ground.keys[no]), f"revert {scope.run_id}") for no in sorted(alone)}
    target |= dict.fromkeys(sorted(gone))
    pairs, standing = {one.pair for one in stood}, {one.pair for one in ground.merges if one.stands}
    contrary = [one for one in decisions if _is_contrary(one, scope, target, pairs)]
    if not with_later:
        _refuse_later(scope, run_ids[1:], contrary, sorted(alone | (ground.arrived & existed)), ground)
    return Plan(
        scope=scope, run_ids=tuple(run_ids), ground=ground, target=target, alone=frozenset(alone),
        unmade=tuple(one for one in ground.merges if one.stands and one.pair not in pairs),
        again=tuple(one for one in stood if one.pair not in standing),
        aliases=_ended(ground.now, target), withdrawn=tuple(contrary),
    )  # fmt: skip


def _sort_out(scope: Scope, ground: Ground) -> tuple[set[int], set[int], set[int]]:
    """Return the records that belonged to a profile before the run, those that came between runs since, and those that go."""
    existed, alone, gone = set(), set(), set()
    for record_no in ground.records:
        former = ground.former.get(record_no)
        is_old = record_no <= (scope.last_record_no or 0)
        if is_old and (former.profile_id if former else ground.now.get(record_no)) is not None:
            existed.add(record_no)
        elif record_no not in ground.now:
            continue
        elif record_no in ground.arrived or not (former and former.profile_id is None):
            alone.add(record_no)
        else:
            gone.add(record_no)
    return existed, alone, gone


def _is_contrary(
    decision: Decision,
    scope: Scope,
    target: Mapping[int, uuid.UUID | None],
    stood: Collection[tuple[int, int]],
) -> bool:
    """Tell whether a ruling that was made since says otherwise than the merges that are gone back to.

    A must-link between two records of one tree does so as well, unless it is one of its merges: a walk would put it in the
    place of one.
    """
    left, right = (target.get(record_no) for record_no in decision.pair)
    if decision.decision_id <= (scope.seen_decision_id or 0) or left is None or right is None:
        return False
    return left == right if decision.kind == "cannot_link" else decision.pair not in stood


def _refuse_later(
    scope: Scope, run_ids: Sequence[int], contrary: Sequence[Decision], came: Sequence[int], ground: Ground
) -> None:
    """Refuse where something was built on the run, naming it."""
    keys = {record_no: ":".join(key) for record_no, key in ground.keys.items()}
    rulings = [
        f"decision {one.decision_id} ({' ─ '.join(keys.get(no, '?') for no in one.pair)}"
        f"{f', ticket {one.ticket}' if one.ticket else ''}, by {one.decided_by})"
        for one in contrary
    ]
    arrivals = [f"{keys.get(record_no, '?')}, which came between runs" for record_no in came]
    found = [[f"run {run_id}" for run_id in run_ids], rulings, arrivals]
    if any(found):
        told = [
            ", ".join(some[:_TOLD]) + (f" and {len(some) - _TOLD:,} more" if len(some) > _TOLD else "")
            for some in found
            if some
        ]
        raise RefusedError(
            f"what came later builds on run {scope.run_id}: {'; '.join(told)}; nothing was changed",
            hint="--with-later takes these back too; --dry-run --with-later shows what that comes to",
        )


def _ended(now: Mapping[int, uuid.UUID], target: Mapping[int, uuid.UUID | None]) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return the ids that no profile bears any more, and where most of the records of each go (tie: its first one)."""
    alive = set(target.values())
    went: dict[uuid.UUID, Counter[uuid.UUID]] = {}
    for record_no, profile_id in sorted(now.items()):
        if profile_id not in alive:
            counted = went.setdefault(profile_id, Counter())
            if (goes := target.get(record_no)) is not None:
                counted[goes] += 1
    return {profile_id: counted.most_common(1)[0][0] if counted else None for profile_id, counted in went.items()}


def describe_plan(plan: Plan) -> RevertResult:
    """Tell a plan: counts, and the largest profiles by their ids."""
    ground, now, target = plan.ground, plan.ground.now, plan.target
    moved = [no for no, goes in target.items() if no in now and goes is not None and goes != now[no]]
    after = {goes for goes in target.values() if goes is not None}
    kept = plan.alone | ground.arrived
    return RevertResult(
        status="planned", plan=plan.hash, run_id=plan.scope.run_id, run_ids=tuple(reversed(plan.run_ids)),
        files=tuple(f"{source}: {name}" for source, name in ground.files),
        records_out=sum(goes is None for goes in target.values()),
        records_back=sum(no not in now for no in target),
        records_restored=sum(one.is_changed and one.record_no not in kept for one in ground.former.values()),
        records_moved=sum(no not in plan.alone for no in moved),
        records_waiting=len(plan.alone | (ground.arrived & set(target))),
        merges_unmade=len(plan.unmade), merges_again=len(plan.again),
        ids_alive=len(after - set(now.values()) - {target[no] for no in plan.alone}), ids_ended=len(plan.aliases),
        profiles=len(set(now.values())), profiles_after=len(after), largest=_largest(now, target),
        withdrawn=tuple(one.decision_id for one in plan.withdrawn),
    )  # fmt: skip


def _largest(now: Mapping[int, uuid.UUID], target: Mapping[int, uuid.UUID | None]) -> tuple[RevertedProfile, ...]:
    goes: dict[uuid.UUID, Counter[uuid.UUID | None]] = {}
    for record_no, profile_id in now.items():
        goes.setdefault(profile_id, Counter())[target[record_no]] += 1
    changed = [(profile_id, there) for profile_id, there in goes.items() if set(there) != {profile_id}]
    changed.sort(key=lambda one: (-one[1].total(), str(one[0])))
    return tuple(
        RevertedProfile(
            profile_id=str(profile_id), records=there.total(), gone=there[None],
            becomes=tuple((str(one), count) for one, count in there.most_common() if one is not None),
        )
        for profile_id, there in changed[:_TOLD]
    )  # fmt: skip

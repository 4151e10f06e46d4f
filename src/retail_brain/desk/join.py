"""Two records joined by hand: a must-link, and the merge that it makes at once.

Between two profiles the must-link is a new edge between their trees. Inside one it takes its place in the tree: a walk
would put it on top, so the weakest merge on the way between the two records gives way to it, and nothing else differs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retail_brain.desk.change import regroup, ruling_of, write_regrouped
from retail_brain.desk.change_result import JoinResult
from retail_brain.desk.lookup import find_record
from retail_brain.desk.unmerge import inversion, tell_others
from retail_brain.desk.unmerge_plan import describe_part, name_decision
from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, GoneError, RefusedError
from retail_brain.identity.cut import Edge, path
from retail_brain.pipeline.stores import open_stores
from retail_brain.store.change import NewDecision, NewLogRow, append_decision, append_log, change_by_hand
from retail_brain.store.touched import PairEvidence, fetch_pair, pairs_between, read_touched

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.desk.change import Regrouped
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.change import Head
    from retail_brain.store.lookup import StoredRecord
    from retail_brain.store.touched import StandingMerge, Touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What joining two records comes to.

    `regrouped` is None where both are in one profile; `replaced` is then the merge that gives way, None where none does.
    `linked` says whether a merge is written; `evidence` is what is known of the pair.
    """

    touched: Touched
    left: StoredRecord
    right: StoredRecord
    evidence: PairEvidence
    linked: bool
    regrouped: Regrouped | None = None
    replaced: StandingMerge | None = None

    @property
    def hash(self) -> str:
        """SHA-256 over everything that is going to differ, and over the versions that it differs from."""
        profiles = self.regrouped.profiles if self.regrouped else {}
        content = {
            "pair": [self.left.record_no, self.right.record_no],
            "versions": {str(one.profile_id): one.version for one in self.touched.profiles.values()},
            "profiles": {str(key): [one.records, one.values, one.provenance] for key, one in profiles.items()},
            "replaced": self.replaced.merge_id if self.replaced else None,
            "linked": self.linked,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def join_records(
    config: Configuration,
    left: str,
    right: str,
    *,
    reason: str = "",
    ticket: str | None = None,
    by: str | None = None,
    plan: str | None = None,
    dry_run: bool = False,
) -> JoinResult:
    """Say that two records are one person, and join their profiles.

    Args:
        config: the configuration.
        left: SOURCE:RECORD_ID.
        right: SOURCE:RECORD_ID.
        reason: why, in the words of who decides.
        ticket: where it was asked for.
        by: who decides; by default the user of this process.
        plan: apply only the plan with this hash.
        dry_run: make the plan and change nothing.

    Returns:
        What was done. Status "moved" where the state is no longer the one of `plan`: nothing was changed then.

    Raises:
        ConfigurationError: a record is not known or not delivered any more, or both are one.
        RefusedError: a cannot-link between the two profiles is in force.
        LockedError: a run is being published.
        ServiceError: PostgreSQL does not answer.
    """
    ruling = ruling_of(reason, ticket, by)
    with open_stores(config, migrate=False) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        result = join_in(stores, con, left, right, ruling, plan=plan, dry_run=dry_run)
        return replace(result, warnings=tell_others(stores)) if result.status == "joined" else result


def join_in(
    stores: Stores,
    con: duckdb.DuckDBPyConnection,
    left: str,
    right: str,
    ruling: dict[str, Any],
    *,
    plan: str | None = None,
    dry_run: bool = False,
) -> JoinResult:
    """Join two records, in a transaction of its own or inside one that is open; Redis is not told.

    Args:
        stores: the open stores.
        con: an engine of its own.
        left: SOURCE:RECORD_ID.
        right: SOURCE:RECORD_ID.
        ruling: reason, ticket and decided_by of the decision.
        plan: apply only the plan with this hash.
        dry_run: make the plan and change nothing.

    Raises:
        RetailBrainError: as `join_records` says.
    """
    with change_by_hand(stores.pg, dry_run=dry_run) as head:
        pair = _pair(stores, left, right)
        touched = read_touched(stores.pg, [record.profile_id for record in pair if record.profile_id])
        standing = _standing(touched, pair)
        if standing is not None:
            return standing
        made = _make_plan(stores, con, touched, pair)
        result = _describe(made)
        if plan not in (None, made.hash):
            return replace(result, status="moved")
        if dry_run:
            return result
        decision_id, merge_id = _apply(stores, con, head, made, ruling)
        return replace(result, status="joined", decision_id=decision_id, merge_id=merge_id)


def _pair(stores: Stores, left: str, right: str) -> tuple[StoredRecord, StoredRecord]:
    first, second = sorted((find_record(stores.pg, key) for key in (left, right)), key=lambda one: one.record_no)
    if first.record_no == second.record_no:
        raise ConfigurationError("both keys name one record")
    for one in (first, second):
        if one.profile_id is None:
            raise GoneError(f"{one.source}:{one.record_id} is not delivered any more and belongs to no profile")
    return first, second


def _standing(touched: Touched, pair: tuple[StoredRecord, StoredRecord]) -> JoinResult | None:
    """Return the answer where a person has joined the two before; refuse where one keeps their profiles apart."""
    numbers = (pair[0].record_no, pair[1].record_no)
    ours = {one.profile_id for one in pair}
    for decision in touched.decisions:
        if decision.kind == "must_link" and decision.pair == numbers:
            return JoinResult(
                status="already joined", left=_key(pair[0]), right=_key(pair[1]), decision_id=decision.decision_id,
                decided_by=decision.decided_by, decided_at=decision.decided_at,
            )  # fmt: skip
    against = [
        decision
        for decision in touched.decisions
        if decision.kind == "cannot_link"
        and set(decision.pair) <= set(touched.members)
        and {touched.members[no].profile_id for no in decision.pair} == ours
    ]
    if against:
        named = "; ".join(name_decision(touched, decision) for decision in against[:5])
        raise RefusedError(
            f"a person keeps these two profiles apart: {named}; nothing was joined",
            hint=f"first take it back: retail-brain merge decisions withdraw {against[0].decision_id}",
        )
    return None


def _make_plan(
    stores: Stores, con: duckdb.DuckDBPyConnection, touched: Touched, pair: tuple[StoredRecord, StoredRecord]
) -> Plan:
    left, right = pair
    evidence = fetch_pair(stores.pg, left.record_no, right.record_no)
    if left.profile_id == right.profile_id:
        replaced = _weakest(touched, left.record_no, right.record_no)
        return Plan(
            touched=touched, left=left, right=right, evidence=evidence, linked=replaced is not None, replaced=replaced
        )
    generation = f"join {left.record_no} {right.record_no}"
    groups = [tuple(touched.members)]
    regrouped = regroup(con, stores.pg, stores.config, touched, groups, generation=generation)
    return Plan(touched=touched, left=left, right=right, evidence=evidence, linked=True, regrouped=regrouped)


def _weakest(touched: Touched, left: int, right: int) -> StandingMerge | None:
    """Return the merge that gives way to a must-link: the last in rank on the way between the two records.

    None where the two are merged directly, or where must-links alone hold them together: these rank before a new one.
    """
    merges = {merge.merge_id: merge for merge in touched.merges}
    joined = {decision.pair for decision in touched.decisions if decision.kind == "must_link"}
    way = path(
        [Edge(merge_id=no, left=one.record_no_l, right=one.record_no_r, at=no) for no, one in merges.items()],
        left, right,
    )  # fmt: skip
    if len(way) == 1:
        return None

    def rank(merge: StandingMerge) -> tuple[Any, ...]:
        pair = (merge.record_no_l, merge.record_no_r)
        weight = merge.match_weight
        return (pair not in joined, weight is None, -(weight or 0.0), pair)

    last = max((merges[edge.merge_id] for edge in way), key=rank)
    return None if (last.record_no_l, last.record_no_r) in joined else last


def _apply(
    stores: Stores, con: duckdb.DuckDBPyConnection, head: Head, plan: Plan, ruling: dict[str, Any]
) -> tuple[int, int | None]:
    """Write the plan, and return the numbers of the decision and of the merge."""
    pg, members = stores.pg, plan.touched.members
    left, right = plan.left.record_no, plan.right.record_no
    decision_id = append_decision(pg, NewDecision(kind="must_link", record_no_l=left, record_no_r=right, **ruling))
    before = (members[left].profile_id, members[right].profile_id)
    now = plan.regrouped.crosswalk[left] if plan.regrouped else before[0]
    rows = []
    if plan.replaced is not None:
        rows.append(
            inversion(
                plan.replaced, kind="split", cause="replaced", decision_id=decision_id, profile_id=now, before=before
            )
        )
    if plan.linked:
        known = plan.evidence
        rows.append(NewLogRow(
            kind="merge", cause="must_link", record_no_l=left, record_no_r=right, decision_id=decision_id,
            match_weight=known.match_weight, match_probability=known.match_probability, levels=known.levels,
            blocking_rule=known.blocking_rule, model_id=known.model_id,
            profile_id=now, profile_id_l=before[0], profile_id_r=before[1],
        ))  # fmt: skip
    numbers = append_log(pg, head, rows)
    if plan.regrouped is not None:
        settled = pairs_between(pg, *before)
        settings = stores.config.matching
        write_regrouped(con, pg, head, plan.touched, plan.regrouped, settings=settings, settled=settled)
    return decision_id, numbers[-1] if numbers else None


def _describe(plan: Plan) -> JoinResult:
    result = JoinResult(
        status="planned", left=_key(plan.left), right=_key(plan.right), plan=plan.hash,
        replaced_merge_id=plan.replaced.merge_id if plan.replaced else None,
    )  # fmt: skip
    if plan.regrouped is None:
        return result
    (golden,) = plan.regrouped.profiles.values()
    (retired,) = (one for one in plan.touched.profiles if one != golden.profile_id)
    before = plan.touched.profiles[golden.profile_id]
    part = describe_part(golden, before, plan.touched.members)
    return replace(result, profile=part, retired_id=str(retired))


def _key(record: StoredRecord) -> str:
    return f"{record.source}:{record.record_id}"

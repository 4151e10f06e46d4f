"""Merges undone for good: the plan, which says all that will happen, and its application in one transaction.

The plan is made from the state under the lock that every change of identity takes, and applying makes it anew: a plan
that was shown is applied exactly as it was shown, or not at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retail_brain.desk.change import make_table, regroup, ruling_of, write_regrouped
from retail_brain.desk.change_result import UnmergeResult
from retail_brain.desk.selection import Selection, Targets, find_targets
from retail_brain.desk.unmerge_plan import describe_plan, name_decision
from retail_brain.engine import open_engine
from retail_brain.errors import RefusedError
from retail_brain.identity.cut import Edge, parts_of
from retail_brain.model import no_progress
from retail_brain.pipeline.stores import open_stores
from retail_brain.store.change import NewDecision, NewLogRow, append_decision, append_log, change_by_hand
from retail_brain.store.touched import read_touched

if TYPE_CHECKING:
    import uuid

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.desk.change import Regrouped
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.change import Head
    from retail_brain.store.touched import Decision, StandingMerge, Touched

__all__ = ["Selection", "unmerge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What undoing some merges comes to.

    Attributes:
        touched: the profiles as they stand.
        cut: the merges to undo.
        edges: the trees of the profiles.
        regrouped: what becomes of the profiles.
        withdrawn: decisions that are taken back, since the merges stand on them.
        review: crossing pairs that wait for a person from now on.
    """

    touched: Touched
    cut: tuple[StandingMerge, ...]
    edges: tuple[Edge, ...]
    regrouped: Regrouped
    withdrawn: tuple[Decision, ...]
    review: tuple[tuple[Any, ...], ...]

    @property
    def hash(self) -> str:
        """SHA-256 over everything that is going to differ, and over the versions that it differs from."""
        content = {
            "merges": [merge.merge_id for merge in self.cut],
            "versions": {str(one.profile_id): one.version for one in self.touched.profiles.values()},
            "profiles": {
                str(one.profile_id): [one.records, one.values, one.provenance]
                for one in self.regrouped.profiles.values()
            },
            "aliases": {str(former): str(now) for former, now in self.regrouped.aliases.items()},
            "withdrawn": [decision.decision_id for decision in self.withdrawn],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def unmerge(
    config: Configuration,
    selection: Selection,
    *,
    reason: str = "",
    ticket: str | None = None,
    by: str | None = None,
    plan: str | None = None,
    dry_run: bool = False,
) -> UnmergeResult:
    """Undo merges, all of them or none, and keep their records apart from now on.

    Args:
        config: the configuration.
        selection: which merges.
        reason: why, in the words of who decides.
        ticket: where it was asked for.
        by: who decides; by default the user of this process.
        plan: apply only the plan with this hash.
        dry_run: make the plan and change nothing.

    Returns:
        What was done. Status "moved" where the state is no longer the one of `plan`: nothing was changed then, and the
        result is the plan as it is now.

    Raises:
        ConfigurationError: there is no such merge.
        RefusedError: a must-link that still stands crosses the cut.
        LockedError: a run is being published.
        ServiceError: PostgreSQL does not answer.
    """
    ruling = ruling_of(reason, ticket, by)
    with open_stores(config, migrate=False) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        result = unmerge_in(stores, con, selection, ruling, plan=plan, dry_run=dry_run)
        return replace(result, warnings=tell_others(stores)) if result.status == "undone" else result


def unmerge_in(
    stores: Stores,
    con: duckdb.DuckDBPyConnection,
    selection: Selection,
    ruling: dict[str, Any],
    *,
    plan: str | None = None,
    dry_run: bool = False,
) -> UnmergeResult:
    """Undo merges, in a transaction of its own or inside one that is open; Redis is not told.

    Args:
        stores: the open stores.
        con: an engine of its own.
        selection: which merges.
        ruling: reason, ticket and decided_by of the decisions.
        plan: apply only the plan with this hash.
        dry_run: make the plan and change nothing.

    Raises:
        RetailBrainError: as `unmerge` says.
    """
    with change_by_hand(stores.pg, dry_run=dry_run) as head:
        targets = find_targets(stores, con, selection)
        if not targets.standing:
            return UnmergeResult(
                status="already undone" if targets.already else "nothing to undo", already=targets.already
            )
        made = _make_plan(stores, con, head, targets)
        result = describe_plan(made, made.hash, targets.already)
        if plan not in (None, made.hash):
            return replace(result, status="moved")
        if dry_run:
            return result
        return replace(result, status="undone", decisions=_apply(stores, con, head, made, ruling))


def _make_plan(stores: Stores, con: duckdb.DuckDBPyConnection, head: Head, targets: Targets) -> Plan:
    touched = read_touched(stores.pg, targets.profile_ids)
    edges = tuple(
        Edge(merge_id=merge.merge_id, left=merge.record_no_l, right=merge.record_no_r, at=merge.logged_at)
        for merge in touched.merges
    )
    cut = tuple(merge for merge in touched.merges if merge.merge_id in targets.standing)
    groups = parts_of(touched.members, edges, targets.standing)
    generation = f"unmerge {min(targets.standing)}"
    regrouped = regroup(con, stores.pg, stores.config, touched, groups, generation=generation)
    return Plan(
        touched=touched, cut=cut, edges=edges, regrouped=regrouped,
        withdrawn=_withdrawn(touched, regrouped, cut), review=_crossing(stores, con, head, touched, cut),
    )  # fmt: skip


def _withdrawn(touched: Touched, regrouped: Regrouped, cut: tuple[StandingMerge, ...]) -> tuple[Decision, ...]:
    """Return the must-links on which the merges stand; refuse where another one holds the parts together."""
    undone = {(merge.record_no_l, merge.record_no_r) for merge in cut}
    now = regrouped.crosswalk
    crossing = [
        decision
        for decision in touched.decisions
        if decision.kind == "must_link"
        and set(decision.pair) <= set(now)
        and now[decision.record_no_l] != now[decision.record_no_r]
    ]
    others = [decision for decision in crossing if decision.pair not in undone]
    if others:
        named = "; ".join(name_decision(touched, decision) for decision in others[:5])
        raise RefusedError(
            f"a person has joined records of both sides: {named}; nothing was undone",
            hint=f"first take it back: retail-brain merge decisions withdraw {others[0].decision_id}",
        )
    return tuple(crossing)


def _crossing(
    stores: Stores, con: duckdb.DuckDBPyConnection, head: Head, touched: Touched, cut: tuple[StandingMerge, ...]
) -> tuple[tuple[Any, ...], ...]:
    """Return the scored pairs between the parts, as far as the workspace knows them: they wait for a person."""
    import duckdb as engine

    from retail_brain import sql

    folder = stores.workspace.run_folder(head.run_id)
    ruled = {(*decision.pair, decision.kind) for decision in touched.decisions}
    ruled |= {(merge.record_no_l, merge.record_no_r, "cannot_link") for merge in cut}
    columns = [("record_no_l", "bigint"), ("record_no_r", "bigint"), ("kind", "varchar")]
    make_table(con, "ruling", columns, sorted(ruled))
    matching = stores.config.matching
    names = ("merge_probability", "review_probability", "clash_probability")
    limits = {name: getattr(matching, name) for name in names}
    try:
        if not folder.read(con, "edge", as_view=True, checked=False):
            return ()
        return tuple(con.execute(sql.load("desk/crossing_edge"), limits).fetchall())
    except engine.Error:  # a damaged artefact: the next run makes it again, and finds these pairs by itself
        return ()


def _apply(
    stores: Stores, con: duckdb.DuckDBPyConnection, head: Head, plan: Plan, ruling: dict[str, Any]
) -> tuple[int, ...]:
    """Write the plan, and return the numbers of the decisions."""
    pg, members, now = stores.pg, plan.touched.members, plan.regrouped.crosswalk
    for old in plan.withdrawn:
        left, right = old.pair
        append_decision(
            pg,
            NewDecision(kind="withdraw", withdraws=old.decision_id, record_no_l=left, record_no_r=right, **ruling),
        )
    decisions, rows = [], []
    for merge in plan.cut:
        left, right = merge.record_no_l, merge.record_no_r
        decision_id = append_decision(
            pg, NewDecision(kind="cannot_link", record_no_l=left, record_no_r=right, **ruling)
        )
        decisions.append(decision_id)
        rows.append(
            inversion(merge, kind="unmerge", cause="decision", decision_id=decision_id, profile_id=now[left],
                      before=(members[left].profile_id, members[right].profile_id))
        )  # fmt: skip
    append_log(pg, head, rows)
    settled = [(merge.record_no_l, merge.record_no_r) for merge in plan.cut]
    settings = stores.config.matching
    write_regrouped(con, pg, head, plan.touched, plan.regrouped, settings=settings, review=plan.review, settled=settled)
    return tuple(decisions)


def inversion(
    merge: StandingMerge, *, kind: str, cause: str, decision_id: int, profile_id: uuid.UUID,
    before: tuple[uuid.UUID, uuid.UUID],
) -> NewLogRow:  # fmt: skip
    """Return the log row that ends a merge, with the merge's own evidence.

    Args:
        merge: the merge.
        kind: unmerge or split.
        cause: why it ends.
        decision_id: the decision that ends it.
        profile_id: the profile that holds its left record afterwards.
        before: the profiles of its two records until now.
    """
    return NewLogRow(
        kind=kind, cause=cause, inverts=merge.merge_id, record_no_l=merge.record_no_l, record_no_r=merge.record_no_r,
        match_weight=merge.match_weight, match_probability=merge.match_probability, levels=merge.levels,
        blocking_rule=merge.blocking_rule, model_id=merge.model_id, decision_id=decision_id,
        profile_id=profile_id, profile_id_l=before[0], profile_id_r=before[1],
    )  # fmt: skip


def tell_others(stores: Stores) -> tuple[str, ...]:
    """Bring the journal and the cache up to date with what was just committed; that one of them is away is a warning."""
    from retail_brain.pipeline.journaling import keep_journal
    from retail_brain.pipeline.warm import warm_pending

    return (*keep_journal(stores), *warm_pending(stores, progress=no_progress).warnings)

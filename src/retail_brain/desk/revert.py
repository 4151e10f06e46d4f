"""A published run taken back: the records, their profiles and merges as they were before it, in one transaction.

The data engineer's undo, as unmerging is the agent's. It is a run itself: published in its turn, with the rows of the log
that it writes, so that readers, desks and the next night build on it as on any other. Nobody has ruled that the records
of the merges it ends are different people, so no decision is written. Their links stay refused because they are known
and cross two profiles (docs/adr/0014), until new data says something else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from retail_brain.desk.change import make_table, ruling_of
from retail_brain.desk.revert_plan import describe_plan, make_plan
from retail_brain.desk.revert_result import RevertResult
from retail_brain.desk.unmerge import tell_others
from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.pipeline.lease import HeldLease
from retail_brain.pipeline.stores import open_stores
from retail_brain.store import revert as store
from retail_brain.store import run as runs
from retail_brain.store.change import NewDecision, append_decision, change_by_hand, weigh_questions, write_profiles
from retail_brain.store.state import read_shared_values
from retail_brain.store.touched import decisions_of

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.desk.revert_plan import Plan
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.change import Head
    from retail_brain.store.revert import LoggedMerge, Scope

_RUNS = "retail-brain run list"
_LOG = [
    *((name, "bigint") for name in ("merge_id", "inverts", "record_no_l", "record_no_r")),
    *((name, "varchar") for name in ("kind", "cause", "levels", "blocking_rule", "model_id")),
    *((name, "double") for name in ("match_weight", "match_probability")),
    *((name, "uuid") for name in ("profile_id", "profile_id_l", "profile_id_r")),
]  # fmt: skip


def revert_run(
    config: Configuration,
    run_id: int,
    *,
    reason: str = "",
    by: str | None = None,
    with_later: bool = False,
    plan: str | None = None,
    dry_run: bool = False,
) -> RevertResult:
    """Take a published run back, all of it or nothing.

    Args:
        config: the configuration.
        run_id: the run.
        reason: why, in the words of who decides.
        by: who decides; by default the user of this process.
        with_later: take the runs that were published since back as well, and what people decided on top.
        plan: apply only the plan with this hash.
        dry_run: make the plan and change nothing.

    Returns:
        What was done. Status "moved" where the state is no longer the one of `plan`: nothing was changed then, and the
        result is the plan as it is now.

    Raises:
        ConfigurationError: there is no such run.
        RefusedError: it is not published, nothing stands behind it any more, or later runs or people built on it.
        LockedError: a run is at work.
        ServiceError: PostgreSQL does not answer.
    """
    ruling = ruling_of(reason, None, by)
    take_back = partial(revert_in, run_id=run_id, ruling=ruling, with_later=with_later, plan=plan)
    with open_stores(config, migrate=False) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        if dry_run:
            return take_back(stores, con, lease=None)
        with stores.workspace.lock(f"retail-brain run revert {run_id}"), HeldLease(stores) as lease:
            result = take_back(stores, con, lease=lease)
        return replace(result, warnings=tell_others(stores)) if result.status == "reverted" else result


def revert_in(
    stores: Stores,
    con: duckdb.DuckDBPyConnection,
    run_id: int,
    ruling: dict[str, Any],
    *,
    lease: HeldLease | None,
    with_later: bool = False,
    plan: str | None = None,
) -> RevertResult:
    """Take a run back at stores that are open; Redis is not told.

    Args:
        stores: the open stores.
        con: an engine of its own.
        run_id: the run.
        ruling: reason, ticket and decided_by of what is decided with it.
        lease: the right to run; None to make the plan alone and change nothing.
        with_later: take back what was built on it as well.
        plan: apply only the plan with this hash.

    Raises:
        RetailBrainError: as `revert_run` says.
    """
    if lease is not None:
        _ = lease.token  # before the lock of identity, as a night takes them
    with change_by_hand(stores.pg, dry_run=lease is None) as head:
        scope = _find(stores, run_id)
        if scope.status == "reverted":
            return RevertResult(
                status="already reverted", run_id=run_id, revert_run_id=scope.reverted_in,
                reverted_at=scope.reverted_at, reverted_by=scope.reverted_by,
            )  # fmt: skip
        made = _make_plan(stores, scope, with_later=with_later)
        result = describe_plan(made)
        if plan not in (None, made.hash):
            return replace(result, status="moved")
        if lease is None:
            return result
        new_run = lease.begin()
        seal = _apply(stores, con, replace(head, run_id=new_run), made, ruling)
        return replace(result, status="reverted", revert_run_id=new_run, seal=seal)


def _find(stores: Stores, run_id: int) -> Scope:
    """Return the run, if it can be taken back or was."""
    scope = store.read_scope(stores.pg, run_id)
    if scope is None:
        raise ConfigurationError(f"there is no run {run_id}", hint=_RUNS)
    if scope.status == "reverted":
        return scope
    if scope.status != "published":
        hint = f"retail-brain run discard {run_id} drops it" if scope.status == "held" else _RUNS
        raise RefusedError(f"run {run_id} is {scope.status}, not published: there is nothing to take back", hint=hint)
    if scope.is_revert:
        raise RefusedError(
            f"run {run_id} only took other runs back", hint="deliver the files again: retail-brain run --from FILE"
        )
    if not scope.has_base:
        raise RefusedError(f"run {run_id} is the first one: nothing stands behind it", hint=_RUNS)
    if scope.last_record_no is None or scope.newer >= store.KEPT_RUNS:
        raise RefusedError(
            f"what run {run_id} replaced is not kept any more (it is for the last {store.KEPT_RUNS} runs)",
            hint="restore a backup that was made before it: retail-brain backup list",
        )
    newest = next(iter(runs.list_runs(stores.pg, limit=1)), None)
    if newest is not None and newest.status == "held":
        raise RefusedError(
            f"run {newest.run_id} is held, and was made from what run {run_id} left",
            hint=f"first retail-brain run discard {newest.run_id}, or run approve",
        )
    return scope


def _make_plan(stores: Stores, scope: Scope, *, with_later: bool) -> Plan:
    run_ids = [scope.run_id, *store.later_runs(stores.pg, scope)]
    ground = store.read_ground(stores.pg, scope, run_ids)
    decisions = decisions_of(stores.pg, sorted(ground.records))
    return make_plan(scope, run_ids, ground, decisions, with_later=with_later)


def _apply(stores: Stores, con: duckdb.DuckDBPyConnection, head: Head, plan: Plan, ruling: dict[str, Any]) -> str:
    """Write the plan, and return the newest digest of the log."""
    from retail_brain.survivorship import survive

    pg, config = stores.pg, stores.config
    for old in plan.withdrawn:
        left, right = old.pair
        append_decision(
            pg, NewDecision(kind="withdraw", withdraws=old.decision_id, record_no_l=left, record_no_r=right, **ruling)
        )
    _differences(con, head, plan)
    arrived = plan.alone | (plan.ground.arrived & set(plan.target))
    rows = store.restore_records(pg, con, run_id=head.run_id, run_ids=plan.run_ids, target=plan.target, arrived=arrived)
    read_shared_values(pg, con, "shared_value")
    with con.cursor() as cursor:
        survive(cursor, into="profile_upsert", settings=config.survivorship, avoid="shared_value")
    after = {profile_id for profile_id in plan.target.values() if profile_id is not None}
    rows |= write_profiles(pg, con, head, moved={}, touched=sorted(after.union(plan.ground.now.values())))
    rows["identity_merge_log"] = store.write_log(pg, con, run_id=head.run_id)
    weigh_questions(pg, list(plan.target), clash_probability=config.matching.clash_probability)
    return store.publish_revert(
        pg, run_id=head.run_id, run_ids=plan.run_ids, last_decision_id=head.last_decision_id,
        reason=_told(plan, ruling), decided_by=ruling["decided_by"], rows=rows,
    )  # fmt: skip


def _told(plan: Plan, ruling: dict[str, Any]) -> str:
    several = len(plan.run_ids) > 1
    named = ", ".join(str(run_id) for run_id in reversed(plan.run_ids))
    return f"took back run{'s' if several else ''} {named}: {ruling['reason']} ({ruling['decided_by']})"


def _differences(con: duckdb.DuckDBPyConnection, head: Head, plan: Plan) -> None:
    """Make the tables that a night makes for publishing: ids that end, and rows of the log, ended merges first."""
    make_table(con, "profile_gone", [("profile_id", "uuid")], [(ended,) for ended in plan.aliases])
    make_table(con, "profile_alias_new", [("alias_id", "uuid"), ("profile_id", "uuid")], plan.aliases.items())
    rows = [_log_row(plan, one, inverts=one.merge_id) for one in plan.unmade]
    rows += [_log_row(plan, one, inverts=None) for one in plan.again]
    numbered = [(head.last_merge_id + place, *row) for place, row in enumerate(rows, start=1)]
    make_table(con, "merge_log_new", _LOG, numbered)


def _log_row(plan: Plan, one: LoggedMerge, *, inverts: int | None) -> tuple[Any, ...]:
    """Return a row of the log as `_LOG` says, without its number; a merge that stands again keeps its evidence."""
    now, left, right = plan.ground.now, one.record_no_l, one.record_no_r
    by_hand = one.cause == "must_link" and inverts is None
    return (
        inverts, left, right, "merge" if inverts is None else "split", "must_link" if by_hand else "reverted",
        one.levels, one.blocking_rule, one.model_id, one.match_weight, one.match_probability,
        plan.target.get(left), now.get(left), now.get(right),
    )  # fmt: skip

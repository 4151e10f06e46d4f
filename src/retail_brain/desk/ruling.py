"""What a person rules about two records, carried out: joined, kept apart, or the merge between them undone.

Apart from the review queue, because a file of a thousand answers and a single key come to the same thing; and apart from
joining and unmerging, which know nothing of questions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from retail_brain.desk.change import ruling_of
from retail_brain.desk.join import join_in
from retail_brain.desk.lookup import find_record
from retail_brain.desk.review_result import DecideResult
from retail_brain.desk.unmerge import Selection, tell_others, unmerge_in
from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, GoneError, RefusedError
from retail_brain.identity.cut import Edge, path
from retail_brain.pipeline.stores import open_stores
from retail_brain.store.change import NewDecision, append_decision, change_by_hand
from retail_brain.store.touched import decisions_of, read_touched

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord
    from retail_brain.store.touched import Decision, StandingMerge

Answer = Literal["same", "different"]
Pair = tuple["StoredRecord", "StoredRecord"]
_KINDS = {"same": "must_link", "different": "cannot_link"}


def decide(
    config: Configuration,
    left: str,
    right: str,
    answer: Answer,
    *,
    reason: str,
    ticket: str | None = None,
    by: str | None = None,
) -> DecideResult:
    """Rule that two records are the same person or different people, at once and for all later runs.

    Args:
        config: the configuration.
        left: SOURCE:RECORD_ID.
        right: SOURCE:RECORD_ID.
        answer: same or different.
        reason: why, in the words of who decides.
        ticket: where it was asked for.
        by: who decides; by default the user of this process.

    Returns:
        What was done; outcome already_decided where the pair was ruled so before.

    Raises:
        GoneError: a record is not delivered any more.
        ConfigurationError: a record is not known, or both are one.
        RefusedError: an earlier decision says otherwise, or no single merge stands between the two.
        LockedError: a run is being published.
    """
    ruling = make_ruling(reason, ticket, by)
    with open_stores(config, migrate=False) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        with change_by_hand(stores.pg):
            result = rule_on(stores, con, find_pair(stores.pg, left, right), answer, ruling)
        return replace(result, warnings=tell_others(stores))


def make_ruling(reason: str, ticket: str | None, by: str | None) -> dict[str, Any]:
    """Return what each decision keeps: why, where it was asked for, and who decided.

    Raises:
        ConfigurationError: there is no reason, or it is longer than anybody reads.
    """
    if not reason.strip():
        raise ConfigurationError("a decision needs a reason", hint="--reason TEXT")
    return ruling_of(reason, ticket, by)


def find_pair(pg: Connection, left: str, right: str) -> Pair:
    """Return two records, the one with the smaller number first.

    Raises:
        GoneError: a record is not delivered any more.
        ConfigurationError: a record is not known, or both are one.
    """
    one, other = sorted((find_record(pg, left), find_record(pg, right)), key=lambda record: record.record_no)
    if one.record_no == other.record_no:
        raise ConfigurationError("both keys name one record")
    for record in (one, other):
        if record.profile_id is None:
            raise GoneError(f"{_key(record)} is not delivered any more and belongs to no profile")
    return one, other


def rule_on(
    stores: Stores, con: duckdb.DuckDBPyConnection, pair: Pair, answer: Answer, ruling: dict[str, Any]
) -> DecideResult:
    """Carry out one ruling in a transaction that is open.

    Args:
        stores: the open stores, in `change_by_hand`.
        con: an engine of its own.
        pair: the two records, as `find_pair` gave them.
        answer: same or different.
        ruling: what `make_ruling` gave.

    Raises:
        RefusedError: an earlier decision says otherwise, or no single merge stands between the two.
    """
    pg, standing = stores.pg, decision_on(stores.pg, pair)
    if standing is not None and standing.kind != _KINDS[answer]:
        raise RefusedError(
            f"{_name(standing)} says otherwise about {_key(pair[0])} and {_key(pair[1])}",
            hint=f"first take it back: retail-brain merge decisions withdraw {standing.decision_id}",
        )
    outcome: Literal["joined", "confirmed", "kept_apart", "unmerged", "already_decided"] = "already_decided"
    if standing is None and answer == "same":
        outcome = "confirmed" if pair[0].profile_id == pair[1].profile_id else "joined"
        join_in(stores, con, _key(pair[0]), _key(pair[1]), ruling)
    elif standing is None:
        outcome = _part(stores, con, pair, ruling)
    decision = standing or decision_on(pg, pair)
    assert decision is not None, "a ruling writes a decision"
    left, right = find_pair(pg, _key(pair[0]), _key(pair[1]))
    return DecideResult(
        outcome=outcome, decision_id=decision.decision_id, left=_key(left), right=_key(right),
        left_profile_id=str(left.profile_id), right_profile_id=str(right.profile_id),
        decided_by=decision.decided_by, decided_at=decision.decided_at,
    )  # fmt: skip


def _part(
    stores: Stores, con: duckdb.DuckDBPyConnection, pair: Pair, ruling: dict[str, Any]
) -> Literal["kept_apart", "unmerged"]:
    """Keep two records apart: by a decision alone, or by undoing the very merge between them."""
    left, right = pair
    if left.profile_id != right.profile_id:
        append_decision(stores.pg, NewDecision(
            kind="cannot_link", record_no_l=left.record_no, record_no_r=right.record_no, **ruling,
        ))  # fmt: skip
        return "kept_apart"
    assert left.profile_id is not None
    merges = {(one.record_no_l, one.record_no_r): one for one in read_touched(stores.pg, [left.profile_id]).merges}
    direct = merges.get((left.record_no, right.record_no))
    if direct is None:
        raise _no_merge_between(stores.pg, pair, list(merges.values()))
    unmerge_in(stores, con, Selection(merge_ids=(direct.merge_id,)), ruling)
    return "unmerged"


def _no_merge_between(pg: Connection, pair: Pair, merges: list[StandingMerge]) -> RefusedError:
    """Say which merge on the way between two records of one profile is the weakest."""
    by_id = {one.merge_id: one for one in merges}
    edges = [
        Edge(merge_id=one.merge_id, left=one.record_no_l, right=one.record_no_r, at=one.logged_at) for one in merges
    ]
    way = [by_id[edge.merge_id] for edge in path(edges, pair[0].record_no, pair[1].record_no)]
    weakest = min(way, key=lambda one: (one.cause == "must_link", one.match_weight or 0.0, -one.merge_id))
    probability = "" if weakest.match_probability is None else f", p = {weakest.match_probability:.4f}"
    return RefusedError(
        f"{_key(pair[0])} and {_key(pair[1])} are one person by {len(way)} merges, none of them between these two;"
        f" the weakest is merge {weakest.merge_id}{probability}",
        hint=f"retail-brain merge rollback {weakest.merge_id} --reason …",
    )


def decision_on(pg: Connection, pair: Pair) -> Decision | None:
    """Return the decision in force on two records."""
    numbers = pair[0].record_no, pair[1].record_no
    return next((one for one in decisions_of(pg, numbers[:1]) if one.pair == numbers), None)


def _name(decision: Decision) -> str:
    ticket = f"ticket {decision.ticket}, " if decision.ticket else ""
    return f"decision {decision.decision_id} ({ticket}by {decision.decided_by} on {decision.decided_at:%Y-%m-%d %H:%M})"


def _key(record: StoredRecord) -> str:
    return f"{record.source}:{record.record_id}"

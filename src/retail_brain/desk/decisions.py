"""Decisions looked after: listed, withdrawn, and found where the records are not what they were when somebody ruled.

Apart from deciding itself (join, unmerge, review), because nothing here changes who belongs together: a withdrawn
decision lets the next run look at the evidence again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from retail_brain.desk.lookup import find_record, open_store, resolve_key
from retail_brain.desk.review_result import DecisionEntry, DecisionListResult, WithdrawResult
from retail_brain.desk.ruling import make_ruling
from retail_brain.errors import ConfigurationError
from retail_brain.pipeline.journaling import keep_journal_on
from retail_brain.store import decision as decisions
from retail_brain.store.change import NewDecision, append_decision, change_by_hand

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.store.connection import Connection
    from retail_brain.store.decision import StoredDecision

DecisionState = Literal["in-force", "withdrawn", "all"]


def list_decisions(
    config: Configuration,
    *,
    state: DecisionState = "in-force",
    record: str | None = None,
    profile: str | None = None,
    limit: int,
) -> DecisionListResult:
    """List decisions, newest first.

    Args:
        config: the configuration.
        state: those in force, withdrawn ones, or all.
        record: only about this record, SOURCE:RECORD_ID.
        profile: only about records of this profile: an id, or SOURCE:RECORD_ID.
        limit: how many at most.

    Raises:
        ConfigurationError: the record or the profile is not known.
    """
    with open_store(config) as pg:
        found = decisions.list_decisions(
            pg,
            in_force=None if state == "all" else state == "in-force",
            record_no=find_record(pg, record).record_no if record else None,
            profile_id=resolve_key(pg, profile) if profile else None,
            limit=limit,
        )
    return DecisionListResult(decisions=tuple(describe_decision(one) for one in found))


def list_stale(config: Configuration, *, limit: int) -> DecisionListResult:
    """List the decisions in force whose records have changed or gone since, newest first.

    Args:
        config: the configuration.
        limit: how many at most.
    """
    with open_store(config) as pg:
        found = decisions.list_decisions(pg, in_force=True, stale=True, limit=limit)
    return DecisionListResult(decisions=tuple(describe_decision(one) for one in found), stale=True)


def withdraw_decision(
    config: Configuration, decision_id: int, *, reason: str, ticket: str | None = None, by: str | None = None
) -> WithdrawResult:
    """Take a decision back. Nothing changes at once: the next run no longer knows it.

    Args:
        config: the configuration.
        decision_id: the decision.
        reason: why.
        ticket: where it was asked for.
        by: who withdraws it; by default the user of this process.

    Returns:
        The decision as it stands now; `already` where somebody withdrew it before.

    Raises:
        ConfigurationError: there is no such decision, or no reason.
        LockedError: a run is being published.
    """
    ruling = make_ruling(reason, ticket, by)
    with open_store(config) as pg:
        _find(pg, decision_id)
        with change_by_hand(pg):
            before = _find(pg, decision_id)
            if before.withdrawn_by_id is None:
                append_decision(pg, NewDecision(
                    kind="withdraw", withdraws=decision_id, record_no_l=before.record_no_l, record_no_r=before.record_no_r,
                    **ruling,
                ))  # fmt: skip
        return WithdrawResult(
            decision=describe_decision(_find(pg, decision_id)), already=before.withdrawn_by_id is not None,
            warnings=keep_journal_on(config, pg),
        )  # fmt: skip


def _find(pg: Connection, decision_id: int) -> StoredDecision:
    found = decisions.list_decisions(pg, decision_id=decision_id, limit=1)
    if not found:
        raise ConfigurationError(f"there is no decision {decision_id}", hint="retail-brain merge decisions list")
    return found[0]


def describe_decision(stored: StoredDecision) -> DecisionEntry:
    """Tell one decision."""
    return DecisionEntry(
        decision_id=stored.decision_id, kind=stored.kind, left=f"{stored.source_l}:{stored.record_id_l}",
        right=f"{stored.source_r}:{stored.record_id_r}", reason=stored.reason, ticket=stored.ticket,
        decided_by=stored.decided_by, decided_at=stored.decided_at, in_force=stored.withdrawn_by_id is None,
        left_since=stored.state_l, right_since=stored.state_r, withdrawn_by=stored.withdrawn_by,
        withdrawn_at=stored.withdrawn_at, withdrawn_reason=stored.withdrawn_reason, withdrawn_ticket=stored.withdrawn_ticket,
    )  # fmt: skip

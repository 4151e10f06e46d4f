"""One record given its place in PostgreSQL: what is read, the walk, what is written, and what is told of it.

Apart from the open desk, which holds the connections, and from the walk, which touches none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retail_brain.desk.arrival_result import ArrivalMerge, ArrivalRefusal, ArrivalResult, ArrivalStatus
from retail_brain.desk.arrive import Placing
from retail_brain.desk.newcomer import find_contacts
from retail_brain.store import arrival as store
from retail_brain.store.touched import Touched, decisions_of, read_touched

if TYPE_CHECKING:
    from retail_brain.desk.arrive import Place
    from retail_brain.desk.brain import Brain
    from retail_brain.desk.newcomer import Contact, Newcomer
    from retail_brain.store.arrival import Ground, KnownRecord
    from retail_brain.store.connection import Connection

_NOBODY = Touched(profiles={}, members={}, merges=(), decisions=(), aliases={}, former=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of a record, the number of the delivery that it counts to, and whether the journal has to be told; 0 and no
    where nothing was written."""

    result: ArrivalResult
    delivery_no: int = 0
    is_noted: bool = False


def place_newcomer(pg: Connection, brain: Brain, ground: Ground, newcomer: Newcomer, *, waited: bool = False) -> Placed:
    """Find the place of one record and write it.

    Args:
        pg: in the transaction of the arrival.
        brain: what the last published run knows.
        ground: what the transaction builds on.
        newcomer: the record.
        waited: it waited for a run; an older version than the one that is there now changes nothing.

    Returns:
        What became of it; where anything was written, that is committed.
    """
    known, head = ground.known, ground.head
    if known is None:
        newcomer = replace(newcomer, record_no=ground.next_record_no)
    else:
        newcomer = replace(newcomer, record_no=known.record_no, profile_id=known.profile_id, is_known=True)
        is_old = waited and _is_older(newcomer, known)
        if known.profile_id is not None and (is_old or known.row_hash == newcomer.row_hash):
            return Placed(
                result=ArrivalResult(
                    status="unchanged",
                    source=newcomer.source,
                    record_id=newcomer.record_id,
                    profile_id=str(known.profile_id),
                )
            )
    contacts = find_contacts(brain, newcomer, ground.candidates)
    touched = _touched(pg, brain, newcomer, contacts)
    place = Placing(brain, newcomer, touched, contacts).find(f"arrival {newcomer.record_no} {head.moment.isoformat()}")
    delivery_no = brain.deliveries.get(newcomer.source) or store.delivery_between(
        pg, newcomer.source, f"between-nights-after-run-{head.run_id}", head.run_id
    )
    written = store.write_arrival(
        pg, ground, place.arrival, delivery_no=delivery_no, clash_probability=brain.config.matching.clash_probability
    )
    return Placed(
        result=_tell(newcomer, place, written.numbers, contacts), delivery_no=delivery_no, is_noted=written.is_noted,
    )  # fmt: skip


def _is_older(newcomer: Newcomer, known: KnownRecord) -> bool:
    came, stands = newcomer.updated_at, known.updated_at
    return came is not None and stands is not None and came < stands


def _touched(pg: Connection, brain: Brain, newcomer: Newcomer, contacts: list[Contact]) -> Touched:
    """Read what stands of the profiles concerned: the newcomer's own, those it is linked to, and those that look on."""
    least = brain.config.matching.merge_probability
    ids = {one.record.profile_id for one in contacts if one.result.match_probability >= least}
    ids |= {newcomer.profile_id} if newcomer.profile_id else set()
    returned = decisions_of(pg, [newcomer.record_no]) if newcomer.is_known and newcomer.profile_id is None else []
    ids |= set(store.profiles_of(pg, [no for one in returned for no in one.pair])) if returned else set()
    if not ids:
        return replace(_NOBODY, decisions=tuple(returned))
    touched = read_touched(pg, ids, with_onlookers=True)
    if touched.onlookers - ids:
        touched = read_touched(pg, ids | touched.onlookers)
    held = {decision.decision_id for decision in touched.decisions}
    return replace(touched, decisions=(*touched.decisions, *(one for one in returned if one.decision_id not in held)))


def _tell(newcomer: Newcomer, place: Place, numbers: list[int], contacts: list[Contact]) -> ArrivalResult:
    by_no = {contact.record.record_no: contact for contact in contacts}
    merges = tuple(
        ArrivalMerge(
            merge_id=number, kind=row.kind, cause=row.cause, left=place.names[row.record_no_l],
            right=place.names[row.record_no_r], match_probability=row.match_probability, match_weight=row.match_weight,
            blocking_rule=row.blocking_rule,
        )
        for number, row in zip(numbers, place.arrival.log, strict=True)
    )  # fmt: skip
    refused = tuple(
        ArrivalRefusal(
            record=by_no[other].record.key, match_probability=by_no[other].result.match_probability, reason=why
        )
        for other, why in place.refused
        if other in by_no
    )
    before, alone = newcomer.profile_id, len(place.arrival.members) == 1
    status: ArrivalStatus = "new profile" if before is None and alone else "joined" if before is None else "changed"
    if before is not None and place.profile_id != before and place.arrival.aliases.get(before) != place.profile_id:
        status = "moved"
    return ArrivalResult(
        status=status, source=newcomer.source, record_id=newcomer.record_id, profile_id=str(place.profile_id),
        retired_ids=tuple(str(one) for one in place.arrival.gone),
        touched_ids=tuple(str(one) for one in {*(row.profile_id for row in place.arrival.profiles), *place.arrival.gone}), merges=merges, refused=refused,
    )  # fmt: skip

"""The merge log read: its rows, and one merge as it was before and after, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain.config.survivorship import ADDRESS_FIELDS
from retail_brain.desk.decisions import describe_decision
from retail_brain.desk.evidence import as_row
from retail_brain.desk.lookup import describe_entry, find_record, open_store, plain_values, resolve_key
from retail_brain.desk.merge_result import MergeField, MergeShowResult, MergeSide, Undoing
from retail_brain.desk.result import MergeListResult
from retail_brain.errors import ConfigurationError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store import lookup
from retail_brain.store import merge as log
from retail_brain.store.decision import list_decisions
from retail_brain.store.desk_state import shared_values
from retail_brain.store.review import fetch_records
from retail_brain.survivorship.single import Avoided, survive_single

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retail_brain.config.file import Configuration
    from retail_brain.config.survivorship import SurvivorshipSettings
    from retail_brain.desk.review_result import DecisionEntry
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import LogEntry, StoredRecord

Golden = tuple[dict[str, str], dict[str, int]]
"""Golden values by field, and for each the record number that it stands on."""

_ALL = 10_000


def list_merges(
    config: Configuration, *, profile: str | None = None, record: str | None = None, limit: int, **wanted: Any
) -> MergeListResult:
    """List rows of the merge log, newest first.

    Args:
        config: the configuration.
        profile: only about records of this profile: any id ever issued, or SOURCE:RECORD_ID.
        record: only about this record, SOURCE:RECORD_ID.
        limit: how many at most.
        wanted: the other fields of `MergeFilter`.

    Raises:
        ConfigurationError: profile or record lead nowhere.
    """
    with open_store(config) as pg:
        numbers = None if profile is None else {one.record_no for one in _members(pg, profile)}
        if record is not None:
            own = {find_record(pg, record).record_no}
            numbers = own if numbers is None else numbers & own
        chosen = None if numbers is None else tuple(sorted(numbers))
        found = log.list_merges(pg, log.MergeFilter(record_nos=chosen, **wanted), limit=limit)
    return MergeListResult(entries=tuple(describe_entry(entry) for entry in found))


def _members(pg: Connection, key: str) -> list[StoredRecord]:
    found = lookup.fetch_profile(pg, resolve_key(pg, key))
    if found is None:
        raise ConfigurationError(f"no profile was ever issued under {key}")
    return lookup.members(pg, [found.profile.profile_id]) if found.profile else []


def show_merge(config: Configuration, merge_id: int) -> MergeShowResult:
    """Show one merge: both sides before, the profile after, whose values won and why, and what became of it.

    Args:
        config: the configuration.
        merge_id: its number; that of a row that undid a merge shows the merge.

    Raises:
        ConfigurationError: there is no such merge.
    """
    with open_store(config) as pg:
        entry = find_merge(pg, merge_id)
        ends = (entry.record_no_l, entry.record_no_r)
        tree = log.fetch_tree(pg, ends[0], undone_by=entry.undone_by)
        parts = [_part([one for one in tree if one.merge_id != entry.merge_id], end) for end in ends]
        records = {number: record for number, (record, _) in fetch_records(pg, parts[0] | parts[1]).items()}
        sides = [[records[number] for number in sorted(part)] for part in parts]
        golden = _golden_values(config, pg, {"left": sides[0], "right": sides[1], "both": [*sides[0], *sides[1]]})
        undone, decisions = undoing_of(pg, entry), rulings_on(pg, *ends)
    ids = (entry.profile_id_l, entry.profile_id_r)
    left, right = (
        MergeSide(
            key=key_of(records[end]), profile_id=_text(before), profile_id_now=_text(records[end].profile_id),
            records=tuple(key_of(record) for record in side), values=golden[name][0],
        )
        for end, before, side, name in zip(ends, ids, sides, ("left", "right"), strict=True)
    )  # fmt: skip
    return MergeShowResult(
        merge=describe_entry(entry), model_id=entry.model_id, profile_id=str(entry.profile_id), left=left, right=right,
        fields=tuple(_fields(config.survivorship, golden, sides)), undone=undone, decisions=decisions,
    )  # fmt: skip


def find_merge(pg: Connection, merge_id: int) -> LogEntry:
    """Return a merge by its number, or by that of the row that undid it.

    Raises:
        ConfigurationError: there is no such row.
    """
    entry = log.fetch_merge(pg, merge_id)
    if entry is not None and entry.inverts is not None:
        entry = log.fetch_merge(pg, entry.inverts)
    if entry is None:
        raise ConfigurationError(f"there is no merge {merge_id}", hint="retail-brain merge list")
    return entry


def undoing_of(pg: Connection, entry: LogEntry) -> Undoing | None:
    """Say how a merge ended; None where it stands."""
    undone = None if entry.undone_by is None else log.fetch_merge(pg, entry.undone_by)
    if undone is None:
        return None
    ruled = list_decisions(pg, decision_id=undone.decision_id, limit=1) if undone.decision_id else []
    return Undoing(
        merge_id=undone.merge_id, kind=undone.kind, cause=undone.cause, run_id=undone.run_id, logged_at=undone.logged_at,
        decision=describe_decision(ruled[0]) if ruled else None,
    )  # fmt: skip


def rulings_on(pg: Connection, record_no_l: int, record_no_r: int) -> tuple[DecisionEntry, ...]:
    """Return what people ruled about just these two records, newest first."""
    found = list_decisions(pg, record_no=record_no_l, limit=_ALL)
    return tuple(
        describe_decision(one) for one in found if (one.record_no_l, one.record_no_r) == (record_no_l, record_no_r)
    )


def key_of(record: StoredRecord) -> str:
    """Return SOURCE:RECORD_ID."""
    return f"{record.source}:{record.record_id}"


def _part(edges: Iterable[LogEntry], start: int) -> set[int]:
    """Return the records that the edges connect with one of them."""
    neighbours: dict[int, list[int]] = {}
    for edge in edges:
        neighbours.setdefault(edge.record_no_l, []).append(edge.record_no_r)
        neighbours.setdefault(edge.record_no_r, []).append(edge.record_no_l)
    reached, waiting = {start}, [start]
    for number in waiting:
        fresh = [other for other in neighbours.get(number, ()) if other not in reached]
        reached.update(fresh)
        waiting.extend(fresh)
    return reached


def _golden_values(
    config: Configuration, pg: Connection, groups: Mapping[str, Sequence[StoredRecord]]
) -> dict[str, Golden]:
    """Choose the golden values of groups of records by the night's own rules."""
    avoided = Avoided(shared_values(pg))
    chosen = {
        name: survive_single([as_row(record) for record in group], config.survivorship, avoided)
        for name, group in groups.items()
    }
    return {name: (plain_values(one.values), one.provenance) for name, one in chosen.items()}


def _fields(
    settings: SurvivorshipSettings, golden: Mapping[str, Golden], sides: Sequence[Sequence[StoredRecord]]
) -> Iterable[MergeField]:
    """Tell for each field that has a value who gave it and why."""
    names = {record.record_no: key_of(record) for side in sides for record in side}
    on_left = {record.record_no for record in sides[0]}
    (left, _), (right, _), (both, provenance) = (golden[name] for name in ("left", "right", "both"))
    for name in VALUE_FIELDS:
        if name not in left and name not in right and name not in both:
            continue
        spellings = {str(record.values[name]) for side in sides for record in side if name in record.values}
        winner = provenance.get(name)
        same = left.get(name) == right.get(name) == both.get(name)
        yield MergeField(
            name=name, left=left.get(name), right=right.get(name), value=both.get(name),
            came_from=None if winner is None else names[winner],
            side="both" if same else "neither" if winner is None else "left" if winner in on_left else "right",
            rule="addresses stay whole" if winner is None and name in ADDRESS_FIELDS
            else "the only value" if len(spellings) == 1 else _rule(settings, name),
        )  # fmt: skip


def _rule(settings: SurvivorshipSettings, name: str) -> str:
    rule = settings.rule_for(name)
    return rule.replace("_", " ") if isinstance(rule, str) else ", then ".join(rule)


def _text(value: object) -> str | None:
    return None if value is None else str(value)

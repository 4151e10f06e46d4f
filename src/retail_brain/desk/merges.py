"""The merge log read, and a pair of records explained: each comparison's part in the weight, and what holds them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.evidence import Scorer, as_row, open_scorer
from retail_brain.desk.lookup import describe_entry, find_record, open_store, plain_values, resolve_key
from retail_brain.desk.result import ExplainLine, ExplainResult, MergeListResult
from retail_brain.errors import ConfigurationError
from retail_brain.store import merge as log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.config.file import Configuration
    from retail_brain.matching.explain import ExplanationLine
    from retail_brain.store.lookup import LogEntry, StoredRecord

_SHOWN = {
    "given_name": ("given_name",), "family_name": ("family_name",), "middle_name": ("middle_name",), "name_suffix": ("name_suffix",),
    "gender": ("gender",), "date_of_birth": ("date_of_birth",), "email": ("email",), "phone": ("phone",),
    "place": ("address", "postal_code", "city"), "loyalty_id": ("loyalty_id",), "national_id": ("national_id",),
}  # fmt: skip


def list_merges(config: Configuration, *, key: str | None, run_id: int | None, limit: int) -> MergeListResult:
    """List rows of the merge log, newest first.

    Args:
        config: the configuration.
        key: only of this profile: an id, or SOURCE:RECORD_ID.
        run_id: only of this run.
        limit: how many at most.

    Raises:
        ConfigurationError: the key leads nowhere.
    """
    with open_store(config) as pg:
        profile_id = resolve_key(pg, key) if key else None
        found = log.list_merges(pg, profile_id=profile_id, run_id=run_id, limit=limit)
    return MergeListResult(entries=tuple(describe_entry(entry) for entry in found))


def explain_pair(config: Configuration, left: str, right: str) -> ExplainResult:
    """Say why two records are one person, or why not.

    Args:
        config: the configuration.
        left: SOURCE:RECORD_ID.
        right: SOURCE:RECORD_ID.

    Returns:
        Each comparison's part in bits, whether a rule keeps the two apart, and the chain of merges between them.

    Raises:
        ConfigurationError: a record is not known, or both are one.
    """
    with open_store(config) as pg, open_scorer(config, pg) as scorer:
        pair = sorted((find_record(pg, left), find_record(pg, right)), key=lambda record: record.record_no)
        if pair[0].record_no == pair[1].record_no:
            raise ConfigurationError("both keys name one record")
        same = pair[0].profile_id is not None and pair[0].profile_id == pair[1].profile_id
        evidence = log.fetch_evidence(pg, pair[0].record_no, pair[1].record_no)
        chain = _chain(log.live_merges(pg, pair[0].profile_id), pair[0], pair[1]) if same and pair[0].profile_id else ()
        scored, lines = _explain(scorer, pair)
    return ExplainResult(
        left=_key(pair[0]), right=_key(pair[1]), left_profile_id=str(pair[0].profile_id or ""), right_profile_id=str(pair[1].profile_id or ""),
        same_profile=same, match_weight=scored[0], match_probability=scored[1], blocking_rule=evidence.blocking_rule,
        model_id=scorer.model.model_id, held_apart_by=evidence.refused_because, chain=chain,
        lines=tuple(_line(line, pair) for line in lines),
    )  # fmt: skip


def _explain(scorer: Scorer, pair: Sequence[StoredRecord]) -> tuple[tuple[float, float], list[ExplanationLine]]:
    from retail_brain.matching.explain import explain
    from retail_brain.matching.person import match_person

    scorer.make_keys("left_record", [as_row(pair[0])], "left_key")
    scorer.make_keys("right_record", [as_row(pair[1])], "right_key")
    (match,) = match_person(scorer.con, scorer.model, "left_key", "right_key", settings=scorer.config.matching)
    return (match.match_weight, match.match_probability), list(explain(scorer.model, match.levels).lines)


def _line(line: ExplanationLine, pair: Sequence[StoredRecord]) -> ExplainLine:
    values = [plain_values(dict(record.values)) for record in pair]
    fields = _SHOWN.get(line.comparison, ())
    shown = [", ".join(value[name] for name in fields if name in value) or None for value in values]
    return ExplainLine(
        comparison=line.label, left=shown[0], right=shown[1], level=line.level_label, weight_bits=line.weight_bits
    )


def _chain(merges: Sequence[LogEntry], left: StoredRecord, right: StoredRecord) -> tuple[str, ...]:
    """Return the record keys on the one way between two records of a tree."""
    neighbours: dict[int, list[int]] = {}
    names = {left.record_no: _key(left), right.record_no: _key(right)}
    for merge in merges:
        neighbours.setdefault(merge.record_no_l, []).append(merge.record_no_r)
        neighbours.setdefault(merge.record_no_r, []).append(merge.record_no_l)
        names[merge.record_no_l] = f"{merge.source_l}:{merge.record_id_l}"
        names[merge.record_no_r] = f"{merge.source_r}:{merge.record_id_r}"
    came_from = {left.record_no: left.record_no}
    waiting = [left.record_no]
    for node in waiting:
        for other in neighbours.get(node, ()):
            if other not in came_from:
                came_from[other] = node
                waiting.append(other)
    way = [right.record_no]
    while way[-1] in came_from and came_from[way[-1]] != way[-1]:
        way.append(came_from[way[-1]])
    return tuple(names[node] for node in reversed(way)) if way[-1] == left.record_no else ()


def _key(record: StoredRecord) -> str:
    return f"{record.source}:{record.record_id}"

"""Why not: what keeps two records in two profiles, the strongest reason first.

Apart from the explanation of their weight, because it looks at more than the two: at what people ruled between their
profiles, at links that rules refused, and at other records of the two profiles that cannot be one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.desk.evidence import as_row
from retail_brain.desk.merge_result import Obstacle
from retail_brain.store import lookup
from retail_brain.store.decision import list_decisions
from retail_brain.store.merge import fetch_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retail_brain.desk.evidence import Scorer
    from retail_brain.matching.explain import Explanation
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord

_REFUSED = {
    "ambiguous": "another record fits one of them about as well, and it cannot be the same person as the other",
    "refused_before": "an earlier run refused the link, and neither record has changed since",
}
_ALL, _CLASHES, _LARGE = 10_000, 3, 200


def find_obstacles(
    pg: Connection, scorer: Scorer, pair: Sequence[StoredRecord], explanation: Explanation, rules: Sequence[str]
) -> list[Obstacle]:
    """Say what keeps two records in two profiles.

    Args:
        pg: a connection outside any transaction.
        scorer: an engine with the published model.
        pair: the two records.
        explanation: their weight, as the next run would have it.
        rules: the blocking rules that they share.
    """
    gone = [record for record in pair if record.profile_id is None]
    if gone:
        return [_gone(record) for record in gone]
    found = list(_ruled_apart(pg, pair))
    settings = scorer.config.matching
    linked = bool(rules) and explanation.match_probability >= settings.merge_probability
    if linked:
        found += _refused(pg, pair)
        found += _clashes(pg, scorer, pair)
        if not found:
            said = "the two are alike enough; their link gave way to others when the last run formed the profiles"
            found.append(Obstacle(kind="refused", said=said))
    if not rules:
        said = "they share none of what records must share to be compared, so no run ever compared them"
        found.append(Obstacle(kind="never_compared", said=said))
    if explanation.match_probability < settings.merge_probability:
        said = (
            f"p = {explanation.match_probability:.4f} is below {settings.merge_probability}, where records are joined"
        )
        found.append(Obstacle(kind="below_threshold", said=said))
    return found


def _gone(record: StoredRecord) -> Obstacle:
    key = f"{record.source}:{record.record_id}"
    return Obstacle(kind="gone", said=f"{key} is not delivered any more (since run {record.gone_run})", records=(key,))


def _ruled_apart(pg: Connection, pair: Sequence[StoredRecord]) -> Iterator[Obstacle]:
    """What people ruled between the two profiles; a ruling on just these two records first."""
    sides = [{one.record_no for one in lookup.members(pg, [record.profile_id])} for record in pair if record.profile_id]
    asked = {record.record_no for record in pair}
    between = [
        ruled
        for ruled in list_decisions(pg, profile_id=pair[0].profile_id, in_force=True, limit=_ALL)
        if ruled.kind == "cannot_link" and all(side & {ruled.record_no_l, ruled.record_no_r} for side in sides)
    ]
    for ruled in sorted(between, key=lambda one: ({one.record_no_l, one.record_no_r} != asked, one.decision_id)):
        records = (f"{ruled.source_l}:{ruled.record_id_l}", f"{ruled.source_r}:{ruled.record_id_r}")
        yield Obstacle(
            kind="decision", records=records, decision_id=ruled.decision_id, ticket=ruled.ticket,
            said=f"{ruled.decided_by} ruled on {ruled.decided_at:%Y-%m-%d} that {' and '.join(records)} are two people: {ruled.reason}",
        )  # fmt: skip


def _refused(pg: Connection, pair: Sequence[StoredRecord]) -> Iterator[Obstacle]:
    """The rule that refused the link between the two."""
    because = fetch_evidence(pg, pair[0].record_no, pair[1].record_no).refused_because
    if because and because != "cannot_link":  # told with its decision
        said = _REFUSED.get(because) or (
            f"one profile would hold too many different values of its {_label(because.removeprefix('too many '))}"
            if because.startswith("too many")
            else f"the link was refused because of the {_label(because)} of two records that it would join"
        )
        yield Obstacle(kind="refused", said=said)


def _clashes(pg: Connection, scorer: Scorer, pair: Sequence[StoredRecord]) -> Iterator[Obstacle]:
    """Records of the two profiles that cannot be one person, whatever links them, the clearest first."""
    from retail_brain.matching.clash import find_clashes
    from retail_brain.matching.score import score_all

    sides = [lookup.members(pg, [record.profile_id]) for record in pair if record.profile_id]
    names = {record.record_no: f"{record.source}:{record.record_id}" for side in sides for record in side}
    if len(names) > _LARGE:
        return
    scorer.make_keys("both_record", (as_row(record) for side in sides for record in side), "match_key")
    score_all(scorer.con, scorer.model, settings=scorer.config.matching)
    find_clashes(scorer.con, scorer.model, settings=scorer.config.matching)
    rows = scorer.con.execute(sql.load("matching/clash_between"), [[one.record_no for one in side] for side in sides])
    for left, right, reason in rows.fetchmany(_CLASHES):
        said = f"{names[left]} and {names[right]} cannot be one person: {_label(reason)}"
        yield Obstacle(kind="clash", said=said, records=(names[left], names[right]))


def _label(comparison: str) -> str:
    from retail_brain.matching.comparison import COMPARISONS

    return next((one.label for one in COMPARISONS if one.name == comparison), comparison.replace("_", " "))

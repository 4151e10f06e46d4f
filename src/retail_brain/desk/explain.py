"""Why two records are one person, or why not: the weight part by part, the chain of merges between them, what keeps them apart.

A merge is explained from the levels and the model that the log names, so that it shows what was scored then; any other pair is
scored as the next run would score it.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from retail_brain.desk.evidence import as_row, open_scorer
from retail_brain.desk.lookup import find_record, open_store, plain_values
from retail_brain.desk.merge_result import ChainLink, ExplainLine, ExplainResult
from retail_brain.desk.merges import find_merge, key_of, rulings_on, undoing_of
from retail_brain.desk.obstacles import find_obstacles
from retail_brain.errors import ConfigurationError
from retail_brain.store import merge as log
from retail_brain.store.memory import fetch_model
from retail_brain.store.review import fetch_records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.desk.evidence import Scorer
    from retail_brain.matching.explain import Explanation, ExplanationLine
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import LogEntry, StoredRecord

_SHOWN = {
    "given_name": ("given_name",), "family_name": ("family_name",), "middle_name": ("middle_name",), "name_suffix": ("name_suffix",),
    "gender": ("gender",), "date_of_birth": ("date_of_birth",), "email": ("email",), "phone": ("phone",),
    "place": ("address", "postal_code", "city"), "loyalty_id": ("loyalty_id",), "national_id": ("national_id",),
}  # fmt: skip
_ALL = 10_000


def explain(config: Configuration, first: str, second: str | None = None, *, html: Path | None = None) -> ExplainResult:
    """Say why two records are one person, or why not.

    Args:
        config: the configuration.
        first: the number of a merge, or SOURCE:RECORD_ID.
        second: SOURCE:RECORD_ID, where the first is one.
        html: where to write the explanation as a page.

    Returns:
        Each comparison's part in bits, the chain of merges between the two, or what keeps them apart.

    Raises:
        ConfigurationError: a record or a merge is not known, or both keys name one record.
        RefusedError: nothing was published yet.
    """
    with open_store(config) as pg:
        entry, pair = _subject(pg, first, second)
        result = _explain(config, pg, entry, pair)
    if html is None:
        return result
    from retail_brain.report import render_explanation
    from retail_brain.workspace import replace_text

    replace_text(html, render_explanation(asdict(result)))
    return replace(result, html=str(html))


def _subject(pg: Connection, first: str, second: str | None) -> tuple[LogEntry | None, list[StoredRecord]]:
    """Return the merge in question, if there is one, and its two records."""
    if second is None:
        if not first.isdigit():
            raise ConfigurationError(
                f"{first} is not the number of a merge", hint="merge explain ID, or merge explain RECORD RECORD"
            )
        entry = find_merge(pg, int(first))
        found = fetch_records(pg, (entry.record_no_l, entry.record_no_r))
        return entry, [found[number][0] for number in (entry.record_no_l, entry.record_no_r)]
    pair = sorted((find_record(pg, first), find_record(pg, second)), key=lambda record: record.record_no)
    if pair[0].record_no == pair[1].record_no:
        raise ConfigurationError("both keys name one record")
    wanted = log.MergeFilter(record_nos=(pair[0].record_no,), live=True)
    merges = log.list_merges(pg, wanted, limit=_ALL)
    return next((one for one in merges if pair[1].record_no in (one.record_no_l, one.record_no_r)), None), pair


def _explain(
    config: Configuration, pg: Connection, entry: LogEntry | None, pair: Sequence[StoredRecord]
) -> ExplainResult:
    together = pair[0].profile_id is not None and pair[0].profile_id == pair[1].profile_id
    logged = None if entry is None else _as_logged(pg, entry)
    with nullcontext() if logged and together else open_scorer(config, pg) as scorer:
        rules = () if scorer is None else shared_rules(scorer, pair)
        now = None if scorer is None else _score(scorer, pair)
        explanation = logged or now
        assert explanation is not None
        obstacles = () if scorer is None or together or now is None else find_obstacles(pg, scorer, pair, now, rules)
        model_id = entry.model_id if logged and entry else scorer.model.model_id if scorer else None
    tree = log.fetch_tree(pg, pair[0].record_no) if together else []
    links = way_between(tree, pair[0].record_no, pair[1].record_no)
    return ExplainResult(
        left=key_of(pair[0]), right=key_of(pair[1]), left_values=plain_values(dict(pair[0].values)),
        right_values=plain_values(dict(pair[1].values)), left_profile_id=str(pair[0].profile_id or ""),
        right_profile_id=str(pair[1].profile_id or ""), same_profile=together,
        merge_id=entry.merge_id if entry else None, live=entry.undone_by is None if entry else None,
        run_id=entry.run_id if entry else None, logged_at=entry.logged_at if entry else None,
        undone=undoing_of(pg, entry) if entry else None, scored="as_logged" if logged else "now",
        match_weight=explanation.match_weight, match_probability=explanation.match_probability,
        stored_weight=entry.match_weight if entry else None,
        blocking_rule=entry.blocking_rule if logged and entry else rules[0] if rules else None, model_id=model_id or "",
        lines=tuple(_line(line, pair) for line in explanation.lines), chain=_names(links, pair),
        links=tuple(_link(link) for link in links), obstacles=tuple(obstacles),
        decisions=rulings_on(pg, pair[0].record_no, pair[1].record_no),
    )  # fmt: skip


def _as_logged(pg: Connection, entry: LogEntry) -> Explanation | None:
    """Explain a merge from its levels and its model; None where it stands on no evidence."""
    from retail_brain.matching.explain import explain as explain_levels
    from retail_brain.matching.model import Model

    stored = fetch_model(pg, entry.model_id) if entry.model_id and entry.levels else None
    return explain_levels(Model.from_text(stored.document), entry.levels) if stored and entry.levels else None


def _score(scorer: Scorer, pair: Sequence[StoredRecord]) -> Explanation:
    """Score two records as the next run would, whether or not it would compare them."""
    from retail_brain.matching.explain import explain as explain_levels
    from retail_brain.matching.person import match_person

    (match,) = match_person(scorer.con, scorer.model, "left_key", "right_key", settings=scorer.config.matching)
    return explain_levels(scorer.model, match.levels)


def shared_rules(scorer: Scorer, pair: Sequence[StoredRecord]) -> tuple[str, ...]:
    """Return the blocking rules that bring two records together, in the order in which they are tried.

    Creates left_key and right_key.
    """
    from retail_brain.matching.blocking import shared_rules_sql

    scorer.make_keys("left_record", [as_row(pair[0])], "left_key")
    scorer.make_keys("right_record", [as_row(pair[1])], "right_key")
    row = scorer.con.execute(shared_rules_sql(scorer.model, "left_key", "right_key")).fetchone() or ()
    names = (" + ".join(rule) for rule in scorer.model.blocking_rules)
    return tuple(name for name, shared in zip(names, row, strict=True) if shared)


def way_between(tree: Sequence[LogEntry], left: int, right: int) -> list[LogEntry]:
    """Return the merges on the one way between two records of a tree, in its order; none where there is no way."""
    neighbours: dict[int, list[LogEntry]] = {}
    for edge in tree:
        neighbours.setdefault(edge.record_no_l, []).append(edge)
        neighbours.setdefault(edge.record_no_r, []).append(edge)
    came_by: dict[int, LogEntry | None] = {right: None}
    waiting = [right]
    for number in waiting:
        for edge in neighbours.get(number, ()):
            other = edge.record_no_r if edge.record_no_l == number else edge.record_no_l
            if other not in came_by:
                came_by[other] = edge
                waiting.append(other)
    way, at = [], left
    while (step := came_by.get(at)) is not None:
        way.append(step)
        at = step.record_no_r if step.record_no_l == at else step.record_no_l
    return way


def _names(links: Sequence[LogEntry], pair: Sequence[StoredRecord]) -> tuple[str, ...]:
    """Return the records on a way by name."""
    names, at = [key_of(pair[0])] if links else [], pair[0].record_no
    for link in links:
        on_the_right = link.record_no_l == at
        at = link.record_no_r if on_the_right else link.record_no_l
        names.append(f"{link.source_r}:{link.record_id_r}" if on_the_right else f"{link.source_l}:{link.record_id_l}")
    return tuple(names)


def _link(entry: LogEntry) -> ChainLink:
    return ChainLink(
        merge_id=entry.merge_id, left=f"{entry.source_l}:{entry.record_id_l}", right=f"{entry.source_r}:{entry.record_id_r}",
        cause=entry.cause, match_weight=entry.match_weight, match_probability=entry.match_probability,
    )  # fmt: skip


def _line(line: ExplanationLine, pair: Sequence[StoredRecord]) -> ExplainLine:
    values = [plain_values(dict(record.values)) for record in pair]
    fields = _SHOWN.get(line.comparison, ())
    shown = [", ".join(value[name] for name in fields if name in value) or None for value in values]
    return ExplainLine(
        comparison=line.label, left=shown[0], right=shown[1], level=line.level_label, weight_bits=line.weight_bits
    )

"""One pair of records compared in microseconds: the levels, the weight and the clash that scoring gives a pair.

Apart from scoring because a person waits. The conditions are those of `comparison`, the text that Splink makes its SQL
of, compiled into Python here; so there is one wording of what each level means. A test holds every pair that a night
scored against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log2
from typing import TYPE_CHECKING, Any

from retail_brain.matching.clash import ANOTHER_NAME, NUMBERS
from retail_brain.matching.condition import compile_condition
from retail_brain.matching.explain import millionths, weigh
from retail_brain.matching.terms import term_name, weighed_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retail_brain.matching.comparison import Comparison
    from retail_brain.matching.model import Model

    Key = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairResult:
    """What two records have in common.

    Attributes:
        match_weight: evidence that they are one person, in bits.
        match_probability: the same, 0 to 1.
        levels: as `edge.levels`.
        blocking_rule: what brought them together; None where no rule does, so that a night would not compare them.
        clash_bits: the evidence of what is a person's own; below zero two people.
        clash_reason: the comparison that speaks most against one person.
        is_certain: a number or a known first name tells them apart, so that they clash even where they are linked.
    """

    match_weight: float
    match_probability: float
    levels: str
    blocking_rule: str | None
    clash_bits: float
    clash_reason: str | None
    is_certain: bool


class Comparer:
    """Compares pairs with one model. Keys are mappings with the columns of match_key and, from `weigh_terms`, `terms`."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._levels = [(comparison, _level_of(comparison)) for comparison in model.comparisons]
        self._terms: dict[str, tuple[str, float]] = {}
        self._u: dict[str, float] = {}
        for term, column in weighed_levels(model):
            comparison, level = term.rsplit("_", 1)
            total, agreement = model.term_totals.get(column, (1, 1.0))
            stranger = model.shares[comparison].stranger[int(level)]
            self._terms[term] = (column, stranger / max(total * agreement, 1e-12))
            self._u[term] = log2(stranger)
        self._own = [one for one in model.comparisons if one.personal]
        self._start = log2(model.same_share / model.home_share)

    @property
    def term_columns(self) -> frozenset[str]:
        """The key columns whose values are weighed by how common they are."""
        return frozenset(column for column, _scale in self._terms.values())

    def compare(self, left: Key, right: Key) -> PairResult:
        """Compare two records.

        Args:
            left: keys of the record with the smaller number, and `terms`: for each weighed column on how many records
                its value stood when the model was trained.
            right: keys of the other one.
        """
        reached = [(comparison, level(left, right)) for comparison, level in self._levels]
        told = [(comparison, level, self._term(comparison, level, left, right)) for comparison, level in reached]
        weight = weigh(self.model, told)
        levels = {comparison.name: level for comparison, level in reached}
        bits, reason, certain = self._clash(levels)
        return PairResult(
            match_weight=weight, match_probability=round(1 / (1 + 2.0**-weight), 9),
            levels=",".join(self._told(comparison, level, term) for comparison, level, term in told),
            blocking_rule=self.rule(left, right), clash_bits=bits, clash_reason=reason, is_certain=certain,
        )  # fmt: skip

    def rule(self, left: Key, right: Key) -> str | None:
        """Return the first blocking rule that two records share."""
        for columns in self.model.blocking_rules:
            if all(left[column] is not None and left[column] == right[column] for column in columns):
                return " + ".join(columns)
        return None

    def _term(self, comparison: Comparison, level: int, left: Key, right: Key) -> float | None:
        """Return the bits for how common a value is; None where the comparison does not weigh it at any level."""
        name = term_name(comparison, level)
        if name not in self._terms:
            return 0.0 if any(one.term_column for one in comparison.levels) else None
        column, scale = self._terms[name]
        counts = [side["terms"][column] for side in (left, right) if side[column] is not None]
        if not counts:
            return 0.0
        return _hundredths(self._u[name] - log2(max(count * scale for count in counts)))

    def _told(self, comparison: Comparison, level: int, term: float | None) -> str:
        return f"{level}:{_short(term)}" if term else str(level)

    def _clash(self, levels: Mapping[str, int]) -> tuple[float, str | None, bool]:
        own = {
            one.name: self.model.level_bits(one.name, levels[one.name])
            - self.model.home_bits(one.name, levels[one.name])
            for one in self._own
        }
        if not own:
            return 0.0, None, False
        reason = min(own, key=lambda name: own[name])
        counted = dict(own)
        if {"given_name", "date_of_birth"} <= set(own):
            if levels["date_of_birth"] == 0:
                counted["given_name"] = min(own["given_name"], 1.0)
            if levels["given_name"] == ANOTHER_NAME:
                counted["date_of_birth"] = min(own["date_of_birth"], 0.0)
        certain = any(levels[name] == 0 for name in own if name in NUMBERS) or levels.get("given_name") == ANOTHER_NAME
        total = self._start
        for bits in counted.values():
            total += bits
        return millionths(total), reason, certain


def _level_of(comparison: Comparison) -> Callable[[Key, Key], int]:
    return _compiled(comparison.null_condition, tuple(level.condition for level in comparison.levels))


@cache
def _compiled(null_condition: str, conditions: tuple[str, ...]) -> Callable[[Key, Key], int]:
    return compile_condition(null_condition, conditions)


def _hundredths(bits: float) -> float:
    """Round as DuckDB does: halves away from zero."""
    scaled = bits * 100.0
    whole = float(int(scaled))
    return (whole + (1.0 if scaled > 0 else -1.0) if abs(scaled - whole) >= 0.5 else whole) / 100.0


def _short(term: float) -> str:
    return repr(term)

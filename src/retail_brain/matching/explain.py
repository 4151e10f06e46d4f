"""Why two records are one person: the weight of a pair, line by line, from its levels and the model alone.

Apart from scoring because an explanation needs no data: `edge.levels` holds, in the model's order, the level of each
comparison and, after a colon, the bits for how common the value is (rounded to a hundredth, as they were scored). The
numbers are added in the order in which `score.edge_sql` adds them, so the sum is the weight that was stored, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, log2, trunc
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.matching.alone import alone_bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.matching.comparison import Comparison
    from retail_brain.matching.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationLine:
    """One line of an explanation: what was compared, what came out, how many bits it adds (of these, for rarity)."""

    comparison: str
    label: str
    level: int | None
    level_label: str
    weight_bits: float
    term_bits: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A match weight in bits, and the lines that sum to it (within what rounding each to a millionth leaves)."""

    match_weight: float
    match_probability: float
    lines: tuple[ExplanationLine, ...]


def explain(model: Model, levels: str) -> Explanation:
    """Explain a match weight.

    Args:
        model: the model that scored the pair.
        levels: the pair's levels, as in edge.levels.

    Returns:
        The weight, and lines in the model's order, the starting odds first; last what is taken off for names that stand
        alone (where it is) and for the shared home.

    Raises:
        InputError: the levels are not those of this model.
    """
    reached = _read(model, levels)
    bits = {comparison.name: model.level_bits(comparison.name, level) + term for comparison, level, term in reached}
    alone = alone_bits(model, {comparison.name: level for comparison, level, _ in reached}, bits)
    weight = weigh(model, reached)
    lines = [_line("prior", "starting odds", "", model.prior_bits)]
    lines += [_compared(comparison, level, term, bits[comparison.name]) for comparison, level, term in reached]
    if alone:
        lines.append(_line("names_alone", "names alone", "names, and little else", -alone))
    rest = weight - sum(line.weight_bits for line in lines)
    lines.append(_line("shared_home", "shared home", "what two of one home share too", rest))
    return Explanation(match_weight=weight, match_probability=round(1 / (1 + 2.0**-weight), 9), lines=tuple(lines))


def _read(model: Model, levels: str) -> list[tuple[Comparison, int, float]]:
    """Return each comparison with the level that was reached, and the bits for how common the value is."""
    parts = levels.split(",")
    numbers = [part.partition(":") for part in parts]
    try:
        reached = [
            (comparison, int(number), float(rarity or 0))
            for comparison, (number, _colon, rarity) in zip(model.comparisons, numbers, strict=True)
        ]
    except ValueError:
        reached = []
    if any(not -1 <= level < len(comparison.levels) for comparison, level, _ in reached) or not reached:
        raise InputError(
            "the levels of this pair belong to another model",
            hint="explain it with the model that is named in its evidence",
        )
    return reached


def _compared(comparison: Comparison, level: int, term: float, bits: float) -> ExplanationLine:
    """Return the line of one comparison."""
    return ExplanationLine(
        comparison=comparison.name,
        label=comparison.label,
        level=level,
        level_label="nothing to say" if level < 0 else comparison.levels[len(comparison.levels) - 1 - level].label,
        weight_bits=round(bits, 6),
        term_bits=term,
    )


def _line(name: str, label: str, level_label: str, bits: float) -> ExplanationLine:
    """Return a line that belongs to no comparison."""
    return ExplanationLine(
        comparison=name, label=label, level=None, level_label=level_label, weight_bits=round(bits, 6) + 0.0
    )


def weigh(model: Model, reached: Sequence[tuple[Comparison, int, float | None]]) -> float:
    """Return the match weight of a pair in bits.

    Args:
        model: the model that scores it.
        reached: for each comparison of the model its level, and the bits for how common the value is.
    """
    bits = {
        comparison.name: model.level_bits(comparison.name, level) + (term or 0.0) for comparison, level, term in reached
    }
    total, home = model.prior_bits, 0.0
    for comparison, level, term in reached:
        total += bits[comparison.name]
        home += model.home_bits(comparison.name, level)
        home += term or 0.0
    alone = alone_bits(model, {comparison.name: level for comparison, level, _ in reached}, bits)
    return millionths(total - log2(1 + model.home_odds * 2.0 ** min(home, 900.0)) - alone)


def millionths(bits: float) -> float:
    """Round as DuckDB does: to a millionth of a bit, halves away from zero."""
    scaled = bits * 1e6
    whole = trunc(scaled)
    return (whole + copysign(1.0, scaled) if abs(scaled - whole) >= 0.5 else float(whole)) / 1e6

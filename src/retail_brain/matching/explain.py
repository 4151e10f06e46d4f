"""Why two records are one person: the weight of a pair, line by line, from its levels and the model alone.

Apart from scoring because an explanation needs no data: `edge.levels` holds, in the model's order, the level of each
comparison and, after a colon, the bits for how common the value is (rounded to a hundredth, as they were scored).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.matching.alone import alone_bits

if TYPE_CHECKING:
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


def explain(model: Model, levels: str) -> list[ExplanationLine]:
    """Explain a match weight.

    Args:
        model: the model that scored the pair.
        levels: the pair's levels, as in edge.levels.

    Returns:
        Lines in the model's order, the starting odds first; last what is taken off for names that stand alone (where it is)
        and for the shared home. Their bits sum to the match weight.

    Raises:
        InputError: the levels are not those of this model.
    """
    parts = levels.split(",")
    if len(parts) != len(model.comparisons):
        raise InputError(
            "the levels of this pair belong to another model",
            hint="explain it with the model that is named in its evidence",
        )
    lines = [_line("prior", "starting odds", "", model.prior_bits)]
    exponent = 0.0
    for comparison, part in zip(model.comparisons, parts, strict=True):
        line = _compared(model, comparison, part)
        lines.append(line)
        exponent += model.home_bits(comparison.name, int(part.partition(":")[0])) + line.term_bits
    numbers = {line.comparison: line.level for line in lines if line.level is not None}
    bits = {line.comparison: line.weight_bits for line in lines if line.level is not None}
    if alone := alone_bits(model, numbers, bits):
        lines.append(_line("names_alone", "names alone", "little agrees but names, which many people share", -alone))
    found = sum(line.weight_bits for line in lines)
    weight = round(found - log2(1 + model.home_odds * 2 ** min(exponent, 900.0)), 6)
    lines.append(_line("shared_home", "shared home", "what two people of one home share as well", weight - found))
    return lines


def _compared(model: Model, comparison: Comparison, part: str) -> ExplanationLine:
    """Return the line of one comparison: its level, and the bits for how common the value is."""
    number, _colon, rarity = part.partition(":")
    level, term = int(number), float(rarity or 0)
    return ExplanationLine(
        comparison=comparison.name,
        label=comparison.label,
        level=level,
        level_label="nothing to say" if level < 0 else comparison.levels[len(comparison.levels) - 1 - level].label,
        weight_bits=round(model.level_bits(comparison.name, level) + term, 6),
        term_bits=term,
    )


def _line(name: str, label: str, level_label: str, bits: float) -> ExplanationLine:
    """Return a line that belongs to no comparison."""
    return ExplanationLine(
        comparison=name, label=label, level=None, level_label=level_label, weight_bits=round(bits, 6)
    )

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
    lines = [
        ExplanationLine(
            comparison="prior",
            label="starting odds",
            level=None,
            level_label="",
            weight_bits=round(model.prior_bits, 6),
        )
    ]
    exponent = 0.0
    numbers: dict[str, int] = {}
    bits: dict[str, float] = {}
    for comparison, part in zip(model.comparisons, parts, strict=True):
        number, _colon, rarity = part.partition(":")
        level, term = int(number), float(rarity or 0)
        label = "nothing to say" if level < 0 else comparison.levels[len(comparison.levels) - 1 - level].label
        weight = model.level_bits(comparison.name, level) + term
        numbers[comparison.name], bits[comparison.name] = level, weight
        exponent += model.home_bits(comparison.name, level) + term
        lines.append(
            ExplanationLine(
                comparison=comparison.name,
                label=comparison.label,
                level=level,
                level_label=label,
                weight_bits=round(weight, 6),
                term_bits=term,
            )
        )
    if alone := alone_bits(model, numbers, bits):
        lines.append(
            ExplanationLine(
                comparison="names_alone",
                label="names alone",
                level=None,
                level_label="little agrees but names, which many people share",
                weight_bits=-round(alone, 6),
            )
        )
    found = sum(line.weight_bits for line in lines)
    weight = round(found - log2(1 + model.home_odds * 2 ** min(exponent, 900.0)), 6)
    shared = weight - found
    lines.append(
        ExplanationLine(
            comparison="shared_home",
            label="shared home",
            level=None,
            level_label="what two people of one home share as well",
            weight_bits=round(shared, 6),
        )
    )
    return lines

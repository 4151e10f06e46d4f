"""What a model weighs, as plain results for a screen, a page or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retail_brain.matching.comparison import Comparison
    from retail_brain.matching.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelResult:
    """One level of a comparison: its weight in bits, and how often pairs reach it, 0 to 1, by kind of pair."""

    label: str
    bits: float
    same_share: float
    home_share: float
    stranger_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResult:
    """One comparison with its levels, the best first."""

    name: str
    label: str
    levels: tuple[LevelResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """What a model weighs; `html` names the picture that was written."""

    model_id: str
    records: int
    prior_bits: float
    blocking_rules: tuple[str, ...]
    comparisons: tuple[ComparisonResult, ...]
    html: str | None = None


def describe_model(model: Model, *, html: str | None = None) -> ModelResult:
    """Return the weights of a model.

    Args:
        model: the model.
        html: the path of a picture that was written, to be told along.
    """
    return ModelResult(
        model_id=model.model_id, records=model.records, prior_bits=round(model.prior_bits, 6),
        blocking_rules=tuple(" + ".join(rule) for rule in model.blocking_rules),
        comparisons=tuple(_describe(model, comparison) for comparison in model.comparisons), html=html,
    )  # fmt: skip


def _describe(model: Model, comparison: Comparison) -> ComparisonResult:
    shares = model.shares[comparison.name]
    labels = [level.label for level in reversed(comparison.levels)]
    levels = [
        LevelResult(
            label=labels[level],
            bits=model.level_bits(comparison.name, level),
            same_share=shares.same[level],
            home_share=shares.home[level],
            stranger_share=shares.stranger[level],
        )
        for level in reversed(range(len(shares.same)))
    ]
    return ComparisonResult(name=comparison.name, label=comparison.label, levels=tuple(levels))

"""How a model looks: its weights as bars, the list of models, and how good the profiles are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.model import ModelListResult
from retail_brain.matching.evaluate import EvaluationResult
from retail_brain.pipeline.weights import ModelResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.people import table

if TYPE_CHECKING:
    from rich.console import Console

_BAR_BITS = 16.0
_HALF = 14
_PARTS = {"over_merged": "people", "over_split": "profiles"}


def bar(bits: float) -> str:
    """Return a weight as a bar around the middle of 28 characters; full at 16 bits."""
    length = min(round(abs(bits) / _BAR_BITS * _HALF), _HALF)
    return f"{'█' * length:>{_HALF}}│{'':<{_HALF}}" if bits < 0 else f"{'':<{_HALF}}│{'█' * length:<{_HALF}}"


@screen.register(ModelResult)
def _model(result: ModelResult, console: Console) -> None:
    console.print(
        f"model {clean(result.model_id)}   learnt from {result.records:,} records   starting odds {result.prior_bits:+.1f} bits",
        style="bold",
    )
    for comparison in result.comparisons:
        console.print()
        console.print(clean(comparison.label), style="bold")
        for level in comparison.levels:
            console.print(f"  {clean(level.label)[:34]:<34} {bar(level.bits)} {level.bits:+6.1f}")
    if result.html:
        console.print(f"\nas a picture: {clean(result.html)}", style="dim")


@screen.register(ModelListResult)
def _models(result: ModelListResult, console: Console) -> None:
    rows = table("model", "records", "trained", "", right=("records",))
    for model in result.models:
        rows.add_row(
            clean(model.model_id),
            f"{model.records:,}",
            clean(model.trained_at or "shipped"),
            "in use" if model.in_use else "",
        )
    console.print(rows)


@screen.register(EvaluationResult)
def _evaluation(result: EvaluationResult, console: Console) -> None:
    console.print(f"precision {result.precision:.4f}   recall {result.recall:.4f}   F1 {result.f1:.4f}", style="bold")
    console.print(
        f"B-cubed   precision {result.bcubed_precision:.4f}   recall {result.bcubed_recall:.4f}   F1 {result.bcubed_f1:.4f}"
    )
    console.print(
        f"{result.records:,} records of {result.persons:,} people in {result.profiles:,} profiles, the largest of {result.largest_profile:,};"
        f" {result.exact_persons / max(result.persons, 1):.1%} of the people exactly right"
    )
    console.print(
        f"{result.over_merged_profiles:,} profiles mix people ({result.wrong_pairs:,} wrong pairs),"
        f" {result.over_split_persons:,} people are split ({result.missed_pairs:,} missed pairs)"
    )
    if result.missing:
        console.print(f"{result.missing:,} records of the truth are in no profile", style="yellow")
    if not result.worst:
        return
    rows = table("worst errors", "", "records", "of", "pairs", right=("records", "of", "pairs"))
    for error in result.worst:
        parts = f"{error.part_count} {_PARTS.get(error.kind, 'parts')}"
        rows.add_row(error.kind.replace("_", "-"), clean(error.id), f"{error.records:,}", parts, f"{error.pairs:,}")
        for number, part in enumerate(error.parts, start=1):
            rows.add_row("", f"  {number}. {clean(', '.join(part))}")
    console.print(rows)

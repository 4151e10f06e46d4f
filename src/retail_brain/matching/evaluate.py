"""How good the profiles are, held against a truth: pairwise and B-cubed precision, recall and F1, and the worst errors.

Apart from scoring because it looks at the outcome alone and would judge any crosswalk. B-cubed after Bagga and Baldwin,
"Entity-based cross-document coreferencing using the vector space model" (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstError:
    """One profile that mixes persons, or one person who is split.

    `kind` is over-merged or over-split, `id` the profile's or the person's, `wrong_pairs` how many pairs it costs, `parts`
    a few record keys of each person in the profile, or of each profile of the person.
    """

    kind: str
    id: str
    records: int
    wrong_pairs: int
    parts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """A crosswalk held against a truth; shares are 0 to 1, and a record that the crosswalk lacks counts as alone."""

    records: int
    missing: int
    persons: int
    profiles: int
    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    exact_persons: int
    over_merged: int
    over_split: int
    largest_profile: int
    wrong_pairs: int
    missed_pairs: int
    worst: tuple[WorstError, ...] = ()


def evaluate(con: duckdb.DuckDBPyConnection, crosswalk: str, truth: str, *, worst: int = 10) -> EvaluationResult:
    """Measure a crosswalk against a truth.

    Args:
        con: holds both tables.
        crosswalk: table with one row per record: source, record_id, profile_id.
        truth: table with one row per record: source, record_id, person_id.
        worst: how many of the worst errors to list.

    Returns:
        The scores; all zero records give precision and recall of 1.
    """
    for name, table in (("evaluated_crosswalk", crosswalk), ("evaluated_truth", truth)):
        con.execute(f"create or replace temp view {name} as from {quote_identifier(table)}")
    cursor = con.execute(sql.load("matching/evaluate_score"))
    row = dict(zip((column[0] for column in cursor.description or ()), cursor.fetchall()[0], strict=True))
    found = {name: value or 0 for name, value in row.items()}
    right, said, true = (int(found.pop(f"{name}_pairs")) for name in ("right", "said", "true"))
    precision, recall = _share(right, said), _share(right, true)
    bcubed = (float(found.pop("bcubed_precision")), float(found.pop("bcubed_recall")))
    errors = con.execute(sql.load("matching/evaluate_worst"), {"limit": worst}).fetchall() if worst else []
    return EvaluationResult(
        precision=precision, recall=recall, f1=_harmonic(precision, recall), bcubed_precision=bcubed[0],
        bcubed_recall=bcubed[1], bcubed_f1=_harmonic(*bcubed), wrong_pairs=said - right, missed_pairs=true - right,
        worst=tuple(
            WorstError(kind=kind, id=name, records=records, wrong_pairs=wrong, parts=tuple(tuple(part) for part in parts))
            for kind, name, records, wrong, parts in errors
        ),
        **{name: int(value) for name, value in found.items()},
    )  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _harmonic(left: float, right: float) -> float:
    return 2 * left * right / (left + right) if left + right else 0.0

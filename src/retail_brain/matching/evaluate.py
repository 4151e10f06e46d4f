"""Accuracy against a truth: pairwise and B-cubed, and the worst errors.

Apart from everything that decides, so that nothing can learn from a truth. Works on the table of how many records
each profile shares with each true person; no pair is ever listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.errors import InputError

if TYPE_CHECKING:
    import duckdb

LISTED_PARTS = 4
LISTED_KEYS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstError:
    """One profile that mixes persons, or one person that is split over profiles.

    Its id, its records, how many parts it falls into and how many pairs are wrong or missed; `parts` names the first
    few records (source:record_id) of each of the largest parts.
    """

    kind: str
    id: str
    records: int
    part_count: int
    pairs: int
    parts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """How good a crosswalk is. Shares are 0 to 1; `records` counts those that the truth knows.

    `exact_persons` have all their records, and nobody else's, in one profile.
    """

    records: int
    missing: int
    profiles: int
    persons: int
    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    over_merged_profiles: int
    over_split_persons: int
    wrong_pairs: int
    missed_pairs: int
    exact_persons: int
    largest_profile: int
    worst: tuple[WorstError, ...]


def evaluate(con: duckdb.DuckDBPyConnection, crosswalk: str, truth: str, *, worst: int = 20) -> EvaluationResult:
    """Compare a crosswalk with a truth.

    Args:
        con: holds both tables.
        crosswalk: table or view of source, record_id, profile_id.
        truth: table or view of source, record_id, person_id; a record that the crosswalk lacks counts as a profile of its own.
        worst: how many of the worst errors to list.

    Returns:
        Pairwise and B-cubed precision, recall and F1, counts of errors, and the worst of them.

    Raises:
        InputError: the truth is empty.
    """
    con.execute(
        f"create or replace temp view evaluate_crosswalk as select source::varchar as source, record_id::varchar as record_id, profile_id::varchar as profile_id from {quote_identifier(crosswalk)}"
    )
    con.execute(
        f"create or replace temp view evaluate_truth as select source::varchar as source, record_id::varchar as record_id, person_id::varchar as person_id from {quote_identifier(truth)}"
    )
    con.execute(sql.load("matching/evaluate_cell"))
    cursor = con.execute(sql.load("matching/evaluate_score"))
    row = dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0], strict=True))
    if not row["records"]:
        raise InputError("the truth file has no rows", hint="it needs the columns source, record_id, person_id")
    found = _worst_errors(con, worst)
    con.execute("drop table evaluate_cell")
    return _result(row, found)


def _worst_errors(con: duckdb.DuckDBPyConnection, limit: int) -> tuple[WorstError, ...]:
    con.execute(sql.load("matching/evaluate_worst"), [limit])
    errors = con.execute(
        "select kind, id, records, part_count, pairs from evaluate_error order by pairs desc, kind, id"
    ).fetchall()
    parts: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    if errors:
        for kind, name, keys in con.execute(
            sql.load("matching/evaluate_part"), {"parts": LISTED_PARTS, "keys": LISTED_KEYS}
        ).fetchall():
            parts.setdefault((kind, name), []).append(tuple(keys))
    con.execute("drop table evaluate_error")
    return tuple(
        WorstError(
            kind=kind,
            id=name,
            records=int(records),
            part_count=int(count),
            pairs=int(pairs),
            parts=tuple(parts[kind, name]),
        )
        for kind, name, records, count, pairs in errors
    )


def _result(row: dict[str, float], worst: tuple[WorstError, ...]) -> EvaluationResult:
    right, said, real = int(row["right_pairs"]), int(row["said_pairs"]), int(row["real_pairs"])
    precision, recall = right / said if said else 1.0, right / real if real else 1.0
    return EvaluationResult(
        records=int(row["records"]),
        missing=int(row["missing"]),
        profiles=int(row["profiles"]),
        persons=int(row["persons"]),
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        bcubed_precision=row["bcubed_precision"],
        bcubed_recall=row["bcubed_recall"],
        bcubed_f1=_harmonic(row["bcubed_precision"], row["bcubed_recall"]),
        over_merged_profiles=int(row["over_merged"]),
        over_split_persons=int(row["over_split"]),
        wrong_pairs=said - right,
        missed_pairs=real - right,
        exact_persons=int(row["exact_persons"]),
        largest_profile=int(row["largest_profile"]),
        worst=worst,
    )


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

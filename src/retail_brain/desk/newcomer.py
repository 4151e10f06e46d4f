"""The record that comes, as it is before it has a place: values, keys, hash, and the records that it may belong to.

Apart from the walk, which decides; here it is only read and compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.desk.brain import row_hash

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable
    from datetime import datetime

    from retail_brain.desk.brain import Brain
    from retail_brain.ingest.single import Delivered
    from retail_brain.matching.compare import PairResult
    from retail_brain.store.candidate import CandidateRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """The record that came: its values, keys and hash; then its number, and the profile it stood in."""

    source: str
    record_id: str
    values: dict[str, Any]
    attributes: str | None
    updated_at: datetime | None
    key: dict[str, Any]
    row_hash: str
    record_no: int = 0
    profile_id: uuid.UUID | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A record that the newcomer was compared with, its keys, and what came out."""

    record: CandidateRecord
    key: dict[str, Any]
    result: PairResult


def make_newcomer(brain: Brain, delivered: Delivered) -> Newcomer:
    """Standardise a delivered row and make its keys."""
    values = brain.standardise(delivered.row)
    updated_at = values.pop("updated_at", None)
    passed = delivered.passed
    attributes = json.dumps(passed, ensure_ascii=False, separators=(",", ":")) if passed else None
    return Newcomer(
        source=delivered.row["source"] or "", record_id=delivered.row["record_id"] or "", values=values,
        attributes=attributes, updated_at=updated_at, key=brain.key(values),
        row_hash=row_hash({**values, "updated_at": updated_at}, attributes),
    )  # fmt: skip


def find_contacts(brain: Brain, newcomer: Newcomer, candidates: Iterable[CandidateRecord]) -> list[Contact]:
    """Compare the newcomer with the candidates that a night would compare it with.

    Returns:
        Those at or above the review threshold.
    """
    least = brain.config.matching.review_probability
    found = []
    for record in candidates:
        if record.record_no == newcomer.record_no:
            continue
        key = brain.key(record.values)
        if brain.comparer.rule(newcomer.key, key) is None:
            continue
        result = brain.compare(newcomer.record_no, newcomer.key, record.record_no, key)
        if result.match_probability >= least:
            found.append(Contact(record=record, key=key, result=result))
    return found

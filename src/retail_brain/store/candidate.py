"""Candidates of a record that comes between two nights: what it is compared with, as far as PostgreSQL's indexes know.

Apart from the arrival, which reads and writes under a lock: here is only what is asked for, and the shape of what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.model import VALUE_FIELDS
from retail_brain.store.search import fold_name

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_MOST, _FEW = 500, 100
"""How many records one value leads to at most, and how many profiles one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """A record that shares something with the one that came."""

    record_no: int
    source: str
    record_id: str
    profile_id: uuid.UUID
    values: dict[str, Any]
    updated_at: datetime | None

    @property
    def key(self) -> str:
        """SOURCE:RECORD_ID."""
        return f"{self.source}:{self.record_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What candidates share with a record, as far as indexes know."""

    parameters: dict[str, Any]


def wanted_candidates(values: Mapping[str, Any], key: Mapping[str, Any], given_names: Sequence[str]) -> Wanted:
    """Say what the candidates of a record share with it.

    Args:
        values: its standardised values.
        key: its keys; a value that is kept out of matching is None there.
        given_names: its given name and the names that stand for the same.
    """
    kept = {"email": "email_key", "phone": "phone_key", "loyalty_id": "loyalty_key", "national_id": "national_key"}
    return Wanted(
        parameters={name: values.get(name) if key[column] is not None else None for name, column in kept.items()}
        | {
            "birth_date": key["birth_date"], "postal_code": values.get("postal_code"),
            "given": fold_name(values.get("given_name")), "family": fold_name(values.get("family_name")),
            "given_names": list(given_names), "given_initials": _initials(given_names),
            "family_initial": key["family_initial"], "family_initials": _initials([key["family_initial"] or ""]),
            "most": _MOST, "few": _FEW,
        }
    )  # fmt: skip


def _initials(names: Iterable[str]) -> list[int]:
    """Return the code points that names begin with, capital or not; names as keys spell them, from a to z."""
    return sorted({ord(letter) for name in names for letter in (name[:1], name[:1].upper()) if letter})


def candidate_of(row: dict[str, Any]) -> CandidateRecord:
    """Return the candidate of one row of `arrival_candidate`."""
    values = {name: row.pop(name) for name in VALUE_FIELDS}
    return CandidateRecord(**row, values={name: value for name, value in values.items() if value is not None})

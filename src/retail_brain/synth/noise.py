"""How much goes wrong in made-up exports: every kind of mistake has its share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSettings:
    """Shares, 0 to 1, of people, households or records; `missing` multiplies each source's own gaps."""

    missing: float = 1.0
    typing_errors: float = 0.05
    date_errors: float = 0.02
    nicknames: float = 0.09
    initials: float = 0.015
    swapped_names: float = 0.004
    placeholders: float = 0.02
    shared_values: float = 0.02
    exact_duplicates: float = 0.0005
    corrections: float = 0.01
    second_records: float = 0.06
    twins: float = 0.08
    juniors: float = 0.06
    moves: float = 0.18
    married_names: float = 0.12
    new_phones: float = 0.15
    new_emails: float = 0.1
    recycled_phones: float = 0.01
    household_phones: float = 0.15
    household_emails: float = 0.08
    rows_with_too_many_fields: int = 0
    rows_with_bad_bytes: int = 0

    @classmethod
    def none(cls) -> NoiseSettings:
        """Return settings under which every system writes the plain truth, completely."""
        shares: dict[str, Any] = {name: 0.0 for name in cls.__slots__ if not name.startswith("rows_")}
        return cls(**shares)

"""How much goes wrong in made-up exports: every kind of mistake has its share."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_MISSING = 10.0
_MOST_ROWS = 100
_MOST_LATER = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSettings:
    """Shares, 0 to 1, of people, households, fields or records; `missing` multiplies each source's own gaps.

    Those that begin with `night_` say what each later night brings; those that begin with `rows_` are counts.
    """

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
    night_new: float = 0.004
    night_corrected: float = 0.005
    night_late: float = 0.2
    night_vanished: float = 0.001
    rows_with_too_many_fields: int = 0
    rows_with_bad_bytes: int = 0

    @classmethod
    def none(cls) -> NoiseSettings:
        """Return settings under which every system writes the plain truth, completely; later nights are as usual."""
        kept = ("rows_", "night_")
        shares: dict[str, Any] = {name: 0.0 for name in cls.__slots__ if not name.startswith(kept)}
        return cls(**shares)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> NoiseSettings:
        """Read settings as they stand on a command line; later ones win.

        Args:
            texts: each is NAME=SHARE, the path of a TOML file of such lines (it ends with .toml), or none.

        Raises:
            ConfigurationError: no such name, a share that is none, a file that cannot be read.
        """
        settings = cls()
        given: dict[str, Any]
        for text in texts:
            if text == "none":
                settings = cls.none()
            elif text.endswith(".toml") and "=" not in text:
                given = {name: _checked(name, value) for name, value in _read(text).items()}
                settings = replace(settings, **given)
            else:
                name, _, value = text.partition("=")
                given = {name.strip(): _checked(name.strip(), value)}
                settings = replace(settings, **given)
        return settings

    def check_nights(self, nights: int) -> None:
        """Refuse shares of later nights that leave too little for the first.

        Raises:
            ConfigurationError: new records or vanished ones of all later nights are more than nine in ten.
        """
        for name in ("night_new", "night_vanished"):
            if getattr(self, name) * (nights - 1) > _MOST_LATER:
                raise ConfigurationError(
                    f"{name}={getattr(self, name):g} on each of {nights - 1} later nights leaves too few records",
                    hint=f"at most {_MOST_LATER / (nights - 1):.3g} fits",
                )


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"{text} cannot be read as settings of noise", hint="one line each: typing_errors = 0.1"
        ) from error


def _checked(name: str, value: Any) -> float | int:
    """Return a setting as a number within its bounds."""
    names = [field.name for field in fields(NoiseSettings)]
    if name not in names:
        raise ConfigurationError(f"there is no noise named {name!r}", hint=f"NAME=SHARE with one of {', '.join(names)}")
    most = _MOST_ROWS if name.startswith("rows_") else _MOST_MISSING if name == "missing" else 1.0
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    whole = name.startswith("rows_")
    if not 0 <= number <= most or isinstance(value, bool) or (whole and number != int(number)):
        raise ConfigurationError(f"{name} must be a {'whole ' if whole else ''}number between 0 and {most:g}")
    return int(number) if whole else number

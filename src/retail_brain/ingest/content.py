"""What the values of a column look like, whatever the column is called.

Apart from the names: a column called `name` that is full of e-mail addresses holds e-mail addresses. Shares are of the
values that are not empty, between 0 and 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.ingest.synonyms import words_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LOOKED_AT = 1_000
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$|<[^@\s<>]+@[^@\s<>]+>$")
_PHONE = re.compile(r"^(?:\+|00)?[\d\s().\-/]{7,24}(?:\s*(?:x|ext\.?|#)\s*\d{1,6})?$", re.IGNORECASE)
_PHONE_MARK = re.compile(r"^\+\d|\(\d{2,5}\)|^\d{2,5}[-. /]\d{2,4}[-. ]\d{2,}|^0\d{2,5}[ /-]\d{3,}")
_ISO_DATE = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?$")
_NUMBER_DATE = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[T ]\d{1,2}:\d{2}.*)?$")
_COMPACT_DATE = re.compile(r"^(\d{8})$")
_WORD_DATE = re.compile(r"^(?:\d{1,2}\.?[ -][a-zäéû]{3,9}\.?[ -]\d{2,4}|[a-z]{3,9}\.? \d{1,2},? \d{4})$", re.IGNORECASE)
_POSTCODE = re.compile(
    r"^(?:\d{4,6}|\d{5}-\d{3,4}|\d{3} \d{2}|\d{4} ?[a-z]{2}|[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z][ -]?\d[a-z]\d|[a-z]-?\d{4,5}|\d{2}-\d{3})$",
    re.IGNORECASE,
)
_LETTERED_POSTCODE = re.compile(
    r"^(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z][ -]?\d[a-z]\d|\d{5}-\d{4})$", re.IGNORECASE
)
_WORDS = re.compile(r"^[^\W\d_][^\d@]*$")
_STREET = re.compile(r"^\d+[a-z]? +\S*[^\W\d_]{2,}|[^\W\d_]{3,}.* \d+[a-z]?$", re.IGNORECASE)
_GIVEN = words_set(
    """james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph
    jessica thomas sarah charles karen christopher lisa daniel nancy matthew betty anthony sandra mark margaret
    donald ashley steven kimberly andrew emily paul donna joshua michelle kenneth carol kevin amanda brian
    melissa george deborah timothy stephanie ronald rebecca jason laura jeffrey sharon ryan cynthia jacob
    kathleen gary amy nicholas angela eric anna jonathan emma stephen olivia larry samantha justin rachel scott
    nicole brandon maria benjamin sophie samuel hannah lucas lea leon mia noah lukas peter hans klaus petra
    sabine monika stefan andreas martin julia katharina marie jean pierre michel jacques nathalie isabelle
    camille jose juan carlos luis miguel ana carmen isabel lucia pedro jorge antonio francisco manuel javier
    giulia marco luca oliver jack harry charlie grace ella chloe lily ruby isla alice freya mohammed ahmed
    fatima ali omar wei li"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Shares of a column's values that look like something."""

    filled: float
    distinct: float
    email: float = 0.0
    phone: float = 0.0
    marked_phone: float = 0.0
    date: float = 0.0
    birth: float = 0.0
    timed: float = 0.0
    postcode: float = 0.0
    lettered_postcode: float = 0.0
    words: float = 0.0
    several_words: float = 0.0
    given_name: float = 0.0
    street: float = 0.0
    average_length: float = 0.0


def look_at(values: Sequence[str]) -> Content:
    """Return what a column's values look like.

    Args:
        values: raw text of a sample of rows, empty where a row has none.
    """
    everything = [text for value in values if (text := value.strip())]
    if not everything:
        return Content(filled=0.0, distinct=0.0)
    filled = everything[:: max(1, len(everything) // _LOOKED_AT)]
    dates = [_year(text) for text in filled]
    this_year = datetime.now(tz=UTC).year
    return Content(
        filled=len(everything) / len(values),
        distinct=len(set(everything)) / len(everything),
        email=_share(filled, lambda text: _EMAIL.search(text) is not None),
        phone=_share(filled, is_phone),
        marked_phone=_share(filled, lambda text: is_phone(text) and _PHONE_MARK.search(text) is not None),
        date=sum(year is not None for year in dates) / len(filled),
        birth=sum(year is not None and 1900 <= year <= this_year - 25 for year in dates) / len(filled),
        timed=_share(filled, lambda text: ":" in text),
        postcode=_share(filled, lambda text: _POSTCODE.match(text) is not None),
        lettered_postcode=_share(filled, lambda text: _LETTERED_POSTCODE.match(text) is not None),
        words=_share(filled, lambda text: _WORDS.match(text) is not None),
        several_words=_share(filled, lambda text: len(text.split()) > 1),
        given_name=_share(
            filled, lambda text: text.replace(",", " ").split()[0].casefold() in _GIVEN if text.strip(", ") else False
        ),
        street=_share(filled, lambda text: _STREET.search(text) is not None),
        average_length=sum(map(len, filled)) / len(filled),
    )


def _share(values: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, values)) / len(values)


def is_phone(text: str) -> bool:
    """Tell whether a text has the shape of a phone number and not of a date."""
    return _PHONE.match(text) is not None and 7 <= sum(map(str.isdigit, text)) <= 21 and _year(text) is None


def looks_like_data(text: str) -> bool:
    """Tell whether a text is rather a value than the name of a column."""
    text = text.strip()
    return bool(_EMAIL.search(text)) or is_phone(text) or _year(text) is not None or (text.isdigit() and len(text) > 2)


def _year(text: str) -> int | None:
    """Return the year of a date, 0 when it is not written in four digits, or None when it is no date."""
    if match := _ISO_DATE.match(text):
        return int(match[1]) if int(match[2]) <= 12 and int(match[3]) <= 31 else None
    if match := _NUMBER_DATE.match(text):
        fits = max(int(match[1]), int(match[2])) <= 31 and min(int(match[1]), int(match[2])) <= 12
        return (int(match[3]) if len(match[3]) == 4 else 1900 + int(match[3])) if fits else None
    if match := _COMPACT_DATE.match(text):
        return _compact_year(match[1])
    if _WORD_DATE.match(text):
        digits = re.findall(r"\d{4}|\d{2}$", text)
        return int(digits[-1]) if digits else 0
    return None


def _compact_year(digits: str) -> int | None:
    if 1900 <= int(digits[:4]) <= 2035 and 1 <= int(digits[4:6]) <= 12 and 1 <= int(digits[6:]) <= 31:
        return int(digits[:4])
    first, second = int(digits[:2]), int(digits[2:4])
    if 1900 <= int(digits[4:]) <= 2035 and 1 <= min(first, second) <= 12 and max(first, second) <= 31:
        return int(digits[4:])
    return None


def order_of_dates(values: Iterable[str]) -> tuple[str | None, bool]:
    """Return the order of day, month and year that a column's dates show.

    Args:
        values: raw texts.

    Returns:
        "mdy", "dmy" or None where no date shows it or as many dates show the other; and whether nothing much speaks
        against it.
    """
    first, second = 0, 0
    for value in values:
        text = value.strip()
        match = _NUMBER_DATE.match(text)
        if match:
            day_first, month_first = int(match[1]) > 12, int(match[2]) > 12
        elif _COMPACT_DATE.match(text) and not 1900 <= int(text[:4]) <= 2035:
            day_first, month_first = int(text[:2]) > 12, int(text[2:4]) > 12
        else:
            continue
        first += day_first and not month_first
        second += month_first and not day_first
    if max(first, second) < 2 * min(first, second) or not first + second:
        return None, True
    return ("dmy" if first > second else "mdy"), min(first, second) <= 0.05 * max(first, second)

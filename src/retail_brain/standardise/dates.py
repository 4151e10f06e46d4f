"""Dates as people and systems write them, made into one calendar day.

Apart from the SQL of values, because only distinct spellings come here: a retailer with ten million customers has
some forty thousand days of birth. Day and month order is told per source, or found from the source's own column.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DateOrder = Literal["mdy", "dmy", "ymd"]

EARLIEST_YEAR = 1900
_MONTH_FIRST = frozenset({"US", "PH", "FM", "GU", "MH", "PW", "AS", "MP", "PR", "VI", "UM"})
_YEAR_FIRST = frozenset({"CN", "JP", "KR", "KP", "TW", "HU", "LT", "MN", "IR"})
_ORDERS: tuple[DateOrder, ...] = ("mdy", "dmy", "ymd")
_POSITIONS: dict[DateOrder, tuple[int, int, int]] = {"mdy": (2, 0, 1), "dmy": (2, 1, 0), "ymd": (0, 1, 2)}
_SPREADSHEET_START = date(1899, 12, 30)

# Letters that a scanner or a hurried hand puts in place of digits.
_MISREAD = str.maketrans("|lIiOoZzSsGBgq", "11110022556899")
_MISREAD_DATE = re.compile(r"[0-9|lIiOoZzSsGBgq]{1,4}([/.-])[0-9|lIiOoZzSsGBgq]{1,4}\1[0-9|lIiOoZzSsGBgq]{2,4}")
_CLOCK = re.compile(r"(?<=[0-9.])[T ,]+\d{1,2}:\d{2}.*$", re.IGNORECASE)
_DAY_NAME_YEAR = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\W*(?:de |of )?([^\W\d_]{3,10})\W*(?:de |of )?(\d{4}|\d{2})")
_NAME_DAY_YEAR = re.compile(r"([^\W\d_]{3,10})\W*(\d{1,2})(?:st|nd|rd|th)?\W+(\d{4}|\d{2})")
_YEAR_NAME_DAY = re.compile(r"(\d{4})\W*([^\W\d_]{3,10})\W*(\d{1,2})")
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\W+")

# The beginnings of month names in English, German, French, Spanish, Italian, Portuguese and Dutch.
_MONTH_STARTS = {
    1: "jan jän ene gen",
    2: "feb fév fev",
    3: "mar mär mrz maa mrt",
    4: "apr avr abr",
    5: "may mai mei mag",
    6: "jun juin giu",
    7: "jul juil lug",
    8: "aug aoû aou ago",
    9: "sep set",
    10: "oct okt ott out",
    11: "nov",
    12: "dec dez déc dic",
}
_MONTHS = {start: month for month, starts in _MONTH_STARTS.items() for start in starts.split()}


def default_date_order(region: str) -> DateOrder:
    """Return the order in which a country writes day, month and year.

    Args:
        region: two-letter country code.
    """
    if region in _MONTH_FIRST:
        return "mdy"
    return "ymd" if region in _YEAR_FIRST else "dmy"


def detect_date_order(values: Iterable[tuple[str, int]], *, region: str) -> DateOrder:
    """Find from a column's own values whether the day or the month stands first.

    A first number above 12 speaks for day first, a second one for month first, a first one above 31 for the year;
    the rows decide by majority, the region where nothing speaks.

    Args:
        values: spellings and how many rows have each.
        region: two-letter country code for columns that say nothing.
    """
    rows: Counter[DateOrder] = Counter()
    for text, count in values:
        order = _order_shown(text)
        if order:
            rows[order] += count
    default = default_date_order(region)
    return max(_ORDERS, key=lambda order: (rows[order], order == default, order))


def parse_date(text: str, *, order: DateOrder, today: date) -> date | None:
    """Read one date in any common spelling.

    Args:
        text: the spelling, such as "6/15/98", "15-Mar-92", "11172015" or "1984-03-11 00:00:00".
        order: which comes first where the digits do not tell.
        today: the last day that is possible; two-digit years are read so that they do not lie after it.

    Returns:
        The day, or None where the text is no date between 1900 and today.
    """
    plain = _CLOCK.sub("", text.strip())
    for year, month, day in _readings(plain, order):
        found = _day(year, month, day, today)
        if found:
            return found
    return _spreadsheet_day(plain, today)


def _order_shown(text: str) -> DateOrder | None:
    parts = _numbers(_CLOCK.sub("", text.strip()))
    if parts is None or len(parts[0]) > 2:
        return None
    first, second = int(parts[0]), int(parts[1])
    if first > 31:
        return "ymd"
    if first > 12 >= second:
        return "dmy"
    return "mdy" if second > 12 >= first and second <= 31 else None


def _numbers(text: str) -> tuple[str, str, str] | None:
    """Split a spelling into its three numbers; eight digits with the year last count, the year first do not."""
    if text.isascii() and text.isdigit():
        if len(text) in (7, 8) and not text.startswith(("19", "20")):
            padded = text.zfill(8)
            return padded[:2], padded[2:4], padded[4:]
        if len(text) == 8 and text[4:6] in ("19", "20"):
            return text[:2], text[2:4], text[4:]
        return (text[:2], text[2:4], text[4:]) if len(text) == 6 else None
    if _MISREAD_DATE.fullmatch(text):
        text = text.translate(_MISREAD)
    parts = re.findall(r"\d+", text)
    if len(parts) != 3 or re.search(r"[^\W\d_]{3,}", text):
        return None
    return parts[0], parts[1], parts[2]


def _readings(text: str, order: DateOrder) -> Iterator[tuple[str, int, int]]:
    """Yield year, month and day of each possible reading, the likeliest first."""
    if text.isascii() and text.isdigit() and len(text) == 8:
        yield text[:4], int(text[4:6]), int(text[6:])
    parts = _numbers(text)
    if parts is None:
        yield from _named(text.lower())
        return
    for places in _possible_places(parts, order):
        year, month, day = (parts[place] for place in places)
        if int(month) <= 12 and len(year) >= len(day):
            yield year, int(month), int(day)
            return


def _possible_places(parts: tuple[str, str, str], order: DateOrder) -> Iterator[tuple[int, int, int]]:
    """Yield where year, month and day may stand: the column's order first, others for months above 12."""
    if len(parts[0]) == 4:
        yield from ((0, 1, 2), (0, 2, 1))
        return
    orders: tuple[DateOrder, ...] = (order, *_ORDERS)
    for candidate in orders:
        if candidate != "ymd" or len(parts[2]) != 4:
            yield _POSITIONS[candidate]


def _named(text: str) -> Iterator[tuple[str, int, int]]:
    text = _WEEKDAY.sub("", text)
    if match := _YEAR_NAME_DAY.fullmatch(text):
        year, name, day = match.groups()
    elif match := _DAY_NAME_YEAR.fullmatch(text):
        day, name, year = match.groups()
    elif match := _NAME_DAY_YEAR.fullmatch(text):
        name, day, year = match.groups()
    else:
        return
    month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
    if month:
        yield year, month, int(day)


def _day(year: str, month: int, day: int, today: date) -> date | None:
    if len(year) not in (2, 4):
        return None
    try:
        found = date(int(year), month, day) if len(year) == 4 else _in_the_past(int(year), month, day, today)
    except ValueError:
        return None
    return found if found.year >= EARLIEST_YEAR and found <= today else None


def _in_the_past(year: int, month: int, day: int, today: date) -> date:
    for century in (today.year // 100 * 100, today.year // 100 * 100 - 100):
        try:
            found = date(century + year, month, day)
        except ValueError:  # the 29th of February
            continue
        if found <= today:
            return found
    raise ValueError


def _spreadsheet_day(text: str, today: date) -> date | None:
    """Read the day number that a spreadsheet shows for an unformatted date cell."""
    if not re.fullmatch(r"[1-9]\d{4}(\.0+)?", text):
        return None
    found = _SPREADSHEET_START + timedelta(days=int(text[:5]))
    return found if found <= today else None

"""A day or a point in time in one delivered row, and the cleaning of one text: part of `single_value`, for rows one by one.

Apart from the other values because clocks have rules of their own. What is spelt in a way that only the SQL reads is
marked as unsure, and the row is left to the SQL.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from retail_brain.standardise.dates import detect_date_order, parse_date

if TYPE_CHECKING:
    from retail_brain.standardise.dates import DateOrder

UNSURE = datetime.max  # noqa: DTZ901 - a mark, no time
_PLAIN_TEXT = re.compile(r"[!-~]+(?: [!-~]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SPACES = re.compile(r"[\t\n\f\r \x0b]+")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?")
_ISO_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(Z)?)?"
)
_SECONDS = re.compile(r"[0-9]{9,17}(?:\.0+)?")
_DAY_AND_TIME = re.compile(r"(.*?)(?:[T ,]+[0-9]{1,2}:[0-9]{2}.*)?", re.DOTALL)
_CLOCK = re.compile(r"[T ,]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_NOON = re.compile(r"[t ,]12:[0-9:.]+ ?a\.?m", re.IGNORECASE)
_EVENING = re.compile(r"[t ,]0?(?:[1-9]|1[01]):[0-9:.]+ ?p\.?m", re.IGNORECASE)


def clean_text(raw: str | None) -> str | None:
    """Return one text without control characters and with single blanks, at most 1,000 characters; None for nothing."""
    if raw is None or (len(raw) <= 1000 and _PLAIN_TEXT.fullmatch(raw)):
        return raw
    return _SPACES.sub(" ", _CONTROL.sub("", raw))[:1000].strip(" ") or None


def read_day(raw: str | None, given: DateOrder | None, region: str, today: date) -> date | None:
    """Return a day from 1900 to today, None where there is none.

    Args:
        raw: as delivered.
        given: the order of its parts, where the source says it.
        region: the country whose order holds else.
        today: the last possible day.
    """
    if raw is None:
        return None
    day = _iso_day(raw)
    if day is None:
        text = clean_text(raw)
        told = _day_text(text)
        if told is not None:
            day = parse_date(told, order=given or detect_date_order([(told, 1)], region=region), today=today)
        if day is None:
            moment = _epoch(text)
            day = moment.date() if moment else None
    return day if day is not None and date(1900, 1, 1) <= day <= today else None


def _iso_day(text: str) -> date | None:
    if not _ISO.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _day_text(text: str | None) -> str | None:
    if text is None or _SECONDS.fullmatch(text):
        return None
    found = _DAY_AND_TIME.fullmatch(text)
    return found[1] if found else ""


def _epoch(text: str | None) -> datetime | None:
    if text is None or not _SECONDS.fullmatch(text):
        return None
    digits = text.split(".")[0]
    if len(digits) == 14:
        try:
            return datetime.strptime(digits, "%Y%m%d%H%M%S") if "." not in text else None  # noqa: DTZ007
        except ValueError:
            return None
    micros = {9: 1_000_000, 10: 1_000_000, 12: 1000, 13: 1000, 15: 1, 16: 1}.get(len(digits))
    if micros is None or (micros == 1 and "." in text):
        return None
    return datetime(1970, 1, 1) + timedelta(microseconds=int(digits) * micros)  # noqa: DTZ001


def read_moment(raw: str | None, given: DateOrder | None, region: str, today: date) -> datetime | None:
    """Return a point in time from 1900 to tomorrow, None where there is none, UNSURE where only the SQL can tell.

    Args:
        raw: as delivered.
        given: the order of its parts, where the source says it.
        region: the country whose order holds else.
        today: the current day.
    """
    if raw is None:
        return None
    found = _ISO_TIME.fullmatch(raw)
    if found:
        try:
            moment: datetime | None = _time_of(found)
        except ValueError:
            return UNSURE
    elif _ISO.fullmatch(raw):
        return UNSURE
    else:
        moment = _other_moment(clean_text(raw), given, region, today)
    first, end = datetime(1900, 1, 1), datetime.combine(today, time()) + timedelta(days=2)  # noqa: DTZ001
    return moment if moment is not None and first <= moment < end else None


def _time_of(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    return datetime(year, month, day, hour, minute, second, int((found[7] or "0").ljust(6, "0")))  # noqa: DTZ001


def _other_moment(text: str | None, given: DateOrder | None, region: str, today: date) -> datetime | None:
    told = _day_text(text)
    if text is None or told is None:
        return _epoch(text)
    day = parse_date(told, order=given or detect_date_order([(told, 1)], region=region), today=today)
    if day is None:
        return None
    clock, moment = _CLOCK.search(text), datetime.combine(day, time())
    if clock:
        hour, minute, second = (int(clock[number] or 0) for number in (1, 2, 3))
        try:
            moment = datetime.combine(day, time(hour, minute, second, int((clock[4] or "0").ljust(6, "0"))))
        except ValueError:
            moment = datetime.combine(day, time())
    return moment + timedelta(hours=-12 if _NOON.search(text) else 12 if _EVENING.search(text) else 0)

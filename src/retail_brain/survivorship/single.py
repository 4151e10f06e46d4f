"""The golden values of one profile, in microseconds: what the statement chooses for millions.

Apart from the statement because a person waits, and an engine of columns needs longer to set out than a handful of
records is worth. The rank of a value is the same number; a test chooses the values of the same profiles both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from retail_brain.config.survivorship import ADDRESS_FIELDS, GOLDEN_FIELDS
from retail_brain.survivorship.statement import NAMES, SINGLE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from retail_brain.config.survivorship import Rule, SurvivorshipSettings

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the sources' own clock, as it is stored
_RECORD_MASK = (1 << 40) - 1
_PRIORITY_SHIFT, _TIME_SHIFT, _GRADE_SHIFT, _USABLE_SHIFT = 40, 48, 100, 120
_WHOLE_NAME = 1 << 18
_MOST = (1 << 16) - 1
_SEVERAL_INITIALS = re.compile(r"L(?:\.[ -]?L|[ -]L)*\.?")


def _code(value: str) -> str:
    return value.replace(" ", "").replace("-", "").upper()


_FORMS: dict[str, Callable[[Any], str]] = {
    "given_name": str.lower, "family_name": str.lower, "email": str, "phone": lambda value: value[-10:],
    "date_of_birth": str, "address": str.lower, "loyalty_id": _code, "national_id": _code,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivedProfile:
    """The golden values of a profile (empty ones left out), the record number behind each, and its newest change."""

    values: dict[str, Any]
    provenance: dict[str, int]
    record_count: int
    first_record_no: int
    updated_at: datetime | None


class Avoided:
    """The values that must not win over real ones, in the forms in which values are held against them."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Take rows of shared_value: field, value, kind ('placeholder' or 'shared')."""
        self._any: dict[str, set[str]] = {}
        self._placeholders: dict[str, set[str]] = {}
        for name, value, kind in rows:
            if name in _FORMS:
                form = _FORMS[name](value)
                self._any.setdefault(name, set()).add(form)
                if kind == "placeholder":
                    self._placeholders.setdefault(name, set()).add(form)

    def holds(self, name: str, value: Any) -> bool:
        """Tell whether a value is to be avoided."""
        return value is not None and name in self._any and _FORMS[name](value) in self._any[name]

    def is_placeholder(self, name: str, value: Any) -> bool:
        """Tell whether a value stands for nothing."""
        return value is not None and name in self._placeholders and _FORMS[name](value) in self._placeholders[name]


def survive_single(
    members: Sequence[Mapping[str, Any]], settings: SurvivorshipSettings, avoided: Avoided
) -> SurvivedProfile:
    """Choose the golden values of one profile.

    Args:
        members: its records: record_no, source, updated_at and the golden fields, None or left out where empty.
        settings: the rules.
        avoided: values that must not win.
    """
    first = min(member["record_no"] for member in members)
    if len(members) == 1:
        chosen = {name: (members[0].get(name), first) for name in GOLDEN_FIELDS}
        chosen = {name: pair for name, pair in chosen.items() if not _is_dropped(settings, avoided, name, pair[0])}
    else:
        chosen = _choose(members, settings, avoided)
    moments = [member["updated_at"] for member in members if member.get("updated_at") is not None]
    values = {name: chosen[name][0] for name in GOLDEN_FIELDS if name in chosen and chosen[name][0] is not None}
    return SurvivedProfile(
        values=values, provenance={name: chosen[name][1] for name in values}, record_count=len(members),
        first_record_no=first, updated_at=max(moments, default=None),
    )  # fmt: skip


def _choose(
    members: Sequence[Mapping[str, Any]], settings: SurvivorshipSettings, avoided: Avoided
) -> dict[str, tuple[Any, int]]:
    recency = {member["record_no"]: _recency(member, settings) for member in members}
    chosen: dict[str, tuple[Any, int]] = {}
    for name in SINGLE_FIELDS:
        votes = _votes(members, name) if settings.rule_for(name) == "most_frequent" else {}
        ranked = [
            (_rank(member, name, settings, avoided, votes) + recency[member["record_no"]], member)
            for member in members
            if member.get(name) is not None and not _is_dropped(settings, avoided, name, member[name])
        ]
        if ranked:
            best = max(ranked, key=lambda pair: pair[0])[1]
            chosen[name] = (best[name], best["record_no"])
    placed = [member for member in members if any(member.get(name) is not None for name in ADDRESS_FIELDS)]
    if placed:
        best = max(placed, key=lambda one: _rank(one, "address", settings, avoided, {}) + recency[one["record_no"]])
        chosen |= {name: (best.get(name), best["record_no"]) for name in ADDRESS_FIELDS}
    return chosen


def _recency(member: Mapping[str, Any], settings: SurvivorshipSettings) -> int:
    moment = member.get("updated_at")
    micros = 0
    if moment is not None:
        gap = moment - _EPOCH
        micros = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
    return (
        (min(max(micros, 0), (1 << 52) - 1) << _TIME_SHIFT)
        + (_priority(member["source"], settings.source_priority) << _PRIORITY_SHIFT)
        + (_RECORD_MASK - member["record_no"])
    )


def _priority(source: str, sources: Sequence[str]) -> int:
    return 250 - list(sources).index(source) if source in sources else 0


def _is_dropped(settings: SurvivorshipSettings, avoided: Avoided, name: str, value: Any) -> bool:
    """A placeholder is no value at all; an address only loses its place in the queue."""
    return not settings.keep_placeholders and name != "address" and avoided.is_placeholder(name, value)


def _votes(members: Sequence[Mapping[str, Any]], name: str) -> dict[Any, int]:
    """Two records cannot outvote each other, so only profiles of three and more are counted."""
    if len(members) < 3:
        return {}
    counted = Counter(_spelled(name, member[name]) for member in members if member.get(name) is not None)
    return {value: min(votes, _MOST) for value, votes in counted.items() if 1 < votes < len(members)}


def _spelled(name: str, value: Any) -> Any:
    return value.lower() if name in NAMES else value


def _rank(
    member: Mapping[str, Any], name: str, settings: SurvivorshipSettings, avoided: Avoided, votes: Mapping[Any, int]
) -> int:
    usable = 0 if avoided.holds(name, member.get(name)) or name not in _FORMS else 1 << _USABLE_SHIFT
    return usable + (_grade(member, name, settings.rule_for(name), votes) << _GRADE_SHIFT)


def _grade(member: Mapping[str, Any], name: str, rule: Rule, votes: Mapping[Any, int]) -> int:
    value = member.get(name)
    listed = _priority(member["source"], rule) if not isinstance(rule, str) else 0
    if name == "address":
        told = " ".join(text for text in (value, member.get("city")) if text is not None)
        base = min(len(told), 65_535) if rule == "longest" else listed
        placed = member.get("postal_code") is not None or member.get("city") is not None
        return (value is not None) * (2 << 17) + placed * (1 << 17) + base
    grade = listed * 2
    if rule == "most_frequent":
        grade += votes.get(_spelled(name, value), 1) * 2
    if rule == "longest":
        grade += min(len(str(value)), 65_535) * 2
    if name in NAMES and isinstance(value, str):
        grade += _WHOLE_NAME * (len(value) > 5 or not _is_initials(value)) + _is_well_cased(value)
    return grade


def _is_initials(name: str) -> bool:
    shape = "".join("L" if _is_latin(c) else "l" if c == "L" else c for c in name)
    return _SEVERAL_INITIALS.fullmatch(shape) is not None


def _is_latin(letter: str) -> bool:
    return unicodedata.category(letter).startswith("L") and unicodedata.name(letter, "").startswith("LATIN")


def _is_well_cased(name: str) -> bool:
    lower, upper = name.lower(), name.upper()
    return lower == upper or name not in (lower, upper)

"""Columns of one file mapped to fields, by their names and by what is in them, with a word on how sure that is.

Apart from looking at files and from writing the configuration: this only decides. Names propose, contents object or
step in, and where several columns mean one field the fuller one wins and the next stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from retail_brain.config.ingest import DELIVERED_FIELDS
from retail_brain.ingest.content import Content, look_at
from retail_brain.ingest.synonyms import BARE_NUMBERS, MOBILE, OTHER_DATES, PLAIN_NAMES, meaning_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retail_brain.ingest.sample import Sample

_JOINED_DATE = ("birth_year", "birth_month", "birth_day")
_STANDS_IN = frozenset({"email", "phone", "city", "middle_name", "loyalty_id"})
_NAME_FIELDS = ("given_name", "family_name", "full_name")


@dataclass(slots=True, kw_only=True)
class Finding:
    """One column: the field it was taken for, by what, and what a person should look at."""

    place: int
    column: str
    field: str | None
    by: str = "name"
    exact: bool = True
    unsure: str = ""
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """The columns of a source as its configuration will say it."""

    columns: dict[str, tuple[str, ...]]
    fallback: dict[str, tuple[str, ...]]
    pass_through: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def about_people(self) -> bool:
        """Whether anything was recognised that says who a person is."""
        return bool(set(self.columns) - {"record_id", "updated_at", "country", "region", "gender", "loyalty_id"})


def map_columns(sample: Sample) -> Mapping:
    """Decide what each column of a file means.

    Args:
        sample: the file's column names and some rows.

    Returns:
        The mapping; without `record_id` where no column is unique and always filled.
    """
    findings = [_propose(place, name, look_at(sample.column(place))) for place, name in enumerate(sample.names)]
    _settle_plain_name(findings)
    _settle_house_number(findings)
    _find_by_content(findings)
    _find_names_by_content(findings)
    record_id = _choose_record_id(findings)
    columns: dict[str, tuple[str, ...]] = {"record_id": (record_id.column,)} if record_id else {}
    fallback: dict[str, tuple[str, ...]] = {}
    rest = [finding for finding in findings if finding is not record_id]
    for name in DELIVERED_FIELDS:
        own, other = _columns_for(name, rest)
        if own:
            columns[name] = tuple(f.column for f in own)
        if other:
            fallback[name] = tuple(f.column for f in other)
    used = {column for several in (*columns.values(), *fallback.values()) for column in several}
    passed = tuple(f.column for f in findings if f.column and f.column not in used)
    return Mapping(columns=columns, fallback=fallback, pass_through=passed, findings=tuple(findings))


def _propose(place: int, name: str, content: Content) -> Finding:
    meaning, exact = meaning_of(name)
    finding = Finding(place=place, column=name, field=meaning, exact=exact, content=content)
    if content.filled == 0:
        if meaning:
            finding.unsure = "has no values in what was looked at"
        return finding
    objection = _objection(meaning, content)
    if objection:
        finding.field, finding.unsure = None, objection
    elif meaning in {"email", "phone", "date_of_birth", "postal_code"}:
        finding.by = "name and content"
    return finding


def _objection(meaning: str | None, content: Content) -> str:
    """Return why the content cannot be what the name says, or an empty text."""
    if meaning == "email" and content.email < 0.3:
        return "its name says e-mail, its values do not"
    if meaning == "phone" and content.phone < 0.3:
        return "its name says phone, its values do not"
    if (
        meaning in {"date_of_birth", "updated_at"}
        and content.date < 0.3
        and (meaning, content.average_length) != ("updated_at", 10)
    ):
        return "its name says a date, its values do not"
    if meaning not in {None, "email", "record_id", "loyalty_id"} and content.email > 0.5:
        return f"its name says {meaning}, its values are e-mail addresses"
    if meaning in _NAME_FIELDS and content.words < 0.2 and content.phone + content.date > 0.5:
        return "its name says a name, its values do not"
    return ""


def _settle_plain_name(findings: list[Finding]) -> None:
    """Decide whether a column that is only called name holds whole names or one part of them."""
    present = {f.field for f in findings}
    for finding in findings:
        bare = words_of(finding.column)[-1:] if finding.field in {"full_name", "family_name", "given_name"} else ()
        if not bare or bare[0] not in PLAIN_NAMES or not finding.content.filled:
            continue
        spaced = finding.content.several_words > 0.5
        if finding.field == "full_name" and not spaced:
            if "given_name" in present and "family_name" not in present:
                finding.field, finding.by = "family_name", "name and content"
            elif "family_name" in present and "given_name" not in present:
                finding.field, finding.by = "given_name", "name and content"
            elif not present & {"given_name", "family_name"}:
                finding.unsure = "few values are of several words"
        elif finding.field == "given_name" and spaced and "family_name" not in present:
            finding.field, finding.by = "full_name", "name and content"


def _settle_house_number(findings: list[Finding]) -> None:
    """Take a bare number that stands beside a street for the house number."""
    for before, finding in pairwise(findings):
        bare = "".join(words_of(finding.column)) in BARE_NUMBERS
        if bare and before.field == "address_part" and finding.content.distinct < 0.999:
            finding.field, finding.by = "address_part", "name"
            finding.unsure = "taken for the house number because it stands beside a street"


def _find_by_content(findings: list[Finding]) -> None:
    """Recognise columns whose names say nothing."""
    tests = (
        ("email", lambda c: c.email >= 0.8),
        ("phone", lambda c: c.marked_phone >= 0.6 and c.phone >= 0.8),
        ("date_of_birth", lambda c: c.date >= 0.8 and c.birth >= 0.5 and c.timed < 0.1 and c.distinct > 0.02),
        ("postal_code", lambda c: c.lettered_postcode >= 0.8),
    )
    for name, test in tests:
        if any(f.field == name or (name == "date_of_birth" and f.field in _JOINED_DATE) for f in findings):
            continue
        for finding in findings:
            free = finding.field is None or (name == "email" and finding.content.email >= 0.8)
            if free and finding.content.filled and test(finding.content):
                if name == "date_of_birth" and _says_other_date(finding.column):
                    continue
                finding.field, finding.by, finding.exact = name, "content", False
                finding.unsure = "recognised by its values alone"
                break


def _says_other_date(column: str) -> bool:
    return not OTHER_DATES.isdisjoint(words_of(column))


def _find_names_by_content(findings: list[Finding]) -> None:
    """Find given names among columns without any known name, and take the words beside them for surnames."""
    if any(f.field in _NAME_FIELDS for f in findings):
        return
    free = [f for f in findings if f.field is None and f.content.words >= 0.8 and f.content.given_name >= 0.15]
    best = max(free, key=lambda f: (f.content.given_name, -f.place), default=None)
    if best is None:
        return
    best.by, best.exact, best.unsure = "content", False, "recognised by its values alone"
    if best.content.several_words > 0.5:
        best.field = "full_name"
        return
    best.field = "given_name"
    beside = [f for f in findings if f.field is None and abs(f.place - best.place) == 1 and f.content.words >= 0.8]
    if beside:
        surname = max(beside, key=lambda f: (f.content.distinct, f.place))
        surname.field, surname.by, surname.exact = "family_name", "content", False
        surname.unsure = "recognised by standing beside the given name"


def _choose_record_id(findings: list[Finding]) -> Finding | None:
    """Return the column that names each record: known by name if it can be, unique and filled."""
    usable = [f for f in findings if f.content.filled >= 0.98 and f.content.distinct >= 0.9 and f.column]
    named = [f for f in usable if f.field == "record_id"]
    if named:
        return max(named, key=lambda f: (_id_rank(f), f.content.distinct >= 0.999, -f.place))
    cards = [f for f in usable if f.field in {"loyalty_id", "national_id"}]
    needed = 0.99 if len(cards) < 2 else 0.95  # a member's number beside a card's: one of them names the record
    cards = [f for f in cards if f.content.distinct >= needed]
    if cards:
        chosen = min(cards, key=lambda f: (f.field != "loyalty_id", f.place))
        chosen.unsure = "taken for the record id because nothing else is unique"
        return chosen
    plain = [
        f
        for f in usable
        if f.field is None and f.content.distinct >= 0.999 and f.content.date < 0.5 and f.content.several_words < 0.1
    ]
    found: Finding | None = min(plain, key=lambda f: f.place, default=None)
    mails = [f for f in usable if f.field == "email" and f.content.distinct >= 0.999 and f.content.filled >= 0.999]
    found = found or min(mails, key=lambda f: f.place, default=None)
    if found:
        found.by, found.unsure = "content", "taken for the record id because it is unique and always filled"
    return found


def _id_rank(finding: Finding) -> int:
    words = "".join(words_of(finding.column))
    if words.startswith(("record", "rec", "row", "source")):
        return 3
    return 2 if finding.exact and finding.content.distinct >= 0.999 else 1


def _columns_for(name: str, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Return the columns that a field is joined from, and those that stand in."""
    if name == "address":
        return _address_columns(findings)
    if name == "date_of_birth":
        parts = {f.field: f for f in findings if f.field in _JOINED_DATE}
        whole = [f for f in findings if f.field == "date_of_birth"]
        if not whole and len(parts) == 3:
            return [parts[part] for part in _JOINED_DATE], []
    candidates = sorted(
        (f for f in findings if f.field == name),
        key=lambda f: (
            round(f.content.filled, 1) == 0,
            not f.exact,
            -round(f.content.filled, 1),
            MOBILE.isdisjoint(words_of(f.column)),
            f.place,
        ),
    )
    return candidates[:1], candidates[1:2] if name in _STANDS_IN else []


def _address_columns(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    parts = [f for f in findings if f.field == "address_part"]
    full = [f for f in findings if f.field == "address_full"]
    plain = [f for f in parts if f.exact and f.content.several_words > 0.5]
    streets = [
        f for f in parts if any("street" in w or w[:3] == "str" or w.startswith("line") for w in words_of(f.column))
    ]
    if (
        len(parts) > 1
        and not full
        and len(plain) == 1
        and streets
        and plain[0] not in streets
        and plain[0].content.street > 0.5
    ):
        others = [f for f in parts if f is not plain[0]]
        if not any(any(w.isdigit() for w in words_of(f.column)) for f in others):
            return plain, others
    return (parts, full[:1]) if parts else (full[:1], [])

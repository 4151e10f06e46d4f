"""One delivered row made into a standardised record, in microseconds: what `values` does with millions of rows.

Apart from the SQL because an engine of columns spends a tenth of a second on compiling patterns before it looks at its
first row. Only rows in plain ASCII, and Latin letters with accents in names and places, are answered here; any other is
left to the SQL. Both are held together by a test that sends the same rows both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from retail_brain.standardise.addresses import Address, split_address
from retail_brain.standardise.countries import country_region
from retail_brain.standardise.names import Name, standardise_name
from retail_brain.standardise.phones import standardise_phone
from retail_brain.standardise.single_moment import UNSURE, clean_text, read_day, read_moment
from retail_brain.standardise.values import odd_word_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retail_brain.standardise.values import ValueSettings

FIVE_DIGIT_REGIONS = frozenset({"US", "PR", "DE", "ES", "FI", "FR", "IT", "MX"})

_WORDS = frozenset(
    {"full_name", "given_name", "middle_name", "family_name", "address", "city", "region", "country", "attributes"}
)
_NO_LETTERS = frozenset("×÷ſİı")
_NOTHING = re.compile(
    r"(?:#?n/a|n\.a\.|nan|[(<]?null[)>]?|none|nil|unknown|undefined|not available|not known|[^A-Za-z0-9À-ɏ]+)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[A-Za-z0-9_%+][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_EMAIL_SHOWN = re.compile(r"<([^<>]*@[^<>]*)>")
_EMAIL_PART = re.compile(r"[^\t\n\f\r <>\",;:()\[\]?]*@[^\t\n\f\r <>\",;:()\[\]?]*")
_EMAIL_CHECKED = re.compile(r"[^@].*@.*[A-Za-z0-9].*", re.DOTALL)
_NUMBER = re.compile(r"[1-9][0-9]{2,30}")
_NO_NUMBERS = frozenset({"N/A", "#N/A", "NA", "NAN", "NULL", "NONE", "NIL", "UNKNOWN", "UNK", "TEST"})
_NAMES = re.compile(r"[A-Za-zÀ-ɏ'-]+|[A-Za-zÀ-ɏ'-]{2,}(?: [A-Za-zÀ-ɏ'-]{2,})+")
_MIDDLE = re.compile(r"[A-Za-zÀ-ɏ'-]+(?: [A-Za-zÀ-ɏ'-]+)*")
_WHOLE = re.compile(
    r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]+(?: [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]*)? [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]+|[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]+, [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]+(?: [A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'-]*)?"
)
_PHONE_E164 = re.compile(r"\+1[2-9][0-9]{9}")
_PHONE_PLAIN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}")
_ADDRESS_CODE = re.compile(
    r"(?:\b[a-z]{2,3}\.? [0-9]{4,5}(?:-?[0-9]{4})?|\b[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}|\b[a-z][0-9][a-z] ?[0-9][a-z][0-9])$",
    re.IGNORECASE | re.ASCII,
)
_FEMALE = frozenset(
    ["f", "female", "fem", "f.", "w", "woman", "weiblich", "femme", "femenino", "feminino", "mujer", "girl", "2"]
)
_MALE = frozenset(
    ["m", "male", "masc", "m.", "man", "h", "hombre", "homme", "maennlich", "masculino", "masculin", "boy", "1"]
)
_POSTAL: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"[0-9]{4,5}"), lambda code: code),
    (re.compile(r"[0-9]{5}[- ]?[0-9]{4}"), lambda code: code[:5]),
    (re.compile(r"[0-9]{3,6}\.0+"), lambda code: code.split(".")[0]),
    (
        re.compile(r"(?=.*[0-9].*[0-9])[0-9oOiIlL|]{5}"),
        lambda code: code.translate(str.maketrans("oOiIlL|", "0011111")),
    ),
    (re.compile(r"[A-Za-z]{1,3}-[0-9]{3,6}"), lambda code: code.split("-")[1]),
    (
        re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]?[ -]?[0-9][A-Za-z]{2}"),
        lambda code: re.sub(r"^(.*?)[ -]?(...)$", r"\1 \2", code).upper(),
    ),
    (
        re.compile(r"[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9]"),
        lambda code: re.sub(r"^(...)[ -]?(...)$", r"\1 \2", code).upper(),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSettings:
    """How single rows are read: settings by source, the home country, and the sources whose postcodes have five digits."""

    sources: Mapping[str, ValueSettings] = field(default_factory=dict)
    home_region: str = "US"
    five_digit: frozenset[str] = frozenset()


def standardise_row(
    row: Mapping[str, str | None], settings: SingleSettings, *, today: date | None = None
) -> dict[str, Any] | None:
    """Make the standardised values of one delivered row.

    Args:
        row: source, and the delivered fields as text, trimmed; an empty one is None.
        settings: how rows are read.
        today: the last possible day of a date; the current day by default.

    Returns:
        Values by field of a record, and updated_at; None where the row has other letters, or spells a time in a way
        that is left to the SQL.
    """
    if not all(
        value is None or value.isascii() or (name in _WORDS and _is_latin(value)) for name, value in row.items()
    ):
        return None
    day = today or datetime.now(UTC).date()
    source = row.get("source") or ""
    own = settings.sources.get(source)
    home = (own.phone_region if own else None) or settings.home_region
    given = own.date_order if own else None
    changed = read_moment(row.get("updated_at"), given, home, day)
    if changed is UNSURE:
        return None
    name = _name(row)
    place, region = _place(row, source in settings.five_digit)
    return {
        "given_name": name.given, "middle_name": name.middle, "family_name": name.family, "name_suffix": name.suffix,
        "gender": _gender(clean_text(row.get("gender"))), "email": _email(row.get("email")),
        "phone": _phone(row.get("phone"), region or home), "date_of_birth": read_day(row.get("date_of_birth"), given, home, day),
        **place, "loyalty_id": _identifier(row.get("loyalty_id")), "national_id": _identifier(row.get("national_id")),
        "updated_at": changed,
    }  # fmt: skip


def _is_latin(value: str) -> bool:
    return all(c.isascii() or ("À" <= c <= "ɏ" and c not in _NO_LETTERS) for c in value)


def _word(clean: str | None) -> str | None:
    return None if clean is None or (len(clean) <= 14 and _NOTHING.fullmatch(clean)) else clean


@cache
def _odd_words() -> re.Pattern[str]:
    return re.compile(odd_word_pattern())


def _name(row: Mapping[str, str | None]) -> Name:
    fields = ("given_name", "middle_name", "family_name", "name_suffix", "full_name", "native_name")
    given, middle, family, suffix, full, native = (clean_text(row.get(name)) for name in fields)
    whole = given is None and middle is None and family is None and suffix is None
    if not whole:
        plain = suffix is None and _is_plain(given, middle, family)
        if plain:
            return Name(given, middle, family, None)
    elif full is not None:
        if _WHOLE.fullmatch(full) and not _odd_words().search(full):
            return _plain_whole(full)
    elif native is None:
        return Name()
    return standardise_name(Name(given, middle, family, suffix), full=full, native=native)


def _is_plain(given: str | None, middle: str | None, family: str | None) -> bool:
    return (
        given is not None
        and family is not None
        and bool(_NAMES.fullmatch(given) and _NAMES.fullmatch(family))
        and (middle is None or bool(_MIDDLE.fullmatch(middle)))
        and not _odd_words().search(" ".join(part for part in (given, middle, family) if part is not None))
    )


def _plain_whole(full: str) -> Name:
    words = full.split(" ")
    if "," in full:
        return Name(words[1], words[2] if len(words) > 2 else None, full.split(",", maxsplit=1)[0], None)
    return Name(words[0], words[1] if len(words) > 2 else None, words[-1], None)


def _gender(clean: str | None) -> str | None:
    folded = clean.lower() if clean else ""
    return "f" if folded in _FEMALE else "m" if folded in _MALE else None


def _email(raw: str | None) -> str | None:
    if raw is None:
        return None
    if len(raw) <= 254 and _EMAIL.fullmatch(raw):
        return raw.lower()
    text = clean_text(raw)
    if text is None:
        return None
    shown = _EMAIL_SHOWN.search(text)
    found = re.sub(r"[\t\n\f\r ]*@[\t\n\f\r ]*", "@", (shown[1] if shown and shown[1] else text.lower()))
    part = _EMAIL_PART.search(found)
    address = part[0].strip(".'") if part else ""
    return address.lower() if len(address) <= 254 and _EMAIL_CHECKED.fullmatch(address) else None


def _phone(raw: str | None, region: str) -> str | None:
    if raw is None:
        return None
    plain = _plain_phone(raw)
    if plain is not None and (raw.startswith("+1") or region in ("US", "CA", "PR")):
        return plain
    text = raw if plain is not None else clean_text(raw)
    return standardise_phone(text, region) if text is not None else None


def _plain_phone(phone: str) -> str | None:
    if _PHONE_E164.fullmatch(phone):
        return phone
    if _PHONE_PLAIN.fullmatch(phone) and phone.replace(phone[0], ""):
        return "+1" + re.sub(r"[ ()\-.+]", "", phone)[-10:]
    return None


def _identifier(raw: str | None) -> str | None:
    if raw is None or _NUMBER.fullmatch(raw):
        return raw
    text = clean_text(raw)
    if text is None:
        return None
    tidy = re.sub(r"^([0-9]+)\.0+$", r"\1", re.sub(r"[\t\n\f\r \-]+", "", text)).upper()
    return tidy if tidy not in _NO_NUMBERS and re.search(r"[1-9A-Za-z]", tidy) else None


def _place(row: Mapping[str, str | None], is_five_digit: bool) -> tuple[dict[str, str | None], str | None]:
    """Return the address in its parts, and the country that its telephone numbers are read for, where it names one."""
    names = ("address", "city", "region", "postal_code", "country")
    found = Address(*(_word(clean_text(row.get(name))) for name in names))
    if found[0] is not None and _holds_more(found[0]):
        found = split_address(found)
    street, city, region, code, country = found
    code = _postal(code)
    home = country_region(country) if country is not None else None
    if is_five_digit and code and re.fullmatch(r"[0-9]{3,4}", code) and (home or "US") in FIVE_DIGIT_REGIONS:
        code = code.rjust(5, "0")
    return {"address": street, "city": city, "region": region, "postal_code": code, "country": country}, home


def _holds_more(address: str) -> bool:
    last, third = address[-1:], address[-3:][:1]
    return "," in address or (("0" <= last <= "9" or "0" <= third <= "9") and _ADDRESS_CODE.search(address) is not None)


def _postal(clean: str | None) -> str | None:
    if clean is None:
        return None
    return next((tidy(clean) for pattern, tidy in _POSTAL if pattern.fullmatch(clean)), clean.upper())

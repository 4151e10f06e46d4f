"""The keys of one record, in microseconds: what `keys` does with millions.

Apart from the SQL for the reason of `single_value`: an engine of columns needs longer to set out than a record is worth.
A test makes the keys of the same records both ways.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from retail_brain import sql
from retail_brain.standardise.keys import name_forms

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_NOT_LETTERS = re.compile(r"[^a-z]")
_NOT_CODE = re.compile(r"[^A-Z0-9]")
_NOT_ADDRESS = re.compile(r"[^a-z0-9]+")
_LEFT_OUT = frozenset({"apt", "pobox", "no", "the"})
_KEPT_OUT = {
    "email": "email_key", "phone": "phone_key", "date_of_birth": "birth_date", "loyalty_id": "loyalty_key",
    "national_id": "national_key",
}  # fmt: skip


def key_of(values: Mapping[str, Any], kept_out: Container[tuple[str, str]]) -> dict[str, Any]:
    """Make the keys of one standardised record.

    Args:
        values: its values by field; empty ones None or left out.
        kept_out: the values kept out of matching: field, and the value as keys spell it.

    Returns:
        The columns of match_key, without record_no.
    """
    get = values.get
    address_key, house_key, street_key = _address(get("address"))
    code = _fold_code(get("postal_code"))
    key: dict[str, Any] = {
        "given_key": _fold(get("given_name")), "middle_key": _fold(get("middle_name")),
        "family_key": _fold(get("family_name")), "suffix_key": _fold_letters(get("name_suffix")),
        "gender_key": get("gender"), "email_key": get("email"), "phone_key": _phone(get("phone")),
        "birth_date": get("date_of_birth"), "address_key": address_key, "house_key": house_key, "street_key": street_key,
        "city_key": _fold(get("city")),
        "postal_key": code[:5] if code and len(code) == 9 and code.isdigit() else code,
        "loyalty_key": _fold_code(get("loyalty_id")), "national_key": _fold_code(get("national_id")),
    }  # fmt: skip
    for name, column in _KEPT_OUT.items():
        if key[column] is not None and (name, str(key[column])) in kept_out:
            key[column] = None
    return key | _derived(key)


def _derived(key: Mapping[str, Any]) -> dict[str, Any]:
    given, family, email, birth = key["given_key"], key["family_key"], key["email_key"], key["birth_date"]
    forms, root = _forms().get(given, (None, given)) if given else (None, None)
    local = email.split("@")[0] if email else None
    made = local is not None and given and family and _is_made(local, given, family)
    pair = None
    if given and family:
        pair = f"{given} {family}" if given < family else f"{family} {given}"
    return {
        "given_forms": forms, "given_root": root, "given_initial": given[:1] if given else None,
        "family_initial": family[:1] if family else None, "family_code": _skeleton(family) if family else None,
        "name_pair": pair, "email_local": None if made or not local else local,
        "phone_tail": key["phone_key"][-7:] if key["phone_key"] else None,
        "birth_year": f"{birth.year:04d}" if birth else None,
        "birth_text": f"{birth.year:04d}{birth.month:02d}{birth.day:02d}" if birth else None,
    }  # fmt: skip


@cache
def _forms() -> dict[str, tuple[list[str], str]]:
    table = name_forms()
    columns = (table.column(name).to_pylist() for name in ("name", "forms", "root"))
    return {name: (forms, root) for name, forms, root in zip(*columns, strict=True)}


def _strip_accents(text: str) -> str:
    if text.isascii():
        return text
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFC", plain)


@lru_cache(maxsize=50_000)
def _latin(value: str) -> str:
    """Return a value in Latin letters, as the table of transliterations has it."""
    if _strip_accents(value).isascii():
        return value
    from anyascii import anyascii

    return anyascii(value)


def _fold(value: str | None) -> str | None:
    return _fold_letters(_latin(value)) if value is not None else None


def _fold_letters(value: str | None) -> str | None:
    return (_NOT_LETTERS.sub("", _strip_accents(value).lower()) or None) if value is not None else None


def _fold_code(value: str | None) -> str | None:
    return (_NOT_CODE.sub("", _strip_accents(value).upper()) or None) if value is not None else None


def _skeleton(family: str) -> str:
    return family[:1] + re.sub(r"[aeiouyhw]", "", family[1:])[:3]


def _phone(phone: str | None) -> str | None:
    digits = re.sub(r"[^0-9]", "", phone) if phone else ""
    if len(digits) < 7:
        return None
    return digits[-10:] if len(digits) <= 13 else digits


def _is_made(local: str, given: str, family: str) -> bool:
    plain = re.sub(r"[._-]", "", local)
    g, f = given[:1], family[:1]
    return plain in {
        given, family, given + family, family + given, g + family, family + g, given + f, f + given,
    }  # fmt: skip


@cache
def _street_words() -> dict[str, str]:
    """Return the words of streets and what they are folded to, as the macro of the SQL has them."""
    macro = sql.load("standardise/key_macro")
    listed = macro[macro.index("street_word(word) as coalesce(map {") :]
    return dict(re.findall(r"'([^']+)': '([^']+)'", listed[: listed.index("}")]))


@lru_cache(maxsize=50_000)
def _address(address: str | None) -> tuple[str | None, str | None, str | None]:
    """Return the words of an address in order of the alphabet, its first number, and its other words."""
    if address is None:
        return None, None, None
    folded = _NOT_ADDRESS.sub(" ", _strip_accents(_latin(address)).lower()).strip(" ")
    words = [_street_words().get(word, word) for word in folded.split(" ")]
    told = [word for word in words if word not in _LEFT_OUT]
    numbers = [word for word in words if word[:1].isdigit()]
    street = "".join(word for word in told if not word[:1].isdigit())
    return " ".join(sorted(set(told))) or None, numbers[0] if numbers else None, street or None


def names_like(given_key: str | None) -> tuple[str, ...]:
    """Return the given names that stand for the same name: itself, its long form and its nicknames.

    Args:
        given_key: a given name as keys spell it; None gives none.
    """
    if given_key is None:
        return ()
    _known, root = _forms().get(given_key, (None, given_key))
    return tuple(sorted({given_key, root, *_by_root().get(root, ())}))


@cache
def _by_root() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, (_forms_of, root) in _forms().items():
        found.setdefault(root, []).append(name)
    return {root: tuple(names) for root, names in found.items()}

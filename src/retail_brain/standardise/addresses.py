"""One-line addresses taken apart: street, city, region, postcode and country.

Apart from the SQL of values, because only distinct addresses come here that hold more than a street. What is clear is
taken out, what is not stays in the street: an address that keeps its city is better than a city that was a building.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from retail_brain.standardise.countries import AUSTRALIAN_STATES, STATES, US_STATES, country_region, word_set

_BRITISH = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b", re.IGNORECASE)
_CANADIAN = re.compile(r"\b([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d)\b", re.IGNORECASE)
_STATE_AND_CODE = re.compile(r"^(.*?)[\s,]*\b([A-Za-z]{2,3})\.?[\s,]+(\d{5}(?:-?\d{4})?|\d{4})$")
_CODE_ALONE = re.compile(r"^(\d{5}(?:-\d{4})?|\d{4})$")
_CODE_AND_CITY = re.compile(
    r"^((?:[A-Z]{1,2}-)?\d{4,5}|\d{3} \d{2}|\d{2}-\d{3}|\d{4} ?[A-Z]{2})\s+([^\W\d_][^\d,]{1,60})$"
)
_CITY_WORDS = re.compile(r"[^\W\d_][^\d#]{0,60}")

_STREET_TYPES = word_set(
    "st str street ave av aven avenue rd road blvd boulevard dr drive drv ln lane ct court pl place way pkwy parkway "
    "cir circle ter terrace hwy highway trl trail sq square loop row crescent cres close plaza pike"
)
_DIRECTIONS = word_set("n s e w ne nw se sw north south east west northeast northwest southeast southwest")
_UNIT_WORDS = word_set(
    "apt apartment apartments aparments appt suite ste unit flat floor fl room rm bldg building bld house penthouse lot "
    "box po pobox c/o attn block tower wing level villa estate center centre mall park no number care of"
)


class Address(NamedTuple):
    """An address in its parts; None where a part is not known."""

    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


def split_address(address: Address) -> Address:
    """Move city, region, postcode and country out of the street line into their own parts.

    Args:
        address: the parts as delivered, white space already collapsed; what is delivered in its own part stays.

    Returns:
        The parts. Splitting the result again changes nothing.
    """
    for _ in range(6):
        split = _split(address)
        if split == address:
            break
        address = split
    return address


def _split(address: Address) -> Address:
    if not address.street:
        return address
    found, pieces = _take_codes([piece.strip() for piece in address.street.split(",") if piece.strip()])
    pieces, region = _take_region(pieces, found)
    pieces, found = _take_places(pieces, found._replace(region=found.region or region), address)
    return Address(
        street=", ".join(pieces) or None,
        city=address.city or found.city,
        region=address.region or found.region,
        postal_code=address.postal_code or found.postal_code,
        country=address.country or found.country,
    )


def _take_codes(pieces: list[str]) -> tuple[Address, list[str]]:
    """Take the country and the postcode, which may stand in any of the last pieces."""
    found = Address()
    kept: list[str] = []
    for place, piece in enumerate(pieces):
        last = place >= len(pieces) - 1
        if place and len(piece) > 2 and country_region(piece) and kept:
            found = found._replace(country=found.country or piece)
            continue
        rest, code = _letter_code(piece)
        if code is None and place and (match := _CODE_ALONE.match(piece)):
            rest, code = "", match[1]
        if code is None and place and (match := _CODE_AND_CITY.match(piece)) and not _names_a_street(match[2]):
            rest, code = "", match[1]
            found = found._replace(city=match[2].strip())
        if code is not None and found.postal_code is None and (place or rest):
            found = found._replace(postal_code=code)
            piece = rest  # noqa: PLW2901
        elif last and found.postal_code is None and (state := _state_and_code(piece)):
            piece, region, code = state  # noqa: PLW2901
            found = found._replace(region=region, postal_code=code)
        if piece:
            kept.append(piece)
    return found, kept


def _names_a_street(text: str) -> bool:
    return any(word.lower().strip(".") in _STREET_TYPES | _DIRECTIONS for word in text.split())


def _letter_code(piece: str) -> tuple[str, str | None]:
    for pattern in (_BRITISH, _CANADIAN):
        matches = list(pattern.finditer(piece))
        if matches and matches[-1].end() == len(piece):
            return piece[: matches[-1].start()].strip(), matches[-1][1]
    return piece, None


def _state_and_code(piece: str) -> tuple[str, str, str] | None:
    match = _STATE_AND_CODE.match(piece)
    if match is None:
        return None
    state, code = match[2].upper(), match[3]
    fits = state in (AUSTRALIAN_STATES if len(code) == 4 else US_STATES)
    return (match[1].strip(), match[2], code) if fits else None


def _take_region(pieces: list[str], found: Address) -> tuple[list[str], str | None]:
    """Take a state that ends the last piece: alone, or after a city where a postcode makes it sure."""
    if not pieces or found.region:
        return pieces, None
    words = pieces[-1].split()
    state = words[-1].rstrip(".")
    if state.upper() not in STATES or (len(words) == 1 and len(pieces) == 1):
        return pieces, None
    if len(words) > 1 and not (state.isupper() and (found.postal_code or len(pieces) > 1)):
        return pieces, None
    if len(words) > 1 and (_is_street(words[:-1]) or words[-2].lower() in _STREET_TYPES):
        return pieces, None
    rest = " ".join(words[:-1])
    return [*pieces[:-1], *([rest] if rest else [])], state


def _take_places(pieces: list[str], found: Address, address: Address) -> tuple[list[str], Address]:
    """Take the city (and a county behind it) from the pieces after the last one that looks like a street."""
    streets = [place for place, piece in enumerate(pieces) if _is_street(piece.split())]
    after = pieces[streets[-1] + 1 :] if streets else []
    if after and all(_CITY_WORDS.fullmatch(piece) for piece in after):
        return _name_places(pieces[: streets[-1] + 1], after, found, address)
    sure = found.region or found.postal_code
    if pieces and sure and not found.city and (cut := _after_street_type(pieces[-1].split())):
        street, city = cut
        if address.city is None or address.city.lower() == city.lower():
            return [*pieces[:-1], street], found._replace(city=city)
    return pieces, found


def _name_places(street: list[str], after: list[str], found: Address, address: Address) -> tuple[list[str], Address]:
    city, *rest = after
    if found.city or len(rest) > 2:
        return [*street, *after], found
    if address.city and address.city.lower() != city.lower():
        return [*street, *after], found
    if rest and not found.region:
        found = found._replace(region=rest[0])
        rest = rest[1:]
    return [*street, *rest], found._replace(city=city)


def _is_street(words: list[str]) -> bool:
    plain = [word.lower().strip(".#") for word in words]
    return any(letter.isdigit() for word in words for letter in word) or any(word in _UNIT_WORDS for word in plain)


def _after_street_type(words: list[str]) -> tuple[str, str] | None:
    """Cut "80 Delaware Ave SE Washington" after the street: at its last type and the direction behind it."""
    plain = [word.lower().strip(".") for word in words]
    places = [place for place, word in enumerate(plain) if word in _STREET_TYPES and place > 1]
    if not places or not any(letter.isdigit() for letter in words[0]):
        return None
    cut = places[-1] + 1
    while cut < len(words) and plain[cut] in _DIRECTIONS:
        cut += 1
    city = words[cut:]
    if not 1 <= len(city) <= 4 or _is_street(city) or not all(_CITY_WORDS.fullmatch(word) for word in city):
        return None
    return " ".join(words[:cut]), " ".join(city)

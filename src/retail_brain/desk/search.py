"""Finding a customer by what a caller says: a phone in any spelling, an e-mail, a name with typing errors, a postcode.

PostgreSQL finds candidates by its indexes; RapidFuzz ranks them, because an index does not know how alike two names are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, utils

from retail_brain.desk.lookup import open_store, plain_values
from retail_brain.desk.result import SearchHit, SearchResult
from retail_brain.errors import ConfigurationError
from retail_brain.store.search import SearchKeys, fold_name, search_candidates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retail_brain.config.file import Configuration
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredProfile

_LEAST_SCORE = 55.0
_SURE_SCORE = 85.0
"""From here on a hit is what was meant, and names farther off need not be looked at."""
_PHONE = re.compile(r"^[+(]?[\d][\d\s().\-/]{5,}$")
_POSTAL_CODE = re.compile(r"^(?=.*\d)[A-Za-z\d][A-Za-z\d \-]{2,9}$")
_CANDIDATES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """What the text was taken for."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None
    postal_code: str | None = None


def search_profiles(config: Configuration, text: str, *, limit: int = 10) -> SearchResult:
    """Find profiles, best first.

    Args:
        config: the configuration.
        text: a phone number, an e-mail address, a name, or part of a name and a postcode.
        limit: how many at most.

    Returns:
        The hits with a score of 0 to 100.

    Raises:
        ConfigurationError: there is nothing to search for.
        ServiceError: PostgreSQL does not answer.
    """
    _understood(text)
    with open_store(config) as pg:
        return search_in(pg, config, text, limit=limit)


def search_in(pg: Connection, config: Configuration, text: str, *, limit: int) -> SearchResult:
    """Find profiles on a connection that is open, as `search_profiles` does.

    Args:
        pg: a connection outside any transaction.
        config: the configuration.
        text: a phone number, an e-mail address, a name, or part of a name and a postcode.
        limit: how many at most.

    Raises:
        ConfigurationError: there is nothing to search for.
    """
    query = _understood(text)
    keys = _keys(query, config.home_region)
    hits = _ranked(search_candidates(pg, keys, limit=_CANDIDATES, wide=False), query)
    if query.name and not (hits and hits[0].score >= _SURE_SCORE):
        hits = _ranked(search_candidates(pg, keys, limit=_CANDIDATES), query)
    return SearchResult(hits=tuple(hits[:limit]))


def _ranked(found: Iterable[StoredProfile], query: _Query) -> list[SearchHit]:
    hits = sorted((_rate(profile, query) for profile in found), key=lambda hit: (-hit.score, hit.profile_id))
    return [hit for hit in hits if hit.score >= _LEAST_SCORE]


def _understood(text: str) -> _Query:
    query = _read(text)
    if not any((query.email, query.phone, query.name, query.postal_code)):
        raise ConfigurationError("there is nothing to search for", hint="a phone, an e-mail address or a name")
    return query


def _read(text: str) -> _Query:
    stripped = " ".join(text.split())
    if "@" in stripped:
        address = next((word for word in stripped.split() if "@" in word), stripped)
        return _Query(email=address.strip("<>,;").lower())
    if _PHONE.match(stripped) and sum(c.isdigit() for c in stripped) >= 7:
        return _Query(phone=stripped)
    words = stripped.split()
    codes = [word for word in words if any(c.isdigit() for c in word) and _POSTAL_CODE.match(word)]
    name = " ".join(word for word in words if word not in codes)
    return _Query(name=name or None, postal_code=" ".join(codes) or None)


def _keys(query: _Query, region: str) -> SearchKeys:
    words = (query.name or "").replace(",", " ").split()
    return SearchKeys(
        phones=_phones(query.phone, region) if query.phone else (),
        emails=(query.email,) if query.email else (),
        given=words[0] if len(words) > 1 else None,
        family=words[-1] if len(words) > 1 else None,
        either=words[0] if len(words) == 1 else None,
        postal_code=query.postal_code,
    )


def _phones(text: str, region: str) -> tuple[str, ...]:
    from retail_brain.standardise.phones import standardise_phone

    digits = "".join(c for c in text if c.isdigit())
    return tuple(dict.fromkeys(filter(None, (standardise_phone(text, region), digits))))


def _rate(profile: StoredProfile, query: _Query) -> SearchHit:
    values = plain_values(dict(profile.values))
    score, why = 100.0, "e-mail" if query.email else "phone"
    if query.name:
        score, why = _name_score(values, query.name), "name"
    if query.postal_code:
        same = (values.get("postal_code") or "").replace(" ", "").startswith(query.postal_code.replace(" ", ""))
        score, why = (score if same else 0.8 * score), f"{why} and postcode" if query.name else "postcode"
    if (query.email and values.get("email") != query.email) or (
        query.phone and not _same_digits(values.get("phone"), query.phone)
    ):
        score, why = 90.0, f"{why} of one of its records"
    return SearchHit(
        profile_id=str(profile.profile_id),
        score=round(score, 1),
        matched_by=why,
        values=values,
        record_count=profile.record_count,
    )


def _name_score(values: dict[str, str], name: str) -> float:
    asked = fold_name(name) or ""
    parts = [fold_name(values.get(part)) or "" for part in ("given_name", "family_name")]
    whole = " ".join(part for part in parts if part)
    if " " not in asked:
        return max((fuzz.ratio(asked, part) for part in parts if part), default=0.0)
    return fuzz.token_sort_ratio(asked, whole, processor=utils.default_process)


def _same_digits(left: str | None, right: str) -> bool:
    digits = ["".join(c for c in text or "" if c.isdigit())[-7:] for text in (left, right)]
    return digits[0] == digits[1]

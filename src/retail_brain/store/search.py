"""Finding candidates: profiles that somebody may mean, and records that could be the same person as a given one.

Typing errors are met in the small table of different names, whose trigram index stays small at any number of profiles;
profiles are then found by equality. What is found is ranked elsewhere (`desk`), with more than an index knows.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from retail_brain import sql
from retail_brain.store.connection import reading
from retail_brain.store.lookup import StoredProfile, StoredRecord, members, profile_of
from retail_brain.store.similar import full_name_parameters, one_name_parameters, similar_names

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence
    from datetime import date

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchKeys:
    """What is known of the person who is searched: all optional.

    `phones` and `emails` are spellings as standardise makes them, any of which may match. `given` and `family` are
    parts of names as typed; `either` is a part of which it is not known what it is. `postal_code` as delivered.
    """

    phones: Sequence[str] = ()
    emails: Sequence[str] = ()
    given: str | None = None
    family: str | None = None
    either: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKeys:
    """The standardised values of a person who is to be resolved: all optional."""

    values: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return a value that is text."""
        return self.values.get(name)

    def birth(self) -> date | None:
        """Return the date of birth."""
        return self.values.get("date_of_birth")


def fold_name(name: str | None) -> str | None:
    """Return a name as it is searched: lower case, no accents, one blank for a hyphen; None when nothing is left.

    Args:
        name: as typed.
    """
    if not name:
        return None
    decomposed = unicodedata.normalize("NFD", name)
    plain = "".join(c for c in decomposed if unicodedata.category(c) != "Mn").lower()
    folded = plain.translate(str.maketrans("-", " ", ".,''’`")).strip(" ")
    return unicodedata.normalize("NFC", folded) or None


def search_candidates(
    conn: Connection, keys: SearchKeys, *, limit: int = 200, wide: bool = True
) -> list[StoredProfile]:
    """Return profiles that may be the one that is searched.

    Args:
        conn: a connection outside any transaction.
        keys: what is known; phones and e-mails of any record of a profile count, also former ones.
        limit: how many at most.
        wide: names that are farther than one letter from what was typed are looked at, too; that takes twice as long.

    Returns:
        Candidates without rank, in the order of their ids.
    """
    parameters = {
        "phones": list(keys.phones), "emails": list(keys.emails), "given": fold_name(keys.given),
        "family": fold_name(keys.family), "either": fold_name(keys.either), "postal_code": keys.postal_code,
        "limit": limit,
    }  # fmt: skip
    with reading(conn), conn.cursor(row_factory=dict_row) as cursor:
        found: set[uuid.UUID] = set()
        for name in _channels(parameters):
            if not found or name == "search_full_name":
                parameters |= _names(conn, name, parameters, wide=wide)
                found.update(row["profile_id"] for row in cursor.execute(sql.load(f"store/{name}"), parameters))
        ids = sorted(found)[:limit]
        return [profile_of(row) for row in cursor.execute(sql.load("store/fetch_profiles"), {"profile_ids": ids})]


def _names(conn: Connection, channel: str, parameters: Mapping[str, Any], *, wide: bool) -> dict[str, Any]:
    """Return the names in use that a statement looks for."""
    if channel == "search_full_name":
        return full_name_parameters(*similar_names(conn, (parameters["given"], parameters["family"]), wide=wide))
    if channel == "search_one_name":
        one = parameters["family"] or parameters["given"] or parameters["either"]
        return one_name_parameters(*similar_names(conn, (one,), wide=wide))
    return {}


def _channels(parameters: dict[str, Any]) -> list[str]:
    """Return the statements that can find something, the surest first."""
    named = parameters["given"] or parameters["family"] or parameters["either"]
    chosen = []
    if parameters["phones"] or parameters["emails"]:
        chosen.append("search_contact")
    if parameters["postal_code"] and named:
        chosen.append("search_postal_code")
    if parameters["given"] and parameters["family"]:
        chosen.append("search_full_name")
    elif named:
        chosen.append("search_one_name")
    elif parameters["postal_code"]:
        chosen.append("search_postal_code_only")
    return chosen


def resolve_candidates(conn: Connection, keys: PersonKeys, *, limit: int = 200) -> list[StoredRecord]:
    """Return records that share a value with a person, with all other records of their profiles.

    Args:
        conn: a connection outside any transaction.
        keys: standardised values of the person.
        limit: how many profiles at most.

    Returns:
        Records in the order of their numbers.
    """
    with reading(conn):
        rows = conn.execute(sql.load("store/resolve_by_value"), _resolve_parameters(keys, limit)).fetchall()
    return members(conn, sorted(row[0] for row in rows)[:limit])


def resolve_by_name(conn: Connection, keys: PersonKeys, *, limit: int = 200) -> list[StoredRecord]:
    """Return records whose profile has a name like a person's, with typing errors: slower than values, and only needed
    where these lead nowhere.

    Args:
        conn: a connection outside any transaction.
        keys: standardised values of the person.
        limit: how many profiles at most.

    Returns:
        Records in the order of their numbers; none where the person has not both names.
    """
    parameters = _resolve_parameters(keys, limit)
    if not (parameters["given"] and parameters["family"]):
        return []
    with reading(conn):
        parameters |= _names(conn, "search_full_name", parameters, wide=True)
        rows = conn.execute(sql.load("store/search_full_name"), parameters).fetchall()
    return members(conn, sorted(row[0] for row in rows)[:limit])


def _resolve_parameters(keys: PersonKeys, limit: int) -> dict[str, Any]:
    return {
        "email": keys.text("email"), "phone": keys.text("phone"), "loyalty_id": keys.text("loyalty_id"),
        "national_id": keys.text("national_id"), "birth_date": keys.birth(), "postal_code": keys.text("postal_code"),
        "given": fold_name(keys.text("given_name")), "family": fold_name(keys.text("family_name")),
        "limit": limit,
    }  # fmt: skip

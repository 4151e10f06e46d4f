"""What is asked: drawn from the published records, with the slips that people make, the same for the same seed.

Apart from the clients because it is drawn once, before the load, and handed to all of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from retail_brain import sql
from retail_brain.errors import RefusedError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection

_SAMPLE = 4_000
_RESOLVED_BY = ("given_name", "family_name", "email", "phone", "date_of_birth", "address", "city", "postal_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to ask, and the profile whose record it was made from."""

    what: Any
    profile_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A record that a source delivers between nights: of a known record with another address, or new (`record_id` None)."""

    source: str
    record_id: str | None
    values: dict[str, str]
    tag: str

    def numbered(self, number: int) -> dict[str, str]:
        """Return its fields for one of the requests, each of which differs from the others."""
        if self.record_id is None:
            return {"record_id": f"loadtest-{self.tag}-{number}", **self.values}
        return {"record_id": self.record_id, **self.values, "address": f"{number} Load {self.tag} Street"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What the clients ask, by kind; a load goes round in each list."""

    by_kind: dict[str, tuple[Request, ...]]
    profile_ids: tuple[str, ...]

    def pick(self, kind: str, number: int) -> Request:
        """Return what the request of a number asks for."""
        choices = self.by_kind[kind]
        return choices[number * 7_919 % len(choices)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    source: str
    record_id: str
    profile_id: str
    values: dict[str, str]


def draw_requests(conn: Connection, *, seed: int, tag: str, size: int = _SAMPLE) -> Requests:
    """Draw what is asked from what is published.

    Args:
        conn: a connection outside any transaction.
        seed: the same seed and the same database give the same requests.
        tag: part of the ids of new records.
        size: how many records are drawn.

    Raises:
        RefusedError: nothing is published.
    """
    dice = random.Random(seed)
    records = _draw(conn, dice, size)
    if not records:
        raise RefusedError("nothing was published yet", hint="retail-brain run")
    profiles = [_profile(dice, record) for record in records]
    searches = [request for record in records if (request := _search(dice, record))]
    persons = [request for record in records if (request := _person(dice, record))]
    arrivals = [_arrival(dice, record, tag) for record in records]
    return Requests(
        by_kind={
            "profile": tuple(profiles), "search": tuple(searches), "resolve": tuple(persons), "ingest": tuple(arrivals),
        },
        profile_ids=tuple(dict.fromkeys(record.profile_id for record in records)),
    )  # fmt: skip


def _draw(conn: Connection, dice: random.Random, size: int) -> list[_Record]:
    with translated(), conn.transaction():
        (last,) = conn.execute(sql.load("loadtest/last_record")).fetchone() or (0,)
        numbers = sorted(dice.sample(range(1, last + 1), min(size, last)))
        rows = conn.execute(sql.load("loadtest/sampled_record"), {"numbers": numbers}).fetchall()
    records = [
        _Record(
            source=source, record_id=record_id, profile_id=str(profile_id),
            values={name: _text(value) for name, value in zip(VALUE_FIELDS, values, strict=True) if value is not None},
        )
        for source, record_id, profile_id, *values in rows
    ]  # fmt: skip
    dice.shuffle(records)
    return records


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _profile(dice: random.Random, record: _Record) -> Request:
    """Mostly by id, sometimes by a source's record, as tills and call centres do."""
    by_record = dice.random() < 0.1
    return Request(
        what=f"{record.source}:{record.record_id}" if by_record else record.profile_id, profile_id=record.profile_id
    )


def _search(dice: random.Random, record: _Record) -> Request | None:
    """Return what a caller says: a name, often misspelt, with or without a postcode; an e-mail address; a phone."""
    values, roll = record.values, dice.random()
    given, family = values.get("given_name"), values.get("family_name")
    text = None
    if roll < 0.2:
        text = values.get("email")
    elif roll < 0.4:
        text = values.get("phone")
    if text is None and given and family:
        text = f"{given} {misspell(family, dice) if roll < 0.8 else family}"
        if roll > 0.6 and values.get("postal_code"):
            text = f"{text} {values['postal_code']}"
    text = text or values.get("email") or values.get("phone")
    return Request(what=text, profile_id=record.profile_id) if text else None


def _person(dice: random.Random, record: _Record) -> Request | None:
    """Return a person as a form has him: what the record says, with gaps and a slip."""
    fields = {name: record.values[name] for name in _RESOLVED_BY if name in record.values and dice.random() < 0.85}
    if "family_name" in fields and dice.random() < 0.2:
        fields["family_name"] = misspell(fields["family_name"], dice)
    return Request(what=fields, profile_id=record.profile_id) if len(fields) > 1 else None


def _arrival(dice: random.Random, record: _Record, tag: str) -> Request:
    """Return a record of a source: mostly a new one of a known person, sometimes a change of a known record."""
    values = dict(record.values)
    if "family_name" in values and dice.random() < 0.1:
        values["family_name"] = misspell(values["family_name"], dice)
    if dice.random() < 0.3:
        values.pop("phone", None)
    known = record.record_id if dice.random() < 0.3 else None
    return Request(
        what=Arrival(source=record.source, record_id=known, values=values, tag=tag), profile_id=record.profile_id
    )


def misspell(name: str, dice: random.Random) -> str:
    """Return a name with one slip: two letters swapped, one left out, or one doubled; short names stay."""
    if len(name) < 4:
        return name
    place = dice.randrange(1, len(name) - 2)
    slip = dice.randrange(3)
    if slip == 0:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:place] + name[place + 1 :] if slip == 1 else name[:place] + name[place] + name[place:]

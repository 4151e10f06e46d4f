"""Who holds an identifier, and which merges stand between its holders.

Apart from searching for customers, because here everybody counts who holds the value, in whatever spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from retail_brain import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retail_brain.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A record that may hold an identifier, with its values of every kind."""

    record_no: int
    email: str | None
    phone: str | None
    address: str | None
    loyalty_id: str | None
    national_id: str | None


def holders_of(conn: Connection, values: Mapping[str, str]) -> list[Holder]:
    """Return the records that may hold an identifier: all that do, and some whose key turns out to be another.

    Args:
        conn: a connection.
        values: the identifier as each kind of it is written: email, phone, address, loyalty_id, national_id.
    """
    address = values.get("address", "")
    digits = "".join(character for character in values.get("phone", "") if character.isdigit())
    house = re.search(r"\d+", address)
    parameters = {
        "email": values.get("email"),
        "phone": values.get("phone"),
        "phone_ends": f"%{digits[-7:]}" if len(digits) >= 7 else None,
        "code": next((values[name] for name in ("loyalty_id", "national_id") if name in values), None),
        "address": address or None,
        "house": rf"\m{house[0]}" if house else None,
    }
    with conn.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(sql.load("store/identifier_holders"), parameters).fetchall()


def merges_between(conn: Connection, record_nos: Sequence[int]) -> list[tuple[int, str, str]]:
    """Return the scored merges that stand with both records in a list: merge_id, model_id, levels.

    Args:
        conn: a connection.
        record_nos: the records.
    """
    return conn.execute(sql.load("store/identifier_merges"), {"record_nos": list(record_nos)}).fetchall()

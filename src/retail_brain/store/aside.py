"""The names of databases that a restore puts aside: made here, and known again when one is to be dropped.

Apart from whole databases, so that nothing is ever dropped for a name that only looks alike.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.errors import RefusedError
from retail_brain.store.database import has_database

if TYPE_CHECKING:
    from retail_brain.store.connection import Connection

_ASIDE = "_before_"
_ASIDE_NAME = re.compile(rf".+{_ASIDE}(\d{{8}}t\d{{6}})(_\d{{1,3}})?", re.DOTALL)
_ASIDE_MOMENT = "%Y%m%dt%H%M%S"
_CUT = 63 - len(_ASIDE) - len("20261123t153043") - len("_999")
"""As many bytes of its name does a database keep that is put aside; PostgreSQL keeps 63."""


def aside_name(server: Connection, name: str, *, now: datetime | None = None) -> str:
    """Return what a database is called that is put aside: its name, which is cut, and the moment. No database has it yet.

    Args:
        server: from `open_server`.
        name: of the database.
        now: the moment.
    """
    cut = name.encode()[:_CUT].decode(errors="ignore")
    return _free_name(server, f"{cut}{_ASIDE}{now or datetime.now(UTC):{_ASIDE_MOMENT}}")


def is_aside(name: str) -> bool:
    """Say whether a name is one of `aside_name`.

    Args:
        name: of a database.
    """
    found = _ASIDE_NAME.fullmatch(name)
    try:
        return found is not None and datetime.strptime(found[1], _ASIDE_MOMENT).replace(tzinfo=UTC).year > 0
    except ValueError:  # a 30th of February
        return False


def _free_name(server: Connection, wanted: str) -> str:
    """Return a name that no database has: the wanted one, or with a number behind it.

    Args:
        server: from `open_server`.
        wanted: the name, four bytes shorter than PostgreSQL keeps at most.
    """
    for number in range(1, 1_000):
        name = wanted if number == 1 else f"{wanted}_{number}"
        if not has_database(server, name):
            return name
    raise RefusedError("a thousand databases lie aside already", hint="drop those that nobody needs")

"""Names like a part of a name as typed: from the small table of different names, by the trigrams that they share.

Apart from searching because how far a name may be off decides what a search costs: the farther, the more names the index
has to be asked for and the more of them are none.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Transaction
from psycopg.rows import class_row

from retail_brain import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retail_brain.store.connection import Connection

_NAMES, _SWAPPED = 40, 10
"""How many similar names are looked at for each part of a name, and how many where the parts stand the wrong way round."""
_WIDE, _NARROW, _INITIAL = 0.3, 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarName:
    """A name in use, as what (`given` or `family`), and how alike it is to what was typed, from 0 to 1."""

    kind: str
    name: str
    alike: float


def least_alike(part: str, *, wide: bool) -> float:
    """Return from how large a share of common trigrams on a name is looked at, from 0 to 1.

    One letter is part of three of a name's n + 1 trigrams: a name with a letter typed wrong shares n - 2 of n + 4.

    Args:
        part: folded.
        wide: names that are farther off than one letter count, too: pg_trgm's own bound.
    """
    if wide:
        return _WIDE
    if len(part) == 1:
        return _INITIAL
    return max(_WIDE, min(_NARROW, (len(part) - 2) / (len(part) + 4) - 0.01))


def swapped_letters(name: str) -> list[str]:
    """Return a name with each two neighbouring letters swapped: the slip that trigrams see least of.

    Args:
        name: folded.
    """
    return sorted({name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1)} - {name})


def similar_names(conn: Connection, parts: Sequence[str], *, wide: bool) -> list[list[SimilarName]]:
    """Return the names like each of some parts, the most alike first, in one message to PostgreSQL and back.

    Args:
        conn: a connection outside any pipeline.
        parts: folded.
        wide: names that are farther off than one letter count, too.
    """
    with ExitStack() as ended:
        found = []
        with conn.pipeline():
            ended.enter_context(Transaction(conn))  # ended outside the pipeline, which would be kept open otherwise
            for part in parts:
                conn.execute(sql.load("store/least_alike"), {"least": str(least_alike(part, wide=wide))})
                parameters = {"part": part, "swapped": swapped_letters(part), "names": _NAMES}
                found.append(
                    conn.cursor(row_factory=class_row(SimilarName)).execute(sql.load("store/similar_names"), parameters)
                )
        return [cursor.fetchall() for cursor in found]


def full_name_parameters(given: Iterable[SimilarName], family: Iterable[SimilarName]) -> dict[str, list[Any]]:
    """Return what the names like both parts of a name are called in the statement that looks for profiles.

    Args:
        given: names like the part that stands for the given name.
        family: names like the other one.
    """
    given, family = list(given), list(family)
    lists = {
        "family": _of_kind(family, "family", _NAMES), "given": _of_kind(given, "given", _NAMES),
        "swapped_family": _of_kind(given, "family", _SWAPPED), "swapped_given": _of_kind(family, "given", _SWAPPED),
    }  # fmt: skip
    return {f"{what}_names": [one.name for one in names] for what, names in lists.items()} | {
        f"{what}_alike": [one.alike for one in names] for what, names in lists.items()
    }


def one_name_parameters(names: Iterable[SimilarName]) -> dict[str, list[Any]]:
    """Return what the names like a part of a name are called in the statement that looks for profiles.

    Args:
        names: names like it.
    """
    names = list(names)
    return {
        "kinds": [one.kind for one in names], "names": [one.name for one in names], "alike": [one.alike for one in names],
    }  # fmt: skip


def _of_kind(names: Iterable[SimilarName], kind: str, most: int) -> list[SimilarName]:
    return [one for one in names if one.kind == kind][:most]

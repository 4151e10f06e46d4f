"""The review queue read: pairs that wait for a person's ruling, the ones with most at stake first.

Apart from the merge log, because these are questions and not facts. Order and limit go together with an index, so the
next question is found at once however long the queue is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import class_row, dict_row

from retail_brain import sql
from retail_brain.store.failure import translated
from retail_brain.store.lookup import record_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable, Iterator

    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord

ReviewKind = Literal["borderline", "refused", "weak"]
About = tuple[frozenset["uuid.UUID"], int | None]

_PAGE = (50, 5_000)
COUNTED = 2_000
"""Counting a queue stops here: beyond it, how long it is exactly helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuestion:
    """One pair that waits: its evidence, what is at stake, the profile of each side and how many records that has.

    `merge_id` is the merge in question, where the pair is one (kind weak). `is_open`: nothing has answered it since the
    run that found it; a pair that is not open may lack a profile.
    """

    record_no_l: int
    record_no_r: int
    kind: ReviewKind
    match_weight: float
    match_probability: float | None
    levels: str | None
    blocking_rule: str | None
    reason: str | None
    stake: float
    profile_id_l: uuid.UUID
    profile_id_r: uuid.UUID
    records_l: int
    records_r: int
    merge_id: int | None
    is_open: bool

    @property
    def about(self) -> About:
        """What is asked: whether two profiles are one person, or whether a merge is right. Pairs may ask the same."""
        return frozenset((self.profile_id_l, self.profile_id_r)), self.merge_id

    @property
    def place(self) -> tuple[float, int, int]:
        """Where it stands in the queue."""
        return self.stake, self.record_no_l, self.record_no_r


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFilter:
    """Which questions are wanted; an empty one wants all of them.

    Attributes:
        kinds: only of these kinds.
        source: only where a record of this source is asked about.
        min_weight: at least this match weight, in bits.
        max_weight: at most this match weight.
        after: only what stands behind this question in the queue: its stake and its two record numbers.
    """

    kinds: tuple[ReviewKind, ...] = ()
    source: str | None = None
    min_weight: float | None = None
    max_weight: float | None = None
    after: tuple[float, int, int] | None = None


def list_questions(
    conn: Connection, wanted: QuestionFilter, *, limit: int, passed: Collection[About] = ()
) -> list[StoredQuestion]:
    """Return the questions that are open, the ones with most at stake first; of pairs that ask the same, the first.

    Args:
        conn: a connection.
        wanted: which.
        limit: how many at most.
        passed: what is not to be asked again.
    """
    found: list[StoredQuestion] = []
    asked = set(passed)
    for one in _walk(conn, wanted, 2 * limit + len(asked)):
        if one.about not in asked:
            asked.add(one.about)
            found.append(one)
            if len(found) == limit:
                break
    return found


def count_questions(conn: Connection, wanted: QuestionFilter) -> tuple[int, int]:
    """Return how many questions are open and how many pairs ask them, counting no more than `COUNTED` + 1 pairs.

    Args:
        conn: a connection.
        wanted: which.
    """
    pairs = [one.about for one in islice(_walk(conn, wanted, COUNTED + 1), COUNTED + 1)]
    return len(set(pairs)), len(pairs)


def _walk(conn: Connection, wanted: QuestionFilter, size: int) -> Iterator[StoredQuestion]:
    """Yield the pairs that are open, page by page, so that the queue is never joined with the records as a whole."""
    size = min(max(size, _PAGE[0]), _PAGE[1])
    while True:
        with translated(), conn.transaction(), conn.cursor(row_factory=class_row(StoredQuestion)) as cursor:
            page = cursor.execute(sql.load("store/list_review_items"), _parameters(wanted, size)).fetchall()
        yield from (one for one in page if one.is_open)
        if len(page) < size:
            return
        wanted, size = replace(wanted, after=page[-1].place), min(4 * size, _PAGE[1])


def fetch_records(conn: Connection, record_nos: Iterable[int]) -> dict[int, tuple[StoredRecord, str]]:
    """Return records by their numbers, each with the hash of its values.

    Args:
        conn: a connection.
        record_nos: the numbers.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("store/list_records"), {"record_nos": list(record_nos)}).fetchall()
    return {row["record_no"]: (record_of(row), row["row_hash"]) for row in rows}


def _parameters(wanted: QuestionFilter, limit: int) -> dict[str, Any]:
    after = wanted.after or (None, None, None)
    return {
        "kinds": list(wanted.kinds) or None, "source": wanted.source,
        "min_weight": wanted.min_weight, "max_weight": wanted.max_weight,
        "after_stake": after[0], "after_l": after[1], "after_r": after[2], "limit": limit,
    }  # fmt: skip

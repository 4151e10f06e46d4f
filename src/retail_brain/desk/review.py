"""The review queue at the desk: what waits for a person, two people side by side.

The questions come in the order of what is at stake: the chance that the two are not where they belong, times the pairs of
records that the answer sets right. So a person who has ten minutes spends them where most records are wrong, and an
answer about two large profiles comes before a hundred about single records.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from retail_brain.desk.lookup import open_store, plain_values
from retail_brain.desk.review_result import ReviewItem, ReviewListResult, ReviewNextResult, ReviewSide
from retail_brain.model import VALUE_FIELDS
from retail_brain.store import review as queue
from retail_brain.store.search import fold_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from retail_brain.config.file import Configuration
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord
    from retail_brain.store.review import About, QuestionFilter, StoredQuestion


def list_review(config: Configuration, wanted: QuestionFilter, *, limit: int) -> ReviewListResult:
    """List what waits for a person, most at stake first: one question for all pairs of the same two profiles.

    Args:
        config: the configuration.
        wanted: which questions.
        limit: how many at most.
    """
    with open_store(config) as pg:
        waiting, pairs = queue.count_questions(pg, wanted)
        items = read_questions(pg, queue.list_questions(pg, wanted, limit=limit))
    return ReviewListResult(items=items, waiting=waiting, pairs=pairs, or_more=pairs > queue.COUNTED)


def next_question(config: Configuration, wanted: QuestionFilter, *, passed: Collection[About] = ()) -> ReviewNextResult:
    """Return the question with most at stake, and how many wait.

    Args:
        config: the configuration.
        wanted: which questions.
        passed: questions that are not to be asked again.
    """
    with open_store(config) as pg:
        waiting, pairs = queue.count_questions(pg, wanted)
        found = queue.list_questions(pg, wanted, limit=1, passed=passed)
        items = read_questions(pg, found)
    return ReviewNextResult(
        item=items[0] if items else None, waiting=waiting, or_more=pairs > queue.COUNTED,
        about=found[0].about if found else None,
    )  # fmt: skip


def read_questions(pg: Connection, questions: Sequence[StoredQuestion]) -> tuple[ReviewItem, ...]:
    """Return questions with both records as they are now.

    Args:
        pg: a connection.
        questions: the questions.
    """
    records = queue.fetch_records(pg, {number for one in questions for number in (one.record_no_l, one.record_no_r)})
    return tuple(_item(one, records[one.record_no_l], records[one.record_no_r]) for one in questions)


def _item(question: StoredQuestion, left: tuple[StoredRecord, str], right: tuple[StoredRecord, str]) -> ReviewItem:
    return ReviewItem(
        kind=question.kind, left=_side(left[0], question.records_l), right=_side(right[0], question.records_r),
        match_probability=question.match_probability, match_weight=question.match_weight,
        blocking_rule=question.blocking_rule, reason=question.reason, stake=question.stake, merge_id=question.merge_id,
        differing=differing(left[0].values, right[0].values), state=state_mark(left[1], right[1]),
    )  # fmt: skip


def differing(left: Mapping[str, object], right: Mapping[str, object]) -> tuple[str, ...]:
    """Return the fields that both have, and in which they differ by more than capitals, accents and points."""
    both = [name for name in VALUE_FIELDS if name in left and name in right]
    return tuple(name for name in both if fold_name(str(left[name])) != fold_name(str(right[name])))


def _side(record: StoredRecord, profile_records: int) -> ReviewSide:
    return ReviewSide(
        key=f"{record.source}:{record.record_id}", profile_id=str(record.profile_id or ""),
        profile_records=profile_records, values=plain_values(dict(record.values)),
    )  # fmt: skip


def state_mark(hash_l: str, hash_r: str) -> str:
    """Return a mark of two records' values: another one when a record has changed. Never a number to a spreadsheet."""
    return "v" + hashlib.sha256(f"{hash_l} {hash_r}".encode()).hexdigest()[:12]

"""Records that come one by one: a line each, the bad ones told and the others taken in.

Apart from the desk, which takes in one: here is a stream of them, and what waited while a run was at work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.desk.arrival_result import ArrivalResult
from retail_brain.desk.session import open_desk
from retail_brain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from retail_brain.config.file import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """A line that was refused, and why; nothing was changed for it."""

    line: int
    error: str
    hint: str | None = None
    status: str = "refused"


def ingest_record(config: Configuration, text: str) -> ArrivalResult:
    """Take in one record.

    Args:
        config: the configuration.
        text: the record as JSON: {"source": …, "record": {…}}.

    Returns:
        What became of it.

    Raises:
        InputError: it was refused; nothing was changed.
        RefusedError: nothing was published yet.
        LockedError: another change takes too long.
        ServiceError: PostgreSQL does not answer.
    """
    with open_desk(config, ahead=False) as desk:
        desk.place_waiting()
        return desk.ingest_line(text)


def ingest_lines(config: Configuration, lines: Iterable[str]) -> Iterator[ArrivalResult | RefusedLine]:
    """Take in records, one a line; a bad line does not stop the others.

    Args:
        config: the configuration.
        lines: records as JSON; empty lines are passed over.

    Returns:
        What became of each, as it happens.

    Raises:
        RefusedError: nothing was published yet.
        LockedError: another change takes too long.
        ServiceError: PostgreSQL does not answer.
    """
    with open_desk(config) as desk:
        desk.place_waiting()
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield desk.ingest_line(line)
            except InputError as error:
                yield RefusedLine(line=number, error=error.message, hint=error.hint)


def place_waiting(config: Configuration) -> list[ArrivalResult]:
    """Give the records their place that came while a run was at work.

    Args:
        config: the configuration.

    Returns:
        What became of each.

    Raises:
        ServiceError: PostgreSQL does not answer.
    """
    with open_desk(config, ahead=False) as desk:
        return desk.place_waiting() if desk.has_waiting() else []

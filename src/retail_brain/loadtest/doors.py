"""The four requests as the desk answers them, behind one small face, so that the clients know nothing of the desk.

An answer comes back as marks: whether the cache gave it, whether it names the profile that the request was made from,
whether its parts fail to fit one another, and whether a record was only kept until the night at work has ended.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from retail_brain.errors import GoneError
from retail_brain.loadtest.drive import CACHED, FOUND, TORN, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from retail_brain.config.file import Configuration
    from retail_brain.config.ingest import SourceSettings
    from retail_brain.desk.result import ProfileResult
    from retail_brain.loadtest.requests import Request, Requests
    from retail_brain.loadtest.schedule import Schedule


class _Desk(Protocol):
    def profile(self, key: str) -> ProfileResult: ...
    def search(self, text: str) -> Any: ...
    def resolve(self, person: Mapping[str, Any]) -> Any: ...
    def ingest(self, source: str, record: Mapping[str, Any]) -> Any: ...


@contextmanager
def open_doors(config: Configuration, requests: Requests, schedule: Schedule) -> Iterator[Callable[[int], int]]:
    """Open the desk for one client.

    Args:
        config: the configuration.
        requests: what is asked.
        schedule: which kind the request of a number is.

    Returns:
        A function that makes the request of a number and returns the marks of the answer.

    Raises:
        RetailBrainError: the desk does not open.
    """
    from retail_brain.desk.session import open_desk

    with open_desk(config) as desk:
        yield asker(config, desk, requests, schedule)


def asker(config: Configuration, desk: _Desk, requests: Requests, schedule: Schedule) -> Callable[[int], int]:
    """Return the function that makes a request of an open desk."""
    makers: dict[str, Callable[[Request, int], int]] = {
        "profile": lambda request, _: _profile(desk, request),
        "search": lambda request, _: _search(desk, request),
        "resolve": lambda request, _: _resolve(desk, request),
        "ingest": lambda request, number: _ingest(config, desk, request, number),
    }

    def ask(number: int) -> int:
        kind, which = schedule.kind(number), schedule.first + number
        return makers[kind](requests.pick(kind, which), which)

    return ask


def _profile(desk: _Desk, request: Request) -> int:
    try:
        answer = desk.profile(request.what)
    except GoneError:  # a night since the requests were drawn took its last record away: told rightly, and not found
        return 0
    marks = CACHED if answer.served_from == "redis" else 0
    marks |= FOUND if answer.profile_id == request.profile_id else 0
    return marks | (0 if fits(answer) else TORN)


def fits(answer: ProfileResult) -> bool:
    """Say whether a profile's parts fit one another: it has records, and each value stands on one of them."""
    return (
        bool(answer.records)
        and set(answer.came_from) == set(answer.values)
        and set(answer.came_from.values()) <= set(answer.records)
    )


def _search(desk: _Desk, request: Request) -> int:
    return FOUND if any(hit.profile_id == request.profile_id for hit in desk.search(request.what).hits) else 0


def _resolve(desk: _Desk, request: Request) -> int:
    answer = desk.resolve(request.what)
    return FOUND if any(found.profile_id == request.profile_id for found in answer.candidates) else 0


def _ingest(config: Configuration, desk: _Desk, request: Request, number: int) -> int:
    source = request.what.source
    answer = desk.ingest(source, as_delivered(config.sources[source], request.what.numbered(number)))
    if answer.status == "waiting":
        return WAITING
    return FOUND if answer.profile_id == request.profile_id else 0


def as_delivered(source: SourceSettings, values: Mapping[str, str]) -> dict[str, str]:
    """Return a record under the column names that its source uses.

    Args:
        source: the source's settings.
        values: standardised fields, and record_id.
    """
    whole = " ".join(values[part] for part in ("given_name", "family_name") if part in values)
    known = {**values, "full_name": whole} if whole else dict(values)
    return {source.columns_of(field)[0]: value for field, value in known.items() if source.columns_of(field)}

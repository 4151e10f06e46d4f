"""What a load test makes of an answer: a customer that a night took away is a true answer, a key that is wrong is an error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from retail_brain.errors import ConfigurationError, GoneError
from retail_brain.loadtest.doors import asker
from retail_brain.loadtest.requests import Request


class _Desk:
    """A desk that has nothing to say but its error: which of them a real desk says is tested with the real one."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def profile(self, key: str) -> Any:
        raise self.error


def ask(error: Exception) -> int:
    requests: Any = SimpleNamespace(pick=lambda kind, number: Request(what=str(uuid4()), profile_id=uuid4()))
    schedule: Any = SimpleNamespace(first=0, kind=lambda number: "profile")
    return asker(Any, _Desk(error), requests, schedule)(0)  # type: ignore[arg-type]


def test_a_profile_that_has_ended_since_is_not_found_and_no_error() -> None:
    assert ask(GoneError("its records were no longer delivered")) == 0


def test_a_profile_that_was_never_issued_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        ask(ConfigurationError("no profile was ever issued under this id"))

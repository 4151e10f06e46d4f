"""When each request is due, whatever became of the ones before it.

An open model: requests arrive at a fixed rate, and a latency runs from the moment at which the request was due. A server
that stalls for a second is so charged with every request that had to wait, and not only with the one that it held.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("profile", "search", "resolve", "ingest")
"""The kinds of requests, in the order in which they are told."""

DEFAULT_MIX = {"profile": 55.0, "search": 20.0, "resolve": 15.0, "ingest": 10.0}
_DECK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The requests of a phase: `rate` a second, numbered from 0, each of the kind that the deck says.

    `first` is how many were made in phases before: nobody asks the same again.
    """

    rate: float
    deck: tuple[str, ...]
    first: int = 0

    def due_s(self, number: int) -> float:
        """Return when a request is due, in seconds from the start."""
        return number / self.rate

    def kind(self, number: int) -> str:
        """Return what a request asks for."""
        return self.deck[number % len(self.deck)]

    def scheduled(self, seconds: float) -> int:
        """Return how many requests are due before so many seconds have passed."""
        return math.ceil(seconds * self.rate - 1e-9)


def make_schedule(rate: float, mix: Mapping[str, float], *, seed: int) -> Schedule:
    """Lay out a schedule.

    Args:
        rate: requests a second.
        mix: kind to its share, in any unit.
        seed: the same seed gives the same order of kinds.

    Raises:
        ConfigurationError: an unknown kind, a negative share, or nothing to do.
    """
    unknown = sorted(set(mix) - set(KINDS))
    if unknown:
        raise ConfigurationError(f"there is no request {unknown[0]}", hint=f"kinds: {', '.join(KINDS)}")
    total = sum(mix.values())
    if not 0 < rate <= 100_000 or total <= 0 or min(mix.values()) < 0:
        raise ConfigurationError(
            "a load needs a rate above 0 and shares that are not negative, one of them above 0",
            hint="--rate 50 --mix profile=55,search=20,resolve=15,ingest=10",
        )
    deck: list[str] = []
    taken = 0.0
    for kind in KINDS:
        taken += mix.get(kind, 0.0)
        deck += [kind] * (round(taken / total * _DECK) - len(deck))
    random.Random(seed).shuffle(deck)
    return Schedule(rate=rate, deck=tuple(deck))


def parse_mix(text: str) -> dict[str, float]:
    """Read shares such as "profile=55,search=20".

    Raises:
        ConfigurationError: it is not of that form.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        kind, equals, share = part.partition("=")
        try:
            mix[kind.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise ConfigurationError(
                "the mix of requests cannot be read", hint="--mix profile=55,search=20,resolve=15,ingest=10"
            )
    make_schedule(1.0, mix, seed=0)
    return mix

"""What a load test is asked to do: sizes, rates and places, checked before anything begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError
from retail_brain.loadtest.schedule import DEFAULT_MIX, make_schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.schedule import Schedule

HELD_UP = ("quiet", "publish", "cold", "no-redis")
"""The phases of a load test in a workspace of its own."""
SERVED = ("serve", "no-redis")
"""Those in a workspace that is there already."""
CHECKS_BESIDE = 20_000
"""How many checks are made beside the phases whose latencies count: they take processor time."""

_MAX_RECORDS = 100_000_000
_MAX_CLIENTS = 64
_MAX_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """A load test.

    Attributes:
        records: about how many records are made, where `data` is not given.
        data: a folder of exports: night1, night2 and so on with truth.csv beside them, or the exports of one night.
        workspace: where everything goes, kept afterwards; None for a folder that is deleted at the end.
        serve: the configuration of a workspace whose published profiles are served as they are: no night is run.
        writes: with `serve`, also take records in; otherwise a workspace that is not ours is only read.
        seconds: how long each phase lasts at least.
        longest_s: how long a phase may last while its night is at work.
        rate: requests a second, of all kinds and clients together.
        clients: processes that make them.
        mix: kind to its share.
        checks: transactions in which a profile is held against its records and merges.
        phases: the names of those phases that are wanted; None for all.
        seed: of the data, the requests and their order.
    """

    records: int = 100_000
    data: Path | None = None
    workspace: Path | None = None
    serve: Configuration | None = None
    writes: bool = False
    seconds: float = 20.0
    longest_s: float = 900.0
    rate: float = 50.0
    clients: int = 4
    mix: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_MIX))
    checks: int = 2_000
    phases: tuple[str, ...] | None = None
    seed: int = 0

    @property
    def checks_alone(self) -> bool:
        """Whether there are more checks than belong beside a load that is measured, so that they get a phase of their own."""
        return self.checks > CHECKS_BESIDE

    def wanted(self) -> tuple[str, ...]:
        """Return the names of the phases that are wanted, in their order."""
        known = SERVED if self.serve is not None else HELD_UP
        return tuple(name for name in known if self.phases is None or name in self.phases)

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigurationError: a size outside its bounds, or options that exclude one another.
        """
        if not 100 <= self.records <= _MAX_RECORDS:
            raise ConfigurationError(f"the number of records must lie between 100 and {_MAX_RECORDS:,}")
        if not 1 <= self.clients <= _MAX_CLIENTS:
            raise ConfigurationError(f"the number of clients must lie between 1 and {_MAX_CLIENTS}")
        if not 1 <= self.seconds <= self.longest_s <= _MAX_SECONDS:
            raise ConfigurationError("a phase lasts at least a second, and no less than it may at most")
        if not 0 <= self.checks <= 100_000_000:
            raise ConfigurationError("the number of checks must lie between 0 and 100,000,000")
        known = SERVED if self.serve is not None else HELD_UP
        if self.phases is not None and (not self.phases or not set(self.phases) <= set(known)):
            raise ConfigurationError("there is no such phase", hint=f"--phases {','.join(known)}")
        if self.serve is not None and (self.data is not None or self.workspace is not None):
            raise ConfigurationError("what is published already is served without new data or another workspace")
        if self.data is not None and not self.data.is_dir():
            raise ConfigurationError(f"{self.data} is not a folder", hint="name the folder that holds the exports")
        self.schedule()

    def schedule(self) -> Schedule:
        """Return the schedule of the requests; a workspace that is not ours is not written to unless that is asked for.

        Raises:
            ConfigurationError: the rate or the mix makes no sense.
        """
        mix = dict(self.mix)
        if self.serve is not None and not self.writes:
            mix.pop("ingest", None)
        return make_schedule(self.rate, mix, seed=self.seed)


def read_count(text: str, what: str) -> int:
    """Read a number such as "10e6".

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return int(float(text.replace(",", "").replace("_", "")))
    except (ValueError, OverflowError):
        raise ConfigurationError(f"the number of {what} cannot be read", hint="such as 100000 or 10e6") from None

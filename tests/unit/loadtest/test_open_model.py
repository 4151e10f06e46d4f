"""The open model: a request is due on the schedule, and whoever has to wait is counted with all of his wait."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.errors import ConfigurationError
from retail_brain.loadtest import drive as driving
from retail_brain.loadtest.client import SharedTurnstile, started
from retail_brain.loadtest.drive import Recording, drive
from retail_brain.loadtest.measure import Measured, percentile
from retail_brain.loadtest.schedule import KINDS, Schedule, make_schedule, parse_mix


@dataclass
class MadeUpTime:
    """A clock that only moves when somebody sleeps, or when the made-up server works."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def process_time(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class OneClient:
    """The turnstile of a single client."""

    clock: MadeUpTime
    stop: float
    grace: float = math.inf
    start_s: float = 0.0
    taken: list[int] = field(default_factory=list)

    def take(self) -> int:
        self.taken.append(len(self.taken))
        return self.taken[-1]

    def is_open(self, due: float) -> bool:
        return due < self.stop and self.clock.now < self.stop + self.grace


def run(service_s: list[float], rate: float, *, grace: float = math.inf) -> Measured:
    """Drive a made-up server that takes so long for each request, with one client."""
    clock, seconds = MadeUpTime(), len(service_s) / rate
    schedule = Schedule(rate=rate, deck=("profile",))

    def ask(number: int) -> int:
        clock.sleep(service_s[number])
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driving, "time", clock)
        recording = drive(ask, OneClient(clock=clock, stop=seconds, grace=grace), schedule)
    return Measured([recording], schedule, 0.0, lasted=seconds, given_up=seconds + (0 if math.isinf(grace) else grace))


def test_a_stall_of_a_second_is_charged_to_everybody_who_had_to_wait() -> None:
    service = [0.002] * 1_000
    service[500] = 1.0
    measured = run(service, rate=50)
    (found,) = measured.latencies()
    late = [ms for ms in measured.latency_ms if ms > 100]
    assert found.max_ms == pytest.approx(1_000)
    assert len(late) > 40, "50 requests fell due during the stall; a closed loop would have made one of them"
    assert found.p99_ms > 700
    assert found.service_p95_ms == pytest.approx(2.0), (
        "the calls themselves were quick: this is what a closed loop tells"
    )
    assert percentile(measured.wait_ms, 99) > 700
    assert measured.generator().lag_max_ms < 0.001, "the load test itself was on time: the wait is the server's"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=80), st.floats(1, 200))
def test_the_latency_is_that_of_a_queue_whatever_the_server_does(service: list[float], rate: float) -> None:
    measured, free = run(service, rate), 0.0
    assert len(measured.due) == len(service)
    for number, seconds in enumerate(service):
        begun = max(number / rate, free)
        free = begun + seconds
        assert measured.latency_ms[number] == pytest.approx((free - number / rate) * 1000, abs=0.01)


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=300), st.sampled_from([50.0, 95.0, 99.0, 100.0]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found, ordered = percentile(values, share), sorted(values)
    assert found == pytest.approx(ordered[max(math.ceil(share / 100 * len(values) - 1e-9), 1) - 1], abs=0.001)


def test_requests_that_nobody_began_are_errors_and_weigh_on_the_percentiles() -> None:
    measured = run([10.0] + [0.001] * 99, rate=100, grace=5.0)
    (found,) = measured.latencies()
    assert measured.errors == {"never begun": 99}
    assert (found.requests, found.errors) == (100, 99)
    assert found.p50_ms > 5_000
    assert measured.failed.sum() == 99


def test_a_failed_call_is_an_error_and_its_kind_is_counted() -> None:
    clock, schedule = MadeUpTime(), Schedule(rate=10, deck=("profile",))

    def ask(number: int) -> int:
        if number % 2:
            raise KeyError(number)
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driving, "time", clock)
        recording = drive(ask, OneClient(clock=clock, stop=1.0), schedule)
    measured = Measured([recording], schedule, 0.0, lasted=1.0, given_up=1.0)
    assert (measured.errors, int(measured.failed.sum())) == ({"KeyError": 5}, 5)


def _count(pipe: object, turnstile: SharedTurnstile) -> None:
    pipe.send(drive(lambda number: 0, turnstile, turnstile.schedule))  # type: ignore[attr-defined]


def test_several_clients_make_each_request_once_and_none_is_left_out() -> None:
    turnstile = SharedTurnstile(Schedule(rate=2_000, deck=("profile",)), grace_s=30)
    turnstile.start(0.0)  # long ago: everything is due
    turnstile.stop(0.5)
    turnstile.grace_s = math.inf
    with started(_count, turnstile) as one, started(_count, turnstile) as other:
        recordings: list[Recording] = [one.receive(60), other.receive(60)]
    assert sorted([*recordings[0].number, *recordings[1].number]) == list(range(1_000))


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from(KINDS), st.integers(1, 99), min_size=1))
def test_the_deck_holds_the_kinds_in_their_shares(mix: dict[str, int]) -> None:
    deck, total = make_schedule(50, mix, seed=1).deck, sum(mix.values())
    assert len(deck) == 1_000
    assert {kind for kind in deck if deck.count(kind) > 1} <= set(mix)
    for kind, share in mix.items():
        assert deck.count(kind) == pytest.approx(1_000 * share / total, abs=1.01)


def test_the_same_seed_asks_in_the_same_order() -> None:
    mix = {"profile": 1.0, "search": 1.0}
    assert make_schedule(5, mix, seed=3) == make_schedule(5, mix, seed=3)
    assert make_schedule(5, mix, seed=3) != make_schedule(5, mix, seed=4)


@pytest.mark.parametrize("text", ["profile", "profile=x", "rain=1", "profile=-1,search=2", "profile=0", ""])
def test_a_mix_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_mix(text)

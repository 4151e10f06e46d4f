"""Which backups are pruned, over years of nights of which some fail, and with clocks that are set."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from retail_brain.backup.retention import Aged, Verdict, decide

START = datetime(2027, 2, 20, 2, 3, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def _aged(moment: datetime, *, verified: bool = True) -> Aged:
    return Aged(backup_id=f"{moment:%Y-%m-%dT%H-%M-%SZ}", made_at=moment, verified=verified)


def _nights(count: int, *, failed: tuple[int, ...] = ()) -> list[Aged]:
    """One backup a night; `failed` names nights, the newest being 0."""
    return [_aged(START - DAY * back, verified=back not in failed) for back in range(count)]


def _decide(backups: list[Aged], now: datetime = START + timedelta(hours=1)) -> Verdict:
    return decide(backups, now=now, keep_days=30, keep_least=7)


def test_what_is_older_than_thirty_days_goes_and_the_rest_stays() -> None:
    nights = _nights(40)
    assert set(_decide(nights).prune) == {night.backup_id for night in nights[30:]}
    assert _decide(_nights(30)).prune == ()


def test_nothing_goes_below_seven_verified_ones_however_old() -> None:
    nights = [_aged(START - DAY * 10 * back) for back in range(9)]
    assert _decide(nights).prune == tuple(night.backup_id for night in reversed(nights[7:]))
    assert not _decide(nights[:7]).prune


def test_failed_ones_do_not_count_as_newer() -> None:
    assert not _decide(_nights(40, failed=tuple(range(1, 34)))).prune


def test_nothing_goes_while_the_newest_is_not_verified() -> None:
    verdict = _decide(_nights(40, failed=(0,)))
    assert (verdict.prune, verdict.doubt) == ((), "newest")


@pytest.mark.parametrize("jump", [timedelta(days=-365), timedelta(days=-2), timedelta(days=60), timedelta(days=3650)])
def test_nothing_goes_where_the_clock_was_set(jump: timedelta) -> None:
    nights = _nights(60)
    verdict = _decide(nights, START + jump)
    assert (verdict.prune, verdict.doubt) == ((), "clock")


@pytest.mark.parametrize("after", [1, 3, 6])
def test_nothing_goes_in_the_week_after_the_clock_was_set_forward(after: int) -> None:
    nights = _nights(60) + [_aged(START + DAY * (60 + night)) for night in range(after)]
    verdict = _decide(nights, START + DAY * (60 + after))
    assert (verdict.prune, verdict.doubt) == ((), "clock")


@pytest.mark.parametrize("moment", [datetime(2028, 2, 29, 2, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)])
def test_leap_days_and_the_hours_of_summer_time_are_days_like_others(moment: datetime) -> None:
    nights = [_aged(moment - DAY * back) for back in range(40)]
    assert len(_decide(nights, moment + timedelta(hours=1)).prune) == 10


def test_a_backup_a_week_is_no_leap_of_the_clock() -> None:
    weeks = [_aged(START - 7 * DAY * back) for back in range(20)]
    assert len(_decide(weeks).prune) == 13


@pytest.mark.parametrize("seed", range(20))
def test_four_hundred_days_with_failures_and_jumps_of_the_clock_keep_what_is_needed(seed: int) -> None:
    draw, kept, made = random.Random(seed), dict[Aged, int](), 0
    jumps = {day: draw.choice([-365, -40, 60, 400]) for day in draw.sample(range(40, 380), 4)}
    for day in range(400):
        wrong = next((jumps[since] for since in range(day, day - 3, -1) if since in jumps), 0)
        if not wrong:  # the clock is right again, and somebody has put away what bears a wrong time
            kept = {backup: when for backup, when in kept.items() if backup.made_at - START == DAY * when}
        now = START + DAY * (day + wrong)
        fate = draw.random()
        if fate > 0.15:  # half of the failures leave nothing, the others a backup that is not verified
            kept[_aged(now, verified=fate > 0.3)] = day
        made = sum(backup.verified for backup in kept)
        verdict = _decide(list(kept), now + timedelta(hours=1))
        gone = {backup: when for backup, when in kept.items() if backup.backup_id in verdict.prune}
        assert all(day - when >= 30 for when in gone.values()), "too early"
        kept = {backup: when for backup, when in kept.items() if backup not in gone}
        verified = sum(backup.verified for backup in kept)
        assert verified >= min(made, 7)
        if not wrong and not verdict.doubt:
            floor = sorted(when for backup, when in kept.items() if backup.verified)[-7:]
            assert all(day - when <= 31 or when >= floor[0] for when in kept.values() if floor)

"""Which backups go: a pure decision over their ages and whether they are verified.

Apart from removing them, so that years of nights can be tried in a second. Where the clock or the newest backups cannot be trusted, none
goes: too many backups cost disk, too few cost the company.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median_high
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_AHEAD = timedelta(hours=1)
_LEAP = timedelta(days=7)
_USUAL_STEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """One backup, as far as it matters here."""

    backup_id: str
    made_at: datetime
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The backups that go, the oldest first; or why none may."""

    prune: tuple[str, ...] = ()
    why_none: str = ""
    doubt: Literal["", "clock", "newest"] = ""
    """What cannot be trusted, where that is why: the clock, or the newest backup."""


def decide(backups: Sequence[Aged], *, now: datetime, keep_days: int, keep_least: int) -> Verdict:
    """Say which backups are to be removed.

    A backup goes when it is older than `keep_days`, and at least `keep_least` verified ones are newer. So the last verified one never does.

    Args:
        backups: all of a target, in any order.
        now: the clock.
        keep_days: how long one stays, in days.
        keep_least: how many newer verified ones there must be, at least 1.

    Returns:
        What goes. Nothing does where the newest backup is not verified, bears a time to come, or a leap in the times of the
        newest ones shows that the clock was set.
    """
    ordered = sorted(backups, key=lambda backup: backup.made_at)
    if ordered and ordered[-1].made_at - now > _AHEAD:
        late = f"the newest backup {ordered[-1].backup_id} was made after now: was the clock set back?"
        return Verdict(why_none=late, doubt="clock")
    old = [backup for backup in ordered if now - backup.made_at > timedelta(days=keep_days)]
    if not old:
        return Verdict(why_none=f"none is older than {keep_days} days")
    if not ordered[-1].verified:
        return Verdict(why_none=f"the newest backup {ordered[-1].backup_id} is not verified", doubt="newest")
    if leap := _leap([backup.made_at for backup in ordered], now, keep_least):
        return Verdict(why_none=leap, doubt="clock")
    verified = [backup for backup in ordered if backup.verified]
    goes = tuple(backup.backup_id for backup in old if _newer(verified, backup) >= max(keep_least, 1))
    return Verdict(
        prune=goes, why_none="" if goes else f"fewer than {keep_least} verified ones are newer than the old ones"
    )


def _newer(verified: Sequence[Aged], backup: Aged) -> int:
    return sum(other.made_at > backup.made_at for other in verified)


def _leap(moments: list[datetime], now: datetime, keep_least: int) -> str:
    """Return why the clock seems to have leapt: a step among the newest backups, or up to now, far longer than usual."""
    steps = [(late - early, early, late) for early, late in zip(moments, [*moments[1:], now], strict=True)]
    usual = median_high(step for step, _, _ in steps)
    for step, early, late in steps[-keep_least - 1 :]:
        if step > max(_LEAP, usual * _USUAL_STEPS):
            return (
                f"there is no backup between {early:%Y-%m-%d} and {late:%Y-%m-%d}: was the clock set, or was none made?"
            )
    return ""

"""What taking a run back answers: the plan, what was done, or why nothing was to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertedProfile:
    """A profile that is not the same afterwards: how many records it has now, and the profiles that these are in then."""

    profile_id: str
    records: int
    becomes: tuple[tuple[str, int], ...]
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertResult:
    """A run taken back, or what taking it back would do.

    Attributes:
        status: planned (nothing was changed), reverted, moved (nothing was changed: the plan is not the one that was asked
            for), already reverted.
        run_id: the run that was asked for.
        run_ids: the runs that are taken back, the newest first.
        revert_run_id: the run that took them back.
        plan: hash of everything that is going to differ; the same hash, the same change.
        files: what those runs took in, as source: file.
        records_out: records that the runs brought: no profile holds them any more.
        records_back: records that the runs found gone: they are in their profiles again.
        records_restored: records that get the values back that they had.
        records_moved: records that were there before and go back to another profile.
        records_waiting: records that came between two runs: the next run looks for their place again.
        merges_unmade: merges that stand no more.
        merges_again: merges that had ended and stand again.
        ids_alive: profile ids that had come to lead elsewhere and are profiles again.
        ids_ended: profile ids that lead elsewhere from now on, or nowhere.
        profiles: profiles concerned, as they are now.
        profiles_after: profiles concerned, as they are afterwards.
        largest: the largest profiles that are not the same afterwards.
        withdrawn: decisions that are taken back with it.
        reverted_at: when it was taken back before, and by whom.
        seal: the newest digest of the log.
        warnings: what a person should know, such as that Redis does not answer.
    """

    status: Literal["planned", "reverted", "moved", "already reverted"]
    run_id: int
    run_ids: tuple[int, ...] = ()
    revert_run_id: int | None = None
    plan: str | None = None
    files: tuple[str, ...] = ()
    records_out: int = 0
    records_back: int = 0
    records_restored: int = 0
    records_moved: int = 0
    records_waiting: int = 0
    merges_unmade: int = 0
    merges_again: int = 0
    ids_alive: int = 0
    ids_ended: int = 0
    profiles: int = 0
    profiles_after: int = 0
    largest: tuple[RevertedProfile, ...] = ()
    withdrawn: tuple[int, ...] = ()
    reverted_at: datetime | None = None
    reverted_by: str | None = None
    seal: str | None = None
    warnings: tuple[str, ...] = ()

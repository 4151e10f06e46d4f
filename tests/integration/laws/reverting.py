"""The laws of taking runs back: any of the last ones, whatever came since, and a night afterwards that changes nothing."""

from __future__ import annotations

from copy import copy
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

import naive_revert
from naive_model import RefusedByHand, Tonight
from naive_revert import PastNight, seeds_of
from retail_brain.store.revert import KEPT_RUNS

if TYPE_CHECKING:
    from naive_model import Model


class Reverting:
    """What the state machine needs to take runs back; it remembers each night that was published."""

    past: list[PastNight]
    generation: int

    def remember(self: Any, before: Model, base: Tonight) -> None:
        """Remember a night that was just published."""
        self.generation += 1
        if before.nights:
            self.past.append(
                PastNight(
                    run_id=self.real.workspace_of, generation=self.generation, before=before,
                    seeds=seeds_of(before, self.naive), base=base.copied(),
                )
            )  # fmt: skip

    def can_revert(self: Any) -> list[int]:
        """The places of the nights that can be taken back: young, and by the model of today."""
        return [
            place
            for place, night in enumerate(self.past)
            if self.generation - night.generation < KEPT_RUNS
            and night.base.model == self.real.published.model == self.world.model
        ]

    @precondition(lambda self: self.can_revert())
    @rule(seed=st.integers(0, 9999), with_later=st.sampled_from((True, True, False)))
    def revert(self: Any, seed: int, with_later: bool) -> None:
        self.drop_held()
        nights = self.past[Random(seed).choice(self.can_revert()[-4:]) :]
        taken = self.naive.copied()
        try:
            naive_revert.revert(taken, nights, with_later=with_later)
        except RefusedByHand:
            assert not self.real.revert(nights[0].run_id, with_later=with_later), "what came later did not stop it"
            self.done("revert refused")
            return
        assert self.real.revert(nights[0].run_id, with_later=with_later), "refused, and nothing stands in the way"
        self.naive, self.past, self.generation = taken, self.past[: -len(nights)], self.generation + 1
        self.real.published, self.real.workspace_of = nights[0].base.copied(), None
        for name in vars(Tonight()):
            setattr(self.world, name, copy(getattr(nights[0].base, name)))
        self.done("revert")
        assert self.real.rows(self.golden_query) == self.real.golden_values(), "a profile is not what its records make"
        must = taken.ruled("must_link")
        unheld = any(row.cause == "must_link" and ends not in must for ends, row in taken.live().items())
        news = taken.freed or taken.taken_back or unheld or self.contradicted()
        before = self.state()
        self.run("as usual")
        assert news or self.state() == before, "a night without news changed something after a run was taken back"

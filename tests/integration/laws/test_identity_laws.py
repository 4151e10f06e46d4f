"""The laws of identity: whatever happens in whatever order, the real thing is the naive model, and every invariant holds.

A few thousand operations here; `nox -s laws` does a hundred thousand.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import DONE, Identity
from psycopg import sql
from retailer import given_scores

from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retail_brain.model import PostgresAddress

OPERATIONS = int(os.environ.get("LAWS_OPERATIONS", "3000"))
SEED = int(os.environ.get("LAWS_SEED", "1"))
SOAK = "LAWS_OPERATIONS" in os.environ
EXAMPLES, STEPS = 5, 50
HALVES = 2


@pytest.fixture
def machine(template: PostgresAddress) -> Iterator[Callable[[], Identity]]:
    """Return what makes a retailer with a database of its own; scores are given."""

    @contextmanager
    def new_database() -> Iterator[PostgresAddress]:
        name = f"rb_laws_{os.getpid()}"
        source, target = sql.Identifier(template.dbname), sql.Identifier(name)
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(target))
        admin.execute(sql.SQL("create database {} template {} strategy file_copy").format(target, source))
        yield replace(template, dbname=name)
        admin.execute(sql.SQL("drop database {} with (force)").format(target))

    with connect(replace(template, dbname="postgres"), autocommit=True) as admin, given_scores():
        Identity.new_database = staticmethod(new_database)
        yield Identity


@pytest.mark.parametrize("half", range(HALVES))
def test_whatever_happens_the_real_thing_is_the_naive_model(machine: Any, half: int) -> None:
    profile = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.generate] + [Phase.shrink] * (not SOAK),
    )  # fmt: skip
    begun, round_no = DONE["all"], 0
    while DONE["all"] - begun < OPERATIONS // HALVES:
        run_state_machine_as_test(seed(1000 * SEED + HALVES * round_no + half)(machine), settings=profile)
        round_no += 1
    sys.stderr.write(f"operations so far: {dict(DONE.most_common())}\n")


def test_merges_on_merges_are_undone_in_any_order_until_every_record_is_alone(machine: Any) -> None:
    state, random = machine(), Random(SEED)
    state.open(seed=SEED)
    while state.naive.depth() < 10 and len(state.naive.numbers) < 40:
        state.one_more_of_the_largest(random.randrange(9999))
        state.run("as usual")
    assert state.naive.depth() >= 10
    while state.naive.live():
        state.rollback(random.randrange(9999))
        if random.random() < 0.4:
            state.run(random.choice(("as usual", "workspace lost")))
    state.run("as usual")
    assert len(set(state.naive.profiles.values())) == len(state.naive.profiles)
    state.teardown()


def test_an_id_that_people_carried_elsewhere_comes_back_with_the_run_taken_back(machine: Any) -> None:
    state = machine()
    state.open(seed=SEED)
    state.keys += 4
    for number in (11, 12, 13, 14, 11):
        state.world.versions[f"r{number:03}"] = state.world.newest = state.world.newest + 1
        if number == 14:
            state.world.weights |= {frozenset(("r011", "r012")): 10.0, frozenset(("r013", "r014")): 10.0}
            state.run("as usual")
            before = dict(state.naive.profiles)
    state.run("as usual")
    state.both(lambda: state.real.join("r012", "r013"), lambda: state.naive.join(12, 13))
    state.done("join")
    cuts = {(11, 12), (12, 13)}
    state.both(lambda: state.real.unmerge(cuts), lambda: state.naive.unmerge(cuts, "cut"))
    state.done("rollback")
    assert before[11] == before[12] == state.naive.profiles[13] == state.naive.profiles[14] != before[13]
    state.past = state.past[-1:]
    state.revert(seed=SEED, with_later=True)
    assert state.naive.profiles == before
    state.teardown()

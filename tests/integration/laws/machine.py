"""The state machine of the laws: sources deliver, nights run, people undo, join, rule and take back, in any order.

After every operation that reaches PostgreSQL the real thing is held against the naive model: who is together under which id, the merge log
row by row, where every former id leads, the decisions, the refused links; and every invariant is checked.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from retailer import IN_FORCE, LIVE, MOST_VALUES, THRESHOLD, Matched, Retailer
from reverting import Reverting

from naive import pair
from naive_model import Model, RefusedByHand, Tonight
from retail_brain.store.invariant import check_invariants
from retail_brain.store.seal import verify_log

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_RECORDS = 60
BITS = (1.0, 4.0, 4.0, 7.0, 10.0)
DONE: Counter[str] = Counter()
"""How many operations of each kind were done in this process, in all, and how deep merges stood on merges."""

seeds = st.integers(0, 9999)


class World(Tonight):
    """What the sources deliver, as chance has it. What scoring says of two records depends on their versions alone."""

    def arrive(self, random: Random, key: str) -> None:
        """A record comes, comes back, or changes: scoring says something new of it and some others."""
        self.forget(key)
        self.versions[key] = self.newest = self.newest + 1
        others = sorted(set(self.versions) - {key})
        near = others[-6:] if random.random() < 0.5 else others
        for other in random.sample(near, min(len(near), random.randint(0, 4))):
            self.score(random, frozenset((key, other)))
        if random.random() < 0.15:
            self.values[key] = random.choice("ABC")

    def score(self, random: Random, ends: frozenset[str]) -> None:
        """Say something of a pair."""
        if random.random() < 0.85:
            self.weights[ends] = random.choice(BITS) + random.choice((0.0, 0.0, 0.5))
        if random.random() < 0.15:
            self.clashes.add(ends)
        elif self.weights.get(ends, 0.0) >= THRESHOLD and random.random() < 0.05:
            self.doubts.add(ends)

    def forget(self, key: str) -> None:
        """A record has other values from now on, or none."""
        self.weights = {ends: bits for ends, bits in self.weights.items() if key not in ends}
        self.clashes = {ends for ends in self.clashes if key not in ends}
        self.doubts = {ends for ends in self.doubts if key not in ends}
        self.values.pop(key, None)
        self.versions.pop(key, None)

    newest: int = 0


class Identity(Reverting, RuleBasedStateMachine):
    """One retailer: its real database, its naive model, and what its sources deliver."""

    new_database: Callable[[], Any]
    golden_query = property(lambda _self: GOLDEN_VALUES)

    @initialize(seed=seeds)
    def open(self, seed: int) -> None:
        self.world, self.naive, self.keys = World(), Model(threshold=THRESHOLD, most_values=MOST_VALUES), 0
        self.held: Matched | None = None
        self.past, self.generation = [], 0
        self.labels: dict[Any, Any] = {None: None}
        self.database = self.new_database()
        self.real = Retailer(self.database.__enter__())
        self.new_records(seed, records=10)
        self.run("as usual")

    def teardown(self) -> None:
        if not hasattr(self, "real"):
            return
        try:
            verify_log(self.real.pg)
        finally:
            self.real.close()
            self.database.__exit__(None, None, None)

    # what sources deliver

    @precondition(lambda self: self.keys < MOST_RECORDS)
    @rule(seed=seeds, records=st.integers(1, 3))
    def new_records(self, seed: int, records: int) -> None:
        random = Random(seed)
        for _ in range(records):
            self.keys += 1
            self.world.arrive(random, f"r{self.keys:03}")
        self.done("ingest")

    @precondition(lambda self: self.naive.profiles and self.keys < MOST_RECORDS)
    @rule(seed=seeds)
    def one_more_of_the_largest(self, seed: int) -> None:
        """A record that a profile grows by: merges on merges."""
        random, sizes = Random(seed), Counter(self.naive.profiles.values())
        largest = max(sizes, key=lambda profile: (sizes[profile], str(profile)))
        members = self.naive.members(largest)
        near = [key for key, no in self.naive.numbers.items() if no in members and key in self.world.versions]
        self.keys += 1
        self.world.arrive(random, f"r{self.keys:03}")
        for key in random.sample(near, min(2, len(near))):
            self.world.weights[frozenset((key, f"r{self.keys:03}"))] = random.choice(BITS[1:])
        self.done("ingest")

    @precondition(lambda self: self.world.versions)
    @rule(seed=seeds)
    def a_record_changes(self, seed: int) -> None:
        random = Random(seed)
        self.world.arrive(random, random.choice(sorted(self.world.versions)))
        self.done("change")

    @rule(seed=seeds, several=st.integers(1, 12))
    def a_source_delivers(self, seed: int, several: int) -> None:
        """Several operations before anybody looks: as a day has them."""
        for number in range(several):
            what = Random(seed + number).choice(("new", "new", "largest", "changes", "changes", "returns", "vanishes"))
            if what == "new" and self.keys < MOST_RECORDS:
                self.new_records(seed + number, 1)
            elif what == "largest" and self.keys < MOST_RECORDS and self.naive.profiles:
                self.one_more_of_the_largest(seed + number)
            elif what == "returns" and self.keys > len(self.world.versions):
                self.a_record_comes_back(seed + number)
            elif what == "vanishes" and len(self.world.versions) > MOST_RECORDS // 2:
                self.a_record_vanishes(seed + number)
            elif self.world.versions:
                self.a_record_changes(seed + number)

    another_source_delivers = a_source_delivers
    a_third_source_delivers = a_source_delivers

    @precondition(lambda self: self.world.versions)
    @rule(seed=seeds)
    def a_record_vanishes(self, seed: int) -> None:
        self.world.forget(Random(seed).choice(sorted(self.world.versions)))
        self.done("remove")

    @precondition(lambda self: self.keys > len(self.world.versions))
    @rule(seed=seeds)
    def a_record_comes_back(self, seed: int) -> None:
        random = Random(seed)
        gone = sorted({f"r{number:03}" for number in range(1, self.keys + 1)} - set(self.world.versions))
        self.world.arrive(random, random.choice(gone))
        self.done("return")

    @precondition(lambda self: len(self.world.versions) > 1)
    @rule(seed=seeds)
    def another_model(self, seed: int) -> None:
        """A new model scores some pairs differently."""
        random = Random(seed)
        self.world.model += 1
        for _ in range(random.randint(0, 4)):
            ends = frozenset(random.sample(sorted(self.world.versions), 2))
            self.world.weights.pop(ends, None)
            self.world.doubts.discard(ends)
            self.world.clashes.discard(ends)
            self.world.score(random, ends)
        self.done("retrain")

    # nights

    @rule(how=st.sampled_from(("as usual", "as usual", "workspace lost", "held")))
    def run(self, how: str) -> None:
        if how == "workspace lost":
            self.real.workspace_of = None
            self.done("rebuild")
        self.drop_held()
        if how == "held":
            self.held = self.real.match(self.world)
            self.real.hold(self.held)
            self.done("hold")
        else:
            before, base = self.naive, self.real.published
            self.real.night(self.world)
            self.naive = self.naive.night(self.world)
            self.remember(before, base)
            self.done("run")

    @rule(seed=seeds, undo=st.booleans(), how=st.sampled_from(("as usual", "workspace lost")))
    def a_night_without_news_changes_nothing(self, seed: int, undo: bool, how: str) -> None:
        """Nor does it where merges were undone since the last one."""
        self.run("as usual")
        if undo and self.naive.live() and not self.contradicted():
            self.rollback(seed)
        before = self.state()
        self.run(how)
        assert self.state() == before, "a night without news changed something"
        self.done("re-run")

    @precondition(lambda self: self.held is not None)
    @rule()
    def approve(self) -> None:
        assert self.held is not None
        before, base = self.naive, self.real.published
        self.real.publish(self.held)
        self.naive = self.naive.night(self.held.tonight)
        self.remember(before, base)
        self.held = None
        self.done("approve")

    @rule(seed=seeds, between=st.sampled_from(("rollback", "join", "withdraw", "nothing")))
    def approve_what_people_overtook(self, seed: int, between: str) -> None:
        """Somebody changes what a held run was made from; it is approved all the same, and nobody's change is lost."""
        self.run("held")
        if between == "rollback" and self.naive.live():
            self.rollback(seed)
        elif between == "join" and len(self.naive.profiles) > 1:
            self.join(seed)
        elif between == "withdraw" and self.naive.ruled("cannot_link") | self.naive.ruled("must_link"):
            self.withdraw(seed)
        self.approve()

    @precondition(lambda self: self.held is not None)
    @rule()
    def discard(self) -> None:
        self.drop_held()
        self.done("discard")

    def drop_held(self) -> None:
        if self.held is not None:
            self.real.discard(self.held)
            self.held = None

    # what people do

    @precondition(lambda self: self.naive.live())
    @rule(seed=seeds)
    def rollback(self, seed: int) -> None:
        self.undo(Random(seed), 1)

    @precondition(lambda self: self.naive.live())
    @rule(seed=seeds, several=st.sampled_from((2, 3, 99)))
    def rollback_of_several(self, seed: int, several: int) -> None:
        self.undo(Random(seed), several)

    def undo(self, random: Random, several: int) -> None:
        live = sorted(self.naive.live())
        first = random.choice(live)
        if several == 99:  # every merge of a profile
            members = self.naive.members(self.naive.profiles[first[0]])
            cuts = {ends for ends in live if ends[0] in members}
        else:
            cuts = {first, *random.sample(live, min(several, len(live)) - 1)}
        token = ("unmerge", len(self.naive.log))
        self.both(lambda: self.real.unmerge(cuts), lambda: self.naive.unmerge(cuts, token))
        assert self.real.rows(GOLDEN_VALUES) == self.real.golden_values(), "a half is not what its own records make"
        self.done("rollback")

    @precondition(lambda self: len(self.naive.profiles) > 1)
    @rule(seed=seeds)
    def join(self, seed: int) -> None:
        ends = pair(*Random(seed).sample(sorted(self.naive.profiles), 2))
        keys = {number: key for key, number in self.naive.numbers.items()}
        self.both(lambda: self.real.join(*(keys[no] for no in ends)), lambda: self.naive.join(*ends))
        self.done("join")

    @precondition(lambda self: len(set(self.naive.profiles.values())) > 1)
    @rule(seed=seeds)
    def decide_different(self, seed: int) -> None:
        random = Random(seed)
        ends = pair(*random.sample(sorted(self.naive.profiles), 2))
        known = ends in self.naive.ruled("cannot_link") | self.naive.ruled("must_link")
        if self.naive.profiles[ends[0]] != self.naive.profiles[ends[1]] and not known:
            self.real.rule_different(ends)
            self.naive.rule_different(ends)
            self.done("different")

    @precondition(lambda self: any(not one.withdrawn and one.kind != "withdraw" for one in self.naive.decisions))
    @rule(seed=seeds)
    def withdraw(self, seed: int) -> None:
        standing = [one for one in self.naive.decisions if not one.withdrawn and one.kind != "withdraw"]
        decision = Random(seed).choice(sorted(standing, key=lambda one: (one.kind, one.pair)))
        self.real.withdraw(decision.kind, decision.pair)
        self.naive.withdraw(decision)
        self.done("withdraw")

    def contradicted(self) -> bool:
        """Whether a must-link stands between two profiles, since other rulings refuse it."""
        now = self.naive.profiles
        return any(now.get(x) != now.get(y) for x, y in self.naive.ruled("must_link") if {x, y} <= set(now))

    def both(self, really: Callable[[], None], naively: Callable[[], None]) -> None:
        """Do it on both sides: both refuse, or neither."""
        answers = []
        for act in (naively, really):
            try:
                act()
                answers.append("done")
            except RefusedByHand:
                answers.append("refused")
        assert answers[0] == answers[1], f"by the rules: {answers[0]}; really: {answers[1]}"

    # what must hold

    def done(self, operation: str) -> None:
        """Count an operation, and hold both sides against each other."""
        DONE[operation] += 1
        DONE["all"] += 1
        DONE["deepest"] = max(DONE["deepest"], self.naive.depth())
        if operation not in {"ingest", "change", "remove", "return", "retrain", "rebuild"}:
            self.compare()

    def compare(self) -> None:
        broken = check_invariants(self.real.pg)
        assert broken == [], broken
        crosswalk = dict(self.real.rows(CROSSWALK))
        for number, profile in crosswalk.items():
            label = self.naive.profiles.get(number)
            assert self.labels.setdefault(profile, label) == label, f"record {number}: another id than the rules give"
        assert len(set(self.labels.values())) == len(self.labels), "one id for two"
        assert set(crosswalk) == set(self.naive.profiles)
        self.compare_merges()
        ends = {self.labels[alias]: self.labels[profile] for alias, profile in self.real.rows(ALIAS_ENDS)}
        assert ends == {alias: self.naive.end_of(alias) for alias in self.naive.aliases}
        assert {row[1:] for row in self.real.rows(IN_FORCE)} == {
            (one.kind, *one.pair) for one in self.naive.decisions if not one.withdrawn and one.kind != "withdraw"
        }
        assert set(self.real.rows(REFUSED)) == self.naive.refused

    def compare_merges(self) -> None:
        assert {row[1:] for row in self.real.rows(LIVE)} == set(self.naive.live())
        rows = sorted(self.real.rows(LOG), key=lambda row: row[2:4])  # of one pair in the order of their numbers
        ours = sorted(self.naive.log, key=lambda row: row.pair)
        for mine, (*told, weight, now, left, right) in zip(ours, rows, strict=True):
            if mine.cause == "must_link" and mine.weight is None:
                mine.weight = weight  # what a merge by hand is told to weigh is what the review queue knew
            assert (mine.kind, mine.cause, *mine.pair) == tuple(told)
            assert mine.profiles == tuple(self.labels[profile] for profile in (now, left, right)), told

    def state(self) -> list[Any]:
        return [self.real.rows(query) for query in (CROSSWALK, LOG, ALIAS_ENDS, PROFILES)]


CROSSWALK = "select record_no, profile_id from source_record where profile_id is not null order by 1"
LOG = "select kind, cause, record_no_l, record_no_r, match_weight, profile_id, profile_id_l, profile_id_r from identity_merge_log order by merge_id"
REFUSED = "select record_no_l, record_no_r from review_item where kind = 'refused' order by 1, 2"
PROFILES = "select profile_id, record_count, first_record_no, given_name, email, provenance::text, version from profile order by 1"
GOLDEN_VALUES = (
    "select profile_id, given_name, email, record_count, first_record_no, provenance::text from profile order by 1"
)
ALIAS_ENDS = """
with recursive way as (
  select alias_id, profile_id from profile_alias
  union all
  select way.alias_id, further.profile_id from way join profile_alias as further on further.alias_id = way.profile_id
)
select alias_id, profile_id from way
where profile_id is null or not exists (select from profile_alias as further where further.alias_id = way.profile_id)
"""

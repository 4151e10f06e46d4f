"""What identity means, in plain Python and slowly: the model that the real thing is held against.

Written from the rules alone (walk the links, keep apart what must be kept apart, give ids, write the log). Records are numbers; an id is
the label of when and by which record it came up, and the real ids are compared with the labels one to one.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from naive import Pair, groups_of, pair, resolve, way


@dataclass
class Merge:
    """A row of the log; `ended` says that another row inverts it."""

    kind: str
    cause: str
    pair: Pair
    weight: float | None = None
    profiles: tuple[Any, Any, Any] = (None, None, None)
    ended: bool = False


@dataclass
class Decision:
    """A ruling; `withdrawn` says that another row takes it back."""

    kind: str
    pair: Pair
    withdrawn: bool = False


@dataclass
class Tonight:
    """What a night is given: the version of each record, and what scoring says of every two of them, all by key."""

    versions: dict[str, int] = field(default_factory=dict)
    weights: dict[frozenset[str], float] = field(default_factory=dict)
    clashes: set[frozenset[str]] = field(default_factory=set)
    doubts: set[frozenset[str]] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    model: int = 1

    def copied(self) -> Tonight:
        """The same, whatever is delivered later."""
        new = Tonight()
        for name in vars(new):
            setattr(new, name, copy(getattr(self, name)))
        return new


class RefusedByHand(Exception):  # noqa: N818 - an answer, no error
    """A person asked for what contradicts a decision in force."""


@dataclass
class Model:
    """All that is known after a number of nights and rulings."""

    threshold: float
    most_values: int
    numbers: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    profiles: dict[int, Any] = field(default_factory=dict)
    aliases: dict[Any, Any] = field(default_factory=dict)
    log: list[Merge] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    known_links: set[Pair] = field(default_factory=set)
    refused: set[Pair] = field(default_factory=set)
    freed: list[Pair] = field(default_factory=list)
    taken_back: set[Pair] = field(default_factory=set)
    model: int = 1
    nights: int = 0
    seen: int = 0

    # what stands

    def live(self) -> dict[Pair, Merge]:
        """The merges that stand."""
        return {row.pair: row for row in self.log if row.kind == "merge" and not row.ended}

    def ruled(self, kind: str) -> set[Pair]:
        """The pairs that decisions of a kind in force are about."""
        return {decision.pair for decision in self.decisions if decision.kind == kind and not decision.withdrawn}

    def members(self, profile: Any) -> set[int]:
        """The records of a profile."""
        return {number for number, other in self.profiles.items() if other == profile}

    def end_of(self, profile: Any) -> Any:
        """Where an id leads."""
        while profile in self.aliases:
            profile = self.aliases[profile]
        return profile

    def depth(self) -> int:
        """How deep merges stand on merges."""
        trees: dict[int, tuple[frozenset[int], int]] = {}
        for x, y in self.live():
            (left, under), (right, beside) = (trees.get(no, (frozenset({no}), 0)) for no in (x, y))
            trees.update(dict.fromkeys(left | right, (left | right, 1 + max(under, beside))))
        return max((height for _tree, height in trees.values()), default=0)

    def copied(self) -> Model:
        """Another model that says the same."""
        new = Model(threshold=self.threshold, most_values=self.most_values)
        for name, value in vars(self).items():
            setattr(new, name, [copy(row) for row in value] if name in {"log", "decisions"} else copy(value))
        return new

    # a night

    def night(self, tonight: Tonight) -> Model:
        """What stands after a night; this model stays what it was."""
        after = self.copied()
        changed, gone = after._take(tonight)
        numbers = {key: number for key, number in after.numbers.items() if key in tonight.versions}
        weights = {
            pair(*(numbers[key] for key in keys)): weight
            for keys, weight in tonight.weights.items()
            if keys <= set(numbers)
        }
        clashes = {pair(*(numbers[key] for key in keys)) for keys in tonight.clashes if keys <= set(numbers)}
        values = {numbers[key]: value for key, value in tonight.values.items() if key in numbers}
        links = {edge for edge, weight in weights.items() if weight >= after.threshold}
        doubts = {pair(*(numbers[key] for key in keys)) for keys in tonight.doubts if keys <= set(numbers)}
        still = after._still_refused(changed, tonight.model) | (doubts - set(after.live()))
        records = set(numbers.values())
        tree, refused = after._resolve(records, weights, links - still, clashes, values)
        after._note(tree, weights, changed, gone)
        before = dict(after.profiles)
        after._name(groups_of(records, tree), before, ("night", after.nights + 1), records)
        after._finish_log(before)
        must, cannot = after.ruled("must_link"), after.ruled("cannot_link")
        after.refused = {
            (x, y)
            for x, y in refused | (still & links)
            if (x, y) not in must | cannot and after.profiles[x] != after.profiles[y]
        }
        after.known_links, after.nights = links, after.nights + 1
        after.freed, after.taken_back, after.model = [], set(), tonight.model
        after.seen = len(after.decisions)
        return after

    def _take(self, tonight: Tonight) -> tuple[set[int], set[int]]:
        """Number the new records; say which are not what they were, and which are gone."""
        for key in sorted(set(tonight.versions) - set(self.numbers)):
            self.numbers[key] = len(self.numbers) + 1
        changed = {self.numbers[key] for key, version in tonight.versions.items() if self.versions.get(key) != version}
        gone = {self.numbers[key] for key in self.versions if key not in tonight.versions}
        self.versions = dict(tonight.versions)
        return changed | gone, gone

    def _still_refused(self, changed: set[int], model: int) -> set[Pair]:
        """Links of before between two profiles stay refused until a record changes or a ruling between them is withdrawn.

        What another model made a link counts only where it was refused.
        """
        freed = {frozenset(self.profiles.get(no) for no in ends) for ends in self.freed}
        return {
            (x, y)
            for x, y in self.refused | (self.known_links if model == self.model else set())
            if not {x, y} & changed
            and self.profiles[x] != self.profiles[y]
            and frozenset((self.profiles[x], self.profiles[y])) not in freed
        }

    def _resolve(
        self,
        records: set[int],
        weights: dict[Pair, float],
        links: set[Pair],
        clashes: set[Pair],
        values: dict[int, Any],
    ) -> tuple[list[Pair], set[Pair]]:
        """Rank the links and walk them."""
        must = {edge for edge in self.ruled("must_link") if set(edge) <= records}
        apart = {edge for edge in self.ruled("cannot_link") if set(edge) <= records}
        stands = set(self.live())
        ranked = sorted(
            (links | must) - apart,
            key=lambda edge: (edge not in must, edge not in stands, -weights.get(edge, float("-inf")), edge),
        )
        by_hand = len(must - apart)
        held = sum(edge in must or edge in stands for edge in ranked)
        bounds = [(self.most_values, values)] if self.most_values else []
        return resolve(ranked, held=held, by_hand=by_hand, apart=apart - must, clashes=clashes - must, bounds=bounds)

    def _note(self, tree: list[Pair], weights: dict[Pair, float], changed: set[int], gone: set[int]) -> None:
        """Write the log: merges that do not stand any more, then new ones."""
        live, must = self.live(), self.ruled("must_link")
        for edge in sorted(set(live) - set(tree)):
            cause = "withdrawn" if edge in self.taken_back else "rescored"
            cause = "gone" if set(edge) & gone else "changed" if set(edge) & changed else cause
            live[edge].ended = True
            self.log.append(Merge("split", cause, edge, live[edge].weight))
        for edge in sorted(set(tree) - set(live)):
            self.log.append(Merge("merge", "must_link" if edge in must else "match", edge, weights.get(edge)))

    def _finish_log(self, before: dict[int, Any]) -> None:
        for row in self.log:
            if row.profiles == (None, None, None):
                x, y = row.pair
                row.profiles = (self.profiles.get(x), before.get(x), before.get(y))

    def _name(self, groups: list[set[int]], before: dict[int, Any], token: Any, records: set[int]) -> None:
        """Give each group the id that most of its records had; one id to one group; a new one to the others."""
        first = {profile: min(no for no in before if before[no] == profile) for profile in set(before.values())}
        wants: dict[Any, list[set[int]]] = {}
        for group in groups:
            had = Counter(before[no] for no in group if no in before)
            if had:
                best = min(had, key=lambda profile: (-had[profile], first[profile]))
                wants.setdefault(best, []).append(group)
        kept = {}
        for profile, claims in wants.items():
            held = [({no for no in group if before.get(no) == profile}, group) for group in claims]
            _mine, winner = min(held, key=lambda claim: (-len(claim[0]), min(claim[0])))
            kept[frozenset(winner)] = profile
        for number in set(before) - records:
            del self.profiles[number]
        for group in groups:
            profile = kept.get(frozenset(group), (min(group), token))
            self.profiles.update(dict.fromkeys(group, profile))
        for profile in set(before.values()) - set(self.profiles.values()):
            went = Counter(self.profiles[no] for no in before if before[no] == profile and no in self.profiles)
            start = {
                new: min(no for no in before if before[no] == profile and self.profiles.get(no) == new) for new in went
            }
            self.aliases[profile] = min(went, key=lambda new: (-went[new], start[new])) if went else None

    # what a person does

    def unmerge(self, cuts: set[Pair], token: Any) -> None:
        """Cut merges that stand, all together, and keep apart the two records of each."""
        live, must = self.live(), self.ruled("must_link")
        touched = {no for no in self.profiles if self.profiles[no] in {self.profiles[edge[0]] for edge in cuts}}
        left = [edge for edge in live if edge not in cuts]
        parts = groups_of(touched, left)
        for x, y in must - cuts:
            together = x in touched and y in touched and self.profiles[x] == self.profiles[y]
            if together and not any({x, y} <= part for part in parts):
                raise RefusedByHand
        for edge in sorted(cuts):
            live[edge].ended = True
            self.log.append(Merge("unmerge", "decision", edge, live[edge].weight))
            self._withdraw_pair("must_link", edge)
            self.decisions.append(Decision("cannot_link", edge))
        before = {no: self.profiles[no] for no in touched}
        self._name(parts, before, token, touched)
        self._finish_log(before)
        self._lead_back(before)
        self.refused -= cuts

    def _lead_back(self, before: dict[int, Any]) -> None:
        """Let each id that led to one of these profiles lead to where most of those records went that once bore it."""
        bore = {(no, was) for row in self.log for no, was in zip(row.pair, row.profiles[1:], strict=True)}
        wanted = {}
        for alias in [alias for alias in self.aliases if self.end_of(alias) in set(before.values())]:
            records = sorted(no for no, was in bore if was == alias and no in before)
            went = Counter(
                self.profiles[no] for no in records
            )  # the first record decides a tie: counts keep their order
            if went:
                wanted[alias] = went.most_common(1)[0][0]
        while wrong := {alias: to for alias, to in wanted.items() if self.end_of(alias) != to}:
            self.aliases |= wrong

    def _withdraw_pair(self, kind: str, edge: Pair) -> None:
        for decision in list(self.decisions):
            if decision.kind == kind and decision.pair == edge and not decision.withdrawn:
                self.withdraw(decision)

    def join(self, x: int, y: int) -> None:
        """Say that two records are one person."""
        edge = pair(x, y)
        p, q = self.profiles[x], self.profiles[y]
        if any(
            {self.profiles.get(one), self.profiles.get(other)} == {p, q} for one, other in self.ruled("cannot_link")
        ):
            raise RefusedByHand
        if edge in self.ruled("must_link"):
            return
        self.decisions.append(Decision("must_link", edge))
        self.refused.discard(edge)
        live = self.live()
        before = {no: self.profiles[no] for no in self.members(p) | self.members(q)}
        if edge in live:
            return
        if p == q:
            must = self.ruled("must_link")
            ranked = sorted(
                way(*edge, list(live)),
                key=lambda one: (
                    one not in must,
                    -(live[one].weight if live[one].weight is not None else float("-inf")),
                    one,
                ),
            )
            if ranked[-1] in must:
                return
            live[ranked[-1]].ended = True
            self.log.append(Merge("split", "replaced", ranked[-1], live[ranked[-1]].weight, (p, p, p)))
            self.log.append(Merge("merge", "must_link", edge))
        else:
            self.log.append(Merge("merge", "must_link", edge))
            self._name([set(before)], before, None, set(before))
        self._finish_log(before)
        if p != q:
            self.refused = {(x, y) for x, y in self.refused if {before.get(x), before.get(y)} != {p, q}}

    def rule_different(self, edge: Pair) -> None:
        """Say that two records of different profiles are two people."""
        self.decisions.append(Decision("cannot_link", edge))
        self.refused.discard(edge)

    def withdraw(self, decision: Decision) -> None:
        """Take a decision back; what it kept apart may come together in the next night."""
        decision.withdrawn = True
        self.decisions.append(Decision("withdraw", decision.pair))
        self.taken_back.add(decision.pair)
        if decision.kind == "cannot_link":
            self.freed.append(decision.pair)

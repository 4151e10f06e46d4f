"""The place of one record: what links it to others, what keeps it apart, and what becomes of the profiles concerned.

The walk is that of a night over the group that the record touches: its own profile, where it had one, the profiles that
links lead to, and those that looked on when a link was refused. Links between two profiles that stand stay refused, as
a night would have it; everything inside a profile, and everything of the record itself, is tried.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.desk.change import former_ids
from retail_brain.identity.few import FewLink, name_groups, walk_few
from retail_brain.identity.resolve import KEYS
from retail_brain.matching.rival import doubtful_links
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.arrival import NewArrival, NewProfileRow
from retail_brain.store.change import NewLogRow
from retail_brain.store.touched import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retail_brain.desk.brain import Brain
    from retail_brain.desk.newcomer import Contact, Newcomer
    from retail_brain.identity.few import FewResult
    from retail_brain.matching.compare import PairResult
    from retail_brain.store.touched import Touched

    Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the walk gave: the rows to write, the links refused to the newcomer, and its profile."""

    arrival: NewArrival
    refused: tuple[tuple[int, str], ...]
    profile_id: uuid.UUID
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What a walk comes to: the profile of each record now, the ids that are no more, the refused links and why."""

    walked: FewResult
    links: Mapping[Pair, PairResult]
    now: Mapping[int, uuid.UUID]
    became: dict[uuid.UUID, uuid.UUID]
    refused: Mapping[Pair, str]
    names: Mapping[int, str]


class Placing:
    """One walk: everything that is known of the records concerned."""

    def __init__(self, brain: Brain, newcomer: Newcomer, touched: Touched, contacts: Sequence[Contact]) -> None:
        self.brain = brain
        self.newcomer = newcomer
        self.touched = touched
        self.contacts = contacts
        self.members = {no: one for no, one in touched.members.items() if no != newcomer.record_no}
        self.before = {no: one.profile_id for no, one in touched.members.items()}
        self.records = sorted({*self.members, newcomer.record_no})
        known = {one.record.record_no: one.key for one in contacts}
        self.keys = {no: known.get(no) or brain.key(one.values) for no, one in self.members.items()}
        self.keys[newcomer.record_no] = newcomer.key
        compared = {_pair(newcomer.record_no, one.record.record_no): one.result for one in contacts}
        self.pairs = {pair: compared.get(pair) or self._compare(pair) for pair in _pairs(self.records)}
        self.standing = {(one.record_no_l, one.record_no_r): one for one in touched.merges}

    def _compare(self, pair: Pair) -> PairResult:
        left, right = pair
        return self.brain.compare(left, self.keys[left], right, self.keys[right])

    @property
    def links(self) -> dict[Pair, PairResult]:
        """The pairs that a night would link."""
        least = self.brain.config.matching.merge_probability
        return {pair: one for pair, one in self.pairs.items() if one.blocking_rule and one.match_probability >= least}

    def find(self, generation: str) -> Place:
        """Walk, and say what is to be written.

        Args:
            generation: part of new ids, so that none is ever issued twice.
        """
        links, ruled = self.links, self._rulings()
        clashes = self._clashes(links)
        doubt = doubtful_links({pair: one.match_weight for pair, one in links.items()}, clashes) - self.standing.keys()
        apart = {pair for pair, kind in ruled.items() if kind == "cannot_link"}
        tried = self._tried(links, ruled, apart | doubt)
        conflicts = {pair: why for pair, why in clashes.items() if ruled.get(pair) != "must_link"} | dict.fromkeys(
            apart, "cannot_link"
        )
        walked = walk_few(self.records, tried, conflicts, self._values())
        names = {no: one.key for no, one in self.members.items()} | {
            self.newcomer.record_no: f"{self.newcomer.source}:{self.newcomer.record_id}"
        }
        now, became = name_groups(walked.groups, self.before, lambda no: fresh_id(names[no], generation))
        refused = {link.pair: reason for link, reason in walked.refused} | {
            pair: "ambiguous" for pair in doubt if ruled.get(pair) is None
        }
        return self._place(_Outcome(walked=walked, links=links, now=now, became=became, refused=refused, names=names))

    def _rulings(self) -> dict[Pair, str]:
        """Return the decision in force on each pair; a cannot-link wins where both are."""
        inside = set(self.records)
        found: dict[Pair, str] = {}
        for decision in self.touched.decisions:
            if set(decision.pair) <= inside and found.get(decision.pair) != "cannot_link":
                found[decision.pair] = decision.kind
        return found

    def _clashes(self, links: Mapping[Pair, PairResult]) -> dict[Pair, str]:
        from math import log2

        probability = self.brain.config.matching.clash_probability
        least = log2(probability / (1 - probability))
        return {
            pair: one.clash_reason or ""
            for pair, one in self.pairs.items()
            if one.clash_bits < least and (one.is_certain or pair not in links)
        }

    def _tried(self, links: Mapping[Pair, PairResult], ruled: Mapping[Pair, str], barred: set[Pair]) -> list[FewLink]:
        """Return the links of the walk; those between two profiles that stand stay refused."""
        by_hand = {pair for pair, kind in ruled.items() if kind == "must_link"}
        tried = []
        for pair in sorted({*links, *by_hand}):
            known = links.get(pair)
            if pair in by_hand or (pair not in barred and self._is_open(pair)):
                tried.append(
                    FewLink(
                        left=pair[0], right=pair[1], weight=known.match_weight if known else None,
                        by_hand=pair in by_hand, stands=pair in self.standing,
                    )
                )  # fmt: skip
        return tried

    def _is_open(self, pair: Pair) -> bool:
        return self.newcomer.record_no in pair or self.before[pair[0]] == self.before[pair[1]]

    def _values(self) -> dict[str, tuple[int, dict[int, str]]]:
        bounds = self.brain.config.matching.bounds.model_dump()
        return {
            name: (most, {no: str(key[KEYS[name]]) for no, key in self.keys.items() if key[KEYS[name]] is not None})
            for name, most in bounds.items()
            if most
        }

    def _place(self, outcome: _Outcome) -> Place:
        links, now, refused = outcome.links, outcome.now, outcome.refused
        one = self.newcomer
        changed = self._changed(now)
        profiles = [self._golden(profile_id, now) for profile_id in sorted(changed & set(now.values()))]
        gone = sorted({*self.before.values()} - set(now.values()))
        log = self._log(outcome.walked, links, now)
        concerned = [no for no in self.records if now[no] in changed or self.before.get(no) in changed]
        record = {
            "record_no": one.record_no, "source": one.source, "record_id": one.record_id, "profile_id": now[one.record_no],
            "row_hash": one.row_hash, **{name: one.values.get(name) for name in VALUE_FIELDS}, "updated_at": one.updated_at,
            "attributes": one.attributes,
        }  # fmt: skip
        arrival = NewArrival(
            record=record, profiles=profiles, gone=gone, aliases=outcome.became | former_ids(self.touched, now, outcome.became),
            moved={no: now[no] for no in self.members if now[no] != self.before[no]}, log=log,
            review=self._review(now, refused), members=concerned,
            is_known=one.is_known, linked=sorted({other for pair in links if one.record_no in pair for other in pair} - {one.record_no}),
        )  # fmt: skip
        own = tuple(
            (next(no for no in pair if no != one.record_no), why)
            for pair, why in sorted(refused.items())
            if one.record_no in pair
        )
        return Place(arrival=arrival, refused=own, profile_id=now[one.record_no], names=outcome.names)

    def _changed(self, now: Mapping[int, uuid.UUID]) -> set[uuid.UUID]:
        """Return the profiles, before and now, that hold other records or another version of the newcomer."""
        number = self.newcomer.record_no
        moved = [no for no in self.records if self.before.get(no) != now[no] or no == number]
        return {now[no] for no in moved} | {self.before[no] for no in moved if no in self.before}

    def _golden(self, profile_id: uuid.UUID, now: Mapping[int, uuid.UUID]) -> NewProfileRow:
        numbers = [no for no in self.records if now[no] == profile_id]
        found = self.brain.survive([self._row(no) for no in numbers])
        return NewProfileRow(
            profile_id=profile_id, values=found.values, provenance=found.provenance, record_count=found.record_count,
            first_record_no=found.first_record_no, updated_at=found.updated_at,
        )  # fmt: skip

    def _row(self, number: int) -> dict[str, Any]:
        one: Newcomer | Member = self.newcomer if number == self.newcomer.record_no else self.members[number]
        return {"record_no": number, "source": one.source, "updated_at": one.updated_at, **one.values}

    def _log(
        self, walked: FewResult, links: Mapping[Pair, PairResult], now: Mapping[int, uuid.UUID]
    ) -> list[NewLogRow]:
        made = {link.pair: link for link in walked.merges}
        model_id = self.brain.run.model_id
        rows = []
        for pair, merge in sorted(self.standing.items()):
            if pair not in made:
                rows.append(NewLogRow(
                    kind="split", cause="changed" if self.newcomer.record_no in pair else "rescored", inverts=merge.merge_id,
                    match_weight=merge.match_weight, match_probability=merge.match_probability, levels=merge.levels,
                    blocking_rule=merge.blocking_rule, model_id=merge.model_id, **self._ends(pair, now),
                ))  # fmt: skip
        for pair, link in sorted(made.items()):
            if pair not in self.standing:
                known = links.get(pair)
                rows.append(NewLogRow(
                    kind="merge", cause="must_link" if link.by_hand else "match",
                    match_weight=known.match_weight if known else None,
                    match_probability=known.match_probability if known else None, levels=known.levels if known else None,
                    blocking_rule=known.blocking_rule if known else None, model_id=model_id, **self._ends(pair, now),
                ))  # fmt: skip
        return rows

    def _ends(self, pair: Pair, now: Mapping[int, uuid.UUID]) -> dict[str, Any]:
        left, right = pair
        return {
            "record_no_l": left, "record_no_r": right, "decision_id": None, "profile_id": now[left],
            "profile_id_l": self.before.get(left), "profile_id_r": self.before.get(right),
        }  # fmt: skip

    def _review(self, now: Mapping[int, uuid.UUID], refused: Mapping[Pair, str]) -> list[dict[str, Any]]:
        """Return the pairs of the newcomer that wait for a person: refused links, and pairs too weak to join on their own."""
        number, least = self.newcomer.record_no, self.brain.config.matching.merge_probability
        ruled = set(self._rulings()) | {decision.pair for decision in self.touched.decisions}
        apart = self._kept_apart(now)
        items = []
        for contact in self.contacts:
            other = contact.record.record_no
            pair = _pair(number, other)
            there = now.get(other, contact.record.profile_id)
            weak = contact.result.match_probability < least
            if pair in ruled or there == now[number] or (weak and there in apart) or (not weak and pair not in refused):
                continue
            items.append({
                "record_no_l": pair[0], "record_no_r": pair[1], "kind": "borderline" if weak else "refused",
                "match_weight": contact.result.match_weight, "match_probability": contact.result.match_probability,
                "levels": contact.result.levels, "blocking_rule": contact.result.blocking_rule,
                "reason": None if weak else refused[pair], "stake": 0.0,
            })  # fmt: skip
        return items

    def _kept_apart(self, now: Mapping[int, uuid.UUID]) -> set[uuid.UUID]:
        """Return the profiles that a person keeps apart from the newcomer's."""
        found = set()
        for decision in self.touched.decisions:
            there = [now.get(no) for no in decision.pair]
            if decision.kind == "cannot_link" and now[self.newcomer.record_no] in there:
                found |= {one for one in there if one is not None}
        return found - {now[self.newcomer.record_no]}


def _pair(one: int, two: int) -> Pair:
    return (min(one, two), max(one, two))


def _pairs(records: Sequence[int]) -> list[Pair]:
    return [(left, right) for place, left in enumerate(records) for right in records[place + 1 :]]


def fresh_id(key: str, generation: str) -> uuid.UUID:
    """Return a new profile's id: a hash of its first record and of what made it, shaped as a UUID of version 8."""
    source, _colon, record_id = key.partition(":")
    digest = hashlib.md5("\x1f".join((source, record_id, generation)).encode(), usedforsecurity=False).hexdigest()
    return uuid.UUID(f"{digest[:12]}8{digest[13:16]}8{digest[17:32]}")

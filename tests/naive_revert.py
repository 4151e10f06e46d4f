"""A run taken back, in plain Python and slowly: what the naive model says of it.

The model remembers what it was before each night, so that nothing has to be concluded from the log.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naive_model import Merge, Model, RefusedByHand, Tonight

if TYPE_CHECKING:
    from naive import Pair


@dataclass
class PastNight:
    """A night that was published: the run, the model before it, the records that it wrote or linked, and what it was given before."""

    run_id: int
    generation: int
    before: Model
    seeds: set[int]
    base: Tonight


def seeds_of(before: Model, after: Model) -> set[int]:
    """Return the records that a night changed, moved, brought, lost, linked or parted."""
    keys = set(before.versions) | set(after.versions)
    changed = {after.numbers[key] for key in keys if before.versions.get(key) != after.versions.get(key)}
    numbers = set(before.profiles) | set(after.profiles)
    moved = {no for no in numbers if before.profiles.get(no) != after.profiles.get(no)}
    return changed | moved | {no for row in after.log[len(before.log) :] for no in row.pair}


def revert(now: Model, nights: list[PastNight], *, with_later: bool) -> None:
    """Take nights back, the newest ones down to the first of the list."""
    before = nights[0].before
    around = _closure(now, before, set().union(*(night.seeds for night in nights)))
    target = {no: before.profiles.get(no) for no in around}
    contrary = [
        one
        for one in now.decisions[len(before.decisions) :]
        if one.kind != "withdraw"
        and not one.withdrawn
        and None not in (ends := [target.get(no) for no in one.pair])
        and (ends[0] == ends[1] if one.kind == "cannot_link" else one.pair not in before.live())
    ]
    if not with_later and (len(nights) > 1 or contrary):
        raise RefusedByHand
    had_seen_all = now.seen == len(now.decisions)
    for decision in contrary:
        now.withdraw(decision)
    if had_seen_all:
        now.seen, now.freed, now.taken_back = len(now.decisions), [], set()
    _write_log(now, before, around, target)
    _place(now, before, target)
    now.known_links, now.nights = set(before.known_links), now.nights + 1
    now.refused = {
        (x, y)
        for x, y in now.refused
        if None not in (now.profiles.get(x), now.profiles.get(y)) and now.profiles[x] != now.profiles[y]
    }


def _closure(now: Model, before: Model, records: set[int]) -> set[int]:
    # merges that people made since and undid again count as well: over them an id may have gone to records elsewhere
    pairs: set[Pair] = set(before.live()) | {row.pair for row in now.log[len(before.log) :]}
    found: set[int] = set()
    while found != records:
        found = set(records)
        held = {now.profiles[no] for no in found if no in now.profiles}
        records |= {no for no, profile in now.profiles.items() if profile in held}
        records |= {no for ends in pairs if set(ends) & records for no in ends}
    return found


def _write_log(now: Model, before: Model, around: set[int], target: dict[int, Any]) -> None:
    stands, stood = now.live(), before.live()
    for edge in [edge for edge in sorted(set(stands) - set(stood)) if edge[0] in around]:
        stands[edge].ended = True
        now.log.append(Merge("split", "reverted", edge, stands[edge].weight))
    for edge in [edge for edge in sorted(set(stood) - set(stands)) if edge[0] in around]:
        cause = "must_link" if stood[edge].cause == "must_link" else "reverted"
        now.log.append(Merge("merge", cause, edge, stood[edge].weight))
    for row in now.log:
        if row.profiles == (None, None, None) and row.cause in {"reverted", "must_link"}:
            x, y = row.pair
            row.profiles = (target.get(x), now.profiles.get(x), now.profiles.get(y))


def _place(now: Model, before: Model, target: dict[int, Any]) -> None:
    keys = {number: key for key, number in now.numbers.items()}
    ended: dict[Any, Counter[Any]] = {}
    alive = set(target.values())
    for no in sorted(target):
        was = now.profiles.pop(no, None)
        if was is not None and was not in alive:
            went = ended.setdefault(was, Counter())
            went.update([target[no]] if target[no] is not None else [])
        now.versions.pop(keys[no], None)
        if target[no] is not None:
            now.profiles[no] = target[no]
            now.versions[keys[no]] = before.versions[keys[no]]
    for profile in alive:
        now.aliases.pop(profile, None)
    now.aliases |= {was: went.most_common(1)[0][0] if went else None for was, went in ended.items()}

"""A desk that stays open: profiles, searches, resolves and single records at the speed of a conversation.

One connection to PostgreSQL, one to Redis, and what the last published run knows, loaded once and renewed when another
run is published. The one-shot functions of the desk use the same code. Not thread-safe: one desk for each thread.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retail_brain.cache import CacheReader
from retail_brain.desk.arrival_result import ArrivalMerge, ArrivalRefusal, ArrivalResult, ArrivalStatus
from retail_brain.desk.arrive import Newcomer, Placing, find_contacts
from retail_brain.desk.brain import Brain, newest_run, open_brain, row_hash
from retail_brain.desk.lookup import PATIENCE_S, addresses_of, find_in
from retail_brain.desk.resolve import resolve_in
from retail_brain.desk.search import search_in
from retail_brain.errors import InputError, RetailBrainError, ServiceError
from retail_brain.ingest.single import Delivered, deliver_record
from retail_brain.pipeline.stores import Stores, open_workspace
from retail_brain.pipeline.warm import warm_pending
from retail_brain.standardise.single_key import names_like
from retail_brain.store import arrival as store
from retail_brain.store.connection import connect
from retail_brain.store.touched import Touched, decisions_of, read_touched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retail_brain.config.file import Configuration
    from retail_brain.desk.arrive import Contact, Place
    from retail_brain.desk.result import ProfileResult, ResolveResult, SearchResult
    from retail_brain.store.change import Head
    from retail_brain.store.connection import Connection

WAIT_S = 10.0
"""How long a record waits for another one, or for a person's change."""

_NOBODY = Touched(profiles={}, members={}, merges=(), decisions=(), aliases={}, former=())


class Desk:
    """An open desk. Made by `open_desk`."""

    def __init__(self, config: Configuration, *, cache: bool) -> None:
        self.config = config
        self._workspace = open_workspace(config)
        self._postgres, self._redis = addresses_of(config)
        self._reader = CacheReader(self._redis, config.cache) if cache else None
        self._resources = ExitStack()
        self._pg: Connection | None = None
        self._known: Brain | None = None

    def close(self) -> None:
        """Close all connections."""
        if self._reader is not None:
            self._reader.close()
        if self._known is not None:
            self._known.resources.close()
        if self._pg is not None:
            self._pg.close()

    def profile(self, key: str, *, with_members: bool = False) -> ProfileResult:
        """Find the profile behind a profile id or SOURCE:RECORD_ID, as `lookup.find_profile` does."""
        with self._store() as pg:
            return find_in(pg, self._reader, key, with_members=with_members)

    def search(self, text: str, *, limit: int = 10) -> SearchResult:
        """Find profiles by what a caller says, as `search.search_profiles` does."""
        with self._store() as pg:
            return search_in(pg, self.config, text, limit=limit)

    def resolve(self, person: Mapping[str, Any], *, limit: int = 5) -> ResolveResult:
        """Say which profile a person is, as `resolve.resolve_person` does."""
        with self._store() as pg:
            return resolve_in(self._brain(pg), pg, person, limit=limit)

    def ingest(self, source: str, record: Mapping[str, Any]) -> ArrivalResult:
        """Take in one record: find its place, and write it with all that follows, in one transaction.

        Args:
            source: the source that delivers it.
            record: values by the source's own column names; a field whose columns are not there may stand under its own
                name. What is left out is empty: the record is told whole.

        Returns:
            What became of it.

        Raises:
            InputError: the record was refused; nothing was changed.
            RefusedError: nothing was published yet.
            LockedError: another change takes too long.
            ServiceError: PostgreSQL does not answer.
        """
        settings = self.config.sources.get(source)
        if settings is None:
            raise InputError(
                "the record is of a source that is not configured",
                hint=f"sources: {', '.join(sorted(self.config.sources))}",
            )
        delivered = deliver_record(source, settings, record, self.config.ingest)
        with self._store() as pg:
            result = self._arrive(pg, delivered, {"source": source, "record": dict(record)})
        left_out = (
            (f"left out, since the source has no such column: {', '.join(delivered.unknown)}",)
            if delivered.unknown
            else ()
        )
        told = () if result.status in ("waiting", "unchanged") else self._tell_redis()
        return replace(result, warnings=(*left_out, *told))

    def ingest_line(self, text: str) -> ArrivalResult:
        """Take in one record that is written as JSON: {"source": …, "record": {…}}.

        Raises:
            InputError: it is not of that form, or the record was refused.
        """
        source, record = read_line(text)
        return self.ingest(source, record)

    def has_waiting(self) -> bool:
        """Tell whether records wait that came while a run was at work."""
        with self._store() as pg:
            return store.has_waiting(pg)

    def place_waiting(self, *, limit: int = 1_000_000) -> list[ArrivalResult]:
        """Give the records their place that came while a run was at work.

        Args:
            limit: how many at most.

        Returns:
            What became of each; empty while a run is at work.
        """
        placed: list[ArrivalResult] = []
        while len(placed) < limit:
            with self._store() as pg:
                waiting = store.list_waiting(pg, limit=min(100, limit - len(placed)))
            if not waiting:
                break
            for source, record_id, raw in waiting:
                try:
                    result = self.ingest_line(raw)
                except InputError as error:  # the configuration has changed since it came
                    result = ArrivalResult(
                        status="unchanged", source=source, record_id=record_id, warnings=(error.message,)
                    )
                if result.status == "waiting":
                    return placed
                with self._store() as pg:
                    store.drop_waiting(pg, source, record_id, raw)
                placed.append(result)
        return placed

    @contextmanager
    def _store(self) -> Iterator[Connection]:
        if self._pg is None or self._pg.closed:
            self._pg = connect(
                self._postgres, application_name="retail-brain desk", patience_s=PATIENCE_S, autocommit=True
            )
        try:
            yield self._pg
        except ServiceError:
            self._pg.close()
            raise

    def _brain(self, pg: Connection) -> Brain:
        run = newest_run(pg)
        if self._known is None or self._known.run != run:
            if self._known is not None:
                self._known.resources.close()
            self._known = open_brain(self.config, pg, self._workspace, run)
        return self._known

    def _arrive(self, pg: Connection, delivered: Delivered, raw: dict[str, Any]) -> ArrivalResult:
        row, passed = delivered.row, delivered.passed
        while True:
            brain = self._brain(pg)
            values = brain.standardise(row)
            updated_at = values.pop("updated_at", None)
            attributes = json.dumps(passed, ensure_ascii=False, separators=(",", ":")) if passed else None
            source, record_id = row["source"] or "", row["record_id"] or ""
            with store.arriving(pg, wait_s=WAIT_S) as head:
                if head is None:
                    store.keep_waiting(pg, source, record_id, json.dumps(raw, ensure_ascii=False))
                    return ArrivalResult(status="waiting", source=source, record_id=record_id)
                if head.run_id != brain.run.run_id:
                    continue
                newcomer = Newcomer(
                    source=source, record_id=record_id, values=values, attributes=attributes, updated_at=updated_at,
                    key=brain.key(values), row_hash=row_hash({**values, "updated_at": updated_at}, attributes),
                )  # fmt: skip
                return _place(pg, brain, head, newcomer)

    def _tell_redis(self) -> tuple[str, ...]:
        if self._reader is None or self._pg is None:
            return ()
        stores = Stores(
            config=self.config, workspace=self._workspace, postgres=self._postgres, redis=self._redis, pg=self._pg
        )
        try:
            return warm_pending(stores, progress=_silent).warnings
        except RetailBrainError as error:
            return (f"Redis was not told: {error.message}",)


@contextmanager
def open_desk(config: Configuration, *, cache: bool = True) -> Iterator[Desk]:
    """Open a desk, starting the embedded servers if need be.

    Args:
        config: the configuration.
        cache: ask Redis for profiles, and tell it of changes; False leaves both to PostgreSQL and the next `warm`.

    Returns:
        The desk, closed when the block ends. One for each thread.

    Raises:
        ServiceError: PostgreSQL does not answer.
    """
    desk = Desk(config, cache=cache)
    try:
        yield desk
    finally:
        desk.close()


def read_line(text: str) -> tuple[str, dict[str, Any]]:
    """Read one record that is written as JSON.

    Returns:
        Its source and its values.

    Raises:
        InputError: it is not of the form {"source": …, "record": {…}}.
    """
    hint = 'such as {"source": "pos", "record": {"record_id": "118", "email": "a@shop.example"}}'
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"the record is no JSON{_where(error)}", hint=hint) from None
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("source"), str)
        or not isinstance(data.get("record"), dict)
    ):
        raise InputError("the record is no JSON object with source and record", hint=hint)
    if unknown := sorted(set(data) - {"source", "record"}):
        raise InputError(f"beside source and record there is {', '.join(name[:30] for name in unknown[:3])}", hint=hint)
    return data["source"], data["record"]


def _where(error: ValueError) -> str:
    return f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""


def _place(pg: Connection, brain: Brain, head: Head, newcomer: Newcomer) -> ArrivalResult:
    """Find the place of one record and write it; in the transaction of the arrival."""
    known = store.known_record(pg, newcomer.source, newcomer.record_id)
    if known is None:
        newcomer = replace(newcomer, record_no=store.next_record_no(pg))
    else:
        newcomer = replace(newcomer, record_no=known.record_no, profile_id=known.profile_id, is_known=True)
        if known.profile_id is not None and known.row_hash == newcomer.row_hash:
            return ArrivalResult(
                status="unchanged",
                source=newcomer.source,
                record_id=newcomer.record_id,
                profile_id=str(known.profile_id),
            )
    like, values = names_like(newcomer.key["given_key"]), newcomer.values
    contacts = find_contacts(brain, newcomer, store.arrival_candidates(pg, values, newcomer.key, like))
    touched = _touched(pg, brain, newcomer, contacts)
    place = Placing(brain, newcomer, touched, contacts).find(f"arrival {newcomer.record_no} {head.moment.isoformat()}")
    delivery_no = store.delivery_between(pg, newcomer.source, f"between-nights-after-run-{head.run_id}", head.run_id)
    numbers = store.write_arrival(
        pg, head, place.arrival, delivery_no=delivery_no, clash_probability=brain.config.matching.clash_probability
    )
    return _tell(newcomer, place, numbers, contacts)


def _touched(pg: Connection, brain: Brain, newcomer: Newcomer, contacts: list[Contact]) -> Touched:
    """Read what stands of the profiles concerned: the newcomer's own, those it is linked to, and those that look on."""
    least = brain.config.matching.merge_probability
    ids = {one.record.profile_id for one in contacts if one.result.match_probability >= least}
    ids |= {newcomer.profile_id} if newcomer.profile_id else set()
    returned = decisions_of(pg, [newcomer.record_no]) if newcomer.is_known and newcomer.profile_id is None else []
    ids |= set(store.profiles_of(pg, [no for one in returned for no in one.pair])) if returned else set()
    if not ids:
        return replace(_NOBODY, decisions=tuple(returned))
    touched = read_touched(pg, ids)
    if more := set(store.onlookers(pg, list(touched.members))) - ids:
        touched = read_touched(pg, ids | {one for one in more if one is not None})
    held = {decision.decision_id for decision in touched.decisions}
    return replace(touched, decisions=(*touched.decisions, *(one for one in returned if one.decision_id not in held)))


def _tell(newcomer: Newcomer, place: Place, numbers: list[int], contacts: list[Contact]) -> ArrivalResult:
    by_no = {contact.record.record_no: contact for contact in contacts}
    merges = tuple(
        ArrivalMerge(
            merge_id=number, kind=row.kind, cause=row.cause, left=place.names[row.record_no_l],
            right=place.names[row.record_no_r], match_probability=row.match_probability, match_weight=row.match_weight,
            blocking_rule=row.blocking_rule,
        )
        for number, row in zip(numbers, place.arrival.log, strict=True)
    )  # fmt: skip
    refused = tuple(
        ArrivalRefusal(
            record=by_no[other].record.key, match_probability=by_no[other].result.match_probability, reason=why
        )
        for other, why in place.refused
        if other in by_no
    )
    before, alone = newcomer.profile_id, len(place.arrival.members) == 1
    status: ArrivalStatus = "new profile" if before is None and alone else "joined" if before is None else "changed"
    if before is not None and place.profile_id != before and place.arrival.aliases.get(before) != place.profile_id:
        status = "moved"
    return ArrivalResult(
        status=status, source=newcomer.source, record_id=newcomer.record_id, profile_id=str(place.profile_id),
        retired_ids=tuple(str(one) for one in place.arrival.gone), merges=merges, refused=refused,
    )  # fmt: skip


def _silent(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
    """Tell nobody."""

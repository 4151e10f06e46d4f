"""A desk that stays open: profiles, searches, resolves and single records at the speed of a conversation.

One connection to PostgreSQL, one to Redis, and what the last published run knows, loaded once and renewed when another
run is published. The one-shot functions of the desk use the same code. Not thread-safe: one desk for each thread.
"""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retail_brain.cache.read import CacheReader
from retail_brain.cache.tell import CacheTeller
from retail_brain.desk.arrival_result import ArrivalResult
from retail_brain.desk.brain import Brain, newest_run, open_brain
from retail_brain.desk.lookup import PATIENCE_S, addresses_of, find_cached, find_in
from retail_brain.desk.newcomer import make_newcomer
from retail_brain.desk.placement import Placed, place_newcomer
from retail_brain.desk.resolve import resolve_in
from retail_brain.desk.search import search_in
from retail_brain.errors import InputError, RetailBrainError, ServiceError
from retail_brain.ingest.single import Delivered, deliver_record
from retail_brain.pipeline.stores import open_workspace
from retail_brain.standardise.single_key import names_like
from retail_brain.store import arrival as store
from retail_brain.store import outbox, waiting
from retail_brain.store.candidate import wanted_candidates
from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retail_brain.config.file import Configuration
    from retail_brain.desk.result import ProfileResult, ResolveResult, SearchResult
    from retail_brain.store.connection import Connection

WAIT_S = 10.0
"""How long a record waits for another one, or for a person's change."""


class Desk:
    """An open desk. Made by `open_desk`."""

    def __init__(self, config: Configuration, *, cache: bool, ahead: bool) -> None:
        self.config = config
        self._ahead = ahead
        self._workspace = open_workspace(config)
        self._postgres, self._redis = addresses_of(config)
        self._reader = CacheReader(self._redis, config.cache) if cache else None
        self._teller = CacheTeller(self._redis, config.cache) if cache else None
        self._resources = ExitStack()
        self._pg: Connection | None = None
        self._known: Brain | None = None

    def close(self) -> None:
        """Close all connections."""
        if self._reader is not None:
            self._reader.close()
        if self._teller is not None:
            self._teller.close()
        if self._known is not None:
            self._known.resources.close()
        if self._pg is not None:
            self._pg.close()

    def profile(self, key: str, *, with_members: bool = False) -> ProfileResult:
        """Find the profile behind a profile id or SOURCE:RECORD_ID, as `lookup.find_profile` does."""
        try:
            with self._store() as pg:
                return find_in(pg, self._reader, key, with_members=with_members)
        except ServiceError:
            found = find_cached(self._reader, key) if self._reader is not None else None
            if found is None:
                raise
            return found

    def search(self, text: str, *, limit: int = 10) -> SearchResult:
        """Find profiles by what a caller says, as `search.search_profiles` does."""
        with self._store() as pg:
            return search_in(pg, self.config, text, limit=limit)

    def resolve(self, person: Mapping[str, Any], *, limit: int = 5) -> ResolveResult:
        """Say which profile a person is, as `resolve.resolve_person` does."""
        with self._store() as pg:
            return resolve_in(self._brain(pg), pg, person, limit=limit)

    def ingest(self, source: str, record: Mapping[str, Any], *, waited: bool = False) -> ArrivalResult:
        """Take in one record: find its place, and write it with all that follows, in one transaction.

        Args:
            source: the source that delivers it.
            record: values by the source's own column names; a field whose columns are not there may stand under its own
                name. What is left out is empty: the record is told whole.
            waited: it waited for a run; a version that this run, or anybody since, brought with a later time counts.

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
            placed = self._arrive(pg, delivered, {"source": source, "record": dict(record)}, waited=waited)
        result = placed.result
        left_out = (
            (f"left out, since the source has no such column: {', '.join(delivered.unknown)}",)
            if delivered.unknown
            else ()
        )
        touched = {uuid.UUID(one) for one in (result.profile_id, *result.touched_ids) if one}
        kept = self._keep_journal() if placed.is_noted else ()
        told = () if result.status in ("waiting", "unchanged") else self._tell_redis(touched)
        return replace(result, warnings=(*left_out, *kept, *told))

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
            return waiting.has_waiting(pg)

    def place_waiting(self, *, limit: int = 1_000_000) -> list[ArrivalResult]:
        """Give the records their place that came while a run was at work.

        Args:
            limit: how many at most.

        Returns:
            What became of each; empty while a run is at work. One that is refused by now (its source is no longer
            configured, say) is kept: it goes on waiting, with the reason among its warnings.
        """
        placed: list[ArrivalResult] = []
        refused: set[tuple[str, str]] = set()
        while len(placed) < limit:
            with self._store() as pg:
                listed = waiting.list_waiting(pg, limit=min(100, limit - len(placed)) + len(refused))
            found = [one for one in listed if one[:2] not in refused]
            if not found:
                break
            for source, record_id, raw in found:
                try:
                    result = self.ingest(*read_line(raw), waited=True)
                except InputError as error:  # the configuration has changed since it came: it goes on waiting
                    refused.add((source, record_id))
                    placed.append(
                        ArrivalResult(status="waiting", source=source, record_id=record_id, warnings=(error.message,))
                    )
                    continue
                if result.status == "waiting":
                    return placed
                with self._store() as pg:
                    waiting.drop_waiting(pg, source, record_id, raw)
                placed.append(result)
        return placed

    @contextmanager
    def _store(self) -> Iterator[Connection]:
        if self._pg is None or self._pg.closed:
            self._pg = connect(
                self._postgres,
                application_name="retail-brain desk",
                patience_s=PATIENCE_S,
                autocommit=True,
                lock_timeout_s=WAIT_S,
            )
            self._pg.prepare_threshold = 0  # planned when first asked: a desk asks the same again
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
            self._known = open_brain(self.config, pg, self._workspace, run, ahead=self._ahead)
        return self._known

    def _arrive(self, pg: Connection, delivered: Delivered, raw: dict[str, Any], *, waited: bool) -> Placed:
        brain = self._known or self._brain(pg)
        while True:
            newcomer = make_newcomer(brain, delivered)
            source, record_id = newcomer.source, newcomer.record_id
            wanted = wanted_candidates(newcomer.values, newcomer.key, names_like(newcomer.key["given_key"]))
            with store.arriving(pg, source, record_id, wanted) as ground:
                if ground is None:
                    waiting.keep_waiting(pg, source, record_id, json.dumps(raw, ensure_ascii=False))
                    waits = ArrivalResult(status="waiting", source=source, record_id=record_id)
                    return Placed(result=waits, is_noted=True)
                if is_current := ground.head.run_id == brain.run.run_id:
                    placed = place_newcomer(pg, brain, ground, newcomer, waited=waited)
            if is_current:
                if placed.delivery_no:
                    brain.deliveries[source] = placed.delivery_no
                return placed
            brain = self._brain(pg)

    def _keep_journal(self) -> tuple[str, ...]:
        """Have the record beside the backups, where a journal is kept."""
        from retail_brain.pipeline.journaling import keep_journal_on, not_journaled

        try:
            with self._store() as pg:
                return keep_journal_on(self.config, pg)
        except RetailBrainError as error:
            return (not_journaled(error),)

    def _tell_redis(self, profile_ids: set[uuid.UUID]) -> tuple[str, ...]:
        """Tell Redis of what was just committed; where it cannot be told the outbox waits, and PostgreSQL answers."""
        if self._teller is None:
            return ()
        try:
            with self._store() as pg:
                changes, generation = outbox.pending_of(pg, profile_ids)
                if changes and generation is not None and self._teller.tell(changes, generation=generation):
                    outbox.clear_soon(pg, [(key, number) for key, _document, number in changes])
        except RetailBrainError as error:
            return (f"Redis was not told: {error.message}; PostgreSQL answers, and retail-brain warm repeats it",)
        return ()


@contextmanager
def open_desk(config: Configuration, *, cache: bool = True, ahead: bool = True) -> Iterator[Desk]:
    """Open a desk, starting the embedded servers if need be.

    Args:
        config: the configuration.
        cache: ask Redis for profiles, and tell it of changes; False leaves both to PostgreSQL and the next `warm`.
        ahead: read all that will be asked for when the model is first needed, which takes a second or two on millions of
            records; False reads it piece by piece, for a desk that answers one question.

    Returns:
        The desk, closed when the block ends. One for each thread.

    Raises:
        ServiceError: PostgreSQL does not answer.
    """
    desk = Desk(config, cache=cache, ahead=ahead)
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
    except (ValueError, RecursionError) as error:
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


def _where(error: Exception) -> str:
    return f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""

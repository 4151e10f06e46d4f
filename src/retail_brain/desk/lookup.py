"""One customer looked up: by any profile id ever issued, or by a source's record. Served from Redis where that is right.

PostgreSQL is asked two small things first: which generation the cache must hold, and whether this profile has changed
since. Only then is the cached document believed. With PostgreSQL away the cache answers alone, and the answer says so.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from retail_brain.desk.result import HistoryEntry, HistoryResult, MemberResult, ProfileResult
from retail_brain.errors import ConfigurationError, GoneError, ServiceError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store import lookup, outbox
from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.cache.read import CacheReader
    from retail_brain.config.file import Configuration
    from retail_brain.model import PostgresAddress, RedisAddress
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredProfile, StoredRecord

PATIENCE_S = 5.0
"""How long a look-up waits for PostgreSQL to answer."""


@contextmanager
def open_store(config: Configuration) -> Iterator[Connection]:
    """Open PostgreSQL for a look-up, starting the embedded server if need be.

    Raises:
        ServiceError: it does not answer.
    """
    with connect(addresses_of(config)[0], application_name="retail-brain desk", patience_s=PATIENCE_S) as pg:
        yield pg


def addresses_of(config: Configuration) -> tuple[PostgresAddress, RedisAddress]:
    """Return where PostgreSQL and Redis answer, starting the embedded servers if need be."""
    from retail_brain.pipeline.stores import open_workspace
    from retail_brain.services import ensure_services

    folder = open_workspace(config).folder
    found = ensure_services(folder, config.services, postgres=config.postgres, redis=config.redis)
    return found.postgres, found.redis


def find_profile(config: Configuration, key: str, *, with_members: bool = False) -> ProfileResult:
    """Find the profile behind a profile id or a record.

    Args:
        config: the configuration.
        key: a profile id, any ever issued, or SOURCE:RECORD_ID.
        with_members: also say what each record says.

    Returns:
        The profile as it is now.

    Raises:
        ConfigurationError: the key leads nowhere.
        ServiceError: PostgreSQL does not answer, and the cache does not know the profile.
    """
    from retail_brain.cache.read import CacheReader

    postgres, redis = addresses_of(config)
    with CacheReader(redis, config.cache) as reader:
        try:
            with connect(postgres, application_name="retail-brain desk", patience_s=PATIENCE_S) as pg:
                return find_in(pg, reader, key, with_members=with_members)
        except ServiceError:
            found = find_cached(reader, key)
            if found is None:
                raise
            return found


def find_cached(reader: CacheReader, key: str) -> ProfileResult | None:
    """Find a profile while PostgreSQL is away: as the cache has it, perhaps out of date; None where it does not."""
    profile_id = _as_uuid(key)
    read = reader.read(str(profile_id), generation=None) if profile_id else None
    if read is None or read.document is None:
        return None
    return _from_document(json.loads(read.document), key, maybe_stale=True)


def find_in(pg: Connection, reader: CacheReader | None, key: str, *, with_members: bool) -> ProfileResult:
    """Find a profile on connections that are open.

    Args:
        pg: a connection outside any transaction.
        reader: reads the cache; None where it is not to be asked.
        key: a profile id, any ever issued, or SOURCE:RECORD_ID.
        with_members: also say what each record says.

    Raises:
        GoneError: what the key named is not delivered any more.
        ConfigurationError: the key leads nowhere.
    """
    profile_id = resolve_key(pg, key)
    generation = None if with_members or reader is None else outbox.trusted_generation(pg, profile_id)
    if generation is not None and reader is not None:
        read = reader.read(str(profile_id), generation=generation)
        if read.document is not None:
            return _from_document(json.loads(read.document), key)
    found = lookup.fetch_profile(pg, profile_id)
    if found is None:
        raise ConfigurationError(
            f"no profile was ever issued under {key}", hint="retail-brain profile search finds by name"
        )
    if found.profile is None:
        raise GoneError(
            f"profile {key} has ended: its records were no longer delivered",
            hint="retail-brain profile history tells when",
        )
    records = lookup.members(pg, [found.profile.profile_id])
    return _from_store(found.profile, records, key, with_members=with_members)


def resolve_key(pg: Connection, key: str) -> UUID:
    """Return the profile id that a key names: itself, or the profile of SOURCE:RECORD_ID.

    Raises:
        GoneError: the record is not delivered any more.
        ConfigurationError: it is neither an id nor a known record.
    """
    profile_id = _as_uuid(key)
    if profile_id is not None:
        return profile_id
    record = find_record(pg, key)
    if record.profile_id is None:
        raise GoneError(f"{key} is not delivered any more and belongs to no profile")
    return record.profile_id


def find_record(pg: Connection, key: str) -> StoredRecord:
    """Return the record that SOURCE:RECORD_ID names.

    Raises:
        ConfigurationError: the key is not of that form, or the source never delivered it.
    """
    source, colon, record_id = key.partition(":")
    if not colon:
        raise ConfigurationError(
            f"{key} is neither a profile id nor SOURCE:RECORD_ID",
            hint="such as pos:118; a name is found by: retail-brain profile search",
        )
    record = lookup.fetch_by_record(pg, source, record_id)
    if record is None:
        raise ConfigurationError(f"{source} never delivered a record {record_id}")
    return record


def find_history(config: Configuration, key: str) -> HistoryResult:
    """Say how a profile came to be: merges and splits, and the ids that it took over.

    Raises:
        ConfigurationError: the key leads nowhere.
    """
    with open_store(config) as pg:
        found = lookup.fetch_profile(pg, resolve_key(pg, key))
        if found is None:
            raise ConfigurationError(f"no profile was ever issued under {key}")
        profile_id = found.profile.profile_id if found.profile else found.followed[-1]
        history = lookup.profile_history(pg, profile_id)
    entries = tuple(describe_entry(entry) for entry in history.log)
    return HistoryResult(
        profile_id=str(profile_id), former_ids=tuple(str(old.alias_id) for old in history.retired), entries=entries
    )


def describe_entry(entry: lookup.LogEntry) -> HistoryEntry:
    """Tell one row of the merge log."""
    return HistoryEntry(
        merge_id=entry.merge_id, logged_at=entry.logged_at, run_id=entry.run_id, kind=entry.kind, cause=entry.cause,
        left=f"{entry.source_l}:{entry.record_id_l}", right=f"{entry.source_r}:{entry.record_id_r}",
        match_probability=entry.match_probability, match_weight=entry.match_weight, blocking_rule=entry.blocking_rule,
        live=entry.kind == "merge" and entry.undone_by is None, undone_by=entry.undone_by,
    )  # fmt: skip


def find_interesting(config: Configuration, *, limit: int) -> tuple[str, ...]:
    """Return the ids of profiles that show what matching does: several sources, several spellings.

    Args:
        config: the configuration.
        limit: how many.
    """
    from retail_brain.store.sample import telling_profiles

    with open_store(config) as pg:
        return tuple(str(profile_id) for profile_id in telling_profiles(pg, limit=limit))


def plain_values(values: dict[str, Any]) -> dict[str, str]:
    """Return values as text, in the order in which they are shown."""
    return {name: str(values[name]) for name in VALUE_FIELDS if values.get(name) is not None}


def _from_store(profile: StoredProfile, records: list[StoredRecord], key: str, *, with_members: bool) -> ProfileResult:
    names = {record.record_no: f"{record.source}:{record.record_id}" for record in records}
    members = tuple(
        MemberResult(
            key=names[r.record_no],
            values=plain_values(dict(r.values)),
            updated_at=r.updated_at.isoformat() if r.updated_at else None,
        )
        for r in records
    )
    return ProfileResult(
        profile_id=str(profile.profile_id), asked_for=key, values=plain_values(dict(profile.values)),
        came_from=_came_from(profile.provenance, names), records=tuple(names.values()), version=profile.version,
        served_from="postgresql", members=members if with_members else (),
    )  # fmt: skip


def _from_document(document: dict[str, Any], key: str, *, maybe_stale: bool = False) -> ProfileResult:
    names = {record["record_no"]: f"{record['source']}:{record['record_id']}" for record in document["records"]}
    values = plain_values(document)
    provenance = document.get("provenance") or dict.fromkeys(values, document["first_record_no"])
    return ProfileResult(
        profile_id=document["profile_id"], asked_for=key, values=values, came_from=_came_from(provenance, names),
        records=tuple(names.values()), version=document["version"], served_from="redis", maybe_stale=maybe_stale,
    )  # fmt: skip


def _came_from(provenance: dict[str, int], names: dict[int, str]) -> dict[str, str]:
    return {name: names[provenance[name]] for name in VALUE_FIELDS if provenance.get(name) in names}


def _as_uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None

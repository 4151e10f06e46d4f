"""Touched records grouped anew: their profiles' ids and golden values by the night's own code, written in one transaction.

Apart from unmerging and joining, which say what the groups are; here is what follows from it. Ids, golden values and
former ids come from the same functions as in a night, on an engine that holds the touched records alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.change import weigh_questions, write_profiles
from retail_brain.store.state import read_shared_values

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import duckdb
    import pyarrow as pa

    from retail_brain.config.file import Configuration
    from retail_brain.config.matching import MatchingSettings
    from retail_brain.store.change import Head
    from retail_brain.store.connection import Connection
    from retail_brain.store.touched import Touched

_VALUES = [(name, "date" if name == "date_of_birth" else "varchar") for name in VALUE_FIELDS]
_NOTHING = "nothing was changed"
_REVIEW = "record_no_l bigint, record_no_r bigint, kind varchar, match_weight double, match_probability double, levels varchar, blocking_rule varchar, reason varchar, stake double"


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A profile as it will be: values by field (empty ones left out), and for each the record number it came from."""

    profile_id: uuid.UUID
    values: dict[str, str | date]
    provenance: dict[str, int]
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """What touched profiles become.

    Attributes:
        profiles: the profiles afterwards, by id.
        crosswalk: the profile that holds each record afterwards.
        aliases: the former ids that point elsewhere from now on, and where.
    """

    profiles: dict[uuid.UUID, Golden]
    crosswalk: dict[int, uuid.UUID]
    aliases: dict[uuid.UUID, uuid.UUID]


def regroup(
    con: duckdb.DuckDBPyConnection,
    pg: Connection,
    config: Configuration,
    touched: Touched,
    groups: Iterable[Sequence[int]],
    *,
    generation: str,
) -> Regrouped:
    """Work out what becomes of profiles whose records are grouped anew. Nothing is written.

    Args:
        con: an engine of its own; gets profile_upsert and the tables it is made of.
        pg: in the transaction of the change.
        config: the configuration.
        touched: the profiles as they stand.
        groups: the new groups; each record of the profiles is in exactly one.
        generation: part of new ids, so that none is ever issued twice.
    """
    from retail_brain.identity.profile_id import assign_profile_ids
    from retail_brain.survivorship import survive

    _load_records(con, touched)
    groups = [sorted(group) for group in groups]
    pairs = [(record_no, group[0]) for group in groups for record_no in group]
    make_table(con, "record_group", [("record_no", "bigint"), ("group_no", "bigint")], pairs)
    assign_profile_ids(con, generation=generation, previous="previous_crosswalk")
    read_shared_values(pg, con, "shared_value")
    survive(con, into="profile_upsert", settings=config.survivorship, avoid="shared_value")
    crosswalk: dict[int, uuid.UUID] = dict(con.execute("select record_no, profile_id from crosswalk").fetchall())
    gone = dict(con.execute("select old_profile_id, new_profile_id from profile_alias").fetchall())
    return Regrouped(
        profiles=_read_golden(con, crosswalk),
        crosswalk=crosswalk,
        aliases=gone | former_ids(touched, crosswalk, gone),
    )


def former_ids(
    touched: Touched, crosswalk: Mapping[int, uuid.UUID], gone: Mapping[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Say which former ids lead to another profile from now on: to where most of the records went that once bore them.

    Args:
        touched: the profiles as they stand.
        crosswalk: the profile that holds each record afterwards.
        gone: ids that no profile bears any more, and what they become.

    Returns:
        The former ids to re-point; the others still lead to the right profile.
    """
    votes: dict[uuid.UUID, Counter[uuid.UUID]] = {}
    first: dict[tuple[uuid.UUID, uuid.UUID], int] = {}
    for record_no, former in sorted(touched.former):
        if former in touched.aliases and record_no in crosswalk:
            votes.setdefault(former, Counter())[crosswalk[record_no]] += 1
            first.setdefault((former, crosswalk[record_no]), record_no)
    wanted = {
        former: min(counted, key=lambda now: (-counted[now], first[former, now])) for former, counted in votes.items()
    }
    pointers: dict[uuid.UUID, uuid.UUID] = {**touched.aliases, **gone}
    moved: dict[uuid.UUID, uuid.UUID] = {}
    while wrong := {former: now for former, now in wanted.items() if _follow(former, pointers) != now}:
        pointers |= wrong
        moved |= wrong
    return moved


def _follow(former: uuid.UUID, pointers: Mapping[uuid.UUID, uuid.UUID]) -> uuid.UUID:
    while former in pointers:
        former = pointers[former]
    return former


def write_regrouped(
    con: duckdb.DuckDBPyConnection,
    pg: Connection,
    head: Head,
    touched: Touched,
    regrouped: Regrouped,
    *,
    settings: MatchingSettings,
    review: Iterable[Sequence[Any]] = (),
    settled: Iterable[tuple[int, int]] = (),
) -> dict[str, int]:
    """Write what became of the profiles.

    Args:
        con: the engine that `regroup` was given.
        pg: in `change_by_hand`.
        head: what that gave.
        touched: the profiles as they stood.
        regrouped: what becomes of them.
        settings: the matching section of the configuration.
        review: pairs that wait for a person from now on, as columns of review_item.
        settled: pairs that no longer do.

    Returns:
        Rows written, by table.
    """
    gone = [(profile_id,) for profile_id in touched.profiles if profile_id not in regrouped.profiles]
    pair = [("record_no_l", "bigint"), ("record_no_r", "bigint")]
    make_table(con, "profile_gone", [("profile_id", "uuid")], gone)
    make_table(con, "profile_alias_new", [("alias_id", "uuid"), ("profile_id", "uuid")], regrouped.aliases.items())
    make_table(con, "review_item_new", [tuple(column.split()) for column in _REVIEW.split(", ")], review)
    make_table(con, "review_item_gone", pair, settled)
    moved = {no: now for no, now in regrouped.crosswalk.items() if touched.members[no].profile_id != now}
    ids = sorted({*touched.profiles, *regrouped.profiles})
    rows = write_profiles(pg, con, head, moved=moved, touched=ids)
    weigh_questions(pg, list(touched.members), clash_probability=settings.clash_probability)
    return rows


def _load_records(con: duckdb.DuckDBPyConnection, touched: Touched) -> None:
    columns = [
        ("record_no", "bigint"),
        ("source", "varchar"),
        ("record_id", "varchar"),
        *_VALUES,
        ("updated_at", "timestamp"),
    ]
    members = touched.members.values()
    make_table(con, "record", columns, [
        (one.record_no, one.source, one.record_id, *(one.values.get(name) for name in VALUE_FIELDS), one.updated_at)
        for one in members
    ])  # fmt: skip
    before = [(one.record_no, one.profile_id) for one in members]
    make_table(con, "previous_crosswalk", [("record_no", "bigint"), ("profile_id", "uuid")], before)


def _read_golden(con: duckdb.DuckDBPyConnection, crosswalk: Mapping[int, uuid.UUID]) -> dict[uuid.UUID, Golden]:
    import json

    members: dict[uuid.UUID, list[int]] = {}
    for record_no, profile_id in sorted(crosswalk.items()):
        members.setdefault(profile_id, []).append(record_no)
    query = f"select profile_id, provenance, {', '.join(VALUE_FIELDS)} from profile_upsert order by first_record_no"
    return {
        profile_id: Golden(
            profile_id=profile_id,
            values={name: value for name, value in zip(VALUE_FIELDS, values, strict=True) if value is not None},
            provenance=json.loads(provenance),
            records=tuple(members[profile_id]),
        )
        for profile_id, provenance, *values in con.execute(query).fetchall()
    }


def make_table(
    con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[tuple[str, ...]], rows: Iterable[Sequence[Any]]
) -> None:
    """Make a small table of the engine; through Arrow, since one row at a time is slow where a whole run is undone.

    Args:
        con: the engine.
        name: the table.
        columns: names and DuckDB types.
        rows: values in the order of the columns.
    """
    import pyarrow as pa

    found = list(rows)
    con.register("rows_in", _arrow(pa, columns, found))
    selected = ", ".join(f"{column}::{kind} as {column}" for column, kind in columns)
    con.execute(f"create or replace table {name} as select {selected} from rows_in")
    con.unregister("rows_in")


def _arrow(pa: Any, columns: Sequence[tuple[str, ...]], rows: Sequence[Sequence[Any]]) -> pa.Table:
    kinds = {"bigint": pa.int64(), "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us")}
    arrays = {
        name: pa.array(
            [str(row[place]) if kind == "uuid" and row[place] else row[place] for row in rows],
            kinds.get(kind, pa.string()),
        )
        for place, (name, kind) in enumerate(columns)
    }
    return pa.table(arrays)


def ruling_of(reason: str, ticket: str | None, by: str | None) -> dict[str, Any]:
    """Return what each decision keeps: why, where it was asked for, and who decided; each in one line of text.

    Raises:
        ConfigurationError: one of them is longer than anybody reads.
    """
    ruling = {
        "reason": " ".join(reason.split()),
        "ticket": " ".join((ticket or "").split()) or None,
        "decided_by": decider(by),
    }
    for name, most in (("reason", 2000), ("ticket", 200), ("decided_by", 200)):
        text = ruling[name] or ""
        option = "--" + name.replace("decided_", "")
        if len(text) > most:
            raise ConfigurationError(f"{option} is longer than {most:,} characters", hint=_NOTHING)
    return ruling


def decider(by: str | None) -> str:
    """Return who decides: the one named, else the user of this process.

    Raises:
        ConfigurationError: the name is empty.
    """
    import getpass

    name = getpass.getuser() if by is None else " ".join(by.split())
    if not name:
        raise ConfigurationError("--by needs a name")
    return name

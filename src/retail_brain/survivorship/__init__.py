"""Survivorship: the golden values of each profile, and the record that each of them came from.

Apart from identity, which says who belongs together: this room only chooses among values that are already together.
The statement is in `statement`; here it is run, in parts when there are many records, so that memory stays bounded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.config.survivorship import GOLDEN_FIELDS
from retail_brain.engine import quote_identifier
from retail_brain.survivorship.statement import survivorship_sql

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.survivorship import SurvivorshipSettings

__all__ = ["SurvivorshipResult", "survive", "survivorship_sql"]

_RECORDS_PER_PART = 500_000, 5_000_000
"""How many records are looked at in one go, at least and at most: half of them between these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivorshipResult:
    """What survivorship made: profiles, records behind them, profiles of one record, seconds."""

    profiles: int
    records: int
    single_record_profiles: int
    seconds: float


def survive(
    con: duckdb.DuckDBPyConnection,
    *,
    record: str = "record",
    crosswalk: str = "crosswalk",
    into: str = "profile",
    settings: SurvivorshipSettings,
    avoid: str | None = None,
) -> SurvivorshipResult:
    """Choose the golden values of every profile in the crosswalk.

    Args:
        con: a DuckDB connection that holds the tables.
        record: one row per record: record_no, source, updated_at and the golden columns.
        crosswalk: one row per record: record_no, profile_id. Records that are not in it are left out.
        into: table to make, one row per profile: profile_id, the golden columns, record_count, first_record_no,
            provenance (JSON text, field to record_no), updated_at.
        settings: the rules.
        avoid: one row per value that must not win over real ones: field, value (as match keys write it),
            kind ('placeholder' or 'shared').

    Returns:
        Counts and seconds.
    """
    started = time.perf_counter()
    members = _count(con, f"select count(*) from {quote_identifier(crosswalk)}")
    least, most = _RECORDS_PER_PART
    parts = -(-members // min(max(members // 2, least), most)) or 1
    target = quote_identifier(into)
    listed = f"select distinct field from {quote_identifier(avoid)}" if avoid is not None else "select null limit 0"
    avoided = [field for (field,) in con.execute(listed).fetchall()]
    present = _present(con, record) if parts > 1 else GOLDEN_FIELDS
    for part in range(parts):
        verb = f"insert into {target}" if part else f"create or replace table {target} as"
        select = survivorship_sql(
            settings, record=record, crosswalk=crosswalk, avoid=avoid, avoided=avoided, present=present, part=part,
            parts=parts,
        )  # fmt: skip
        con.execute(f"{verb} {select}")
    return SurvivorshipResult(
        profiles=_count(con, f"select count(*) from {target}"),
        records=_count(con, f"select coalesce(sum(record_count), 0) from {target}"),
        single_record_profiles=_count(con, f"select count(*) from {target} where record_count = 1"),
        seconds=round(time.perf_counter() - started, 3),
    )


def _present(con: duckdb.DuckDBPyConnection, record: str) -> tuple[str, ...]:
    """Return the fields that some record has: what nobody delivers costs a first run a third of the time here."""
    counts = ", ".join(f"count({quote_identifier(field)})" for field in GOLDEN_FIELDS)
    found = con.execute(f"select {counts} from {quote_identifier(record)}").fetchone() or ()
    return tuple(field for field, count in zip(GOLDEN_FIELDS, found, strict=True) if count)


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0

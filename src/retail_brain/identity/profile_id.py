"""Lasting ids: which id each group carries, and what the ids that no group carries have become.

Apart from the walk because ids look back at the run before: a group keeps the id that most of its records had. An id
depends on the records and on the number of published runs alone, so that a crashed run that is repeated gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileIdResult:
    """How many profiles carry an id from before, and how many ids became aliases."""

    kept: int
    aliases: int


def assign_profile_ids(
    con: duckdb.DuckDBPyConnection, *, generation: str, previous: str = "previous_crosswalk"
) -> ProfileIdResult:
    """Give every group its lasting id.

    Args:
        con: holds record_group (record_no, group_no), record (record_no, source, record_id) and `previous`.
        generation: part of new ids: number of published runs + 1, or what a person undoes between two runs.
        previous: the crosswalk of before, as far as these records or their profiles are in it: record_no, profile_id.

    Returns:
        The counts. Creates crosswalk (one row per record: record_no, profile_id) and profile_alias (one row per id that
        no group carries any more but whose records live on: old_profile_id, new_profile_id).
    """
    con.execute(f"create or replace temp view id_previous as from {quote_identifier(previous)}")
    con.execute(sql.load("identity/id_keep"))
    con.execute(sql.load("identity/id_crosswalk"), {"generation": generation})
    con.execute(sql.load("identity/id_alias"))
    [(kept, aliases)] = con.execute(
        "select (select count(*) from id_kept), (select count(*) from profile_alias)"
    ).fetchall()
    con.execute("drop table id_kept; drop view id_previous")
    return ProfileIdResult(kept=int(kept), aliases=int(aliases))

"""One person against candidate records: whose record is this.

Apart from the nightly scoring because its input is a person typed in, not a table of keys; the comparisons, weights
and term frequencies are those of the same model, so that the desk never disagrees with the night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.matching.linker import compare_pairs
from retail_brain.matching.score import edge_sql
from retail_brain.matching.terms import attach_terms

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMatchResult:
    """How well one candidate record fits the person, best first: weight in bits, probability, levels."""

    record_no: int
    match_weight: float
    match_probability: float
    levels: str


def match_person(
    con: duckdb.DuckDBPyConnection, model: Model, person_key: str, candidate_key: str, *, settings: MatchingSettings
) -> list[PersonMatchResult]:
    """Score one person against candidates, every pair, no blocking.

    Args:
        con: holds term_frequency and both tables of keys, as `build_keys` makes them.
        model: the trained model.
        person_key: table with the one row of the person; its record_no must differ from all candidates'.
        candidate_key: table with the rows of the candidates.
        settings: the matching section of the configuration.

    Returns:
        One result per candidate, best first.
    """
    del settings
    [(person,)] = con.execute(f"select record_no from {person_key}").fetchall()
    con.execute(
        f"create or replace temp table person_source as select * from {person_key} union all by name select * from {candidate_key}"
    )
    attach_terms(con, model, "person_source", "person_scored_key")
    con.execute(
        f"create or replace table person_block as select '0' as match_key, least(p.record_no, c.record_no) as join_key_l, greatest(p.record_no, c.record_no) as join_key_r from {person_key} p, {candidate_key} c"
    )
    scored = compare_pairs(con, model, "person_scored_key", "person_block")
    rows = con.execute(
        f"select case when record_no_l = ? then record_no_r else record_no_l end as record_no, match_weight, match_probability, levels from ({edge_sql(model, scored.physical_name, -1e9)})"
        " order by match_weight desc, record_no",
        [person],
    ).fetchall()
    scored.drop_table_from_database_and_remove_from_cache()
    for table in ("person_source", "person_scored_key", "person_block"):
        con.execute(f"drop table {table}")
    return [
        PersonMatchResult(record_no=no, match_weight=float(weight), match_probability=float(probability), levels=levels)
        for no, weight, probability, levels in rows
    ]

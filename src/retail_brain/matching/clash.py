"""Clashes: records that links would bring together although their own details say that they are two people.

Apart from scoring because it looks at pairs that no blocking rule found: all members of what the links join. Only the
comparisons that are a person's own count here (names, date of birth, numbers), held against two people of one home;
how hard a clash bites is therefore learnt from the data: where names are badly garbled, a different name says little.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

import numpy as np

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.matching.comparison import level_number
from retail_brain.matching.linker import compare_pairs, level_sql
from retail_brain.matching.model import Model, with_settings
from retail_brain.matching.score import bits_case_sql
from retail_brain.matching.terms import attach_terms

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.matching import MatchingSettings

NUMBERS = ("name_suffix", "loyalty_id", "national_id")
"""Of these a person has one. A pair that is linked by itself clashes only where one of them differs, or both have known
first names that are not each other's nicknames."""
ANOTHER_NAME = level_number("given_name", "another name")
_CROSSED = (
    "coalesce(jaro_winkler_similarity(l.given_key, r.family_key), 0) >= 0.9"
    " or coalesce(jaro_winkler_similarity(l.family_key, r.given_key), 0) >= 0.9"
)
"""The first name of one stands as the last name of the other: the two are the wrong way round in one of them, so that different
first names say nothing. Beside Kim Lee, the record of Lee Kim is no rival of the one of K. Lee."""


def find_clashes(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    settings: MatchingSettings,
    decisions: str | None = None,
    touching: str | None = None,
    before: str | None = None,
) -> None:
    """Find the pairs that must not end in one profile.

    Args:
        con: holds match_key, term_frequency and edge.
        model: the trained model.
        settings: the matching section of the configuration.
        decisions: a table of decisions (record_no_l, record_no_r, kind); its must-links join records as well.
        touching: a table of records (record_no) that are new or changed; only groups that hold one of them are looked at.
        before: with `touching`, the clashes found before; those between two records that did not change still stand.

    Creates clash, one row per pair inside a group that the links would make: record_no_l < record_no_r, clash_bits (below
    zero: two people), reason (the comparison that speaks most against one person); and doubt, one row per link that is
    no better than a rival: one of its records fits another record about as well, and these two clash.
    """
    _join_groups(con, settings.merge_probability, decisions)
    if touching:
        con.execute(
            f"delete from link_group where group_no not in (select group_no from link_group semi join {quote_identifier(touching)} using (record_no))"
        )
    con.execute(
        "create or replace table clash_block as select case when e.record_no_l is null then '0' else '1' end as match_key, l.record_no as join_key_l, r.record_no as join_key_r"
        " from link_group l join link_group r on l.group_no = r.group_no and l.record_no < r.record_no"
        " left join (select record_no_l, record_no_r from edge where match_probability >= ?) e on e.record_no_l = l.record_no and e.record_no_r = r.record_no",
        [settings.merge_probability],
    )
    own = tuple(comparison.name for comparison in model.comparisons if comparison.personal)
    narrow = with_settings(model, comparisons=own, blocking_rules=model.blocking_rules[:1])
    con.execute(
        "create or replace temp view clash_source as select * from match_key semi join link_group using (record_no)"
    )
    attach_terms(con, narrow, "clash_source", "clash_key")
    scored = compare_pairs(con, narrow, "clash_key", "clash_block")
    con.execute(
        f"create or replace table clash as {clash_sql(narrow, scored.physical_name, 'clash_key', settings.clash_probability)}"
    )
    scored.drop_table_from_database_and_remove_from_cache()
    if touching and before:
        con.execute(standing_clash_sql(touching, before))
    con.execute(sql.load("matching/clash_doubt"), {"merge_probability": settings.merge_probability})
    con.execute("drop view clash_source; drop table clash_block; drop table clash_key")


def standing_clash_sql(touching: str, before: str) -> str:
    """Return the statement that adds the clashes of before between two records that are there and did not change."""
    return (
        f"insert into clash by name from {quote_identifier(before)} anti join clash using (record_no_l, record_no_r)"
        f" where record_no_l not in (select record_no from {quote_identifier(touching)})"
        f" and record_no_r not in (select record_no from {quote_identifier(touching)})"
        " and record_no_l in (select record_no from match_key) and record_no_r in (select record_no from match_key)"
    )


def _join_groups(con: duckdb.DuckDBPyConnection, probability: float, decisions: str | None) -> None:
    """Create link_group (record_no, group_no): the records of every group of two or more that the links would make."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    more = (
        f" union all select record_no_l, record_no_r from {quote_identifier(decisions)} where kind = 'must_link'"
        if decisions
        else ""
    )
    links = con.execute(
        f"select record_no_l, record_no_r from edge where match_probability >= ?{more}", [probability]
    ).fetchnumpy()
    left, right = (np.asarray(links[name], dtype=np.int64) for name in ("record_no_l", "record_no_r"))
    if len(left) == 0:
        con.execute("create or replace table link_group (record_no bigint, group_no bigint)")
        return
    # record numbers leave few gaps, so each is its own node: nothing is sorted
    size = 1 + int(max(left.max(), right.max()))
    matrix = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    _count, groups = connected_components(matrix, directed=False)
    nodes = np.flatnonzero(np.bincount(groups)[groups] > 1)
    con.register("link_group_in", {"record_no": nodes, "group_no": groups[nodes].astype(np.int64)})
    con.execute("create or replace table link_group as select * from link_group_in")
    con.unregister("link_group_in")


def clash_sql(model: Model, scored: str, keys: str, probability: float) -> str:
    """Return one row per clashing pair of a table of scored pairs and one of their records' keys: record numbers, clash_bits, reason."""
    names = model.shares_order
    levels = ", ".join(f"{level_sql(model, name)} as level_{name}" for name in names)
    bits = ", ".join(
        f"{bits_case_sql(model, name, home=False)} - {bits_case_sql(model, name, home=True)} as bits_{name}"
        for name in names
    )
    total = " + ".join(f"bits_{name}" for name in names)
    start = log2(model.same_share / model.home_share)
    if {"given_name", "date_of_birth"} <= set(names):
        total = _family_patterns(total)
    reason = (
        "case least("
        + ", ".join(f"bits_{name}" for name in names)
        + ") "
        + " ".join(f"when bits_{name} then '{name}'" for name in names)
        + " end"
    )
    certain = [f"level_{name} = 0" for name in names if name in NUMBERS] + [
        f"level_given_name = {ANOTHER_NAME}" for name in names if name == "given_name"
    ]
    hard = " or ".join(certain) or "false"
    gap = "".join(f"level_{name}, " for name in ("given_name", "date_of_birth") if name in names)
    limit = log2(probability / (1 - probability))
    clashing = f"""
with leveled as (select record_no_l, record_no_r, match_key, {levels} from {scored}),
weighed as (select record_no_l, record_no_r, match_key = '1' and not ({hard}) as linked, {gap}{bits} from leveled),
clashing as (
    select *, round({start!r} + {total}, 6) as clash_bits, {reason} as reason
    from weighed
    where round({start!r} + {total}, 6) < {limit!r} and not linked
)
select least(record_no_l, record_no_r) as record_no_l, greatest(record_no_l, record_no_r) as record_no_r, clash_bits, reason
from clashing"""
    if "given_name" not in names:
        return clashing
    return f"""{clashing}
join (select record_no, given_key, family_key from {keys}) l on l.record_no = record_no_l
join (select record_no, given_key, family_key from {keys}) r on r.record_no = record_no_r
where reason <> 'given_name' or round(clash_bits - bits_given_name, 6) < {limit!r} or not ({_CROSSED})"""


def _family_patterns(total: str) -> str:
    """Return the sum of bits, corrected for the two ways in which a family looks like one person.

    Fathers and sons share names by custom: next to dates of birth half a generation apart, the same name says little.
    Twins share their date of birth: next to another known first name, the same date says nothing.
    """
    total = total.replace(
        "bits_given_name", "case when level_date_of_birth = 0 then least(bits_given_name, 1.0) else bits_given_name end"
    )
    return total.replace(
        "bits_date_of_birth",
        f"case when level_given_name = {ANOTHER_NAME} then least(bits_date_of_birth, 0.0) else bits_date_of_birth end",
    )

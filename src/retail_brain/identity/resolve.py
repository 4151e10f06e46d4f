"""From edges and decisions to groups: ranks the links, walks them, and writes down each merge and each refusal.

Apart from the forest because this is where tables become arrays and arrays become tables. All links have one rank:
must-link decisions, then merges that stand, then match weight, then record numbers; so nothing depends on row order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.identity.forest import ForestResult, build_forest

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from retail_brain.config.matching import MatchingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveResult:
    """What resolving did: how many links were walked, how many merged, how many were refused, how many groups there are."""

    links: int
    merges: int
    refusals: int
    groups: int


def resolve(
    con: duckdb.DuckDBPyConnection,
    *,
    settings: MatchingSettings,
    decisions: str | None = None,
    standing: str | None = None,
    refused: str | None = None,
    records: str = "match_key",
    edges: str = "edge",
) -> ResolveResult:
    """Join records into groups along the links, keeping apart what must be kept apart.

    Args:
        con: holds clash (record_no_l, record_no_r, clash_bits, reason) and the tables of records and edges.
        settings: the matching section of the configuration.
        decisions: table of decisions in force: record_no_l, record_no_r, kind ('must_link' or 'cannot_link').
        standing: table of merges that already stand: record_no_l, record_no_r.
        refused: table of links refused before: record_no_l, record_no_r; they stay refused.
        records: table with the record_no of every record to walk: all of them, or whole groups of linked records.
        edges: table of scored pairs among them.

    Returns:
        The counts. Creates merge (one row per tree edge), refusal (one row per refused link) and record_group (one row
        per record: record_no, group_no = the smallest record_no of its group).
    """
    _prepare_inputs(con, decisions, standing, refused)
    con.execute(f"create or replace temp view resolve_edge as from {quote_identifier(edges)}")
    con.execute(
        f"create or replace temp table resolve_node as select record_no, row_number() over (order by record_no) - 1 as node from {quote_identifier(records)}"
    )
    con.execute(sql.load("identity/resolve_link"), {"merge_probability": settings.merge_probability})
    con.execute(sql.load("identity/resolve_conflict"))
    [(nodes,)] = con.execute("select count(*) from resolve_node").fetchall()
    links = _pairs(con, "select node_l, node_r from resolve_link order by position")
    conflicts = _pairs(con, "select node_l, node_r from resolve_conflict order by position")
    forest = build_forest(int(nodes), links, conflicts)
    _write(con, forest, int(nodes))
    return ResolveResult(
        links=len(links), merges=len(forest.tree), refusals=len(forest.refused), groups=int(nodes) - len(forest.tree)
    )


def _prepare_inputs(
    con: duckdb.DuckDBPyConnection, decisions: str | None, standing: str | None, refused: str | None
) -> None:
    pair = "least(record_no_l, record_no_r) as record_no_l, greatest(record_no_l, record_no_r) as record_no_r"
    nothing = "select null::bigint as record_no_l, null::bigint as record_no_r where false"
    con.execute(
        f"create or replace temp table resolve_standing as {f'select distinct {pair} from {quote_identifier(standing)}' if standing else nothing}"
    )
    before = (
        f"select distinct {pair}, 'refused_before' as reason from {quote_identifier(refused)}"
        if refused
        else f"select *, '' as reason from ({nothing})"
    )
    con.execute("create table if not exists doubt (record_no_l bigint, record_no_r bigint)")
    con.execute(
        f"create or replace temp table resolve_refused as with before as ({before}) select * from before"
        " union all select record_no_l, record_no_r, 'ambiguous' from doubt anti join before using (record_no_l, record_no_r)"
        " anti join resolve_standing using (record_no_l, record_no_r)"
    )
    chosen = (
        f"select distinct {pair}, kind from {quote_identifier(decisions)}"
        if decisions
        else "select null::bigint as record_no_l, null::bigint as record_no_r, null::varchar as kind where false"
    )
    con.execute(f"create or replace temp table resolve_decision as {chosen}")
    con.execute(
        "create table if not exists clash (record_no_l bigint, record_no_r bigint, clash_bits double, reason varchar)"
    )


def _pairs(con: duckdb.DuckDBPyConnection, query: str) -> NDArray[np.int64]:
    table = con.execute(query).fetchnumpy()
    return np.stack([np.asarray(table[name], dtype=np.int64) for name in ("node_l", "node_r")], axis=1)


def _write(con: duckdb.DuckDBPyConnection, forest: ForestResult, nodes: int) -> None:
    con.register("forest_tree", {"position": forest.tree})
    con.register("forest_refused", {"position": forest.refused, "blamed": forest.blamed})
    con.register("forest_group", {"node": np.arange(nodes, dtype=np.int64), "lowest": forest.group})
    con.execute(sql.load("identity/resolve_merge"))
    con.execute(sql.load("identity/resolve_refusal"))
    con.execute(sql.load("identity/resolve_group"))
    for name in ("forest_tree", "forest_refused", "forest_group"):
        con.unregister(name)
    con.execute("drop view resolve_edge")
    for name in (
        "resolve_node",
        "resolve_link",
        "resolve_conflict",
        "resolve_standing",
        "resolve_refused",
        "resolve_decision",
    ):
        con.execute(f"drop table {name}")

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
from retail_brain.identity.bound import Bound
from retail_brain.identity.forest import ForestResult, settle_forest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    from numpy.typing import NDArray

    from retail_brain.config.matching import BoundSettings, MatchingSettings

    Numbers = NDArray[np.int64]

KEYS = {
    "loyalty_id": "loyalty_key",
    "national_id": "national_key",
    "date_of_birth": "birth_date",
    "email": "email_key",
    "phone": "phone_key",
}
"""For each field with a bound the column of match_key that is counted: placeholders and shared values are not in it."""


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
    values: str | None = None,
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
        values: table of match keys, of these records or of more, whose values the bounds count; None holds no bound.

    Returns:
        The counts. Creates merge (one row per tree edge), refusal (one row per refused link) and record_group (one row
        per record: record_no, group_no = the smallest record_no of its group).

    A must-link joins whatever rules say: no bound refuses it, the values of the two sides that it joins are counted
    apart, and a clash between two records that must-links and standing merges connect, a must-link among them, is void.
    So joining two profiles by hand never tears either. A cannot-link is never void.
    """
    _prepare_inputs(con, decisions, standing, refused)
    con.execute(f"create or replace temp view resolve_edge as from {quote_identifier(edges)}")
    con.execute(
        f"create or replace temp table resolve_node as select record_no, row_number() over (order by record_no) - 1 as node from {quote_identifier(records)}"
    )
    con.execute(sql.load("identity/resolve_evidence"), {"merge_probability": settings.merge_probability})
    con.execute(sql.load("identity/resolve_link"))
    con.execute(sql.load("identity/resolve_conflict"))
    [(nodes,)] = con.execute("select count(*) from resolve_node").fetchall()
    links = _pairs(con, "select node_l, node_r from resolve_link order by position")
    forest = _walk(con, int(nodes), links, _bounds(con, settings.bounds, values, int(nodes)))
    _write(con, forest, int(nodes))
    return ResolveResult(
        links=len(links), merges=len(forest.tree), refusals=len(forest.refused), groups=int(nodes) - len(forest.tree)
    )


def _walk(con: duckdb.DuckDBPyConnection, nodes: int, links: Numbers, bounds: tuple[Bound, ...]) -> ForestResult:
    """Walk the links with the conflicts that no person has made void, and name the bounds."""
    [(by_hand, held)] = con.execute(
        "select count(*) filter (where kind = 'must_link'), count(*) filter (where kind = 'must_link' or stands) from resolve_link"
    ).fetchall()
    conflicts = _pairs(con, "select node_l, node_r from resolve_conflict order by position")
    lasting = (
        con.execute("select reason = 'cannot_link' as lasting from resolve_conflict order by position")
        .fetchnumpy()["lasting"]
        .astype(bool)
    )
    forest = settle_forest(nodes, links, conflicts, lasting, by_hand=by_hand, held=held, bounds=bounds)
    con.register(
        "forest_bound", {"number": -1 - np.arange(len(bounds)), "field": np.array([b.field for b in bounds], dtype=str)}
    )
    return forest


def _bounds(
    con: duckdb.DuckDBPyConnection, settings: BoundSettings, values: str | None, nodes: int
) -> tuple[Bound, ...]:
    """Read the values that bounds count: a number for each value, 0 where a record has none."""
    most = {name: bound for name, bound in settings.model_dump().items() if bound}
    if values is None or not most:
        return ()
    table = con.execute(_values_sql(values, most)).fetchnumpy()
    bounds = []
    for name, bound in most.items():
        numbers = np.zeros(nodes, dtype=np.int64)
        numbers[table["node"]] = table[name]
        bounds.append(Bound(field=name, most=bound, values=numbers))
    return tuple(bounds)


def _values_sql(values: str, names: Iterable[str]) -> str:
    """One row per node: node, and for each field a number that stands for its value, 0 for none."""
    numbers = (
        f"case when {KEYS[name]} is null then 0 else 1 + (hash({KEYS[name]}) >> 2)::bigint end as {name}"
        for name in names
    )
    return f"select node, {', '.join(numbers)} from resolve_node join {quote_identifier(values)} using (record_no)"


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


def _pairs(con: duckdb.DuckDBPyConnection, query: str) -> Numbers:
    table = con.execute(query).fetchnumpy()
    return np.stack([np.asarray(table[name], dtype=np.int64) for name in ("node_l", "node_r")], axis=1)


def _write(con: duckdb.DuckDBPyConnection, forest: ForestResult, nodes: int) -> None:
    con.register("forest_tree", {"position": forest.tree})
    con.register("forest_refused", {"position": forest.refused, "blamed": forest.blamed})
    con.register("forest_group", {"node": np.arange(nodes, dtype=np.int64), "lowest": forest.group})
    con.execute(sql.load("identity/resolve_merge"))
    con.execute(sql.load("identity/resolve_refusal"))
    con.execute(sql.load("identity/resolve_group"))
    for name in ("forest_tree", "forest_refused", "forest_group", "forest_bound"):
        con.unregister(name)
    con.execute("drop view resolve_edge")
    for name in (
        "resolve_node",
        "resolve_evidence",
        "resolve_link",
        "resolve_conflict",
        "resolve_standing",
        "resolve_refused",
        "resolve_decision",
    ):
        con.execute(f"drop table {name}")

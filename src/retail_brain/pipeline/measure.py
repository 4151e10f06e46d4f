"""The numbers of a night: what is told, and what the audit gate judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain.audit import AuditResult, RunMetrics, audit, measure
from retail_brain.pipeline.result import KeptOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from retail_brain.config.audit import AuditSettings
    from retail_brain.pipeline.changes import ChangeResult


def night_counts(con: duckdb.DuckDBPyConnection, changes: ChangeResult) -> dict[str, Any]:
    """Count what a matched night did: records by what happened to them, merges, splits, refusals, profiles."""
    records = {name: getattr(changes, name) for name in ("new", "changed", "returned", "gone", "unchanged")}
    records["untouched"] = (
        _number(con, "select count(*) from live_record") - changes.new - changes.changed - changes.returned
    )
    records["untouched"] -= changes.unchanged
    return {
        "records": {name: count for name, count in records.items() if count or name == "new"},
        "merges": _number(con, "select count(*) from merge_log_new where kind = 'merge'"),
        "splits": _number(con, "select count(*) from merge_log_new where kind = 'split'"),
        "refused": _number(con, "select count(*) from review_item where kind = 'refused'"),
        "for_review": _number(con, "select count(*) from review_item where kind in ('borderline', 'weak')"),
        "profiles": _number(con, "select count(distinct profile_id) from crosswalk"),
        "largest_profile": _number(con, "select max(n) from (select count(*) as n from crosswalk group by profile_id)"),
    }


def kept_out(con: duckdb.DuckDBPyConnection, *, with_values: bool = False, limit: int = 100) -> tuple[KeptOut, ...]:
    """Return the values kept out of matching, the ones on most records first; their text only where asked for."""
    query = "select field, kind, records, people, value from shared_value order by records desc, field, value limit $1"
    return tuple(
        KeptOut(
            field=field,
            kind=kind,
            records=records,
            people=people,
            shape=shape_of(value),
            value=value if with_values else None,
        )
        for field, kind, records, people, value in con.execute(query, [limit]).fetchall()
    )


def shape_of(value: str) -> str:
    """Return a value with its letters as a and its digits as 9."""
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in value)


def audit_run(
    con: duckdb.DuckDBPyConnection,
    history: Sequence[Mapping[str, Any]],
    settings: AuditSettings,
    *,
    pairs: int,
    scored: int,
) -> tuple[AuditResult, RunMetrics]:
    """Measure a matched run and judge it by the published ones before it.

    Args:
        con: has the tables of the matched run.
        history: stored metrics of published runs, newest first.
        settings: the bounds.
        pairs: pairs scored tonight.
        scored: records scored tonight.
    """
    metrics = measure(
        con, record="live_record", delivered="record_tonight", merge_log="merge_log_new",
        crosswalk_before="previous_crosswalk", scored_records=scored, pairs=pairs,
    )  # fmt: skip
    return audit(metrics, [RunMetrics.from_json(past) for past in history], settings), metrics


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0

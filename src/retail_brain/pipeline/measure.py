"""The numbers of a night: what is told, and what the audit gate judges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retail_brain.audit import (
    AuditResult,
    Before,
    Finding,
    RunMetrics,
    audit,
    common_shape,
    measure,
    measure_deliveries,
    with_usual,
)
from retail_brain.pipeline.result import KeptOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.pipeline.changes import ChangeResult

_BY_NAME = ("swapped", "copies", "twin", "shape")
"""Checks that say all of it in words: what a name or a record id looks like adds nothing."""


def night_counts(con: duckdb.DuckDBPyConnection, changes: ChangeResult) -> dict[str, Any]:
    """Count what a matched night did: records by what happened to them, merges, splits, refusals, questions."""
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
    config: Configuration,
    *,
    pairs: int,
    scored: int,
) -> tuple[AuditResult, RunMetrics]:
    """Measure a matched run and judge it by the published ones before it.

    Args:
        con: has the tables of the matched run.
        history: stored metrics of published runs, newest first.
        config: the configuration; its sources say what a column is called.
        pairs: pairs scored tonight.
        scored: records scored tonight.

    Returns:
        The verdict, its findings told by column, file and shape of the value, and the measures.
    """
    metrics = measure(
        con, record="live_record", delivered="record_tonight", merge="live_merge", merge_log="merge_log_new",
        before=Before(crosswalk="previous_crosswalk", walked="touched_before", tonight="crosswalk_tonight"),
        scored_records=scored, pairs=pairs,
    )  # fmt: skip
    metrics = replace(metrics, deliveries=measure_deliveries(con))
    recent = [RunMetrics.from_json(past) for past in history]
    files = dict(
        con.execute(
            "select source, string_agg(file_name, ', ' order by file_name) from delivery_new group by all"
        ).fetchall()
    )
    verdict = audit(metrics, recent, config.audit, label=lambda source, name: _column(config, files, source, name))
    findings = tuple(replace(finding, message=finding.message + _looks(con, finding)) for finding in verdict.findings)
    return replace(verdict, findings=findings), with_usual(metrics, recent, rows_least=config.audit.rows_least)


def _column(config: Configuration, files: Mapping[str, str], source: str, name: str | None) -> str:
    """Return how the user knows a field: the column of the file that it is delivered in."""
    place = files.get(source, source)
    if name is None:
        return place
    settings = config.sources[source]
    wanted = ("given_name", "family_name") if name == "name" else (name,)
    columns = [column for field in wanted for column in settings.columns_of(field)]
    if not columns and name in ("name", "given_name", "family_name"):
        columns = list(settings.columns_of("full_name"))
    return f"{' and '.join(columns) or name} in {place}"


def _looks(con: duckdb.DuckDBPyConnection, finding: Finding) -> str:
    """Return what the values behind a finding look like, where a column is to blame; never a value."""
    check = finding.check.partition(" ")[0]
    if finding.source is None or finding.field is None or finding.field == "updated_at" or check in _BY_NAME:
        return ""
    if check == "completeness":
        unread = common_shape(con, finding.source, finding.field, unread=True)
        if unread:
            return f"; what cannot be read looks like {unread}"
        shape = common_shape(con, finding.source, finding.field)
        return f"; the rest is empty, what there is looks like {shape}" if shape else "; the column is empty"
    shape = common_shape(con, finding.source, finding.field, by_value=check == "one_value")
    return f"; it looks like {shape}" if check == "one_value" else f"; most look like {shape}"


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0

"""What is measured of a run: numbers only, no customer's value, so that they can be stored and shown.

Apart from the gate because measuring needs the tables of the run and judging does not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from retail_brain.audit.sample import SAMPLED, choose_steps
from retail_brain.engine import quote_identifier
from retail_brain.model import VALUE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

IDENTIFIERS = ("email", "phone", "loyalty_id", "national_id")
_ONE_VALUE_FIELDS = {
    **{name: f"record.{name}" for name in (*IDENTIFIERS, "date_of_birth")},
    "email": "regexp_replace(record.email, '[+][^@]*@', '@')",
    "name": "record.given_name || ' ' || record.family_name",
}
_SAMPLE_ROWS = 50_000
_WEIGHT_LIMIT_BITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """The measures of one run; shares are 0 to 1.

    `completeness` and `one_value` go source to field to share of the rows delivered (filled; holding the most common
    value; `name` is the whole name, and an e-mail address counts without its tag). `fan_out` is the number of profiles made or changed in the run behind one identifier's most common value. `profile_sizes` and
    `match_weights` are histograms: records per profile, whole bits of match weight. `deliveries` is what
    `measure_deliveries` found of each source; `usual` the measures of each source's last delivery of enough rows, this
    run's or one before, so that a night after many small ones still knows what to compare with.
    """

    first_run: bool = True
    records: int = 0
    scored_records: int = 0
    pairs: int = 0
    profiles: int = 0
    profiles_before: int = 0
    largest_profile: int = 0
    changed_profiles: int = 0
    merges: int = 0
    new_merges: int = 0
    new_splits: int = 0
    source_rows: dict[str, int] = field(default_factory=dict)
    completeness: dict[str, dict[str, float]] = field(default_factory=dict)
    one_value: dict[str, dict[str, float]] = field(default_factory=dict)
    fan_out: dict[str, int] = field(default_factory=dict)
    profile_sizes: dict[str, int] = field(default_factory=dict)
    match_weights: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Any]] = field(default_factory=dict)
    usual: dict[str, dict[str, Any]] = field(default_factory=dict)

    def delivery(self, source: str) -> dict[str, Any]:
        """Return everything that was measured of one source's delivery."""
        return {
            **self.deliveries.get(source, {}),
            "completeness": self.completeness.get(source, {}),
            "one_value": self.one_value.get(source, {}),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the measures as a mapping that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> RunMetrics:
        """Read measures that were stored with a run, also by another version: unknown names are left out."""
        known = {measure_field.name for measure_field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Where the profiles of before stand, so that a night of few changes counts few rows: tables with a profile_id.

    Attributes:
        crosswalk: one row per record of the published run before; without rows before the first.
        walked: those of its rows whose profiles tonight looked at, all records of each.
        tonight: the rows of tonight's crosswalk that tonight looked at, all records of each profile.
    """

    crosswalk: str
    walked: str
    tonight: str


def measure(
    con: duckdb.DuckDBPyConnection,
    *,
    record: str = "record",
    edge: str = "edge",
    crosswalk: str = "crosswalk",
    merge: str = "merge",
    profile: str = "profile",
    delivered: str | None = None,
    merge_log: str | None = None,
    before: Before | None = None,
    scored_records: int | None = None,
    pairs: int | None = None,
) -> RunMetrics:
    """Measure a run from its tables.

    Args:
        con: a DuckDB connection that holds the tables.
        record, edge, crosswalk, merge, profile: names of the tables; crosswalk has one row per record: record_no,
            profile_id; profile may hold only the profiles that are new or changed.
        delivered: one row per record delivered tonight (source and the value columns); all records when not given.
        merge_log: one row per new line of the merge log: kind ('merge', 'split', 'unmerge').
        before: what stood before; not given in a first run.
        scored_records: records scored in the run; all when not given.
        pairs: pairs scored in the run; the number of edges when not given.

    Returns:
        The measures.
    """
    records = _count(con, crosswalk)
    sizes = _pairs_of(con, _profile_sizes_sql(crosswalk))
    stood, ended = _stood_before(con, sum(sizes.values()), before)
    rows = _source_rows(con, delivered or record)
    return RunMetrics(
        first_run=stood == 0,
        records=records,
        scored_records=records if scored_records is None else scored_records,
        pairs=_count(con, edge) if pairs is None else pairs,
        profiles=sum(sizes.values()),
        profiles_before=stood,
        largest_profile=max(sizes, default=0),
        changed_profiles=ended + _touched(con, profile, before if stood else None),
        merges=_count(con, merge),
        new_merges=_count(con, merge_log, "kind = 'merge'") if merge_log else _count(con, merge),
        new_splits=_count(con, merge_log, "kind = 'split'") if merge_log else 0,
        source_rows={source: int(counts["rows"]) for source, counts in rows.items()},
        completeness={source: _shares(counts) for source, counts in rows.items()},
        one_value=_one_value(con, delivered or record),
        fan_out={name: _number(con, _fan_out_sql(profile, name)) for name in IDENTIFIERS},
        profile_sizes={str(size): number for size, number in sizes.items()},
        match_weights={str(bits): number for bits, number in _pairs_of(con, _match_weights_sql(edge)).items()},
    )


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _count(con: duckdb.DuckDBPyConnection, table: str, condition: str = "true") -> int:
    return _number(con, f"select count(*) from {quote_identifier(table)} where {condition}")


def _pairs_of(con: duckdb.DuckDBPyConnection, query: str) -> dict[int, int]:
    return {int(key): int(number) for key, number in con.execute(query).fetchall()}


def _stood_before(con: duckdb.DuckDBPyConnection, profiles: int, before: Before | None) -> tuple[int, int]:
    """Count the profiles of before, and those of them that no record holds any more."""
    if before is None or not _number(
        con, f"select exists (select 1 from {quote_identifier(before.crosswalk)})::integer"
    ):
        return 0, 0
    walked, tonight = quote_identifier(before.walked), quote_identifier(before.tonight)
    only = "select count(distinct profile_id) from {} anti join {} using (profile_id)"
    ended, new = _number(con, only.format(walked, tonight)), _number(con, only.format(tonight, walked))
    return profiles - new + ended, ended


def _touched(con: duckdb.DuckDBPyConnection, profile: str, before: Before | None) -> int:
    """Count the profiles made tonight that stood before; all of them in a first run."""
    known = f" semi join {quote_identifier(before.walked)} using (profile_id)" if before else ""
    return _number(con, f"select count(*) from {quote_identifier(profile)}{known}")


def _profile_sizes_sql(crosswalk: str) -> str:
    """One row per number of records in a profile: that number, profiles."""
    return (
        "select size, count(*) from "
        f"(select count(*) as size from {quote_identifier(crosswalk)} group by profile_id) group by size order by size"
    )


def _match_weights_sql(edge: str) -> str:
    """One row per whole bit of match weight: bits, edges."""
    limit = f"greatest(-{_WEIGHT_LIMIT_BITS}, least({_WEIGHT_LIMIT_BITS}, floor(match_weight)))"
    return f"select {limit}::integer as bits, count(*) from {quote_identifier(edge)} group by bits order by bits"


def _source_rows(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dict[str, int]]:
    """Count rows and filled values: source to 'rows' and each field."""
    counts = ", ".join(f"count({name})" for name in VALUE_FIELDS)
    query = f"select source, count(*), {counts} from {quote_identifier(table)} group by source order by source"
    return {
        source: dict(zip(("rows", *VALUE_FIELDS), numbers, strict=True))
        for source, *numbers in con.execute(query).fetchall()
    }


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: round(counts[name] / counts["rows"], 6) for name in VALUE_FIELDS}


def _one_value(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    choose_steps(con, table, rows=_SAMPLE_ROWS)
    con.execute(f"create or replace temp table one_value_row as {_sample_sql(table)}")
    for name in _ONE_VALUE_FIELDS:
        for source, share in con.execute(_one_value_sql(name)).fetchall():
            found.setdefault(source, {})[name] = share
    con.execute("drop table one_value_row")
    return found


def _sample_sql(table: str) -> str:
    """One row per record of a source, or of a sample of it, with the fields whose most common value is looked at."""
    values = ", ".join(f"{expression} as {name}" for name, expression in _ONE_VALUE_FIELDS.items())
    return f"select source, {values} from {quote_identifier(table)} as record where {SAMPLED}"


def _one_value_sql(name: str) -> str:
    """One row per source that fills the field: source, share of its rows that hold the most common value."""
    return (
        f"with by_value as (select source, {name} as value, count(*) as rows from one_value_row group by all) "
        "select source, round(max(rows) filter (value is not null) / sum(rows), 6) "
        "from by_value group by source having count(value) > 0 order by source"
    )


def _fan_out_sql(profile: str, name: str) -> str:
    """One row: profiles behind the most common golden value of a field."""
    return (
        f"select max(profiles) from (select count(*) as profiles from {quote_identifier(profile)} "
        f"where {name} is not null group by {name})"
    )


def with_usual(metrics: RunMetrics, recent: Sequence[RunMetrics], *, rows_least: int) -> RunMetrics:
    """Return the measures with those of each source's last delivery of enough rows.

    Args:
        metrics: what this run measured.
        recent: what published runs measured, newest first.
        rows_least: rows of a delivery that is worth comparing with.
    """
    usual = dict(recent[0].usual) if recent else {}
    for source, rows in metrics.source_rows.items():
        if rows >= rows_least:
            usual[source] = metrics.delivery(source)
    return replace(metrics, usual=usual)

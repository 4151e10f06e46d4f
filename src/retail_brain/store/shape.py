"""The bulk tables of PostgreSQL as COPY sees them: which columns, of which type, and from which expression in DuckDB.

Apart from the code that copies, because both ways of copying (binary and CSV), the first load and the nights share it.
"""

from __future__ import annotations

from dataclasses import dataclass

from retail_brain.model import VALUE_FIELDS

Types = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One bulk load: a table of PostgreSQL, and for each column its DuckDB type and the expression that yields it.

    `origin` is the DuckDB relation that is read; expressions may use `d` (its row), `n` (delivery_number) and $run_id.
    """

    table: str
    origin: str
    types: Types
    expressions: dict[str, str]
    source: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order in which they are copied."""
        return tuple(self.types)

    def select_sql(self, run_id: int) -> str:
        """Return the DuckDB statement whose rows are copied: one row per row of `origin`."""
        columns = [
            f"cast({self.expressions.get(name, 'd.' + name)} as {duck_type(kind)}) as {name}"
            for name, kind in self.types.items()
        ]
        return f"select {', '.join(columns)} from {self.source or self.origin + ' d'}".replace(
            "$run_id", str(int(run_id))
        )


def duck_type(kind: str) -> str:
    """Return DuckDB's type for one of ours: json and text travel as text."""
    return "varchar" if kind in {"json", "text"} else kind


def folded_sql(expression: str) -> str:
    """Return the DuckDB expression for a name as it is searched: lower case, no accents, one blank for a hyphen.

    `retail_brain.store.search.fold_name` does the same to what a person types.
    """
    slow = f"nullif(trim(translate(lower(strip_accents({expression})), '-.,''’`', ' ')), '')"
    return f"case when regexp_matches({expression}, '^[A-Za-z]+$') then lower({expression}) else {slow} end"


def _values() -> Types:
    return {name: "date" if name == "date_of_birth" else "text" for name in VALUE_FIELDS}


SOURCE_RECORD = Shape(
    table="source_record",
    origin="source_record_upsert",
    types={
        "record_no": "bigint", "source": "text", "record_id": "text", "profile_id": "uuid", "delivery_no": "integer",
        "row_hash": "text", **_values(), "updated_at": "timestamp", "attributes": "json",
    },
    expressions={"delivery_no": "n.delivery_no"},
    source="source_record_upsert d left join delivery_number n on n.source = d.source and n.delivery_id = d.delivery_id",
)  # fmt: skip

PROFILE = Shape(
    table="profile",
    origin="profile_upsert",
    types={
        "profile_id": "uuid", **_values(), "record_count": "integer", "first_record_no": "bigint", "provenance": "json",
        "updated_at": "timestamp", "given_search": "text", "family_search": "text", "run_id": "bigint",
    },
    expressions={
        "provenance": "case when d.record_count > 1 then d.provenance end",
        "given_search": folded_sql("d.given_name"),
        "family_search": folded_sql("d.family_name"),
        "run_id": "$run_id",
    },
)  # fmt: skip

NAME_PART = Shape(
    table="name_part",
    origin="profile_upsert",
    types={"kind": "text", "name": "text"},
    expressions={},
    source=(
        f"(select distinct 'given' as kind, {folded_sql('given_name')} as name from (select distinct given_name from profile_upsert) "
        f"union all select distinct 'family', {folded_sql('family_name')} from (select distinct family_name from profile_upsert)) d "
        "where d.name is not null"
    ),
)

MERGE_LOG = Shape(
    table="identity_merge_log",
    origin="merge_log_new",
    types={
        "merge_id": "bigint", "kind": "text", "inverts": "bigint", "cause": "text", "record_no_l": "bigint",
        "record_no_r": "bigint", "match_weight": "double", "match_probability": "double", "levels": "text",
        "blocking_rule": "text", "model_id": "text", "profile_id": "uuid", "profile_id_l": "uuid",
        "profile_id_r": "uuid", "run_id": "bigint",
    },
    expressions={"run_id": "$run_id"},
)  # fmt: skip

REVIEW_ITEM = Shape(
    table="review_item",
    origin="review_item_new",
    types={
        "record_no_l": "bigint", "record_no_r": "bigint", "kind": "text", "match_weight": "double",
        "match_probability": "double", "levels": "text", "blocking_rule": "text", "reason": "text", "stake": "double",
        "run_id": "bigint",
    },
    expressions={"run_id": "$run_id"},
)  # fmt: skip

PROFILE_ALIAS = Shape(
    table="profile_alias",
    origin="profile_alias_new",
    types={"alias_id": "uuid", "profile_id": "uuid", "run_id": "bigint"},
    expressions={"run_id": "$run_id"},
)

QUARANTINED_ROW = Shape(
    table="quarantined_row",
    origin="quarantined_row_new",
    types={"delivery_no": "integer", "line": "bigint", "reason": "text", "raw": "text", "run_id": "bigint"},
    expressions={
        "delivery_no": "n.delivery_no",
        "raw": "left(replace(d.raw, chr(0), '␀'), 10000)",
        "run_id": "$run_id",
    },
    source="quarantined_row_new d left join delivery_number n on n.source = d.source and n.delivery_id = d.delivery_id",
)

SOURCE_RECORD_GONE = Shape(
    table="source_record_gone", origin="source_record_gone", types={"record_no": "bigint"}, expressions={}
)
PROFILE_GONE = Shape(table="profile_gone", origin="profile_gone", types={"profile_id": "uuid"}, expressions={})
REVIEW_ITEM_GONE = Shape(
    table="review_item_gone",
    origin="review_item_gone",
    types={"record_no_l": "bigint", "record_no_r": "bigint"},
    expressions={},
)

SHARED_VALUE = Shape(
    table="shared_value",
    origin="shared_value",
    types={"field": "text", "value": "text", "kind": "text", "records": "bigint", "people": "bigint"},
    expressions={},
)

FIRST_LOAD = (MERGE_LOG, REVIEW_ITEM, PROFILE, NAME_PART, SOURCE_RECORD)
"""What may be loaded into empty tables before their indexes are built, in this order: the one with most indexes, which PostgreSQL
builds on several cores, comes when the cache is filled and cores are free."""

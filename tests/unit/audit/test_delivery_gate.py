"""What a source delivers, held against its own past: what is told, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from retail_brain import sql
from retail_brain.audit import RunMetrics, audit, measure_deliveries, with_usual
from retail_brain.config.audit import AuditSettings
from retail_brain.model import VALUE_FIELDS

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = AuditSettings()
USUAL: dict[str, Any] = {
    "rows": 2000,
    "twin": (0.25, 500),
    "damaged": (0.0, 0),
    "swapped": 0.01,
    "named_email": 0.7,
    "copies": 2,
    "rewritten": {},
    "shapes": {"record_id": {"9": 1.0}, "loyalty_id": {"9999999999": 1.0}},
}
NIGHT = with_usual(
    RunMetrics(first_run=False, records=9_000, source_rows={"pos": 2000}, deliveries={"pos": USUAL}),
    (),
    rows_least=SETTINGS.rows_least,
)


def findings(**found: Any) -> dict[str, str]:
    tonight = replace(NIGHT, deliveries={"pos": USUAL | found})
    return {finding.check: finding.message for finding in audit(tonight, [NIGHT], SETTINGS).findings}


def test_a_delivery_like_the_last_one_passes() -> None:
    assert findings() == {}


@pytest.mark.parametrize(
    ("found", "check", "told"),
    [
        ({"rewritten": {"phone": (0.9, 900)}}, "rewritten pos.phone", "phone in pos: another value than before on 90 %"),
        ({"rewritten": {"date_of_birth": (0.36, 400)}}, "rewritten pos.date_of_birth", "on 36 %"),
        ({"rewritten": {"updated_at": (0.95, 900)}}, "rewritten pos.updated_at", "older than what is known on 95 %"),
        ({"twin": (0.98, 700)}, "twin pos.record_id", "98 % of the new record ids stand for people"),
        ({"shapes": {"loyalty_id": {"9999": 0.9}}}, "shape pos.loyalty_id", "do not look as before, most of these like 9999"),
        ({"copies": 41}, "copies pos.name", "41 records are alike"),
        ({"swapped": 0.6}, "swapped pos.name", "look swapped on 60 %"),
        ({"named_email": 0.05}, "named_email pos.email", "holds the customer's name on 5 % of its rows, 70 % before"),
        ({"damaged": (0.03, 60)}, "damaged pos", "pos: letters in a wrong encoding on 3 %"),
    ],
)  # fmt: skip
def test_each_poison_is_told_by_column(found: dict[str, Any], check: str, told: str) -> None:
    messages = findings(**found)
    assert list(messages) == [check]
    assert told in messages[check]


@pytest.mark.parametrize(
    "found",
    [
        {"rewritten": {"phone": (0.95, 60)}},
        {"rewritten": {"given_name": (0.5, 900)}},
        {"twin": (0.5, 900)},
        {"twin": (1.0, 40)},
        {"copies": 20},
        {"damaged": (0.5, 12)},
        {"shapes": {"record_id": {"9": 0.8, "a9": 0.2}}},
    ],
)
def test_small_counts_and_usual_shares_wake_nobody(found: dict[str, Any]) -> None:
    assert findings(**found) == {}


def test_record_ids_without_a_common_shape_are_not_judged_by_shape() -> None:
    mixed = USUAL | {"shapes": {"record_id": {"9a9a": 0.01, "a9a9": 0.01}}}
    before = replace(NIGHT, usual={"pos": mixed})
    tonight = replace(NIGHT, deliveries={"pos": USUAL})
    assert audit(tonight, [before], SETTINGS).findings == ()


def test_of_one_column_one_reason_is_told() -> None:
    found = {"rewritten": {"email": (1.0, 1500)}, "named_email": 0.0}
    assert list(findings(**found)) == ["rewritten pos.email"]


def test_what_is_usual_is_remembered_through_small_nights() -> None:
    small = with_usual(replace(NIGHT, source_rows={"pos": 3}, deliveries={}, usual={}), [NIGHT], rows_least=500)
    tonight = replace(NIGHT, deliveries={"pos": USUAL | {"named_email": 0.0}})
    assert audit(tonight, [small] * 14, SETTINGS).findings[0].check == "named_email pos.email"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Ten known customers, of whom five come again with another phone, and four under a new record id."""
    con = duckdb.connect()
    fields = ", ".join(
        f"null::varchar as {name}"
        for name in VALUE_FIELDS
        if name not in ("given_name", "family_name", "email", "phone", "date_of_birth")
    )
    person = (
        f"select i as record_no, 'pos' as source, i::varchar as record_id, {fields}, 'Maria' as given_name, 'Lopez' as family_name,"
        " 'maria.lopez' || i || '@example.com' as email, '+1202555010' || (i % 10) as phone, date '1984-03-11' as date_of_birth,"
        " timestamp '2026-01-02' as updated_at, '' as attributes"
    )  # fmt: skip
    con.execute(f"create table record_before as {person} from range(10) t(i)")
    con.execute(
        f"create table record_tonight as select * exclude (record_no) replace ('+13125550199' as phone, timestamp '2026-01-01' as updated_at) from ({person} from range(5) t(i))"
        f" union all by name select * exclude (record_no) replace (record_id || '-B' as record_id) from ({person} from range(4) t(i))"
    )
    con.execute(
        "create table record_change as select source, record_id, if(record_id like '%B', 100 + row_number() over (), record_id::bigint) as record_no,"
        " if(record_id like '%B', 'new', 'changed') as action from record_tonight"
    )
    con.execute(
        "create table record as select record_no, source, record_id from record_before union all select record_no, source, record_id from record_change where action = 'new'"
    )
    con.execute("create table crosswalk as select record_no, split_part(record_id, '-', 1) as profile_id from record")
    con.execute(
        "create table term_frequency as select * from (values ('given_key', 'lopez', 1), ('family_key', 'lopez', 9), ('given_key', 'maria', 9)) t(column_name, value, records)"
    )
    con.execute(
        "create table delivered_row as select source, record_id, given_name, family_name, null as full_name, address, if(record_id = '1', 'MÃ¼nchen', city) as city from record_tonight"
    )
    return con


def test_a_delivery_is_measured_against_what_is_known(con: duckdb.DuckDBPyConnection) -> None:
    [(source, found)] = measure_deliveries(con).items()
    con.close()
    assert (source, found["rows"], found["new"], found["known"]) == ("pos", 9, 4, 5)
    assert found["rewritten"]["phone"] == (1.0, 5)
    assert found["rewritten"]["given_name"] == (0.0, 0)
    assert found["rewritten"]["updated_at"] == (1.0, 5)
    assert found["twin"] == (1.0, 4)
    assert found["damaged"] == (round(1 / 9, 6), 1)
    assert (found["swapped"], found["named_email"], found["copies"]) == (0.0, 1.0, 1)
    assert found["shapes"]["record_id"] == {"9": round(5 / 9, 6), "9-a": round(4 / 9, 6)}


def test_values_of_a_large_snapshot_are_held_against_records_that_lie_in_a_file(tmp_path: Path) -> None:
    """DuckDB 2.0.0 fails on this shape of data when rows are unnested straight from the join with the file."""
    con = duckdb.connect(config={"threads": 2})
    con.execute("set preserve_insertion_order = false")
    values = """
        'g' || range % 500 as given_name, 'f' || range % 700 as family_name,
        case when range % 3 = 0 then 'm' || range || '@x.example' end as email,
        case when range % 4 = 0 then '+1202555' || range end as phone,
        case when range % 5 > 0 then date '1980-01-01' + (range % 9000)::int end as date_of_birth,
        range || ' elm street' as address, (10000 + range % 3000)::varchar as postal_code,
        null::varchar as loyalty_id, null::varchar as national_id,
        timestamp '2026-01-01' + interval (range % 1000) minute as updated_at
    """
    path = tmp_path / "record.parquet"
    con.execute(
        f"copy (select range as record_no, 'pos' as source, {values} from range(30000)) to '{path}' (compression lz4_raw)"
    )
    con.execute(f"create view record_before as from '{path}'")
    con.execute(
        "create table audit_row as select *, 'unchanged' as action from record_before where hash(record_no) % 2 = 0"
    )
    found = {field: rows for _, field, _, rows in con.execute(sql.load("audit/delivery_rewritten")).fetchall()}
    assert found == dict.fromkeys(
        ("given_name", "family_name", "email", "phone", "date_of_birth", "address", "postal_code", "updated_at"), 0
    )

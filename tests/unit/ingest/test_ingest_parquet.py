"""Parquet deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from night_of_files import HEADER

from retail_brain.config.ingest import IngestSettings
from retail_brain.errors import InputError

if TYPE_CHECKING:
    from night_of_files import Night


def _write(night: Night, query: str, name: str = "crm.parquet") -> None:
    duckdb.sql(f"copy ({query}) to '{night.folder / name}' (format parquet)")


def test_a_parquet_file_is_taken_with_all_its_types_as_text(night: Night) -> None:
    _write(
        night,
        "select 7::bigint as id, ' Maria ' as first, 1.0::double as last, date '2025-03-01' as mail, "
        "timestamp '2025-01-02 03:04:05' as changed",
    )
    assert night.ingest().accepted == 1
    assert night.rows("record_id, given_name, family_name, email, updated_at") == [
        ("7", "Maria", "1", "2025-03-01", "2025-01-02 03:04:05")
    ]


def test_parquet_rows_that_cannot_be_taken_are_put_aside(night: Night) -> None:
    _write(
        night,
        "select * from (values ('1', 'a', 'b', '', ''), (null, 'c', 'd', '', ''), ('3', 'x' || chr(0), 'e', '', ''), "
        "('4', repeat('y', 70000), 'f', '', ''), ('\t', 'g', 'h', '', '')) t(id, first, last, mail, changed)",
    )
    result = night.ingest()
    assert night.rows() == [("1", "a", "b")]
    assert night.quarantine() == [
        (2, "no record id"), (3, "forbidden character"), (4, "field too long"), (5, "no record id"),
    ]  # fmt: skip
    assert (result.rows, result.quarantined) == (5, 4)


def test_parquet_and_csv_of_one_source_are_one_night(night: Night) -> None:
    _write(night, "select '1' as id, 'a' as first, 'b' as last, null as mail, null as changed")
    night.write(HEADER + "1,a,b,,\n2,c,d,,\n")
    result = night.ingest()
    assert (result.accepted, result.duplicates) == (2, 1)
    assert len(night.rows()) == 2


def test_a_damaged_parquet_file_is_refused(night: Night) -> None:
    _write(night, "select i as id, 'a' as first, 'b' as last, '' as mail, '' as changed from range(5000) t(i)")
    path = night.folder / "crm.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"crm\.parquet is no Parquet file, or a damaged one"):
        night.ingest()


def test_a_parquet_file_without_the_record_id_is_told_like_a_csv_file(night: Night) -> None:
    _write(night, "select 'x' as name, 'y' as tel")
    with pytest.raises(InputError, match="no column for the record id") as caught:
        night.ingest()
    assert str(caught.value.hint).startswith("found: name, tel")


def test_an_empty_parquet_file_is_recorded(night: Night) -> None:
    _write(night, "select '1' as id, '' as first, '' as last, '' as mail, '' as changed limit 0")
    assert night.ingest().deliveries[0].warnings == ("the file has a header and no rows",)


def test_a_parquet_file_that_would_grow_out_of_bounds_is_refused(night: Night) -> None:
    _write(night, "select i as id, 'a' as first, 'b' as last, '' as mail, '' as changed from range(50000) t(i)")
    with pytest.raises(InputError, match="unpacks to more than"):
        night.ingest(settings=IngestSettings(fresh_s=0, max_unpacked_bytes=1_000))


def test_a_parquet_file_with_more_rows_than_can_be_people_is_refused(night: Night) -> None:
    _write(night, "select 1 as id, 'a' as first, 'b' as last, '' as mail, '' as changed from range(3000000) t(i)")
    with pytest.raises(InputError, match="3,000,000 rows"):
        night.ingest()

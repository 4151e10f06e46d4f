"""What a night's files become: rows, counts, winners; and what is told when a file is refused."""

from __future__ import annotations

import errno
import gzip
import hashlib
import itertools
import os
import time
from typing import TYPE_CHECKING

import pytest
from night_of_files import CANARY, COLUMNS, HEADER

from retail_brain.config.ingest import IngestSettings, SourceSettings
from retail_brain.errors import InputError, ResourceError

if TYPE_CHECKING:
    from night_of_files import Night


def test_a_plain_file_is_taken_row_by_row(night: Night) -> None:
    path = night.write(HEADER + "1, Maria ,Lopez,m@x.com,\n2,John,,,2025-01-01\n")
    result = night.ingest()
    assert night.rows("record_id, given_name, family_name, email, updated_at, full_name, attributes") == [
        ("1", "Maria", "Lopez", "m@x.com", None, None, None),
        ("2", "John", None, None, "2025-01-01", None, None),
    ]
    delivery = result.deliveries[0]
    assert (delivery.source, delivery.name, delivery.rows, delivery.accepted) == ("crm", "crm.csv", 2, 2)
    assert delivery.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert delivery.bytes == path.stat().st_size
    assert result.sources_delivered == ("crm",)
    assert night.con.execute("from delivery_new").fetchall() == [
        (delivery.sha256, "crm", "crm.csv", delivery.bytes, 2, 2, 0, 0)
    ]


def test_the_same_file_again_is_already_ingested(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n")
    sha256 = night.ingest().deliveries[0].sha256
    again = night.ingest(known={sha256: "214"})
    assert again.deliveries[0].already_ingested_run == "214"
    assert again.sources_delivered == ()
    assert night.tables_are_empty()


def test_the_same_name_with_new_content_is_a_new_delivery(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n")
    sha256 = night.ingest().deliveries[0].sha256
    night.write(HEADER + "1,a,c,,\n")
    again = night.ingest(known={sha256: "214"})
    assert again.deliveries[0].already_ingested_run is None
    assert night.rows() == [("1", "a", "c")]


def test_two_files_of_the_same_bytes_are_read_once(night: Night) -> None:
    for name in ("crm_1.csv", "crm_2.csv"):
        night.write(HEADER + "1,a,b,,\n", name)
    result = night.ingest()
    assert [d.rows for d in result.deliveries] == [1, 0]
    assert result.warnings == ("crm_2.csv: the same bytes as crm_1.csv; read once",)


def test_equal_rows_are_duplicates_also_across_files(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n1,a,b,,\n2,c,d,,\n", "crm_1.csv")
    night.write(HEADER + "2,c,d,,\n3,e,f,,\n", "crm_2.csv")
    result = night.ingest()
    assert (result.rows, result.accepted, result.duplicates) == (5, 3, 2)
    assert night.rows() == [("1", "a", "b"), ("2", "c", "d"), ("3", "e", "f")]


def test_the_newest_row_of_a_record_wins_whatever_the_order(night: Night) -> None:
    lines = ["1,old,x,,2025-01-01 10:00:00\n", "1,new,x,,2025-10-01 10:00:00\n", "1,none,x,,\n", "2,b,b,,\n"]
    for order in itertools.permutations(lines):
        night.write(HEADER + "".join(order))
        result = night.ingest()
        assert (result.accepted, result.duplicates) == (4, 0)
        assert night.rows() == [("1", "new", "x"), ("2", "b", "b")]


def test_without_dates_the_winner_depends_on_content_alone(night: Night) -> None:
    lines = ["1,anna,x,,\n", "1,berta,x,,\n", "1,carla,x,,\n"]
    winners = set()
    for first, second, third in itertools.permutations(lines):
        night.write(HEADER + first, "crm_1.csv")
        night.write(HEADER + second + third, "crm_2.csv")
        night.ingest()
        winners.add(tuple(night.rows()))
    assert len(winners) == 1


def test_dates_that_are_not_iso_are_compared_as_dates(night: Night) -> None:
    night.write(HEADER + "1,old,x,,02/12/2024\n1,new,x,,01/02/2025\n")
    night.ingest(date_order="dmy")
    assert night.rows() == [("1", "new", "x")]


def test_an_empty_file_is_recorded_with_a_warning(night: Night) -> None:
    night.write("")
    result = night.ingest()
    assert (result.deliveries[0].rows, result.deliveries[0].warnings) == (0, ("the file is empty",))
    assert night.con.execute("select rows from delivery_new").fetchall() == [(0,)]


def test_a_file_with_a_header_alone_is_recorded_with_a_warning(night: Night) -> None:
    night.write(HEADER)
    result = night.ingest()
    assert (result.deliveries[0].rows, result.deliveries[0].warnings) == (0, ("the file has a header and no rows",))


def test_a_file_still_being_written_waits_for_the_next_run(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    path = night.write(HEADER + "1,a,b,,\n")

    def grow(_seconds: float) -> None:
        with path.open("a") as file:
            file.write("2,c,d,,\n")

    monkeypatch.setattr(time, "sleep", grow)
    result = night.ingest(settings=IngestSettings())
    assert (result.deliveries, result.unstable) == ((), ("crm.csv",))
    assert "still being written" in result.warnings[0]


def test_a_full_delivery_waits_until_all_its_parts_are_there(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.write(HEADER + "1,a,b,,\n", "crm_1.csv")
    second = night.write(HEADER + "2,a,b,,\n", "crm_2.csv")
    monkeypatch.setattr(time, "sleep", lambda _seconds: second.write_text(HEADER))
    result = night.ingest(settings=IngestSettings(), delivery="full")
    assert (result.sources_delivered, result.unstable) == ((), ("crm_1.csv", "crm_2.csv"))


def test_an_old_file_is_not_waited_for(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    path = night.write(HEADER + "1,a,b,,\n")
    os.utime(path, (time.time() - 60, time.time() - 60))
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("waited"))
    assert night.ingest(settings=IngestSettings()).rows == 1


def test_a_missing_record_id_column_is_told_with_what_was_found(night: Night) -> None:
    night.write("name,mail,tel\na,b,c\n")
    with pytest.raises(InputError) as caught:
        night.ingest()
    assert caught.value.message == "crm.csv has no column for the record id"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("found: name, mail, tel")
    assert caught.value.hint.endswith("retail_brain.toml, sources.crm.columns.record_id")
    assert night.tables_are_empty()


def test_a_renamed_column_is_told_with_its_field(night: Night) -> None:
    night.write("id,first,last,email_address,changed\n1,a,b,c,\n")
    with pytest.raises(InputError, match=r"crm\.csv has no column mail \(email\)") as caught:
        night.ingest()
    assert caught.value.hint is not None
    assert "found: email_address" in caught.value.hint


def test_reordered_and_additional_columns_are_fine(night: Night) -> None:
    night.write("mail,points,last,first,id,changed\nm@x.com,7,Lopez,Maria,1,\n")
    result = night.ingest()
    assert night.rows("record_id, given_name, family_name, email") == [("1", "Maria", "Lopez", "m@x.com")]
    assert "not in the configuration" in result.warnings[0]


def test_a_column_name_twice_is_refused(night: Night) -> None:
    night.write("id,first,last,mail,changed,mail\n1,a,b,c,,d\n")
    with pytest.raises(InputError, match="a column name twice: mail"):
        night.ingest()


def test_a_missing_header_is_told_without_showing_the_first_customer(night: Night) -> None:
    night.write(f"1,Maria,Lopez,{CANARY},\n2,John,Smith,j@x.com,\n")
    with pytest.raises(InputError) as caught:
        night.ingest()
    assert "first line looks like data" in str(caught.value.hint)
    assert CANARY not in str(caught.value.hint)
    assert "Maria" not in str(caught.value.hint)


def test_a_file_without_header_is_read_by_position_when_told_so(night: Night) -> None:
    night.write("1,Maria\n2,John\n")
    night.ingest(header=False, columns={"record_id": "column_1", "given_name": "column_2"})
    assert night.rows("record_id, given_name") == [("1", "Maria"), ("2", "John")]


def test_several_columns_are_joined_and_others_stand_in(night: Night) -> None:
    night.write("id,no,street,full,seg\n1,5,Elm St,,gold\n2,,Oak St,x,\n3,,,9 Ash Rd,\n")
    night.ingest(
        columns={"record_id": "id", "address": ["no", "street"]}, fallback={"address": "full"}, pass_through=["seg"]
    )
    assert night.rows("record_id, address, attributes") == [
        ("1", "5 Elm St", '{"seg":"gold"}'),
        ("2", "Oak St", None),
        ("3", "9 Ash Rd", None),
    ]


def test_hostile_column_names_are_only_names(night: Night) -> None:
    evil = 'x"); drop table delivered_row; --'
    night.write(f'id,"{evil.replace(chr(34), chr(34) * 2)}",a\'b\n1,Maria,z\n')
    night.ingest(columns={"record_id": "id", "given_name": evil}, pass_through=["a'b"])
    assert night.rows("record_id, given_name, attributes") == [("1", "Maria", '{"a\'b":"z"}')]


def test_a_hostile_file_name_is_only_a_name(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n", "crm'); copy delivered_row to 'x.csv")
    assert night.ingest(files=[night.folder], sources={"crm": night.source(files=("crm*",))}).rows == 1


def test_a_file_name_with_control_characters_is_refused(night: Night) -> None:
    night.write(HEADER, "crm\x1b[31m.csv")
    with pytest.raises(InputError, match="control characters") as caught:
        night.ingest()
    assert "\x1b" not in caught.value.message


def test_a_link_is_refused(night: Night) -> None:
    target = night.write(HEADER + "1,a,b,,\n", "other.csv")
    (night.folder / "crm.csv").symlink_to(target)
    with pytest.raises(InputError, match="symbolic link"):
        night.ingest()


def test_a_pipe_is_refused_without_waiting(night: Night) -> None:
    os.mkfifo(night.folder / "crm.csv")
    started = time.monotonic()
    with pytest.raises(InputError, match=r"crm\.csv is a pipe"):
        night.ingest()
    assert time.monotonic() - started < 5


def test_a_device_is_refused(night: Night) -> None:
    with pytest.raises(InputError, match="device"):
        night.ingest(files=[night.folder / "/dev/zero"], sources={"crm": night.source(files=("zero",))})


def test_a_file_nobody_may_read_is_named_and_the_others_are_checked_too(night: Night) -> None:
    night.write(HEADER, "crm_1.csv").chmod(0)
    night.write("a,b\n", "crm_2.csv")
    night.write(HEADER + "1,a,b,,\n", "crm_3.csv")
    with pytest.raises(InputError) as caught:
        night.ingest()
    assert "2 files were refused" in caught.value.message
    assert "crm_1.csv" in caught.value.message
    assert "crm_2.csv" in caught.value.message
    assert night.tables_are_empty()


def test_a_file_that_is_not_there_is_named(night: Night) -> None:
    with pytest.raises(InputError, match=r"crm_9\.csv is not there"):
        night.ingest(files=[night.folder / "crm_9.csv"])


def test_a_given_file_that_no_source_takes_is_named(night: Night) -> None:
    with pytest.raises(InputError, match=r"till\.csv belongs to no source"):
        night.ingest(files=[night.write(HEADER, "till.csv")])


def test_other_files_in_a_given_folder_are_left_alone(night: Night) -> None:
    night.write(HEADER, "till.csv")
    night.write(HEADER + "1,a,b,,\n")
    night.write(HEADER + "1,a,b,,\n", ".crm_hidden.csv")
    assert [d.name for d in night.ingest(files=[night.folder]).deliveries] == ["crm.csv"]


def test_a_given_folder_of_folders_is_searched_one_level_deep(night: Night) -> None:
    (night.folder / "night1").mkdir()
    night.write(HEADER + "1,a,b,,\n", "night1/crm.csv")
    night.write("", "retail_brain.toml")
    assert night.ingest(files=[night.folder]).rows == 1


def test_a_file_goes_to_the_source_with_the_closer_pattern(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n", "crm.csv")
    night.write(HEADER + "2,a,b,,\n", "crm_web.csv")
    sources = {"crm": night.source(files=("crm*.csv",)), "web": night.source(files=("crm_web*.csv",))}
    assert [d.source for d in night.ingest(sources=sources).deliveries] == ["crm", "web"]
    assert night.con.execute("select source, record_id from delivered_row order by 1").fetchall() == [
        ("crm", "1"), ("web", "2"),
    ]  # fmt: skip


def test_a_file_that_two_sources_want_alike_is_refused(night: Night) -> None:
    night.write(HEADER)
    with pytest.raises(InputError, match="matched by the sources a and b"):
        night.ingest(sources={"a": night.source(), "b": night.source()})


@pytest.mark.parametrize("pattern", ["../crm.csv", "a/../../crm.csv"])
def test_a_pattern_that_climbs_out_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="without"):
        SourceSettings(files=(pattern,), columns=COLUMNS)


def test_a_file_replaced_while_it_is_read_is_refused(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from retail_brain.ingest import reading

    path = night.write(HEADER + "1,a,b,,\n")
    load_fast = reading.load_fast

    def replace_then_load(*args: object) -> bool:
        other = night.write(HEADER + "1,x,y,,\n", "neighbour")
        os.replace(other, path)  # noqa: PTH105
        return load_fast(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "load_fast", replace_then_load)
    with pytest.raises(InputError, match=r"crm\.csv was changed or replaced while it was read"):
        night.ingest()
    assert night.tables_are_empty()


def test_a_file_that_grows_while_it_is_read_is_refused(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from retail_brain.ingest import reading

    path = night.write(HEADER + "1,a,b,,\n")
    survey_file = reading.survey_file

    def grow_then_survey(*args: object) -> object:
        with path.open("a") as file:
            file.write("2,c,d,,\n")
        return survey_file(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "survey_file", grow_then_survey)
    with pytest.raises(InputError, match="changed or replaced"):
        night.ingest()


def test_a_full_disk_is_told_as_such(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from retail_brain.ingest import reading

    def fail(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reading, "survey_file", fail)
    night.write(HEADER + "1,a,b,,\n")
    with pytest.raises(ResourceError, match="No space left on device"):
        night.ingest()
    assert list(night.scratch.iterdir()) == []


def test_a_file_of_mostly_bad_rows_is_refused(night: Night) -> None:
    night.write(HEADER + "1;a;b;;\n" * 150)
    with pytest.raises(InputError, match="150 of 150 rows"):
        night.ingest()


def test_nothing_delivered_is_nothing_done(night: Night) -> None:
    result = night.ingest()
    assert (result.deliveries, result.rows, result.sources_delivered) == ((), 0, ())
    assert night.tables_are_empty()


def test_the_engine_keeps_its_settings(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n")
    night.ingest()
    assert night.con.execute("select current_setting('preserve_insertion_order')").fetchone() == (False,)


def test_progress_is_told_file_by_file(night: Night) -> None:
    from retail_brain.ingest.deliveries import ingest_deliveries

    told: list[tuple[int, int | None, str]] = []

    def tell(_stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        told.append((done, total, detail))

    night.write(HEADER + "1,a,b,,\n", "crm_1.csv")
    night.write(HEADER + "2,a,b,,\n", "crm_2.csv")
    ingest_deliveries(
        night.con, sources={"crm": night.source()}, base_folder=night.folder, files=None, known={},
        settings=IngestSettings(fresh_s=0), scratch=night.scratch, progress=tell,
    )  # fmt: skip
    assert told == [(1, 2, "crm_1.csv"), (2, 2, "crm_2.csv")]


def test_files_are_not_left_open(night: Night) -> None:
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    for number in range(4):
        night.write(HEADER + f"{number},a,b,,\n", f"crm_{number}.csv")
    night.write(gzip.compress(b"x")[:-3], "crm_9.csv.gz")
    with pytest.raises(InputError):
        night.ingest()
    assert len(os.listdir("/dev/fd")) <= before  # noqa: PTH208

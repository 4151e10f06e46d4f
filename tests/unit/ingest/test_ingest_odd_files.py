"""Files in which something is off: every row is taken, put aside with its line and reason, or the file is refused."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from night_of_files import CANARY, HEADER

from retail_brain.config.ingest import IngestSettings
from retail_brain.errors import InputError

if TYPE_CHECKING:
    from night_of_files import Night


def test_latin_1_bytes_in_a_utf_8_file_put_only_their_rows_aside(night: Night) -> None:
    night.write((HEADER + "1,J\xf6rg,M\xfcller,,\n2,Maria,Lopez,,\n").encode("latin-1"))
    result = night.ingest()
    assert night.rows() == [("2", "Maria", "Lopez")]
    assert night.quarantine() == [(2, "bytes that are not in the encoding")]
    assert result.quarantine_reasons == {"bytes that are not in the encoding": 1}


def test_a_declared_latin_1_file_is_read(night: Night) -> None:
    night.write((HEADER + "1,J\xf6rg,M\xfcller,,\n").encode("latin-1"))
    night.ingest(encoding="latin-1")
    assert night.rows() == [("1", "Jörg", "Müller")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins_over_the_declared_encoding(night: Night, encoding: str) -> None:
    night.write((HEADER + "1,Jörg,Мария,,\n").encode(encoding))
    assert night.ingest().rows == 1
    assert night.rows() == [("1", "Jörg", "Мария")]


@pytest.mark.parametrize("blank", [" ", "   ", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"])
@pytest.mark.parametrize(
    "line",
    ["{}1,Maria,Lopez,,", "1{},Maria,Lopez,,", "1,{}Maria,Lopez,,", "1,Maria{},Lopez,,", '1,"{}Maria",Lopez,,',
     '1,"Maria{}",Lopez,,', "1,Maria,Lopez,,{}", "1,Maria,Lopez,{},"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_one_blank_beside_one_value_is_taken_away_wherever_it_stands(
    night: Night, blank: str, line: str, end: str
) -> None:
    night.write(HEADER + "2,John,Smith,,\n" + line.format(blank) + end)
    night.ingest()
    assert night.rows("record_id, given_name, family_name, email, updated_at") == [
        ("1", "Maria", "Lopez", None, None),
        ("2", "John", "Smith", None, None),
    ]


def test_a_cut_off_utf_16_file_is_refused(night: Night) -> None:
    night.write((HEADER + "1,a,b,,\n").encode("utf-16")[:-1])
    with pytest.raises(InputError, match="cannot be read as utf-16"):
        night.ingest()


def test_utf_16_without_a_mark_is_told(night: Night) -> None:
    night.write((HEADER + "1,a,b,,\n").encode("utf-16-le"))
    with pytest.raises(InputError, match="NUL bytes in its first line"):
        night.ingest()


def test_a_lone_surrogate_in_utf_16_puts_its_row_aside(night: Night) -> None:
    night.write(
        "\ufeff".encode("utf-16-le") + (HEADER + "1,\ud83d,b,,\n2,c,d,,\n").encode("utf-16-le", "surrogatepass")
    )
    night.ingest()
    assert (night.rows(), night.quarantine()) == (
        [("2", "c", "d")],
        [(2, "bytes that are not in the encoding")],
    )


@pytest.mark.parametrize("character", ["\0", "\ufffe", "\uffff"])
def test_characters_that_a_database_cannot_hold_put_the_row_aside(night: Night, character: str) -> None:
    night.write(HEADER + f"1,a{character}b,c,,\n2,d,e,,\n")
    night.ingest()
    assert (night.rows(), night.quarantine()) == ([("2", "d", "e")], [(2, "forbidden character")])
    raw = night.con.execute("select raw from quarantined_row_new").fetchone()
    assert raw is not None
    assert character not in raw[0]


@pytest.mark.parametrize(
    "text",
    [
        HEADER + '1,a,b,,\n2,"c,d,,\n3,e,f,,\n',  # never closed
        HEADER + '1,a,b,,\n2,"c,d,,\n3,"e",f,,\n',  # the next quote closes it and text follows
        HEADER + '1,a,b,,\n2,"c,d,,\n3,e,f,,\n4,",x",g,,\n',  # closed where nothing looks wrong
        HEADER + '1,a,b,,\n2,c,d,,"e\n',  # on the last line
    ],
)
def test_an_unclosed_quote_refuses_the_file_and_names_the_line(night: Night, text: str) -> None:
    night.write(text)
    line = 3
    with pytest.raises(InputError, match=f"crm.csv opens a quote on line {line} "):
        night.ingest()
    assert night.tables_are_empty()


def test_an_unclosed_quote_in_a_large_file_is_found_within_bounds(night: Night) -> None:
    rows = "".join(f"{number},a,b,,\n" for number in range(100_000))
    night.write(HEADER + '0,"a,b,,\n' + rows)
    with pytest.raises(InputError, match="opens a quote on line 2 "):
        night.ingest()


def test_line_breaks_inside_quotes_belong_to_the_value(night: Night) -> None:
    night.write(HEADER + '1,"a\nb",c,,\n2,"d\r\ne",f,,\n3,g,h,,\n')
    night.ingest()
    assert night.rows("record_id, given_name") == [("1", "a\nb"), ("2", "d\r\ne"), ("3", "g")]


def test_mixed_line_ends_and_no_last_one_are_fine(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\r\n2,c,d,,\n3,e,f,,")
    assert night.ingest().accepted == 3
    assert night.rows() == [("1", "a", "b"), ("2", "c", "d"), ("3", "e", "f")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_uniform_line_ends_are_fine(night: Night, end: str) -> None:
    night.write((HEADER + '1,"a ""x""",b,,\n2,c,d,,\n').replace("\n", end))
    night.ingest()
    assert night.rows() == [("1", 'a "x"', "b"), ("2", "c", "d")]


def test_blank_lines_are_no_rows(night: Night) -> None:
    night.write(HEADER + "\n1,a,b,,\n\r\n2,c,d,,\n\n")
    assert night.ingest().rows == 2


def test_rows_with_too_many_or_too_few_fields_are_put_aside(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n2,c,d,,,\n3,e,f\n4,g,h,,,x\n5,i,j,,\n")
    result = night.ingest()
    assert night.quarantine() == [(3, "too many fields"), (4, "too few fields"), (5, "too many fields")]
    assert [row[0] for row in night.rows()] == ["1", "5"]
    assert result.quarantine_reasons == {"too many fields": 2, "too few fields": 1}


def test_text_after_a_closing_quote_puts_the_row_aside(night: Night) -> None:
    night.write(HEADER + '1,"a"b,c,,\n2,d,e,,\n')
    night.ingest()
    assert (night.rows(), night.quarantine()) == ([("2", "d", "e")], [(2, "text after a closing quote")])


def test_a_quote_inside_a_plain_value_is_part_of_it(night: Night) -> None:
    night.write(HEADER + '1,5" pipe,b,,\n2,c,6" pipe,,\n3,x,y,,\n')
    assert night.ingest().accepted == 3
    assert night.rows("given_name")[0] == ('5" pipe',)


def test_a_row_without_record_id_is_put_aside_with_its_text(night: Night) -> None:
    night.write(HEADER + "1,a,b,,\n  ,c,d,,\n")
    night.ingest()
    rows = night.con.execute("select source, file_name, line, reason, raw from quarantined_row_new").fetchall()
    assert rows == [("crm", "crm.csv", 3, "no record id", "  ,c,d,,")]


def test_a_field_of_a_megabyte_puts_its_row_aside(night: Night) -> None:
    night.write(HEADER + f"1,{'x' * 1_000_000},b,,\n2,c,d,,\n")
    night.ingest()
    assert (night.rows(), night.quarantine()) == ([("2", "c", "d")], [(2, "field too long")])
    assert night.con.execute("select max(length(raw)) from quarantined_row_new").fetchone() == (10_000,)


def test_a_row_beyond_all_bounds_is_put_aside_without_being_held(night: Night) -> None:
    night.write(HEADER + f"1,{'x' * 5_000_000},b,,\n2,c,d,,\n")
    night.ingest()
    assert (night.rows(), night.quarantine()) == ([("2", "c", "d")], [(2, "row too long")])


def test_a_file_of_ten_thousand_columns_is_refused(night: Night) -> None:
    night.write(",".join(f"c{number}" for number in range(10_000)) + "\n")
    with pytest.raises(InputError, match="10,000 columns, more than 500"):
        night.ingest()


@pytest.mark.parametrize("blank", ["\t", "\u00a0", "\u200b", "\u3000", "\ufeff", " "])
def test_blanks_of_every_kind_around_values_are_taken_away(night: Night, blank: str) -> None:
    night.write(HEADER + f"{blank}1,{blank}a{blank},{blank},,\n")
    night.ingest()
    assert night.rows() == [("1", "a", None)]
    night.write(HEADER + f"{blank}1,{blank}a{blank},{blank},,\n2,x\n")
    night.ingest()
    assert night.rows() == [("1", "a", None)]


def test_values_never_stand_in_errors(night: Night) -> None:
    night.write(HEADER + f'1,{CANARY},b,,\n2,"{CANARY},b,,\n')
    with pytest.raises(InputError) as caught:
        night.ingest()
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_a_packed_file_is_read_like_a_plain_one(night: Night) -> None:
    text = (HEADER + "1,a,b,,\n").encode()
    night.write(gzip.compress(text), "crm_1.csv.gz")
    night.write(pa.compress(text.replace(b"1,", b"2,"), codec="zstd", asbytes=True), "crm_2.csv.zst")
    night.write(gzip.compress(text.replace(b"1,", b"3,")) + gzip.compress(b"4,a,b,,\n"), "crm_3.csv.gz")
    assert night.ingest().accepted == 4


@pytest.mark.parametrize("cut", [1, 6, 12, 40])
def test_a_cut_off_packed_file_is_refused(night: Night, cut: int) -> None:
    night.write(gzip.compress((HEADER + "1,a,b,,\n" * 500).encode())[:-cut], "crm.csv.gz")
    with pytest.raises(InputError, match=r"crm\.csv\.gz is cut off or damaged"):
        night.ingest()
    assert night.tables_are_empty()


def test_a_cut_off_zstandard_file_is_refused(night: Night) -> None:
    data = pa.compress((HEADER + "".join(f"{n},a,b,,\n" for n in range(5_000))).encode(), codec="zstd", asbytes=True)
    night.write(data[: len(data) // 2], "crm.csv.zst")
    with pytest.raises(InputError, match="cut off or damaged"):
        night.ingest()


def test_a_bad_checksum_in_a_packed_file_is_refused(night: Night) -> None:
    data = bytearray(gzip.compress((HEADER + "1,a,b,,\n").encode()))
    data[-6] ^= 0xFF
    night.write(bytes(data), "crm.csv.gz")
    with pytest.raises(InputError, match="cut off or damaged"):
        night.ingest()


def test_a_bomb_is_stopped_by_its_ratio(night: Night) -> None:
    night.write(gzip.compress(HEADER.encode() + b"1,a,b,,\n" * 4_000_000), "crm.csv.gz")
    with pytest.raises(InputError, match="more than 100 times its size"):
        night.ingest()


def test_a_bomb_is_stopped_by_its_size(night: Night) -> None:
    night.write(gzip.compress(HEADER.encode() + b"1,a,b,,\n" * 1_000), "crm.csv.gz")
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        night.ingest(settings=IngestSettings(fresh_s=0, max_unpacked_bytes=1_000))


def test_a_file_packed_twice_or_a_zip_is_refused(night: Night) -> None:
    night.write(gzip.compress(gzip.compress(HEADER.encode())), "crm_1.csv.gz")
    night.write(b"PK\x03\x04" + b"\0" * 100, "crm_2.csv")
    with pytest.raises(InputError) as caught:
        night.ingest()
    assert "crm_1.csv.gz is packed twice" in caught.value.message
    assert "crm_2.csv is a zip archive" in caught.value.message


def test_another_delimiter_and_quote_are_read(night: Night) -> None:
    night.write("id;first;last;mail;changed\n1;'a;b';c;;\n")
    night.ingest(delimiter=";", quote="'")
    assert night.rows() == [("1", "a;b", "c")]


def test_a_file_without_quotes_keeps_them_as_text(night: Night) -> None:
    night.write('id|first|last|mail|changed\n1|"a|b|c|\n')
    night.ingest(delimiter="|", quote="")
    assert night.rows() == [("1", '"a', "b")]


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufffe\uffff"), max_size=12)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    rows=st.lists(st.tuples(_TEXT, _TEXT, st.booleans()), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_writes_is_read_back(
    night: Night, rows: list[tuple[str, str, bool]], end: str, quoting: int
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["id", "first", "last", "mail", "changed"])
    for number, (first, last, bare) in enumerate(rows):
        plain = "".join(c for c in first if c.isalnum()) if bare else first
        writer.writerow([f"r{number:03}", plain, last, "x", ""])
    night.write(buffer.getvalue())
    result = night.ingest()
    assert (result.rows, result.accepted) == (len(rows), len(rows))
    got = night.rows("record_id, given_name, family_name")
    for number, (first, last, bare) in enumerate(rows):
        plain = "".join(c for c in first if c.isalnum()) if bare else first
        assert got[number] == (f"r{number:03}", _bare(plain), _bare(last))


def _bare(text: str) -> str | None:
    from retail_brain.ingest.header import BLANKS

    return text.strip(BLANKS) or None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(st.sampled_from('1a",\n\r \t;é'), max_size=60), packed=st.booleans())
def test_whatever_stands_in_a_file_no_row_is_lost(night: Night, body: str, packed: bool) -> None:
    data = (HEADER + body).encode()
    for old in night.folder.iterdir():
        old.unlink()
    night.write(gzip.compress(data) if packed else data, "crm.csv.gz" if packed else "crm.csv")
    try:
        result = night.ingest()
    except InputError:
        assert night.tables_are_empty()
        return
    count = night.con.execute("select count(*) from quarantined_row_new").fetchone()
    assert count == (result.quarantined,)
    taken = night.con.execute("select count(*) from delivered_row").fetchone()
    assert taken is not None
    assert taken[0] <= result.accepted


_CELL = st.sampled_from(["a", "", " b ", '"c"', '"d,e"', '"f\ng"', '"h ""i"""', 'j" k', " é", "\tl", '"m" '])
_ROW = st.lists(_CELL, min_size=2, max_size=4).map(lambda cells: ",".join(["1", *cells, ""][:5]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROW, max_size=5), end=st.sampled_from(["\n", "\r\n"]))
def test_both_readers_take_the_same_rows(night: Night, rows: list[str], end: str) -> None:
    from retail_brain.ingest import reading

    numbered = [f"r{number}{row[1:]}" for number, row in enumerate(rows)]
    night.write((HEADER.strip() + "\n" + "\n".join(numbered) + "\n").replace("\n", end))
    seen: list[object] = []
    for fast in (reading.load_fast, lambda *_: False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "load_fast", fast)
            try:
                counts: object = night.ingest().deliveries
            except InputError as error:
                counts = error.message
        seen.append((night.rows("* exclude (delivery_id)"), night.quarantine(), counts))
    assert seen[0] == seen[1]

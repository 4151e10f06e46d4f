"""Delivered rows become records that people can read, whatever the spelling, the order of rows or the threads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.standardise.dates import DateOrder
from retail_brain.standardise.names import Name, standardise_name
from retail_brain.standardise.values import RECORD_FIELDS, StandardiseResult, standardise_values

TODAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Settings:
    date_order: DateOrder | None = None
    phone_region: str | None = None


RAW_COLUMNS = [
    "source",
    "record_id",
    "full_name",
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "native_name",
    "gender",
    "email",
    "phone",
    "date_of_birth",
    "address",
    "city",
    "region",
    "postal_code",
    "country",
    "loyalty_id",
    "national_id",
    "updated_at",
    "attributes",
]


def deliver(con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], table: str = "delivered_row") -> None:
    columns = ", ".join(f"{column} varchar" for column in RAW_COLUMNS)
    con.execute(f"create or replace table {table} ({columns}, delivery_id varchar, line bigint)")
    for number, row in enumerate(rows, start=1):
        values = {"source": "crm", "record_id": f"{number:06}", **row}
        con.execute(
            f"insert into {table} ({', '.join(values)}) values ({', '.join('?' for _ in values)})",
            list(values.values()),
        )


def standardise(
    rows: list[dict[str, str]],
    sources: dict[str, Settings] | None = None,
    home_region: str = "US",
    con: duckdb.DuckDBPyConnection | None = None,
) -> tuple[list[dict[str, object]], StandardiseResult]:
    connection = con or duckdb.connect()
    deliver(connection, rows)
    result = standardise_values(connection, sources=sources or {}, home_region=home_region, today=TODAY)
    found = connection.execute(f"select {', '.join(RECORD_FIELDS)} from record order by source, record_id").fetchall()
    return [dict(zip(RECORD_FIELDS, row, strict=True)) for row in found], result


def read(field: str, expected: list[tuple[str, object]]) -> list[tuple[str, object]]:
    records, _ = standardise([{field: raw} for raw, _ in expected])
    return [(raw, record[field]) for (raw, _), record in zip(expected, records, strict=True)]


def test_an_email_is_its_address_in_lower_case() -> None:
    expected = [
        ("JJones@Fmail.com", "jjones@fmail.com"),
        ("Maria Sentosa<msentosa@fmail.com>", "msentosa@fmail.com"),
        ('"Jay Jones" <JJones@fmail.com>', "jjones@fmail.com"),
        ("mailto:mary@shop.example", "mary@shop.example"),
        ("  mary@shop.example. ", "mary@shop.example"),
        ("mary @ shop.example", "mary@shop.example"),
        ("mary@shop.example; mary2@shop.example", "mary@shop.example"),
        ("o'hara@shop.example", "o'hara@shop.example"),
        ("mary\u200b@shop.example", "mary@shop.example"),
        ("em@aosn@ware.com", "em@aosn@ware.com"),
        ("harrington@com", "harrington@com"),
        ("N/A", None),
        ("mary.shop.example", None),
        ("@shop.example", None),
        ("+1 (93) 350-3", None),
    ]
    assert read("email", expected) == expected


def test_a_phone_number_is_told_apart_from_its_spelling() -> None:
    expected = [
        ("(203) 257-3065", "+12032573065"),
        ("203.257.3065", "+12032573065"),
        ("2032573065", "+12032573065"),
        ("+12032573065", "+12032573065"),
        ("1-203-257-3065 ext. 12", "+12032573065"),
        ("321-3212", "3213212"),
        ("0000000000", "0000000000"),
        ("2222222222", "2222222222"),
        ("n/a", None),
    ]
    assert read("phone", expected) == expected


def test_a_phone_number_is_read_for_the_country_of_its_record_then_its_source() -> None:
    rows = [
        {"phone": "020 7946 0958", "country": "United Kingdom"},
        {"phone": "020 7946 0958", "source": "shop_uk"},
        {"phone": "020 7946 0958"},
    ]
    records, _ = standardise(rows, {"shop_uk": Settings(phone_region="GB")})
    assert [record["phone"] for record in records] == ["+442079460958", "02079460958", "+442079460958"]


def test_a_date_of_birth_is_a_day_that_can_be() -> None:
    expected = [
        ("1984-03-11", date(1984, 3, 11)),
        ("1984-03-11 00:00:00", date(1984, 3, 11)),
        ("1984-03-11T00:00:00Z", date(1984, 3, 11)),
        ("6/15/98", date(1998, 6, 15)),
        ("Mar 1 1970", date(1970, 3, 1)),
        ("1950-18-06", date(1950, 6, 18)),
        ("1900-01-01", date(1900, 1, 1)),
        ("0000-00-00", None),
        ("2026-02-30", None),
        ("9999-12-31", None),
        ("1899-12-31", None),
        ("2026-07-01", None),
        ("unknown", None),
    ]
    assert read("date_of_birth", expected) == expected


def test_the_order_of_day_and_month_is_found_from_each_sources_own_dates() -> None:
    rows = [
        {"source": "till", "date_of_birth": "03/04/1990"},
        {"source": "till", "date_of_birth": "25/04/1990"},
        {"source": "web", "date_of_birth": "03/04/1990"},
        {"source": "web", "date_of_birth": "04/25/1990"},
    ]
    records, result = standardise(rows)
    assert [record["date_of_birth"] for record in records] == [
        date(1990, 4, 3), date(1990, 4, 25), date(1990, 3, 4), date(1990, 4, 25),
    ]  # fmt: skip
    assert [(found.source, found.order) for found in result.date_orders] == [("till", "dmy"), ("web", "mdy")]


def test_dates_that_tell_nothing_are_read_as_at_home_unless_the_source_says_otherwise() -> None:
    rows = [{"date_of_birth": "03/04/1990"}]
    assert standardise(rows)[0][0]["date_of_birth"] == date(1990, 3, 4)
    assert standardise(rows, home_region="GB")[0][0]["date_of_birth"] == date(1990, 4, 3)
    told = {"crm": Settings(date_order="dmy")}
    assert standardise(rows, told)[0][0]["date_of_birth"] == date(1990, 4, 3)


def test_a_time_of_change_is_a_point_in_time() -> None:
    expected = [
        ("2025-09-13 10:13:10", datetime(2025, 9, 13, 10, 13, 10)),  # noqa: DTZ001
        ("2025-09-13T10:13:10Z", datetime(2025, 9, 13, 10, 13, 10)),  # noqa: DTZ001
        ("2025-09-13", datetime(2025, 9, 13)),  # noqa: DTZ001
        ("1757758390", datetime(2025, 9, 13, 10, 13, 10)),  # noqa: DTZ001
        ("1757758390000", datetime(2025, 9, 13, 10, 13, 10)),  # noqa: DTZ001
        ("9/13/2025 10:13", datetime(2025, 9, 13, 10, 13)),  # noqa: DTZ001
        ("9/13/2025 1:05 PM", datetime(2025, 9, 13, 13, 5)),  # noqa: DTZ001
        ("9/13/2025 12:05 am", datetime(2025, 9, 13, 0, 5)),  # noqa: DTZ001
        ("9999-12-31 00:00:00", None),
        ("soon", None),
    ]
    assert read("updated_at", expected) == expected


def test_a_postcode_is_written_in_one_way() -> None:
    expected = [
        ("92723-0000", "92723"),
        ("927230000", "92723"),
        ("2049.0", "2049"),
        ("00000", "00000"),
        ("0O00o", "00000"),
        ("le111uu", "LE11 1UU"),
        ("M1S1T4", "M1S 1T4"),
        ("D-56422", "56422"),
        ("-", None),
    ]
    assert read("postal_code", expected) == expected


def test_a_lost_leading_zero_comes_back_where_postcodes_have_five_digits() -> None:
    american = [{"source": "us", "postal_code": code} for code in ("10012", "94105", "60611", "95865", "2139")]
    australian = [{"source": "au", "postal_code": code} for code in ("2049", "3137", "5107")]
    records, _ = standardise(american + australian)
    assert {record["postal_code"] for record in records} == {
        "10012",
        "94105",
        "60611",
        "95865",
        "02139",
        "2049",
        "3137",
        "5107",
    }


def test_a_gender_is_f_or_m_or_not_known() -> None:
    expected = [("F", "f"), ("Female", "f"), ("M", "m"), ("male", "m"), ("U", None), ("Unknown", None)]
    assert read("gender", expected) == expected


def test_a_loyalty_number_has_no_blanks_and_dashes() -> None:
    expected = [
        ("ab-12 34", "AB1234"),
        ("40017.0", "40017"),
        ("0012", "0012"),
        ("000000", None),
        ("N/A", None),
        ("-", None),
    ]
    assert read("loyalty_id", expected) == expected
    assert read("national_id", expected) == expected


def test_invisible_characters_and_white_space_are_gone_and_letters_composed() -> None:
    records, _ = standardise(
        [
            {
                "given_name": "Jose\u0301\u200b",
                "family_name": "\ufeffGarci\u0301a \t Lo\x00pez",
                "city": "San\u00a0 Ramon",
            }
        ]
    )
    assert (records[0]["given_name"], records[0]["family_name"], records[0]["city"]) == (
        "José",
        "García Lopez",
        "San Ramon",
    )


def test_an_address_in_one_line_fills_the_columns_that_are_empty() -> None:
    records, _ = standardise([{"address": "6371 E Foothill Dr, Orroville, CA 95915-1234"}])
    assert {field: records[0][field] for field in ("address", "city", "region", "postal_code")} == {
        "address": "6371 E Foothill Dr",
        "city": "Orroville",
        "region": "CA",
        "postal_code": "95915",
    }


def test_the_result_counts_what_came_and_what_could_not_be_read() -> None:
    rows = [
        {"email": "a@b.example", "date_of_birth": "2026-02-30"},
        {"email": "n/a", "date_of_birth": "1984-03-11"},
        {},
    ]
    _, result = standardise(rows)
    counts = {count.field: (count.delivered, count.present, count.nulled) for count in result.fields}
    assert result.records == 3
    assert counts["email"] == (2, 1, 1)
    assert counts["date_of_birth"] == (2, 1, 1)
    assert counts["phone"] == (0, 0, 0)


def test_an_empty_delivery_gives_no_records() -> None:
    records, result = standardise([])
    assert records == []
    assert result.records == 0


def test_a_name_in_one_column_is_split_whether_plain_or_odd() -> None:
    names = [
        "Salenger, Kristin",
        "Margaret Charney",
        "Rosemay A Thomas",
        "Lopez, Ana Maria",
        "Dr. Ana de la Cruz",
        "王伟",
    ]
    records, _ = standardise([{"full_name": name} for name in names])
    assert [(record["given_name"], record["middle_name"], record["family_name"]) for record in records] == [
        ("Kristin", None, "Salenger"),
        ("Margaret", None, "Charney"),
        ("Rosemay", "A", "Thomas"),
        ("Ana", "Maria", "Lopez"),
        ("Ana", None, "de la Cruz"),
        ("伟", None, "王"),
    ]


RAW_EXAMPLES = [
    {"full_name": "Klein, Morris II", "date_of_birth": "4/12/82", "phone": "+39 0352 6553537"},
    {"given_name": "Mary J.", "family_name": "Brown Jr", "postal_code": "2139", "country": "USA"},
    {
        "native_name": "ВАСИЛЬЕВ, Александр Павлович",
        "phone": "(4812)85-62-34",
        "address": "Fieldstrasse 10, FL-2198 Triesen, Liechtenstein",
    },
    {
        "given_name": "Robert",
        "family_name": "Smith",
        "email": "'Bob' <BOB@x.example>",
        "updated_at": "1757758390",
        "gender": "Male",
    },
    {
        "given_name": "N/A",
        "family_name": "Guest",
        "address": "123 Main St, Las Vegas",
        "phone": "92-42-7925774",
        "loyalty_id": "a-1.0",
    },
    {
        "address": "80 Delaware Ave SE Washington DC 40040",
        "updated_at": "9/13/2025 1:05 PM",
        "phone": "14 69 55 50 13 25 74 3",
    },
]


def test_standardising_records_again_changes_nothing() -> None:
    con = duckdb.connect()
    first, _ = standardise(RAW_EXAMPLES, con=con)
    again = [{field: str(value) for field, value in record.items() if value is not None} for record in first]
    second, _ = standardise(again, con=con)
    assert second == first


def test_records_depend_neither_on_the_order_of_rows_nor_on_threads() -> None:
    results = []
    for threads, rows in ((1, RAW_EXAMPLES), (4, RAW_EXAMPLES[::-1])):
        con = duckdb.connect()
        con.execute(f"set threads = {threads}")
        numbered = [{**row, "record_id": str(RAW_EXAMPLES.index(row))} for row in rows]
        results.append(standardise(numbered, con=con)[0])
    assert results[0] == results[1]


def test_nothing_is_left_behind_but_the_records() -> None:
    con = duckdb.connect()
    standardise(RAW_EXAMPLES, con=con)
    left = con.execute("select table_name from information_schema.tables where table_name like 'value%'").fetchall()
    assert left == []


def test_a_value_of_a_megabyte_is_read_in_no_time() -> None:
    con = duckdb.connect()
    huge = {field: "a" * 1_000_000 for field in RAW_COLUMNS if field not in ("source", "record_id", "attributes")}
    deliver(
        con,
        [
            huge,
            {
                **huge,
                "email": "a@" * 500_000,
                "full_name": "a, " * 300_000,
                "phone": "1-" * 500_000,
                "given_name": "(" * 1_000_000,
            },
        ],
    )
    start = time.process_time()
    standardise_values(con, sources={}, today=TODAY)
    assert time.process_time() - start < 5
    found = con.execute("select email, phone, length(family_name) from record").fetchall()
    assert found == [(None, None, 1000), (None, None, 1000)]


word = st.sampled_from(
    [
        "Mary",
        "Ann",
        "maria",
        "José",
        "Brown",
        "Jr",
        "Sr.",
        "II",
        "I",
        "Dr.",
        "Mr",
        "van",
        "de",
        "la",
        "O'Hara",
        "Smith-Jones",
        "J",
        "K.",
        "Guest",
        "Test",
        "N/A",
        "none",
        "Klein",
        "y",
        "伟",
        "Александр",
        "Павлович",
    ]
)
name_text = (
    st.none()
    | st.lists(word, min_size=1, max_size=4).map(" ".join)
    | st.lists(word, min_size=2, max_size=3).map(", ".join)
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(name_text, name_text, name_text, name_text, name_text), min_size=1, max_size=40))
def test_names_that_sql_passes_are_what_the_parser_would_make_of_them(names: list[tuple[str | None, ...]]) -> None:
    fields = ("given_name", "middle_name", "family_name", "full_name", "native_name")
    rows = [{field: text for field, text in zip(fields, name, strict=True) if text} for name in names]
    records, _ = standardise(rows)
    for record, (first, middle, family, full, native) in zip(records, names, strict=True):
        expected = standardise_name(Name(first, middle, family), full=full, native=native)
        assert tuple(record[field] for field in ("given_name", "middle_name", "family_name", "name_suffix")) == expected

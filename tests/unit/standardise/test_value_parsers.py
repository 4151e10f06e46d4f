"""The parsers of odd spellings: names, dates, phones, addresses."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retail_brain.standardise.addresses import Address, split_address
from retail_brain.standardise.countries import country_region
from retail_brain.standardise.dates import DateOrder, detect_date_order, parse_date
from retail_brain.standardise.names import Name, standardise_name
from retail_brain.standardise.phones import standardise_phone

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("Salenger, Kristin", ("Kristin", None, "Salenger", None)),
        ("Alexander Pavlovich Vasiliev", ("Alexander", "Pavlovich", "Vasiliev", None)),
        ("ВАСИЛЬЕВ, Александр Павлович", ("Александр", "Павлович", "ВАСИЛЬЕВ", None)),
        ("Васильев Александр Павлович", ("Александр", "Павлович", "Васильев", None)),
        ("王伟", ("伟", None, "王", None)),
        ("张秀英", ("秀英", None, "张", None)),
        ("欧阳娜娜", ("娜娜", None, "欧阳", None)),
        ("김민수", ("민수", None, "김", None)),
        ("فيصل صديقي", ("فيصل", None, "صديقي", None)),
        ("គឹម តារា", ("តារា", None, "គឹម", None)),
        ("マイケル・ジョーダン", ("マイケル", None, "ジョーダン", None)),
        ("Dr. Maria de la Cruz", ("Maria", None, "de la Cruz", None)),
        ("Ludwig van Beethoven Jr.", ("Ludwig", None, "van Beethoven", "Jr")),
        ("José Ortega y Gasset", ("José", None, "Ortega y Gasset", None)),
        ("Smith Jr, John Q", ("John", "Q", "Smith", "Jr")),
        ("John Smith, Jr.", ("John", None, "Smith", "Jr")),
        ("John Smith, PhD", ("John", None, "Smith", None)),
        ("Klein, Morris I", ("Morris", None, "Klein", "I")),
        ('Robert "Bob" Smith', ("Robert", None, "Smith", None)),
        ("Van Morrison", ("Van", None, "Morrison", None)),
        ("Rahman, Md", ("Md", None, "Rahman", None)),
        ("Madonna", (None, None, "Madonna", None)),
        ("unknown", (None, None, None, None)),
        ("Test Test", (None, None, None, None)),
        ("- -", (None, None, None, None)),
    ],
)
def test_a_whole_name_is_split_as_its_people_write_it(full: str, expected: tuple[str | None, ...]) -> None:
    assert standardise_name(Name(), full=full) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("Maria Luis", None, "M Sentosa", None), ("Maria Luis", None, "M Sentosa", None)),
        (("Jones", None, "Jay", None), ("Jones", None, "Jay", None)),
        (("Rosemary A", None, "Thomas", None), ("Rosemary", "A", "Thomas", None)),
        (("Mary J.", "K", "Smith", None), ("Mary J", "K", "Smith", None)),
        (("Morris II", None, "Klein", None), ("Morris", None, "Klein", "II")),
        (("David", None, "Dobbins Senior", None), ("David", None, "Dobbins", "Sr")),
        (("Geoffrey", None, "Brown Jr", None), ("Geoffrey", None, "Brown", "Jr")),
        (("John", "P.", "Smith, Jr.", None), ("John", "P", "Smith", "Jr")),
        (("Robert", None, "Smith", "senior"), ("Robert", None, "Smith", "Sr")),
        ((None, None, "Smith, John", None), ("John", None, "Smith", None)),
        (("Dr. Ann", None, "Smith", "MD"), ("Ann", None, "Smith", None)),
        (("Lee", None, "Guest", None), ("Lee", None, "Guest", None)),
        ((None, None, "Guest", None), (None, None, None, None)),
        (("N/A", None, "-", None), (None, None, None, None)),
        (("J", None, "Muir", None), ("J", None, "Muir", None)),
        (("Junior", None, "Silva", None), ("Junior", None, "Silva", None)),
        ((None, None, "Andreason", None), (None, None, "Andreason", None)),
    ],
)
def test_the_parts_of_a_name_come_to_their_places(
    parts: tuple[str | None, ...], expected: tuple[str | None, ...]
) -> None:
    assert standardise_name(Name(*parts)) == expected


def test_a_native_name_speaks_only_where_no_other_name_is() -> None:
    assert standardise_name(Name("Wei", None, "Wang"), native="王伟") == ("Wei", None, "Wang", None)
    assert standardise_name(Name(), native="王伟") == ("伟", None, "王", None)


def test_a_missing_half_is_taken_from_the_whole_name() -> None:
    assert standardise_name(Name("Anna"), full="Anna Smith") == ("Anna", None, "Smith", None)
    assert standardise_name(Name("Smith"), full="Anna Smith") == ("Smith", None, None, None)


@settings(deadline=None)
@given(*(st.none() | st.text(st.sampled_from(list("ab IJrSV.,-'()\"王伟é")), max_size=14) for _ in range(5)))
def test_a_split_name_stays_as_it_is(
    first: str | None, middle: str | None, family: str | None, suffix: str | None, full: str | None
) -> None:
    texts = [" ".join(text.split()) or None if text else None for text in (first, middle, family, suffix, full)]
    once = standardise_name(Name(*texts[:4]), full=texts[4])
    assert standardise_name(once) == once


@pytest.mark.parametrize(
    ("raw", "order", "expected"),
    [
        ("6/15/98", "mdy", date(1998, 6, 15)),
        ("12/11/1978", "mdy", date(1978, 12, 11)),
        ("12/11/1978", "dmy", date(1978, 11, 12)),
        ("20/8/1991", "mdy", date(1991, 8, 20)),
        ("15-Mar-92", "mdy", date(1992, 3, 15)),
        ("Mar 1 1970", "dmy", date(1970, 3, 1)),
        ("1. März 1980", "dmy", date(1980, 3, 1)),
        ("March 5th, 1990", "mdy", date(1990, 3, 5)),
        ("19080806", "mdy", date(1908, 8, 6)),
        ("11172015", "mdy", date(2015, 11, 17)),
        ("2212019", "mdy", date(2019, 2, 21)),
        ("2/4/31", "mdy", date(1931, 2, 4)),
        ("5/24/11", "mdy", date(2011, 5, 24)),
        ("29/2/00", "dmy", date(2000, 2, 29)),
        ("12.05.1988", "dmy", date(1988, 5, 12)),
        ("1990年3月5日", "mdy", date(1990, 3, 5)),
        ("3/4/1990 10:15 PM", "mdy", date(1990, 3, 4)),
        ("0|/19/|994", "mdy", date(1994, 1, 19)),
        ("32000", "mdy", date(1987, 8, 11)),
        ("29/02/1999", "dmy", None),
        ("1984", "mdy", None),
        ("2026-07-01", "mdy", None),
        ("1/1/1899", "mdy", None),
    ],
)
def test_a_date_is_read_in_its_columns_order(raw: str, order: DateOrder, expected: date | None) -> None:
    assert parse_date(raw, order=order, today=TODAY) == expected


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), TODAY), st.sampled_from(["mdy", "dmy", "ymd"]), st.sampled_from("/.- "))
def test_every_day_is_read_back_from_every_order(day: date, order: DateOrder, sign: str) -> None:
    letters = {"mdy": "%m{0}%d{0}%Y", "dmy": "%d{0}%m{0}%Y", "ymd": "%Y{0}%m{0}%d"}[order]
    assert parse_date(day.strftime(letters.format(sign)), order=order, today=TODAY) == day


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    found = parse_date(text, order="mdy", today=TODAY)
    assert found is None or date(1900, 1, 1) <= found <= TODAY


def test_the_order_of_a_column_is_its_majoritys_and_else_its_countrys() -> None:
    assert detect_date_order([("25/12/1990", 3), ("12/25/1990", 1)], region="US") == "dmy"
    assert detect_date_order([("1/2/1990", 9)], region="US") == "mdy"
    assert detect_date_order([("1/2/1990", 9)], region="DE") == "dmy"
    assert detect_date_order([("11172015", 1)], region="DE") == "mdy"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("+39 0352 6553537", "+3903526553537"),
        ("0352 6553537", "03526553537"),
        ("+7(4812)85-62-34", "+74812856234"),
        ("+92 42-7925774", "+92427925774"),
        ("92-42-7925774", "92427925774"),
        ("44 20 7946 0958", "+442079460958"),
        ("+1-826-555-0172 x2143", "+18265550172"),
        ("+1 137455501203743", "+13745550120"),
        ("18188922818", "+18188922818"),
        ("203 257 3065 / 203 257 3066", "+12032573065"),
        ("tel:+44 (0)20 7946 0958", "+442079460958"),
        ("011 39 0352 6553537", "+3903526553537"),
        ("321-3212", "3213212"),
        ("0000000000", "0000000000"),
        ("911", None),
        ("no phone", None),
    ],
)
def test_an_odd_phone_number_is_read_at_home_in_the_united_states(raw: str, expected: str | None) -> None:
    assert standardise_phone(raw, "US") == expected


@settings(deadline=None)
@example("000001", "DE")
@given(st.text("0123456789+-() .x/", max_size=30), st.sampled_from(["US", "GB", "DE", "IT", "AU"]))
def test_a_phone_number_that_was_read_stays_as_it_is(text: str, region: str) -> None:
    once = standardise_phone(text, region)
    assert once is None or standardise_phone(once, region) == once


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("123 Main Street, Las Vegas NV 89132", ("123 Main Street", "Las Vegas", "NV", "89132", None)),
        ("9304 W. 15th St La Blanca, FL 60527", ("9304 W. 15th St", "La Blanca", "FL", "60527", None)),
        ("80 Delaware Ave SE Washington DC 40040", ("80 Delaware Ave SE", "Washington", "DC", "40040", None)),
        ("638 Downey St, Salem, OR", ("638 Downey St", "Salem", "OR", None, None)),
        ("123 Main St, Las Vegas", ("123 Main St", "Las Vegas", None, None, None)),
        ("173 John Lane, 08030", ("173 John Lane", None, None, "08030", None)),
        ("Ansbacher Strasse 23, 56422 Dusseldorf", ("Ansbacher Strasse 23", "Dusseldorf", None, "56422", None)),
        (
            "18 Danver Place, Loughborough, Leicestershire, United Kingdom, LE11 1UU",
            ("18 Danver Place", "Loughborough", "Leicestershire", "LE11 1UU", "United Kingdom"),
        ),
        ("705 Sheppard Ave, Toronto ON M1S 1T4", ("705 Sheppard Ave", "Toronto", "ON", "M1S 1T4", None)),
        ("1 George St, Sydney NSW 2000", ("1 George St", "Sydney", "NSW", "2000", None)),
        ("1 Elm St, Apt 5, Boston, MA 02110", ("1 Elm St, Apt 5", "Boston", "MA", "02110", None)),
        ("Suite 900, 1450 N City Rd", ("Suite 900, 1450 N City Rd", None, None, None, None)),
        ("1231 Las Vegas Blvd, Penthouse Suite", ("1231 Las Vegas Blvd, Penthouse Suite", None, None, None, None)),
        ("#321, Street 128", ("#321, Street 128", None, None, None, None)),
        ("PO BOX 12987", ("PO BOX 12987", None, None, None, None)),
    ],
)
def test_an_address_gives_up_what_is_clear(line: str, expected: tuple[str | None, ...]) -> None:
    assert split_address(Address(line)) == expected


def test_what_was_delivered_in_its_own_column_stays() -> None:
    split = split_address(Address("Ansbacher Strasse 23, 56422 Dusseldorf", postal_code="56244"))
    assert split == ("Ansbacher Strasse 23", "Dusseldorf", None, "56244", None)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "12",
                "Main",
                "St",
                "Apt",
                "5",
                ",",
                "Salem",
                "OR",
                "97301",
                "LE11",
                "1UU",
                "Germany",
                "56422",
                "Berlin",
                "Park",
            ]
        ),
        max_size=9,
    ).map(" ".join)
)
def test_a_split_address_stays_as_it_is(line: str) -> None:
    once = split_address(Address(line or None))
    assert split_address(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Germany", "DE"), ("RUS", "RU"), ("u.s.a.", "US"), ("de", "DE"), ("Atlantis", None), (None, None)],
)
def test_a_country_is_known_by_name_or_code(text: str | None, expected: str | None) -> None:
    assert country_region(text) == expected

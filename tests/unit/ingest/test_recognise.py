"""What `init` makes of exports that nobody has described."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from night_of_files import Night

from retail_brain.config.ingest import SourceSettings
from retail_brain.errors import InputError
from retail_brain.ingest.content import order_of_dates
from retail_brain.ingest.recognise import recognise
from retail_brain.ingest.render import render_configuration
from retail_brain.ingest.synonyms import meaning_of

if TYPE_CHECKING:
    from pathlib import Path


def _sources(night: Night, place: Path | None = None) -> dict[str, dict[str, Any]]:
    """Recognise the folder, write the configuration, read it back and check that a run takes every row."""
    text = render_configuration(recognise(place or night.folder, night.con))
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)["sources"]
    sources = {name: SourceSettings.model_validate(table) for name, table in tables.items()}
    assert night.ingest(sources=sources).quarantined == 0
    return tables


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("given_name", "given_name"), ("FirstName", "given_name"), ("fname", "given_name"), ("first", "given_name"),
        ("primary_name_first", "given_name"), ("Vorname", "given_name"), ("prénom", "given_name"),
        ("surname", "family_name"), ("LNAME", "family_name"), ("last_name", "family_name"), ("apellidos", "family_name"),
        ("middle_initial", "middle_name"), ("suffix", "name_suffix"), ("native_name_full", "native_name"),
        ("full_name", "full_name"), ("primary_name_full", "full_name"), ("Customer Name", "full_name"),
        ("phone_number", "phone"), ("tel", "phone"), ("Mobile", "phone"), ("customerPhone", "phone"), ("phone_1", "phone"),
        ("e-mail", "email"), ("email_address", "email"), ("mail", "email"), ("E-Mail-Adresse", "email"),
        ("dob", "date_of_birth"), ("birth_date", "date_of_birth"), ("Geburtsdatum", "date_of_birth"),
        ("DOB (yyyy-mm-dd)", "date_of_birth"), ("date_de_naissance", "date_of_birth"),
        ("zip", "postal_code"), ("postcode", "postal_code"), ("zipcode", "postal_code"), ("PLZ", "postal_code"),
        ("billing_zip", "postal_code"), ("addr_postal_code", "postal_code"), ("code_postal", "postal_code"),
        ("address_1", "address_part"), ("address_2", "address_part"), ("street_number", "address_part"),
        ("Straße", "address_part"), ("po_box", "address_part"), ("addr_full", "address_full"),
        ("suburb", "city"), ("town", "city"), ("Ort", "city"), ("state", "region"), ("province", "region"),
        ("country", "country"), ("sex", "gender"), ("Geschlecht", "gender"),
        ("cust_no", "record_id"), ("customer_id", "record_id"), ("id", "record_id"), ("uuid", "record_id"),
        ("Kunden-Nr.", "record_id"), ("soc_sec_id", "national_id"), ("SSN", "national_id"),
        ("loyalty_no", "loyalty_id"), ("Card Number", "loyalty_id"), ("updated_at", "updated_at"),
        ("last_modified", "updated_at"), ("changed_on", "updated_at"),
        ("phone_type", None), ("email_opt_in", None), ("spouse_first_name", None), ("created_at", None),
        ("loyalty_points", None), ("store_id", None), ("birth_place", None), ("employer", None),
    ],
)  # fmt: skip
def test_names_of_columns_are_known(name: str, field: str | None) -> None:
    assert meaning_of(name)[0] == field


def test_an_ordinary_export_is_recognised(night: Night) -> None:
    night.write(
        "cust_no,FirstName,LNAME,e-mail,phone_number,dob,address_1,suburb,postcode,points\n"
        "1,Maria,Lopez,m@x.com,(202) 555-0176,1984-03-11,2 Elm St,Elmwood,94110,7\n"
        "2,John,Smith,,,,,,,\n",
        "pos.csv",
    )
    source = _sources(night)["pos"]
    assert source["files"] == ["pos*.csv", "pos*.csv.gz"]
    assert source["columns"] == {
        "record_id": "cust_no", "given_name": "FirstName", "family_name": "LNAME", "email": "e-mail",
        "phone": "phone_number", "date_of_birth": "dob", "address": "address_1", "city": "suburb",
        "postal_code": "postcode",
    }  # fmt: skip
    assert source["pass_through"] == ["points"]


def test_delimiter_encoding_and_language_are_recognised(night: Night) -> None:
    text = (
        "Kunden-Nr;Vorname;Nachname;Straße;Hausnr;PLZ;Ort;Telefon\nK1;Jörg;Müller;Ring;5a;10115;Berlin;+49 30 1234567\n"
    )
    night.write(text.encode("cp1252"), "kunden.csv")
    source = _sources(night)["kunden"]
    assert (source["delimiter"], source["encoding"]) == (";", "cp1252")
    assert source["columns"]["address"] == ["Straße", "Hausnr"]
    assert night.rows("given_name, address, city") == [("Jörg", "Ring 5a", "Berlin")]


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-16", "utf-16"), ("utf-8-sig", "utf-8"), ("utf-16-le", "utf-16-le")]
)
def test_unicode_encodings_are_recognised(night: Night, encoding: str, told: str) -> None:
    night.write("id,first_name,email\n1,Zoë,z@x.com\n2,Ann,a@x.com\n".encode(encoding), "app.csv")
    assert _sources(night)["app"]["encoding"] == told
    assert night.rows("given_name")[0] == ("Zoë",)


def test_a_few_broken_lines_do_not_make_utf_8_another_encoding(night: Night) -> None:
    good = b"".join(f"{number},Zoë,z{number}@x.com\n".encode() for number in range(40))
    night.write(b"id,first_name,email\n" + good + "99,Renée,r@x.com\n".encode("latin-1"), "crm.csv")
    text = render_configuration(recognise(night.folder, night.con))
    assert tomllib.loads(text)["sources"]["crm"]["encoding"] == "utf-8"


def test_a_member_number_with_a_few_repeated_rows_still_names_the_record_beside_a_card_number(night: Night) -> None:
    rows = [f"{4000 + number},41{number if number % 25 else 0:08d},Ann{number}\n" for number in range(200)]
    night.write("member_id,card_number,first_name\n" + "".join(rows + rows[:4]), "loyalty.csv")
    columns = _sources(night)["loyalty"]["columns"]
    assert (columns["record_id"], columns["loyalty_id"]) == ("member_id", "card_number")


def test_a_column_called_name_full_of_addresses_is_e_mail(night: Night) -> None:
    night.write("id,name\n1,a@x.com\n2,b@x.com\n3,c@x.com\n", "web.csv")
    assert _sources(night)["web"]["columns"] == {"record_id": "id", "email": "name"}


def test_a_column_called_phone_without_numbers_is_passed_through_and_told(night: Night) -> None:
    night.write("id,first_name,phone\n1,Ann,home\n2,Bob,work\n", "web.csv")
    source = _sources(night)["web"]
    assert source["pass_through"] == ["phone"]
    assert "unsure: phone: its name says phone, its values do not" in render_configuration(
        recognise(night.folder, night.con)
    )


def test_values_speak_where_names_do_not(night: Night) -> None:
    rows = "".join(f"{n},u{n}@x.com,(202) 555-01{n:02},{1950 + n}-02-03\n" for n in range(10, 40))
    night.write("a,b,c,d\n" + rows, "web.csv")
    assert _sources(night)["web"]["columns"] == {
        "record_id": "a", "email": "b", "phone": "c", "date_of_birth": "d",
    }  # fmt: skip


def test_a_file_without_a_header_is_recognised_by_its_values(night: Night) -> None:
    night.write("17,maria,lopez,m@x.com\n18,john,smith,j@x.com\n19,anna,jones,a@x.com\n", "web.csv")
    source = _sources(night)["web"]
    assert source["header"] is False
    assert source["columns"]["email"] == "column_4"
    assert night.rows() == [("17", "maria", "lopez"), ("18", "john", "smith"), ("19", "anna", "jones")]


def test_nights_of_one_source_are_one_source(night: Night) -> None:
    for day in (1, 2):
        night.write(f"id,first_name,email\n{day},Ann,a{day}@x.com\n", f"pos_2026-11-0{day}.csv")
    assert list(_sources(night)) == ["pos"]
    assert _sources(night)["pos"]["files"] == ["pos*.csv", "pos*.csv.gz"]
    assert len(night.rows()) == 2


@pytest.mark.parametrize(
    ("first", "second", "sources"),
    [
        ("pos_2026-11-01", "pos_2026-11-02", ["pos"]),
        ("pos-20261101", "pos-20261102", ["pos"]),
        ("pos_2026-11-01T0200", "pos_2026-11-02T0200", ["pos"]),
        ("pos_01.11.2026", "pos_02.11.2026", ["pos"]),
        ("pos_1", "pos_2", ["pos"]),
        ("pos_part1", "pos_part2", ["pos"]),
        ("w2_1099_2020", "w2_1099_2021", ["w2_1099_2020", "w2_1099_2021"]),
        ("census2020", "census2030", ["census2020", "census2030"]),
        ("listA", "listB", ["listA", "listB"]),
    ],
)
def test_only_dates_and_counters_make_a_series(night: Night, first: str, second: str, sources: list[str]) -> None:
    night.write("id,first_name,email\n1,Ann,a@x.com\n", f"{first}.csv")
    night.write("id,first_name,email\n2,Bob,b@x.com\n", f"{second}.csv")
    assert sorted(_sources(night)) == sources


def test_files_of_other_years_and_other_columns_stay_apart(night: Night) -> None:
    night.write("id,first_name,email\n1,Ann,a@x.com\n", "tax_2020.csv")
    night.write("id,first_name,email\n1,Bob,b@x.com\n", "tax_2021.csv")
    night.write("id,first_name,phone\n1,Cid,202-555-0100\n", "tax_1.csv")
    assert sorted(_sources(night)) == ["tax_1", "tax_2020", "tax_2021"]
    assert len(night.rows()) == 3


def test_numbered_files_with_other_people_under_the_same_ids_stay_apart(night: Night) -> None:
    night.write("id,first_name,email\n1,Ann,a@x.com\n2,Bea,b@x.com\n", "shop_1.csv")
    night.write("id,first_name,email\n1,Cid,c@x.com\n2,Dan,d@x.com\n", "shop_2.csv")
    assert sorted(_sources(night)) == ["shop_1", "shop_2"]


def test_folders_of_nights_are_searched_one_level_deep(night: Night) -> None:
    for day in (1, 2):
        (night.folder / f"night{day}").mkdir()
        night.write(f"id,first_name,email\n{day},Ann,a{day}@x.com\n", f"night{day}/pos.csv")
    assert _sources(night)["pos"]["files"] == ["*/pos*.csv", "*/pos*.csv.gz"]
    assert len(night.rows()) == 2


def test_exports_beside_a_truth_file_are_found_in_their_folder(night: Night) -> None:
    night.write("source,record_id,person_id\npos,1,1\n", "truth.csv")
    (night.folder / "exports").mkdir()
    night.write("id,first_name,email\n1,Ann,a@x.com\n", "exports/pos.csv")
    assert _sources(night)["pos"]["files"] == ["*/pos*.csv", "*/pos*.csv.gz"]


def test_the_next_night_of_the_same_name_is_taken_from_another_folder(night: Night, tmp_path: Path) -> None:
    night.write("id,first_name,email\n1,Ann,a@x.com\n", "pos.csv")
    tables = _sources(night)
    other = tmp_path / "night2"
    other.mkdir()
    (other / "pos.csv").write_text("id,first_name,email\n2,Bob,b@x.com\n")
    night.ingest(files=[other], sources={"pos": SourceSettings.model_validate(tables["pos"])})
    assert [row[0] for row in night.rows()] == ["2"]


def test_truth_files_and_files_not_about_people_are_left_out_and_told(night: Night) -> None:
    night.write("id,first_name,email\n1,Ann,a@x.com\n", "pos.csv")
    night.write("source,record_id,person_id\npos,1,1\n", "truth.csv")
    night.write("order_id,sku\n1,a\n2,b\n", "orders.csv")
    night.write("", "empty.csv")
    recognition = recognise(night.folder, night.con)
    assert [source.name for source in recognition.sources] == ["pos"]
    assert sorted(name for name, _ in recognition.left_out) == ["empty.csv", "orders.csv", "truth.csv"]
    assert "#   truth.csv: it says who is who" in render_configuration(recognition)


def test_a_card_number_is_the_record_id_only_where_nothing_else_is(night: Night) -> None:
    night.write("member_id,first_name,email\nL1,Ann,a@x.com\nL2,Bob,b@x.com\n", "club.csv")
    night.write("customer_id,member_id,first_name\n1,L1,Ann\n2,L2,Bob\n", "shop.csv")
    tables = _sources(night)
    assert tables["club"]["columns"]["record_id"] == "member_id"
    assert tables["shop"]["columns"]["record_id"] == "customer_id"
    assert tables["shop"]["columns"]["loyalty_id"] == "member_id"


def test_an_id_that_is_not_unique_is_not_the_record_id(night: Night) -> None:
    night.write("customer_id,ref,first_name\n7,a1,Ann\n7,a2,Bob\n7,a3,Cid\n", "shop.csv")
    assert _sources(night)["shop"]["columns"]["record_id"] == "ref"


def test_address_parts_are_joined_and_the_full_address_stands_in(night: Night) -> None:
    night.write(
        'record_id,given_name,addr_full,addr_line1,unit_number\n1,Ann,,2 Elm St,7\n2,Bob,"9 Ash Rd, Town",,\n',
        "pos.csv",
    )
    source = _sources(night)["pos"]
    assert source["columns"]["address"] == ["addr_line1", "unit_number"]
    assert source["fallback"]["address"] == "addr_full"
    assert night.rows("address") == [("2 Elm St 7",), ("9 Ash Rd, Town",)]


def test_a_bare_number_beside_a_street_is_the_house_number(night: Night) -> None:
    night.write("KdNr;Vorname;Straße;Nr.;Ort\n1;Anna;Ring;5;Bonn\n2;Paul;Weg;5;Bonn\n", "kunden.csv")
    assert _sources(night)["kunden"]["columns"]["address"] == ["Straße", "Nr."]


def test_a_date_of_birth_in_three_columns_is_joined(night: Night) -> None:
    night.write("rec_id,fname_c1,lname_c1,by,bm,bd\n1,CARSTEN,MEIER,1949,7,22\n2,GERD,BAUER,1968,7,27\n", "rl.csv")
    source = _sources(night)["rl"]
    assert (source["columns"]["date_of_birth"], source["date_order"]) == (["by", "bm", "bd"], "ymd")


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["12/26/1986", "04/03/2014"], "mdy"),
        (["26.12.1986", "03.04.2014"], "dmy"),
        (["11172015", "02212019"], "mdy"),
        (["19080806", "19541229"], None),
        (["1986-12-26"], None),
        (["01/02/1990"], None),
    ],
)
def test_the_order_of_dates_is_told_only_where_they_show_it(dates: list[str], order: str | None) -> None:
    assert order_of_dates(dates)[0] == order


def test_files_of_the_same_columns_share_the_order_of_their_dates(night: Night) -> None:
    night.write("id,first_name,dob\n1,Ann,12/26/1986\n", "a.csv")
    night.write("id,first_name,dob\n1,Ann,01/02/1986\n", "b.csv")
    assert {name: table["date_order"] for name, table in _sources(night).items()} == {"a": "mdy", "b": "mdy"}


def test_parquet_and_packed_files_are_recognised(night: Night) -> None:
    duckdb.sql(f"copy (select 1 as id, 'Ann' as first_name, 'a@x.com' as email) to '{night.folder}/loyalty.parquet'")
    night.write(b"id,first_name,email\n1,Ann,a@x.com\n", "app.csv")
    import gzip

    night.write(gzip.compress(b"id,first_name,email\n1,Ann,a@x.com\n"), "web.csv.gz")
    tables = _sources(night)
    assert tables["loyalty"]["format"] == "parquet"
    assert tables["web"]["files"] == ["web*.csv.gz"]
    assert len(night.rows()) == 3


def test_hostile_names_cannot_leave_their_place_in_the_configuration(night: Night) -> None:
    evil = 'x"]\n[postgres]\nhost = "evil'
    night.write(f'id,first_name,"{evil.replace(chr(34), chr(34) * 2)}"\n1,Ann,z\n', "po's [1].csv")
    text = render_configuration(recognise(night.folder, night.con))
    parsed = tomllib.loads(text)
    assert list(parsed) == ["sources"]
    assert _sources(night)["po_s_1"]["columns"]["given_name"] == "first_name"


def test_a_folder_without_exports_is_told(night: Night) -> None:
    with pytest.raises(InputError, match="no customer exports"):
        recognise(night.folder, night.con)


def test_other_rooms_text_has_its_place(night: Night) -> None:
    night.write("id,first_name\n1,Ann\n2,Bob\n", "pos.csv")
    recognition = recognise(night.folder, night.con)
    text = render_configuration(recognition, top='home_region = "GB"', other_sections="# [matching]\n# merge = 0.5")
    assert tomllib.loads(text)["home_region"] == "GB"
    assert text.rstrip().endswith("# merge = 0.5")

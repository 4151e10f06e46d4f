"""Made-up exports: the same seed gives the same bytes, the truth fits the files, and nobody in them is real."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.synth import NoiseSettings, write_exports, write_sample

RECORD_IDS = {
    "pos": ("pos.csv", "cust_no", ","),
    "ecommerce": ("ecommerce.csv.gz", '"customer_id"', ","),
    "app": ("app.csv", "account_id", ";"),
    "crm": ("crm.csv", "contact_id", ","),
}


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def lines(con: duckdb.DuckDBPyConnection, folder: Path, source: str) -> str:
    if source == "loyalty":
        con.execute(
            f"create or replace view loyalty as select member_id::varchar as id from '{folder}/loyalty.parquet'"
        )
        return "loyalty"
    name, column, delimiter = RECORD_IDS[source]
    con.execute(
        f"create or replace view {source} as select {column} as id "
        f"from read_csv('{folder}/{name}', all_varchar=true, header=true, delim='{delimiter}')"
    )
    return source


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder, records=3000, seed=5, threads=1)
    return folder


def test_the_same_seed_writes_the_same_bytes_on_any_number_of_threads(exports: Path, tmp_path: Path) -> None:
    write_exports(tmp_path, records=3000, seed=5, threads=2)
    assert digests(tmp_path) == digests(exports)


def test_another_seed_makes_other_people(exports: Path, tmp_path: Path) -> None:
    write_exports(tmp_path, records=3000, seed=6)
    assert not set(digests(tmp_path).values()) & set(digests(exports).values())


def test_the_sample_data_in_the_repository_is_what_the_generator_makes(tmp_path: Path) -> None:
    write_sample(tmp_path)
    kept = digests(Path(__file__).parents[3] / "sample_data")
    assert digests(tmp_path).items() <= kept.items()


def test_every_record_in_the_files_has_one_line_of_truth_and_the_other_way_round(exports: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"create view truth as from read_csv('{exports}/truth.csv', all_varchar=true)")
        for source in (*RECORD_IDS, "loyalty"):
            view = lines(con, exports, source)
            missing = con.execute(
                f"select count(*) from (select distinct id from {view}) as seen full join "
                f"(select record_id from truth where source = '{source}') as told on id = record_id "
                "where id is null or record_id is null"
            ).fetchone()
            assert missing == (0,), source
        assert con.execute("select count(*) - count(distinct (source, record_id)) from truth").fetchone() == (0,)


def test_the_number_of_records_is_near_what_was_asked_for(tmp_path: Path) -> None:
    result = write_exports(tmp_path, records=20_000, seed=1)
    assert result.records == pytest.approx(20_000, rel=0.05)
    assert 1.8 < result.records / result.people < 3
    assert sum(result.rows.values()) >= result.records


def test_no_mailbox_and_no_number_could_be_anybodys(exports: Path) -> None:
    with duckdb.connect() as con:
        found = con.execute(
            f"select count(*) from read_csv('{exports}/ecommerce.csv.gz', all_varchar=true) where not "
            r"""regexp_matches(lower("e-mail"), '@(\w+\.example|example\.(com|net|org))$|@.*exam') """
            "or regexp_replace(tel, '[^0-9]', '', 'g')[-7:-3] not in ('5550')"
        ).fetchone()
        numbers = con.execute(
            "select count(*) filter (regexp_replace(mobile, '[^0-9]', '', 'g') like '%55501__'), count(mobile) "
            f"from '{exports}/loyalty.parquet'"
        ).fetchone()
    assert found is not None
    assert numbers is not None
    assert numbers[0] > 0.93 * numbers[1]  # the rest are typing errors and placeholders


def test_without_noise_every_system_knows_the_same_of_a_person(tmp_path: Path) -> None:
    write_exports(tmp_path, records=1000, seed=2, noise=NoiseSettings.none())
    with duckdb.connect() as con:
        con.execute(f"create view truth as from read_csv('{tmp_path}/truth.csv', all_varchar=true)")
        differing = con.execute(
            "with known as ("
            f"select person_id, first_name, last_name, birthday from '{tmp_path}/loyalty.parquet' "
            "join truth on source = 'loyalty' and record_id = member_id::varchar union all "
            "select person_id, given_name, surname, birth_date::date from "
            f"read_csv('{tmp_path}/ecommerce.csv.gz', all_varchar=true) "
            "join truth on source = 'ecommerce' and record_id = customer_id) "
            "select count(*) from (select person_id from known group by person_id "
            "having count(distinct lower(first_name || last_name || birthday::varchar)) > 1)"
        ).fetchone()
    assert differing == (0,)


def test_broken_rows_are_really_broken_and_are_counted(tmp_path: Path) -> None:
    noise = NoiseSettings(rows_with_too_many_fields=3, rows_with_bad_bytes=2)
    whole = write_exports(tmp_path / "whole", records=1000, seed=2)
    broken = write_exports(tmp_path / "broken", records=1000, seed=2, noise=noise)
    assert broken.rows["pos.csv"] == whole.rows["pos.csv"] + 3
    assert broken.rows["crm.csv"] == whole.rows["crm.csv"] + 2
    header, *rows = (tmp_path / "broken" / "pos.csv").read_text().splitlines()
    assert sum(row.count(",") > header.count(",") for row in rows) == 3
    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "broken" / "crm.csv").read_text(encoding="utf-8")


def test_the_folder_holds_nothing_but_the_files(exports: Path) -> None:
    names = {path.name for path in exports.iterdir()}
    assert names == {"pos.csv", "ecommerce.csv.gz", "loyalty.parquet", "app.csv", "crm.csv", "truth.csv"}


def test_little_memory_and_many_threads_change_no_byte(exports: Path, tmp_path: Path) -> None:
    write_exports(tmp_path, records=3000, seed=5, threads=4, memory_limit_mb=300)
    assert digests(tmp_path) == digests(exports)


def test_no_records_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        write_exports(tmp_path, records=0, seed=1)

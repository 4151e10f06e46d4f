"""Later nights of made-up exports: who is new, corrected, late or gone, and what the truth of each night says."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tomllib
from pathlib import Path

import duckdb
import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.synth import NoiseSettings, write_exports

NIGHTS = 3
RECORDS = 20_000
NOISE = NoiseSettings(night_new=0.02, night_corrected=0.03, night_vanished=0.01)
READERS = {
    "pos": "select cust_no as id, * from read_csv('{}/pos.csv', all_varchar=true)",
    "ecommerce": "select customer_id as id, * from read_csv('{}/ecommerce.csv.gz', all_varchar=true)",
    "loyalty": "select member_id::varchar as id, * from '{}/loyalty.parquet'",
    "app": "select account_id as id, * from read_csv('{}/app.csv', delim=';', all_varchar=true)",
    "crm": "select contact_id as id, * from read_csv('{}/crm.csv', all_varchar=true)",
}
CHANGES, SNAPSHOTS = ("pos", "ecommerce", "app"), ("loyalty", "crm")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nights")
    write_exports(folder, records=RECORDS, seed=3, nights=NIGHTS, noise=NOISE, threads=1)
    return folder


def folder_of(out: Path, night: int) -> Path:
    return out / f"night{night}"


def ids(out: Path, source: str, night: int) -> set[str]:
    with duckdb.connect() as con:
        rows = con.execute(f"select distinct id from ({READERS[source].format(folder_of(out, night))})").fetchall()
    return {row[0] for row in rows}


def truth(out: Path, night: int) -> dict[tuple[str, str], str]:
    with duckdb.connect() as con:
        rows = con.execute(f"from read_csv('{folder_of(out, night)}/truth.csv', all_varchar=true)").fetchall()
    assert len({row[:2] for row in rows}) == len(rows)
    return {(source, record): person for source, record, person in rows}


def test_the_same_seed_writes_the_same_nights_on_any_number_of_threads(out: Path, tmp_path: Path) -> None:
    write_exports(tmp_path, records=RECORDS, seed=3, nights=NIGHTS, noise=NOISE, threads=3)
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert len(files) == NIGHTS * 6 + 1
    for name in files:
        assert (
            hashlib.sha256((out / name).read_bytes()).digest()
            == hashlib.sha256((tmp_path / name).read_bytes()).digest()
        )


@pytest.mark.parametrize("source", CHANGES)
def test_a_source_of_changes_delivers_new_and_known_records_and_few_of_them(out: Path, source: str) -> None:
    first, second = ids(out, source, 1), ids(out, source, 2)
    new, known = len(second - first), len(second & first)
    assert new == pytest.approx(NOISE.night_new * len(first), rel=0.4)
    assert known == pytest.approx(NOISE.night_corrected * len(first), rel=0.4)


@pytest.mark.parametrize("source", SNAPSHOTS)
def test_a_snapshot_holds_everyone_but_those_who_vanished_and_they_stay_away(out: Path, source: str) -> None:
    first, second, third = (ids(out, source, night) for night in (1, 2, 3))
    gone = first - second
    assert len(gone) == pytest.approx(NOISE.night_vanished * len(first), rel=0.5)
    assert len(second - first) == pytest.approx(NOISE.night_new * len(first), rel=0.4)
    assert gone.isdisjoint(third)
    assert second - third


@pytest.mark.parametrize("source", SNAPSHOTS)
def test_a_snapshot_of_a_later_night_says_one_thing_of_a_record(out: Path, source: str) -> None:
    with duckdb.connect() as con:
        lines = READERS[source].format(folder_of(out, 3))
        twice = con.execute(f"select count(*) - count(distinct id) from (select distinct * from ({lines}))").fetchone()
        changed = con.execute(
            f"select count(distinct id) from (from ({lines}) except from ({READERS[source].format(folder_of(out, 1))})) "
            f"semi join ({READERS[source].format(folder_of(out, 1))}) using (id)"
        ).fetchone()
    assert twice == (0,)
    assert changed is not None
    assert changed[0] == pytest.approx(2 * NOISE.night_corrected * len(ids(out, source, 1)), rel=0.4)


def test_the_truth_of_a_night_is_what_a_reader_of_all_deliveries_holds(out: Path) -> None:
    held: dict[str, set[str]] = {source: set() for source in READERS}
    for night in range(1, NIGHTS + 1):
        for source, known in held.items():
            delivered = ids(out, source, night)
            held[source] = delivered if source in SNAPSHOTS else known | delivered
        expected = {(source, record) for source, known in held.items() for record in known}
        assert set(truth(out, night)) == expected


def test_the_truth_of_all_nights_names_every_record_that_was_ever_delivered(out: Path) -> None:
    with duckdb.connect() as con:
        rows = con.execute(f"from read_csv('{out}/truth.csv', all_varchar=true)").fetchall()
    delivered = {
        (source, key) for source in READERS for night in range(1, NIGHTS + 1) for key in ids(out, source, night)
    }
    assert {(source, key): person for source, key, person in rows}.keys() == delivered
    assert len(rows) == len(delivered)


def test_a_record_is_the_same_persons_every_night(out: Path) -> None:
    nights = [truth(out, night) for night in range(1, NIGHTS + 1)]
    for earlier, later in itertools.pairwise(nights):
        assert all(earlier[key] == later[key] for key in earlier.keys() & later.keys())
    fresh = [person for key, person in nights[1].items() if key not in nights[0]]
    known = set(nights[0].values())
    assert 0 < sum(person in known for person in fresh) < len(fresh)


def test_corrections_change_what_is_said_and_some_come_late(out: Path) -> None:
    with duckdb.connect() as con:
        for night in (1, 2):
            con.execute(f"create table n{night} as {READERS['ecommerce'].format(folder_of(out, night))}")
        rows = con.execute(
            "select modified_r < modified_l, mail_l is distinct from mail_r or tel_l is distinct from tel_r "
            'from (select id, max(modified) as modified_l, any_value("e-mail") as mail_l, any_value(tel) as tel_l from n1 group by id) '
            'join (select id, max(modified) as modified_r, any_value("e-mail") as mail_r, any_value(tel) as tel_r from n2 group by id) using (id)'
        ).fetchall()
    late, changed = sum(row[0] for row in rows), sum(row[1] for row in rows)
    assert 0 < late < 0.25 * len(rows)
    assert changed > 0.2 * len(rows)


def test_nights_that_leave_nothing_for_the_first_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="night_new"):
        write_exports(tmp_path, records=100, seed=1, nights=10, noise=NoiseSettings(night_new=0.2))


def test_init_tells_snapshots_from_changes(out: Path, tmp_path: Path) -> None:
    from retail_brain.desk.setup import initialise

    shutil.copytree(out, tmp_path / "shop")
    written = tomllib.loads(Path(initialise(tmp_path / "shop" / "night1").path).read_text(encoding="utf-8"))
    deliveries = {name: source["delivery"] for name, source in written["sources"].items()}
    assert deliveries == {**dict.fromkeys(CHANGES, "delta"), **dict.fromkeys(SNAPSHOTS, "full")}

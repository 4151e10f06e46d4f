"""One record at the desk is read, keyed, compared and survives exactly as a night does it with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from backstage import rows

from retail_brain.config.file import find_configuration, load_configuration
from retail_brain.config.survivorship import GOLDEN_FIELDS
from retail_brain.desk.brain import row_hash
from retail_brain.matching.compare import Comparer
from retail_brain.matching.model import Model
from retail_brain.matching.term_file import TermFile
from retail_brain.standardise.single_key import key_of
from retail_brain.standardise.single_value import SingleSettings, standardise_row
from retail_brain.standardise.values import RECORD_FIELDS, standardise_values
from retail_brain.store.search import fold_name
from retail_brain.survivorship.single import Avoided, survive_single

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shop import Shop

VALUES = tuple(name for name in RECORD_FIELDS if name != "updated_at")
ODD_NAMES = (
    "Dr. Maria Lopez", "Lopez, Maria A", "Maria Lopez Jr.", "van der Berg", "O'Neil", "M", "Jean-Luc", "n/a", "José María",
    "  two  blanks ", "MARIA LOPEZ", "Maria (Mimi) Lopez", "Müller", "-", "Smith III",
)  # fmt: skip
ODD = {
    "email": ("A.B@Shop.example", "<jay@x.example>", "mailto:a@b.example", "a @ b.example", "none", "@", "a@b", "x@y.z."),
    "phone": ("(202) 555-0176", "+1 202-555-0176", "2025550176", "1-202-555-0176 x12", "0000000000", "020 7946 0958", "12"),
    "date_of_birth": ("1984-03-11", "03/11/1984", "11 Mar 1984", "1984", "0000-00-00", "1984-13-40", "20840311", "12/31/99"),
    "postal_code": ("02116", "2116", "02116-1234", "SW1A1AA", "k1a 0b1", "D-10115", "2116.0", "O2116", "n/a"),
    "updated_at": ("2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05.5", "1/2/2026 3:04 pm", "1767323045", "later"),
    "loyalty_id": ("10 20-30", "0000", "ab12", "N/A", "123.0", "10203040"), "gender": ("F", "male", "x", "2"),
    "address": ("12 Elm St", "12 Elm Street, Boston, MA 02116", "Apt 4", "unknown", "1 Rue de l'Été"),
    "country": ("USA", "Deutschland", "zz"), "city": ("Boston", "NULL"),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(sample_shop: Shop) -> Path:
    [folder] = (sample_shop.folder / ".retail-brain" / "runs").iterdir()
    return folder


@pytest.fixture(scope="module")
def con(run: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for path in run.glob("*.parquet"):
            con.execute(f"create view {path.stem} as from '{path}'")
        yield con


def table(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_row_alone_becomes_the_record_and_the_hash_that_it_became_in_a_night(
    con: duckdb.DuckDBPyConnection, sample_shop: Shop
) -> None:
    config = load_configuration(find_configuration(sample_shop.folder))
    five = "select source from record group by source having count(*) filter (where regexp_full_match(postal_code, '[0-9]{5}')) >= 0.8 * count(postal_code)"
    settings = SingleSettings(
        sources=config.sources,
        home_region=config.home_region,
        five_digit=frozenset(name for (name,) in con.execute(five).fetchall()),
    )
    records = {(one["source"], one["record_id"]): one for one in table(con, "from record")}
    left = 0
    for row in table(con, "select * exclude (delivery_id) from delivered_row"):
        record = records[row["source"], row["record_id"]]
        found = standardise_row(row, settings)
        if found is None:
            left += 1
            continue
        assert found == {name: record[name] for name in RECORD_FIELDS}
        assert row_hash(found, record["attributes"]) == record["row_hash"]
    assert left < 0.01 * len(records), "rows that are left to the SQL are slow"


def test_odd_values_are_read_alone_as_by_the_statements_of_a_night() -> None:
    delivered = [{"full_name": name} for name in ODD_NAMES]
    delivered += [{"given_name": name, "family_name": "Lopez"} for name in ODD_NAMES]
    delivered += [{"given_name": "Ann", "family_name": name, "middle_name": "B"} for name in ODD_NAMES]
    delivered += [{field: text} for field, texts in ODD.items() for text in texts]
    delivered += [{"phone": text, "country": "Deutschland"} for text in ODD["phone"]]
    columns = ("source", "record_id", "full_name", "native_name", *VALUES, "updated_at", "attributes")
    with duckdb.connect() as con:
        con.execute(f"create table delivered_row ({', '.join(f'{name} varchar' for name in columns)})")
        rows_in = [{"source": f"s{number}", "record_id": "1", **row} for number, row in enumerate(delivered)]
        con.executemany(
            f"insert into delivered_row values ({', '.join('?' * len(columns))})",
            [[row.get(name) for name in columns] for row in rows_in],
        )
        standardise_values(con, sources={}, home_region="US")
        wanted = {one["source"]: one for one in table(con, "from record")}
    for row in rows_in:
        found = standardise_row(row, SingleSettings())
        if found is not None:
            assert found == {name: wanted[row["source"]][name] for name in RECORD_FIELDS}, row


def test_a_record_alone_has_the_keys_that_it_had_in_a_night(con: duckdb.DuckDBPyConnection) -> None:
    kept_out = frozenset(con.execute("select field, value from shared_value").fetchall())
    keys = {one.pop("record_no"): one for one in table(con, "from match_key")}
    for record in table(con, "from record where not gone"):
        assert key_of(record, kept_out) == keys[record["record_no"]]


def test_a_pair_alone_weighs_what_it_weighed_in_a_night_and_clashes_where_it_clashed(
    con: duckdb.DuckDBPyConnection, sample_shop: Shop
) -> None:
    models = sample_shop.folder / ".retail-brain" / "models"
    folder = models / (models / "in_use").read_text().strip()
    comparer, terms = Comparer(Model.load(folder)), TermFile(folder / "term_frequency.parquet")
    keys = {one["record_no"]: one for one in table(con, "from match_key")}
    for key in keys.values():
        key["terms"] = terms.of_key(key)
    for edge in table(con, "from edge"):
        pair = comparer.compare(keys[edge["record_no_l"]], keys[edge["record_no_r"]])
        assert abs(pair.match_weight - edge["match_weight"]) < 1e-9
        assert (pair.levels, pair.blocking_rule) == (edge["levels"], edge["blocking_rule"])
        assert pair.match_probability == edge["match_probability"]
    clashes = table(con, "from clash")
    assert clashes
    for clash in clashes:
        pair = comparer.compare(keys[clash["record_no_l"]], keys[clash["record_no_r"]])
        assert abs(pair.clash_bits - float(clash["clash_bits"])) < 1e-9
        assert pair.clash_reason == clash["reason"]


def test_a_profile_alone_survives_as_it_did_in_a_night(sample_shop: Shop) -> None:
    settings = load_configuration(find_configuration(sample_shop.folder)).survivorship
    avoided = Avoided(rows(sample_shop, "select field, value, kind from shared_value"))
    columns = ("record_no", "source", "updated_at", *GOLDEN_FIELDS)
    members: dict[Any, list[dict[str, Any]]] = {}
    for profile_id, *values in rows(sample_shop, f"select profile_id, {', '.join(columns)} from source_record"):
        members.setdefault(profile_id, []).append(dict(zip(columns, values, strict=True)))
    facts = ("record_count", "first_record_no", "updated_at", "given_search", "family_search", "provenance")
    for profile_id, *values in rows(
        sample_shop, f"select profile_id, {', '.join((*GOLDEN_FIELDS, *facts))} from profile"
    ):
        wanted = dict(zip((*GOLDEN_FIELDS, *facts), values, strict=True))
        found = survive_single(members[profile_id], settings, avoided)
        assert {name: wanted[name] for name in GOLDEN_FIELDS if wanted[name] is not None} == found.values
        assert (wanted["record_count"], wanted["first_record_no"], wanted["updated_at"]) == (
            found.record_count, found.first_record_no, found.updated_at,
        )  # fmt: skip
        assert wanted["given_search"] == fold_name(found.values.get("given_name"))
        assert wanted["provenance"] == (found.provenance if found.record_count > 1 else None)

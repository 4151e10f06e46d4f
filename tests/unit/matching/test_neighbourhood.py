"""People as shops meet them: families, offices, twins, namesakes, movers; who must be one profile, and who never."""

from __future__ import annotations

import duckdb
import pytest

from retail_brain.config.matching import MatchingSettings
from retail_brain.identity.resolve import resolve
from retail_brain.matching.clash import find_clashes
from retail_brain.matching.explain import explain
from retail_brain.matching.score import score_all
from retail_brain.matching.train import train_model
from retail_brain.standardise.keys import build_keys
from retail_brain.standardise.shared import find_shared

COLUMNS = (
    "record_id varchar, given_name varchar, middle_name varchar, family_name varchar, name_suffix varchar, gender varchar, email varchar, phone varchar,"
    " date_of_birth date, address varchar, city varchar, postal_code varchar, loyalty_id varchar"
)
UNUSED = "null::varchar as national_id, null::varchar as region, null::varchar as country"

PEOPLE = """
harlow-sr-1 | Thomas Harlow Sr | born 1948-05-02 | phone 2075550111 | at 18 Quarry Rd, Portland, 04101
harlow-sr-2 | Tom Harlow Sr | phone 2075550111 | at 18 Quarry Road, Portland, 04101
harlow-jr-1 | Thomas Harlow Jr | born 1975-09-14 | phone 2075550111 | at 18 Quarry Rd, Portland, 04101
harlow-jr-2 | Tommy Harlow | born 1975-09-14 | mail tharlow75@mail.example | at 18 Quarry Rd, Portland, 04101
keane-old | John Keane | born 1950-02-11 | at 7 Mill Ln, Salem, 97301
keane-young | John Keane | born 1978-08-30 | at 7 Mill Ln, Salem, 97301
keane-any | John Keane | at 7 Mill Ln, Salem, 97301
reyes-mother | Susan Reyes | f | born 1955-04-19 | at 212 Cedar Ave, Fresno, 93701
reyes-daughter | Susana Reyes | f | born 1983-11-02 | at 212 Cedar Ave, Fresno, 93701
novak-peter | Peter Novak | born 1990-06-06 | mail novak4@mail.example | at 90 Lake St, Duluth, 55802
novak-paul | Paul Novak | born 1990-06-06 | mail novak4@mail.example | at 90 Lake St, Duluth, 55802
whitt-1 | Carla Whitt | born 1985-03-03
whitt-2 | Carlene Whitt | born 1985-03-03
ortega-he | Michael Ortega | mail ortegahome@mail.example | phone 5055550142 | at 31 Mesa Dr, Santa Fe, 87501
ortega-she | Michelle Ortega | mail ortegahome@mail.example | phone 5055550142 | at 31 Mesa Dr, Santa Fe, 87501
petrov-1 | Nina Petrov | phone 3125550188 | at 44 Ash Ct, Chicago, 60601
petrov-2 | Nadia Petrov | phone 3125550188 | at 44 Ash Ct, Chicago, 60601
olsen-1 | Mark Olsen | born 1999-01-20 | phone 7015550123 | at 5 Fir St, Fargo, 58102
olsen-2 | Martin Olsen | born 2002-10-08 | phone 7015550123 | at 5 Fir St, Fargo, 58102
office-1 | Andrew Lund | mail frontdesk@lakeside-dental.example
office-2 | Andy Lund | mail frontdesk@lakeside-dental.example
office-3 | Beth Cole | mail frontdesk@lakeside-dental.example
office-4 | Carl Dunn | mail frontdesk@lakeside-dental.example
office-5 | Dora Esposito | mail frontdesk@lakeside-dental.example
office-6 | Evan Fox | mail frontdesk@lakeside-dental.example
office-7 | Gail Hume | mail frontdesk@lakeside-dental.example
office-8 | Anna Berg | mail frontdesk@lakeside-dental.example | phone 6125550177
office-9 | Annabelle Berg | mail frontdesk@lakeside-dental.example | phone 6125550177
miller-1 | David Miller | mail davidmiller@one.example
miller-2 | David Miller | mail david.miller@two.example
miller-3 | David Miller | mail dmill9041@two.example | at 300 Oak St, Tulsa, 74103
king-1 | Laura King | mail laura.king@mail.example | at 8 Bay St, Tampa, 33602
garcia-1 | Maria Garcia | born 1970-01-25 | phone 2105550101
garcia-2 | Maria Garcia | born 1992-06-13 | phone 9155550102
jay-1 | Jay Cole | mail jcole@one.example
jay-2 | Cole Jay | mail jcole@two.example
abbott-1 | William Abbott | phone 8025550134 | at 3 Pond Rd, Barre, 05641
abbott-2 | Bill Abbott | phone 8025550134
crane-1 | Elizabeth Crane | born 1966-07-21 | mail lizcrane66@mail.example
crane-2 | Liz Crane | born 1966-07-21
doyle-1 | Margaret Doyle | at 1210 Elm Street, Dayton, 45402
doyle-2 | Peggy Doyle | at 1210 Elm St, Dayton, 45402
brandt-1 | Olivia Brandt | mail olivia.brandt@mail.example | at 15 Dock St, Newport, 02840
brandt-2 | Olivia Brandt | mail olivia.brandt@mail.example | at 820 Pine Blvd, Austin, 78701
salas-1 | Hector Salas | born 1969-12-01 | at 41 Palm Way, Yuma, 85364
salas-2 | Hector Salas | born 1969-12-01 | at 902 Birch Ln, Omaha, 68102
frost-1 | Julia Frost | born 1988-02-17 | mail juliaf88@mail.example
frost-2 | Julia Meyer | born 1988-02-17 | mail juliaf88@mail.example
kowalski-1 | Stephanie Kowalski | mail steffi.k@mail.example
kowalski-2 | Stephnie Kowalsky | mail steffi.k@mail.example
haddad-1 | Omar Haddad | born 1981-03-07 | phone 3135550165
haddad-2 | Omar Haddad | born 1981-07-03 | phone 3135550165
tran-1 | Linh Tran | phone 7145550190
tran-2 | Tran Linh | phone 7145550190
blythe-1 | Catherine Blythe | card 5551234501
blythe-2 | Cathy Blithe | card 5551234501
"""

APART = (
    ("harlow-sr-1", "harlow-jr-1"),
    ("harlow-sr-1", "harlow-jr-2"),
    ("harlow-sr-2", "harlow-jr-1"),
    ("keane-old", "keane-young"),
    ("reyes-mother", "reyes-daughter"),
    ("novak-peter", "novak-paul"),
    ("whitt-1", "whitt-2"),
    ("ortega-he", "ortega-she"),
    ("petrov-1", "petrov-2"),
    ("olsen-1", "olsen-2"),
    ("office-1", "office-2"),
    ("office-8", "office-9"),
    ("miller-1", "miller-2"),
    ("miller-1", "miller-3"),
    ("miller-2", "miller-3"),
    ("garcia-1", "garcia-2"),
    ("jay-1", "jay-2"),
    ("office-3", "jay-1"),
    # In a file of sixty two Laura Kings are rare enough to be taken for one who moved.
)
TOGETHER = (
    ("harlow-sr-1", "harlow-sr-2"),
    ("harlow-jr-1", "harlow-jr-2"),
    ("abbott-1", "abbott-2"),
    ("crane-1", "crane-2"),
    ("doyle-1", "doyle-2"),
    ("brandt-1", "brandt-2"),
    ("salas-1", "salas-2"),
    ("frost-1", "frost-2"),
    ("kowalski-1", "kowalski-2"),
    ("haddad-1", "haddad-2"),
    ("tran-1", "tran-2"),
    ("blythe-1", "blythe-2"),
)


def parsed(line: str) -> dict[str, str]:
    key, name, *details = (part.strip() for part in line.split("|"))
    given, family, *suffix = name.split()
    row = {"record_id": key, "given_name": given, "family_name": family}
    if suffix:
        row["name_suffix"] = suffix[0]
    for detail in details:
        word, _blank, value = detail.partition(" ")
        if word == "at":
            row |= dict(zip(("address", "city", "postal_code"), value.split(", "), strict=True))
        elif word in ("f", "m"):
            row["gender"] = word
        else:
            row[{"born": "date_of_birth", "mail": "email", "phone": "phone", "card": "loyalty_id"}[word]] = value
    return row


@pytest.fixture(scope="module")
def neighbourhood():
    con = duckdb.connect()
    con.execute(f"create table person ({COLUMNS})")
    for line in PEOPLE.strip().splitlines():
        row = parsed(line)
        con.execute(f"insert into person ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values()))
    con.execute(
        f"create table record as select row_number() over (order by md5(record_id)) as record_no, 'shop' as source, *, {UNUSED} from person"
    )
    settings = MatchingSettings()
    find_shared(con, settings=settings)
    build_keys(con, settings=settings)
    model = train_model(con, settings=settings, model_id="neighbourhood")
    score_all(con, model, settings=settings)
    find_clashes(con, model, settings=settings)
    resolve(con, settings=settings)
    yield con, model
    con.close()


def group_of(con: duckdb.DuckDBPyConnection, key: str) -> int:
    [(group,)] = con.execute(
        "select group_no from record_group join record using (record_no) where record_id = ?", [key]
    ).fetchall()
    return group


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_people_are_two_profiles(neighbourhood, one, other):
    con, _model = neighbourhood
    assert group_of(con, one) != group_of(con, other)


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_one_person_is_one_profile(neighbourhood, one, other):
    con, _model = neighbourhood
    assert group_of(con, one) == group_of(con, other)


def test_names_that_stand_alone_are_named_in_the_explanation(neighbourhood):
    con, model = neighbourhood
    lines = [explain(model, levels).lines for (levels,) in con.execute("select levels from edge").fetchall()]
    assert any(line.comparison == "names_alone" and line.weight_bits < 0 for found in lines for line in found)
    for weight, levels in con.execute("select match_weight, levels from edge").fetchall():
        assert sum(line.weight_bits for line in explain(model, levels).lines) == pytest.approx(weight, abs=1e-9)

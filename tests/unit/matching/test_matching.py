"""Training, scoring, explaining and keeping apart, on a small town of invented people."""

from __future__ import annotations

import duckdb
import pytest

from retail_brain.config.matching import BlockingRule, MatchingSettings
from retail_brain.errors import ConfigurationError, InputError, RefusedError
from retail_brain.identity.resolve import resolve
from retail_brain.matching.blocking import estimate_blocking
from retail_brain.matching.clash import find_clashes
from retail_brain.matching.evaluate import evaluate
from retail_brain.matching.explain import explain
from retail_brain.matching.model import Model, default_model
from retail_brain.matching.person import match_person
from retail_brain.matching.score import score_all, score_changed
from retail_brain.matching.train import pool_models, train_model
from retail_brain.standardise.keys import build_keys
from retail_brain.standardise.shared import find_shared

SETTINGS = MatchingSettings()
COLUMNS = (
    "record_no bigint, source varchar, record_id varchar, given_name varchar, middle_name varchar, family_name varchar, name_suffix varchar, gender varchar, email varchar, phone varchar,"
    " date_of_birth date, address varchar, city varchar, region varchar, postal_code varchar, country varchar, loyalty_id varchar, national_id varchar"
)
GIVEN = ("Robert", "Maria", "James", "Linda", "David", "Susan", "Peter", "Nancy", "Kevin", "Laura")
FAMILY = ("Hale", "Lopez", "Stone", "Rivers", "Baker", "Mukai", "Gray", "Truong")


def town(con: duckdb.DuckDBPyConnection) -> None:
    """Eighty people, each seen twice; and a couple, twins, and a father with his son."""
    con.execute(f"create table record ({COLUMNS})")
    rows = []
    for person in range(80):
        given, family = GIVEN[person % 10], FAMILY[person // 10]
        common = {
            "family_name": family,
            "date_of_birth": f"19{50 + person % 45}-0{1 + person % 9}-{10 + person % 18}",
            "address": f"{person * 7 + 3} Elm St",
            "postal_code": f"{10000 + person}",
        }
        rows.append({**common, "given_name": given, "email": f"{given}.{family}{person}@example.org".lower()})
        rows.append({**common, "given_name": given, "phone": f"+1202555{1000 + person * 37:04d}"})
    home = {
        "family_name": "Kusha",
        "address": "1304 Poppy Hills Dr",
        "postal_code": "43004",
        "email": "kusha@example.org",
    }
    rows += [
        {**home, "given_name": "Edward", "date_of_birth": "1970-03-01"},
        {**home, "given_name": "Eddie", "date_of_birth": "1970-03-01"},
        {**home, "given_name": "Mary", "date_of_birth": "1976-10-27"},
    ]
    rows += [
        {**home, "given_name": "Mark", "date_of_birth": "1997-09-28"},
        {**home, "given_name": "Marsha", "date_of_birth": "1997-09-28"},
    ]
    elder = {"given_name": "David", "family_name": "Dobbins", "address": "1450 City Rd", "postal_code": "23208"}
    rows += [{**elder, "name_suffix": "Jr"}, {**elder, "name_suffix": "Sr"}]
    for number, row in enumerate(rows, start=1):
        names = ["record_no", "source", "record_id", *row]
        con.execute(
            f"insert into record ({', '.join(names)}) values ({', '.join('?' * len(names))})",
            [number, "pos", str(number), *row.values()],
        )


def matched(threads: int = 2, *, backwards: bool = False) -> tuple[duckdb.DuckDBPyConnection, Model]:
    con = duckdb.connect()
    con.execute(f"set threads = {threads}")
    town(con)
    if backwards:
        con.execute("create or replace table record as select * from record order by record_no desc")
    find_shared(con, settings=SETTINGS)
    build_keys(con, settings=SETTINGS)
    model = train_model(con, settings=SETTINGS, model_id="test")
    score_all(con, model, settings=SETTINGS)
    find_clashes(con, model, settings=SETTINGS)
    resolve(con, settings=SETTINGS)
    return con, model


@pytest.fixture(scope="module")
def night():
    con, model = matched()
    yield con, model
    con.close()


def group_of(con, given, suffix=None):
    rows = con.execute(
        "select group_no from record_group join record using (record_no) where given_name = ? and family_name in ('Kusha', 'Dobbins') and name_suffix is not distinct from ?",
        [given, suffix],
    ).fetchall()
    return {group for (group,) in rows}


def test_two_records_of_one_person_are_joined(night):
    con, _model = night
    joined = con.execute(
        "select count(*) from record_group a join record_group b on b.record_no = a.record_no + 1 and a.group_no = b.group_no where a.record_no % 2 = 1 and a.record_no < 160"
    ).fetchall()
    assert joined == [(80,)]
    assert group_of(con, "Edward") == group_of(con, "Eddie")


def test_nobody_is_joined_with_the_people_at_home(night):
    con, _model = night
    everyone = [group_of(con, name) for name in ("Edward", "Mary", "Mark", "Marsha")] + [
        group_of(con, "David", "Jr"),
        group_of(con, "David", "Sr"),
    ]
    assert len(set().union(*everyone)) == 6


def test_threads_and_row_order_change_nothing(night):
    con, model = night
    other, again = matched(1, backwards=True)
    assert again == model
    query = "select * from edge order by record_no_l, record_no_r"
    assert other.execute(query).fetchall() == con.execute(query).fetchall()
    other.close()


def test_an_explanation_sums_to_the_match_weight(night):
    con, model = night
    for weight, levels in con.execute("select match_weight, levels from edge").fetchall():
        assert sum(line.weight_bits for line in explain(model, levels).lines) == pytest.approx(weight, abs=1e-9)


def test_an_explanation_with_another_model_is_refused(night):
    _con, model = night
    with pytest.raises(InputError):
        explain(model, "1,2,3")


def test_a_night_gives_a_pair_the_weight_that_the_first_run_gave_it(night):
    con, model = night
    con.execute("create or replace table changed_key as select record_no from match_key where record_no % 3 = 0")
    score_changed(con, model, settings=SETTINGS, into="edge_night")
    touched = "record_no_l in (from changed_key) or record_no_r in (from changed_key)"
    first = con.execute(
        f"select record_no_l, record_no_r, match_weight, levels, blocking_rule from edge where {touched} order by all"
    ).fetchall()
    assert (
        con.execute(
            "select record_no_l, record_no_r, match_weight, levels, blocking_rule from edge_night order by all"
        ).fetchall()
        == first
    )
    assert first


def test_a_model_is_read_as_it_was_saved(night, tmp_path):
    _con, model = night
    model.save(tmp_path)
    assert Model.load(tmp_path) == model


def test_a_missing_model_is_a_matter_of_configuration(tmp_path):
    with pytest.raises(ConfigurationError):
        Model.load(tmp_path / "nothing")


def test_the_shipped_model_knows_every_comparison():
    model = default_model()
    assert set(model.shares) == set(SETTINGS.comparisons)
    for comparison in model.comparisons:
        share = model.shares[comparison.name]
        assert len(share.same) == len(share.home) == len(share.stranger) == len(comparison.levels)
        assert all(sum(values) == pytest.approx(1, abs=1e-6) for values in (share.same, share.home, share.stranger))


def test_strangers_are_not_believed_to_share_a_value_more_often_than_any_two_records_do(night):
    _con, model = night
    held = 0
    for comparison in model.comparisons:
        for level, share in zip(reversed(comparison.levels), model.shares[comparison.name].stranger, strict=True):
            total, agreement = model.term_totals.get(level.term_column or "", (0, 1.0))
            if total > 1:
                assert share <= max(agreement - 1 / total, 2 / total**2) + 1e-9, (comparison.name, level.label)
                held += 1
        assert sum(model.shares[comparison.name].stranger) == pytest.approx(1, abs=1e-9)
    assert held > 5


def test_one_person_is_found_among_candidates(night):
    con, model = night
    con.execute("create or replace table asked as select * from record where record_no = 1")
    con.execute("update asked set record_no = 0, given_name = 'Bob', email = null, phone = null")
    build_keys(con, "asked", "asked_key", settings=SETTINGS)
    con.execute("create or replace table candidate_key as select * from match_key where record_no <= 6")
    best, second, *_rest = match_person(con, model, "asked_key", "candidate_key", settings=SETTINGS)
    assert {best.record_no, second.record_no} == {1, 2}
    assert best.match_probability > 0.9


def test_a_blocking_explosion_is_refused_without_naming_the_value():
    con = duckdb.connect()
    con.execute(
        "create table match_key as select i as record_no, 'till7@shop.example' as email_key from range(50) t(i)"
    )
    settings = MatchingSettings(blocking_rules=(BlockingRule(columns=("email_key",)),), max_block_records=20)
    with pytest.raises(RefusedError, match="email_key") as caught:
        estimate_blocking(con, settings=settings)
    assert "till7" not in caught.value.message
    assert "aaaa9@aaaa.aaaaaaa" in caught.value.message
    con.close()


def test_a_rule_that_is_not_affordable_is_left_out():
    con = duckdb.connect()
    con.execute("create table match_key as select i as record_no, 'smth' as family_code from range(50) t(i)")
    settings = MatchingSettings(
        blocking_rules=(BlockingRule(columns=("family_code",), when_affordable=True),), affordable_pairs=10
    )
    [result] = estimate_blocking(con, settings=settings)
    assert (result.pairs, result.used) == (1225, False)
    con.close()


def test_an_evaluation_counts_pairs_and_names_the_worst_errors():
    con = duckdb.connect()
    con.execute(
        "create table said as select 'pos' as source, i::varchar as record_id, i // 3 as profile_id from range(6) t(i)"
    )
    con.execute(
        "create table truth as select 'pos' as source, i::varchar as record_id, i // 2 as person_id from range(6) t(i)"
    )
    result = evaluate(con, "said", "truth")
    assert (result.precision, result.recall) == (pytest.approx(2 / 6), pytest.approx(2 / 3))
    assert (result.over_merged_profiles, result.over_split_persons, result.wrong_pairs, result.missed_pairs) == (
        2,
        1,
        4,
        1,
    )
    assert [(error.kind, error.pairs) for error in result.worst] == [
        ("over_merged", 2),
        ("over_merged", 2),
        ("over_split", 1),
    ]
    assert [error.part_count for error in result.worst] == [2, 2, 2]
    assert result.worst[0].parts == (("pos:0", "pos:1"), ("pos:2",))
    assert result.worst[2].parts == (("pos:2",), ("pos:3",))
    assert (result.exact_persons, result.largest_profile) == (0, 3)
    con.close()


def test_an_evaluation_lists_a_few_records_of_a_few_parts():
    con = duckdb.connect()
    con.execute(
        "create table said as select 'pos' as source, i::varchar as record_id, 0 as profile_id from range(60) t(i)"
    )
    con.execute(
        "create table truth as select 'pos' as source, i::varchar as record_id, i // 6 as person_id from range(60) t(i)"
    )
    [error] = evaluate(con, "said", "truth").worst
    assert (error.part_count, [len(part) for part in error.parts]) == (10, [4, 4, 4, 4])
    assert evaluate(con, "said", "truth", worst=0).worst == ()
    con.close()


def test_a_person_that_the_crosswalk_lacks_is_not_exactly_right():
    con = duckdb.connect()
    con.execute("create table said as select 'pos' as source, '1' as record_id, 7 as profile_id")
    con.execute(
        "create table truth as select 'pos' as source, i::varchar as record_id, i as person_id from range(1, 3) t(i)"
    )
    assert (result := evaluate(con, "said", "truth")).exact_persons == 1
    assert result.missing == 1
    con.close()


def test_pooled_models_are_a_mean_where_the_data_spoke_and_the_old_default_elsewhere(night):
    _con, model = night
    start = default_model()
    pooled = pool_models([(model, 3.0, ("given_name",)), (start, 1.0, ("given_name",))], start)
    assert pooled.shares["given_name"].same[0] == pytest.approx(
        (3 * model.shares["given_name"].same[0] + start.shares["given_name"].same[0]) / 4
    )
    assert pooled.shares["email"] == start.shares["email"]

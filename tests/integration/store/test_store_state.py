"""What can be read back from PostgreSQL: the state that a night builds on, the outbox, the invariants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest
from night import NEW_YEAR, Night, first_night, profile_id, publish

from retail_brain.store import outbox
from retail_brain.store.connection import connect
from retail_brain.store.export import read_export
from retail_brain.store.invariant import check_invariants
from retail_brain.store.outbox import (
    cache_generation,
    clear_pending,
    clear_soon,
    count_pending,
    is_pending,
    pending_changes,
    pending_of,
    renew_generation,
    trusted_generation,
)
from retail_brain.store.quarantine import count_quarantined, list_quarantined
from retail_brain.store.state import published_head, read_decisions, read_identity, read_new_decisions, read_records

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection


@pytest.fixture
def shop(database: PostgresAddress, conn: Connection) -> Connection:
    """The first night is published."""
    publish(database, first_night())
    return conn


def test_an_empty_database_has_no_head(conn: Connection) -> None:
    head = published_head(conn)
    assert (head.run_id, head.generation, head.last_merge_id) == (None, 0, 0)


def test_the_state_comes_back_as_it_was_published(shop: Connection) -> None:
    duck = duckdb.connect()
    assert read_records(shop, duck, table="record_before") == 3
    assert read_identity(shop, duck) == {"previous_crosswalk": 3, "standing_merge": 1, "review_item_before": 1}
    given = (
        first_night()
        .con.sql(
            "select record_no, source, record_id, given_name, email, date_of_birth, updated_at, delivery_id, row_hash from source_record_upsert order by 1"
        )
        .fetchall()
    )
    back = duck.sql(
        "select record_no, source, record_id, given_name, email, date_of_birth, updated_at, delivery_id, row_hash from record_before order by 1"
    ).fetchall()
    assert back == given
    assert duck.sql("select match_weight, levels from standing_merge").fetchall() == [(10.5, "3,0,-1")]
    assert duck.sql("select kind, match_weight from review_item_before").fetchall() == [("borderline", 1.25)]


def test_awkward_values_survive_the_way_there_and_back(database: PostgresAddress, conn: Connection) -> None:
    night = Night()
    night.deliver()
    awkward = 'a "quoted", comma\nnew line \\ back\\slash \t tab 李 é \\N'
    night.record(1, 1, address=awkward, city="", attributes=json.dumps({"segment": awkward}))
    night.profile(1)
    publish(database, night)
    duck = duckdb.connect()
    read_records(conn, duck, table="record_before")
    address, city, attributes, updated_at = duck.sql(
        "select address, city, attributes, updated_at from record_before"
    ).fetchall()[0]
    assert (address, city, json.loads(attributes)["segment"]) == (awkward, "", awkward)
    assert updated_at.year == NEW_YEAR.year


def test_a_split_merge_does_not_stand_any_more(database: PostgresAddress, shop: Connection) -> None:
    night = Night()
    night.merge(2, 1, 2, 1, inverts=1)
    publish(database, night)
    assert read_identity(shop, duckdb.connect())["standing_merge"] == 0
    assert published_head(shop).last_merge_id == 2


def test_a_withdrawn_decision_is_not_read(shop: Connection) -> None:
    with shop.transaction():
        shop.execute(
            "insert into identity_decision (kind, withdraws, record_no_l, record_no_r, reason, decided_by) values "
            "('cannot_link', null, 1, 2, 'sisters', 'ann'), ('must_link', null, 1, 3, 'same', 'ann'), ('withdraw', 1, 1, 2, 'wrong', 'ann')"
        )
    duck = duckdb.connect()
    assert read_decisions(shop, duck) == 1
    assert duck.sql("select kind, record_no_l, record_no_r from decision").fetchall() == [("must_link", 1, 3)]
    assert read_new_decisions(shop, duck) == 3
    assert duck.sql("select withdrawn_kind from decision_new where kind = 'withdraw'").fetchall() == [("cannot_link",)]


def test_a_published_state_keeps_every_invariant(shop: Connection) -> None:
    assert check_invariants(shop) == []


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("update profile set record_count = 5 where record_count = 2", "a profile counts its records"),
        (
            "update source_record set profile_id = gen_random_uuid() where record_no = 3",
            "a record points at a profile that exists",
        ),
        (
            "update source_record set email = 'x' where record_no = 2",
            "a golden value stands on the record that it names",
        ),
        (
            "update source_record set email = 'x' where record_no = 3",
            "each value of a profile of one record is that record's; a placeholder may be left out",
        ),
        (
            "insert into profile_alias values (gen_random_uuid(), gen_random_uuid(), 1)",
            "an alias leads to a live profile, another alias or an end",
        ),
        (
            "insert into identity_decision (kind, record_no_l, record_no_r, reason, decided_by) values ('cannot_link', 1, 2, 'x', 'x')",
            "no live cannot-link lies inside a profile",
        ),
        (
            "insert into identity_merge_log (merge_id, kind, cause, record_no_l, record_no_r) values (9, 'merge', 'match', 1, 3)",
            "a live merge joins two records of one profile",
        ),
        (
            "alter table identity_merge_log disable trigger append_only; delete from identity_merge_log",
            "a profile has one live merge fewer than records",
        ),
        (
            "insert into profile_alias select profile_id, null, 1 from profile limit 1",
            "no id is both a profile and an alias",
        ),
        (
            "with ids as (select gen_random_uuid() as one, gen_random_uuid() as two) insert into profile_alias select one, two, 1 from ids union all select two, one, 1 from ids",
            "aliases lead somewhere, never round in a circle",
        ),
        (
            "insert into identity_merge_log (merge_id, kind, cause, record_no_l, record_no_r, profile_id_r) values (9, 'merge', 'match', 1, 2, gen_random_uuid())",
            "every id that was ever issued resolves",
        ),
        (
            "insert into identity_merge_log (merge_id, kind, inverts, cause, record_no_l, record_no_r) values (9, 'split', 1, 'gone', 1, 3)",
            "a log row that ends a merge names the two records of an earlier one",
        ),
        (
            "insert into identity_merge_log (merge_id, kind, inverts, cause, record_no_l, record_no_r) values (9, 'unmerge', 1, 'decision', 1, 2)",
            "an unmerge stands on a cannot-link between its two records",
        ),
        (
            "insert into identity_decision (kind, withdraws, record_no_l, record_no_r, reason, decided_by) values ('withdraw', 99, 1, 3, 'x', 'x')",
            "a withdrawal names the two records of the decision that it takes back",
        ),
        (
            "insert into review_item (record_no_l, record_no_r, kind, match_weight, stake, run_id) values (1, 2, 'refused', 5, 1, 1)",
            "a pair to review is of two profiles, or a weak merge that stands",
        ),
    ],
)
def test_damage_is_named(shop: Connection, damage: str, rule: str) -> None:
    with shop.transaction():
        shop.execute(damage)  # type: ignore[arg-type]
    assert rule in [violation.rule for violation in check_invariants(shop)]


def test_a_merge_log_that_makes_a_ring_instead_of_a_tree_is_named(database: PostgresAddress, conn: Connection) -> None:
    night = Night()
    night.deliver(rows=4)
    for number in (1, 2, 3, 4):
        night.record(number, 1)
    night.profile(1, records=4, provenance='{"given_name": 1}')
    for merge_id, (left, right) in enumerate([(1, 2), (2, 3), (1, 3)], start=1):
        night.merge(merge_id, left, right, 1)
    publish(database, night)
    assert [violation.rule for violation in check_invariants(conn)] == [
        "the live merges of a profile connect its records"
    ]


def test_the_outbox_yields_documents_and_lets_go_of_what_was_written(
    database: PostgresAddress, shop: Connection
) -> None:
    generation = cache_generation(shop)
    changes = list(pending_changes(shop))
    assert [profile for profile, _, _ in changes] == [str(profile_id(1)), str(profile_id(3))]
    document = json.loads(changes[0][1] or "")
    assert [record["record_id"] for record in document["records"]] == ["101", "102"]
    assert document["email"] == "maria.lopez@example.com"
    night = Night()
    night.profile(3, given_name="Bob", family_name="Hale", email="rhale@example.org", postal_code="94110")
    publish(database, night)
    assert clear_pending(shop, [(profile, number) for profile, _, number in changes]) == 1
    assert not is_pending(shop, profile_id(1))
    assert is_pending(shop, profile_id(3))
    assert trusted_generation(shop, profile_id(1)) == generation
    assert trusted_generation(shop, profile_id(3)) is None


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
def test_pages_that_are_read_ahead_are_the_same_changes_in_the_same_order(
    database: PostgresAddress, shop: Connection, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    with shop.transaction():
        shop.execute("insert into cache_outbox (profile_id) select gen_random_uuid() from generate_series(1, 7)")
    one_by_one = list(pending_changes(shop))
    assert len(one_by_one) == 9
    monkeypatch.setattr(outbox, "_AT_ONCE", rows)
    with connect(database) as one, connect(database) as two:
        ahead = pending_changes(shop, helpers=[one, two])
        found = [next(ahead)]
        with shop.transaction():  # comes while the others are told
            shop.execute("insert into cache_outbox (profile_id) select gen_random_uuid()")
        found += ahead
    assert found[:9] == one_by_one
    assert len(found) == 10


def test_a_profile_that_is_gone_waits_without_a_document(database: PostgresAddress, shop: Connection) -> None:
    night = Night()
    night.put("source_record_gone", record_no=3)
    night.put("profile_gone", profile_id=profile_id(3))
    publish(database, night)
    assert {profile: document for profile, document, _ in pending_changes(shop)}[str(profile_id(3))] is None


def test_a_new_generation_of_the_cache_covers_what_waited(shop: Connection) -> None:
    before = cache_generation(shop)
    assert renew_generation(shop) == before + 1
    assert count_pending(shop) == 0


def test_a_new_database_names_a_generation_that_no_older_one_has_named(shop: Connection) -> None:
    assert cache_generation(shop) > 1_700_000_000_000


def test_crosswalk_profiles_and_merges_can_be_taken_away(shop: Connection) -> None:
    duck = duckdb.connect()
    assert read_export(shop, duck, "crosswalk", table="crosswalk") == 3
    assert read_export(shop, duck, "profiles", table="profiles") == 2
    assert read_export(shop, duck, "merges", table="merges") == 1
    assert duck.sql("select * from crosswalk limit 1").fetchall() == [("pos", "101", profile_id(1))]
    assert duck.sql("select email, record_count from profiles").fetchall()[0] == ("maria.lopez@example.com", 2)
    assert duck.sql("select record_id_l, record_id_r, match_weight, undone_by from merges").fetchall() == [
        ("101", "102", 10.5, None)
    ]


def test_quarantined_rows_are_listed_with_file_line_and_reason(database: PostgresAddress, conn: Connection) -> None:
    night = Night()
    night.deliver(rows=0)
    night.con.execute("update delivery_new set rows = 2, quarantined = 2")
    for line in (3, 9):
        night.put(
            "quarantined_row_new",
            delivery_id="a" * 64,
            source="pos",
            file_name="pos.csv",
            line=line,
            reason="too many fields",
            raw="x",
        )
    publish(database, night)
    assert [(row.file_name, row.line, row.reason) for row in list_quarantined(conn)] == [
        ("pos.csv", 3, "too many fields"),
        ("pos.csv", 9, "too many fields"),
    ]
    assert [(count.reason, count.rows) for count in count_quarantined(conn)] == [("too many fields", 2)]
    assert list_quarantined(conn, source="crm") == []


def test_an_open_desk_tells_of_the_profiles_that_it_changed_and_forgets_them(
    database: PostgresAddress, shop: Connection
) -> None:
    with connect(database, autocommit=True) as desk:
        changes, generation = pending_of(desk, [profile_id(1)])
        assert [profile for profile, _document, _number in changes] == [str(profile_id(1))]
        assert generation == cache_generation(shop)
        number = changes[0][2]
        clear_soon(desk, [(str(profile_id(1)), number - 1)])
        assert is_pending(shop, profile_id(1))  # it changed again since that was read
        clear_soon(desk, [(str(profile_id(1)), number)])
        assert not is_pending(shop, profile_id(1))
        assert is_pending(shop, profile_id(3))
        assert desk.execute("show synchronous_commit").fetchone() == ("on",)

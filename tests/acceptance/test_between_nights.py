"""A record between two nights: it gets its place at once, by the rules of a night, and the next night finds it right."""

from __future__ import annotations

import io
import json
import random
import sys
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from backstage import postgres, rows
from townsfolk import assert_told, people, person

from retail_brain.config.file import find_configuration, load_configuration
from retail_brain.desk.session import open_desk
from retail_brain.errors import ConfigurationError, RetailBrainError
from retail_brain.store.invariant import check_invariants

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Answer, Shop

FIRST = range(1, 25)
WHY = ("--reason", "two people", "--by", "Kim", "--yes")


@pytest.fixture(scope="module")
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    """People 1 to 24 at the till, 1 to 12 in the CRM too, which delivers full snapshots. Each test has people of its own."""
    made = make_shop("between nights")
    made.deliver("pos.csv", *people(*FIRST))
    made.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 13)])
    made.must("init", ".")
    config = made.folder / "retail_brain.toml"
    text = config.read_text(encoding="utf-8")
    start = text.index("[sources.crm]")
    config.write_text(
        text[:start] + text[start:].replace('delivery = "delta"', 'delivery = "full"\nmax_loss_share = 1.0', 1),
        encoding="utf-8",
    )
    made.must("run")
    return made


def send(shop: Shop, source: str, row: dict[str, Any]) -> dict[str, Any]:
    answer = shop.must("ingest", "--record", json.dumps({"source": source, "record": row}))
    assert healthy(shop)
    return answer


def healthy(shop: Shop) -> bool:
    with postgres(shop) as conn:
        assert check_invariants(conn) == []
    return True


def profile(shop: Shop, key: str) -> dict[str, Any]:
    return shop.must("profile", "show", key)


def group(shop: Shop, key: str) -> set[str]:
    return set(profile(shop, key)["records"])


def test_a_new_record_joins_its_person_at_once_and_the_night_leaves_it_there(shop: Shop) -> None:
    old = profile(shop, "pos:1")
    came = send(shop, "pos", person(1, "n1", phone="415-555-0142", updated_at="2026-02-01"))
    assert (came["status"], came["profile_id"]) == ("joined", old["profile_id"])
    assert [merge["kind"] for merge in came["merges"]] == ["merge"]
    assert profile(shop, "pos:1")["values"]["phone"] == "+14155550142", "golden values follow the newest record"
    assert shop.must("merge", "show", str(came["merges"][0]["merge_id"]))
    shop.must("merge", "verify")
    stranger = send(shop, "pos", person(80, "n80"))
    assert stranger["status"] == "new profile"
    again = send(shop, "pos", person(80, "n80"))
    assert (again["status"], again["profile_id"]) == ("unchanged", stranger["profile_id"])
    before = shop.crosswalk()
    assert shop.must("run")["status"] == "published", "a record that came is reason enough for a night"
    assert shop.crosswalk() == before
    shop.deliver("pos_2.csv", person(1, "n1", phone="415-555-0142", updated_at="2026-02-01"), person(80, "n80"))
    night = shop.must("run")
    assert (
        night["merges"],
        night["splits"],
        night["records"]["unchanged" if "unchanged" in night["records"] else "untouched"] > 0,
    ) == (0, 0, True)
    assert shop.crosswalk() == before
    assert shop.must("run")["status"] == "nothing new"


def test_a_nickname_with_another_initial_meets_its_long_form_by_birthday_alone(shop: Shop) -> None:
    robert = person(1, "robert", first_name="Robert", last_name="Thistlewood", date_of_birth="1951-11-23")
    bob = robert | {"record_id": "bob", "first_name": "Bob", "last_name": "Achterkamp", "email": "", "phone": ""}
    bob |= {"postal_code": "", "city": "Riverton", "updated_at": "2026-02-01"}
    assert send(shop, "pos", robert | {"email": "", "phone": "", "address": "17 Gorse Row", "postal_code": "98761"})
    came = send(shop, "pos", bob | {"address": "17 Gorse Row"})
    assert came["status"] == "joined"
    assert [merge["blocking_rule"] for merge in came["merges"]] == ["given_root + birth_date"]
    before = shop.crosswalk()
    shop.must("run")
    assert shop.crosswalk() == before


def test_a_changed_record_leaves_its_person_and_joins_another(shop: Shop) -> None:
    left = profile(shop, "crm:2")
    came = send(shop, "pos", person(14, "2", updated_at="2026-02-01"))
    assert came["status"] == "moved"
    assert [(row["kind"], row["cause"]) for row in came["merges"]] == [("split", "changed"), ("merge", "match")]
    assert group(shop, "pos:2") == {"pos:14", "pos:2"}
    assert (profile(shop, "crm:2")["profile_id"], group(shop, "crm:2")) == (left["profile_id"], {"crm:2"})
    before = shop.crosswalk()
    shop.must("run")
    assert shop.crosswalk() == before


def test_a_record_that_holds_two_together_lets_go_of_them_when_it_changes(shop: Shop) -> None:
    bridge = person(20, "b", email=person(20)["email"])
    assert send(shop, "pos", bridge)["status"] == "joined"
    second = person(
        20,
        "s",
        email="other@example.com",
        phone="",
        date_of_birth="",
        address="",
        city="",
        postal_code="",
        first_name="",
        last_name="",
    )
    send(shop, "pos", second)
    send(shop, "pos", bridge | {"email": "other@example.com", "updated_at": "2026-02-01"})
    assert group(shop, "pos:20") >= {"pos:20", "pos:b"}
    send(shop, "pos", person(90, "b", updated_at="2026-03-01"))
    assert group(shop, "pos:20") == {"pos:20"}
    assert group(shop, "pos:b") == {"pos:b"}


def test_what_rules_keep_apart_stays_apart_and_waits_for_a_person(shop: Shop) -> None:
    send(shop, "crm", person(15, "c1", updated_at="2026-02-01") | {"loyalty_id": "70011"})
    came = send(shop, "crm", person(15, "c2", updated_at="2026-02-01") | {"loyalty_id": "80022"})
    assert "crm:c1" not in group(shop, "crm:c2"), "one person has one loyalty card"
    assert [refusal["record"] for refusal in came["refused"]]
    waiting = {
        frozenset((item["left"]["key"], item["right"]["key"]))
        for item in shop.must("review", "list", "--limit", "100")["items"]
    }
    assert {frozenset(("crm:c2", refusal["record"])) for refusal in came["refused"]} & waiting


def test_a_merge_made_between_nights_is_rolled_back_for_good(shop: Shop) -> None:
    came = send(shop, "pos", person(3, "n3"))
    shop.must("merge", "rollback", str(came["merges"][0]["merge_id"]), *WHY)
    apart = group(shop, "pos:n3")
    assert "pos:3" not in apart or "crm:3" not in apart
    before = shop.crosswalk()
    send(shop, "pos", person(3, "n3", updated_at="2026-02-01"))
    assert shop.crosswalk() == before, "the record comes again, with another date, and the ruling holds"
    shop.deliver("pos_3.csv", person(3, "n3", updated_at="2026-02-01"))
    shop.must("run")
    assert shop.crosswalk() == before
    assert healthy(shop)


def test_a_full_snapshot_without_the_record_keeps_it_one_night_and_a_later_one_does_not(shop: Shop) -> None:
    send(shop, "crm", person(81, "n81"))
    snapshot = [person(number, city="Northport") for number in range(1, 13)]
    shop.deliver("crm.csv", *snapshot[:-1], snapshot[-1] | {"phone": "206-555-0199"})
    shop.must("run")
    assert group(shop, "crm:n81") == {"crm:n81"}
    shop.deliver("crm.csv", *snapshot[:-1], snapshot[-1] | {"phone": "206-555-0188"})
    shop.must("run")
    assert "not delivered any more" in shop.call("profile", "show", "crm:n81").err


def test_an_older_version_in_tonights_file_does_not_undo_a_newer_record(shop: Shop) -> None:
    send(shop, "pos", person(4, "4", phone="713-555-0111", updated_at="2026-05-01"))
    shop.deliver("pos_2.csv", person(4, "4", phone="713-555-0100", updated_at="2026-04-01"), person(82))
    shop.must("run")
    assert profile(shop, "pos:4")["values"]["phone"] == "+17135550111"
    shop.deliver("pos_3.csv", person(4, "4", phone="713-555-0122", updated_at="2026-06-01"))
    shop.must("run")
    assert profile(shop, "pos:4")["values"]["phone"] == "+17135550122"


def test_a_run_that_took_its_state_before_the_record_came_is_matched_again(shop: Shop) -> None:
    shop.deliver("pos_2.csv", person(1, "late"), person(83))
    shop.must("ingest")
    shop.must("match")
    send(shop, "pos", person(1, "n1", updated_at="2026-02-01"))
    assert shop.must("publish")["status"] == "published"
    assert group(shop, "pos:1") == {"pos:1", "crm:1", "pos:n1", "pos:late"}
    assert group(shop, "pos:83") == {"pos:83"}
    assert healthy(shop)


def test_while_a_run_is_at_work_a_record_waits_and_gets_its_place_at_its_end(shop: Shop) -> None:
    with postgres(shop) as conn:
        conn.execute("update lease set holder = 'a run', expires_at = clock_timestamp() + interval '1 hour'")
        conn.commit()
        came = send(shop, "pos", person(5, "w5", updated_at="2026-02-01"))
        assert (came["status"], came["profile_id"]) == ("waiting", None)
        send(shop, "pos", person(5, "w5", phone="206-555-0123", updated_at="2026-02-02"))
        send(shop, "pos", person(6, "w6", phone="206-555-0166", updated_at="2026-02-02"))
        assert shop.call("profile", "show", "pos:w5").code == 2
        conn.execute("update lease set holder = null")
        conn.commit()
    shop.deliver("pos_2.csv", person(84), person(6, "w6", phone="206-555-0177", updated_at="2026-03-01"))
    shop.must("run")
    assert profile(shop, "pos:6")["values"]["phone"] == "+12065550177", (
        "tonight's file told something newer of this one"
    )
    assert group(shop, "pos:w5") == {"pos:5", "crm:5", "pos:w5"}
    assert profile(shop, "pos:5")["values"]["phone"] == "+12065550123", "the newer version counts"
    assert rows(shop, "select count(*) from waiting_record") == [(0,)]


def test_a_record_that_waited_and_is_refused_by_now_is_told_and_kept(shop: Shop) -> None:
    with postgres(shop) as conn:
        conn.execute(
            "insert into waiting_record (source, record_id, raw) values ('kiosk', 'k1', %s)",
            [json.dumps({"source": "kiosk", "record": {"record_id": "k1"}})],
        )
        conn.commit()
    answer = shop.call("run")
    assert answer.code == 0
    assert "warning: 1 records of kiosk that came during the run go on waiting: " in answer.err
    assert rows(shop, "select source, record_id from waiting_record") == [("kiosk", "k1")]
    with postgres(shop) as conn:
        conn.execute("delete from waiting_record where source = 'kiosk'")
        conn.commit()


def test_bad_records_are_refused_and_told_and_the_others_taken_in(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shop.crosswalk()
    good = {"source": "pos", "record": person(6, "n6")}
    for bad, word in (
        ("{", "no JSON"), ('{"source": "pos"}', "source and record"), ('{"source": "web", "record": {}}', "not configured"),
        ('{"source": "pos", "record": {"email": "a@b.example"}}', "no record id"),
        ('{"source": "pos", "record": {"record_id": "1", "email": ["a"]}}', "no single value"),
        ('{"source": "pos", "record": {"record_id": "1", "email": "a\\u0000"}}', "forbidden character"),
    ):  # fmt: skip
        assert_told(shop.call("ingest", "--record", bad), 3, word)
    assert shop.crosswalk() == before
    answer = lines(shop, monkeypatch, json.dumps(good), "garbage", "", json.dumps(good))
    told = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 3
    assert [one["status"] for one in told] == ["joined", "refused", "unchanged"]
    assert told[1]["line"] == 2
    assert "3 records" in answer.err
    assert person(6)["email"] not in answer.err
    assert_told(shop.call("ingest", "--record", json.dumps(good), "--from", "pos.csv"), 2, "--record")


def lines(shop: Shop, monkeypatch: pytest.MonkeyPatch, *text: str) -> Answer:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(text)))
    return shop.call("ingest", "--record", "-", "--json")


@pytest.mark.parametrize(("table", "number"), [("arrival", 61), ("log_seal", 20)])
def test_a_record_that_cannot_be_written_leaves_nothing_and_the_desk_goes_on(
    shop: Shop, table: LiteralString, number: int
) -> None:
    row = person(number, f"n{number}")
    config = load_configuration(find_configuration(shop.folder))
    with open_desk(config) as desk, postgres(shop) as conn:
        conn.execute("create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$")
        conn.execute(f"create trigger refuse before insert on {table} execute function refuse()")
        conn.commit()
        with pytest.raises(RetailBrainError):
            desk.ingest("pos", row)
        conn.execute(f"drop trigger refuse on {table}")
        conn.execute("drop function refuse()")
        conn.commit()
        with pytest.raises(ConfigurationError):
            desk.profile(f"pos:n{number}")
        placed = desk.ingest("pos", row)
        assert placed.status == ("new profile" if table == "arrival" else "joined")
    shop.must("merge", "verify")
    assert healthy(shop)


def test_the_fields_of_a_record_do_where_the_columns_of_the_source_are_not_there(shop: Shop) -> None:
    one = person(7)
    came = send(shop, "pos", {
        "record_id": "f7", "given_name": one["first_name"], "family_name": one["last_name"], "email": one["email"],
        "date_of_birth": one["date_of_birth"], "shoe_size": 43,
    })  # fmt: skip
    assert came["status"] == "joined"
    assert "shoe_size" in came["warnings"][0]
    assert group(shop, "pos:f7") == {"pos:7", "crm:7", "pos:f7"}


def test_a_night_after_records_that_came_one_by_one_comes_to_the_same_or_logs_why_not(
    make_shop: Callable[[str], Shop],
) -> None:
    chance = random.Random(1)
    known = [person(number, f"k{number}") for number in range(60)]
    stream = [slip(chance, person(chance.randrange(80), f"n{number}")) for number in range(60)]
    stream += [slip(chance, person(chance.randrange(80), f"k{chance.randrange(60)}")) for _ in range(15)]
    stream = [
        row | {"updated_at": f"2026-03-{1 + place // 24:02} {place % 24:02}:00:00"} for place, row in enumerate(stream)
    ]
    last = {row["record_id"]: row for row in stream}
    one_by_one, at_once = make_shop("one by one"), make_shop("at once")
    for made in (one_by_one, at_once):
        made.deliver("pos.csv", *known)
        made.must("init", ".")
        made.must("run")
    config = load_configuration(find_configuration(one_by_one.folder))
    with open_desk(config) as desk, postgres(one_by_one) as conn:
        for row in stream:
            desk.ingest("pos", row)
            assert check_invariants(conn) == []
    before, logged = one_by_one.groups(), rows(one_by_one, "select max(merge_id) from identity_merge_log")[0][0]
    for made in (one_by_one, at_once):
        made.deliver("pos_2.csv", *last.values())
        made.must("run")
    assert healthy(one_by_one)
    after = one_by_one.groups()
    log = rows(
        one_by_one,
        f"select l.record_id, r.record_id from identity_merge_log m join source_record l on l.record_no = m.record_no_l join source_record r on r.record_no = m.record_no_r where merge_id > {logged}",
    )
    named = {f"pos:{record_id}" for pair in log for record_id in pair}
    assert all(changed & named for changed in before ^ after), "each profile that the night changed is in its log"
    assert len(after ^ at_once.groups()) <= 0.05 * len(after), "the order of arrival may decide where two ways are open"


def slip(chance: random.Random, row: dict[str, str]) -> dict[str, str]:
    """Leave out or misspell some of what a record says."""
    told = dict(row)
    for name in ("email", "phone", "date_of_birth", "address", "postal_code"):
        if chance.random() < 0.3:
            told[name] = ""
    if chance.random() < 0.2:
        told["last_name"] = told["last_name"][::-1]
    return told

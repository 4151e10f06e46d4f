"""Rulings about pairs: carried out at once, obeyed by every later run, and never asked about again."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import assert_told, person

from doubtful import BORDERLINE, REFUSED, WEAK, deliver, doubts
from retail_brain.config.file import load_configuration
from retail_brain.desk.ruling import decide
from retail_brain.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop


def opened(shop: Shop) -> Shop:
    doubts(shop)
    shop.must("init", ".")
    shop.must("run")
    return shop


def ruled(shop: Shop, left: str, right: str, answer: str, *options: str) -> dict[str, Any]:
    return shop.must("review", "decide", left, right, answer, "--reason", "looked into it", *options)


def asked(shop: Shop, *options: str) -> set[tuple[str, str]]:
    items = shop.must("review", "list", "--limit", "1000", *options)["items"]
    return {tuple(sorted((item["left"]["key"], item["right"]["key"]))) for item in items}


def profile(shop: Shop, key: str) -> str:
    return shop.must("profile", "show", key)["profile_id"]


@pytest.fixture(scope="module")
def first(make_shop: Callable[[str], Shop]) -> Shop:
    """The shop after its first night; each test rules on people of its own."""
    return opened(make_shop("doubts"))


@pytest.fixture(scope="module")
def later(make_shop: Callable[[str], Shop]) -> dict[str, Any]:
    """One ruling of each kind, then a night with new records of the same people, and one with nothing new."""
    shop = opened(make_shop("rulings"))
    told: dict[str, Any] = {"shop": shop, "asked": asked(shop), "groups": shop.groups()}
    told["joined"] = ruled(shop, "pos:d17", "crm:d17", "same", "--ticket", "T-17")
    told["kept_apart"] = ruled(shop, "crm:c14", "pos:c14", "different", "--by", "Ann")
    told["unmerged"] = ruled(shop, "pos:a12", "crm:b12", "different")
    told["kept apart as the rule had it"] = ruled(shop, "pos:d18", "crm:d18", "different")
    told["confirmed"] = ruled(shop, "pos:a13", "crm:b13", "same")
    told["at once"], told["parted"] = asked(shop), shop.groups()
    deliver(shop, "crm_2.csv", person(14, "new14"), person(12, "new12", first_name="Y."), person(71))
    told["night"] = shop.must("run")
    told["next"], told["morning"] = asked(shop), shop.groups()
    shop.must("run")
    told["days later"] = asked(shop)
    return told


PAIRS = {
    ("crm:d17", "pos:d17"),
    ("crm:d18", "pos:d18"),
    ("crm:c14", "pos:c14"),
    ("crm:b12", "pos:a12"),
    ("crm:b13", "pos:a13"),
}


def test_a_decided_pair_leaves_the_queue_at_once_and_never_comes_back(later: dict[str, Any]) -> None:
    assert later["asked"] >= PAIRS
    assert later["at once"] == later["asked"] - PAIRS
    assert not later["next"] & PAIRS
    assert not later["days later"] & PAIRS


def test_a_ruling_is_carried_out_at_once(later: dict[str, Any]) -> None:
    for outcome in ("joined", "kept_apart", "unmerged", "confirmed"):
        assert later[outcome]["outcome"] == outcome
    assert later["kept apart as the rule had it"]["outcome"] == "kept_apart"
    before, after = later["groups"], later["parted"]
    assert {frozenset({"pos:d17"}), frozenset({"crm:d17"})} <= before
    assert frozenset({"pos:a12", "crm:a12", "pos:b12", "crm:b12"}) in before
    assert after - before == {
        frozenset({"pos:d17", "crm:d17"}),
        frozenset({"pos:a12", "crm:a12"}),
        frozenset({"pos:b12", "crm:b12"}),
    }


def test_the_next_nights_obey_rulings(later: dict[str, Any]) -> None:
    assert later["night"]["status"] == "published"
    for pair in (("pos:d17", "crm:d17"), ("pos:a13", "crm:b13")):
        assert any(set(pair) <= group for group in later["morning"])
    for pair in (("pos:c14", "crm:c14"), ("pos:a12", "crm:b12")):
        assert not any(set(pair) <= group for group in later["morning"])
    assert later["shop"].call("merge", "verify").code == 0


def test_rulings_are_kept_with_who_why_and_where(later: dict[str, Any]) -> None:
    shop = later["shop"]
    entries = {(one["left"], one["right"]): one for one in shop.must("merge", "decisions", "list")["decisions"]}
    assert {tuple(sorted(pair)) for pair in entries} == PAIRS
    joined = next(one for pair, one in entries.items() if "pos:d17" in pair)
    assert (joined["kind"], joined["ticket"], joined["reason"]) == ("must_link", "T-17", "looked into it")
    (by_ann,) = shop.must("merge", "decisions", "list", "--record", "pos:c14")["decisions"]
    assert (by_ann["kind"], by_ann["decided_by"]) == ("cannot_link", "Ann")
    assert "different" in shop.call("merge", "decisions", "list", "--profile", "crm:c14").out


def test_the_same_ruling_again_is_no_error_and_another_one_is_refused_with_the_ticket(later: dict[str, Any]) -> None:
    shop = later["shop"]
    again = shop.call("review", "decide", "crm:d17", "pos:d17", "same", "--reason", "again")
    assert again.code == 0
    assert "already decided by" in again.out
    assert_told(
        shop.call("review", "decide", "pos:d17", "crm:d17", "different", "--reason", "no"), 5, "T-17", "decisions withdraw"
    )  # fmt: skip
    assert len(shop.must("merge", "decisions", "list", "--state", "all")["decisions"]) == 5


def test_a_withdrawn_decision_is_obeyed_no_more_by_the_next_run(shop: Shop) -> None:
    opened(shop)
    number = ruled(shop, "pos:a12", "crm:b12", "different")["decision_id"]
    taken_back = shop.must("merge", "decisions", "withdraw", str(number), "--reason", "one after all", "--by", "Ann")
    assert not taken_back["already"]
    assert profile(shop, "pos:a12") != profile(shop, "crm:b12")
    again = shop.call("merge", "decisions", "withdraw", str(number), "--reason", "twice")
    assert again.code == 0
    assert "already withdrawn by Ann on" in again.out
    assert shop.must("merge", "decisions", "list")["decisions"] == []
    assert shop.must("merge", "decisions", "list", "--state", "withdrawn")["decisions"][0]["withdrawn_by"] == "Ann"
    shop.must("run")
    assert profile(shop, "pos:a12") == profile(shop, "crm:b12")
    assert_told(shop.call("merge", "decisions", "withdraw", "4711", "--reason", "x"), 2, "no decision 4711")

    number = ruled(shop, "crm:c15", "pos:c15", "different")["decision_id"]
    shop.must("merge", "join", "pos:a13", "crm:b13", "--reason", "they are", "--yes")
    assert not asked(shop) & {("crm:c15", "pos:c15"), ("crm:b13", "pos:a13")}
    shop.must("merge", "decisions", "withdraw", str(number), "--reason", "no idea after all")
    shop.must("run")
    assert ("crm:c15", "pos:c15") in asked(shop)
    assert ("crm:b13", "pos:a13") not in asked(shop)
    shop.must(
        "merge",
        "decisions",
        "withdraw",
        str(shop.must("merge", "decisions", "list")["decisions"][0]["decision_id"]),
        "--reason",
        "x",
    )

    number = ruled(shop, "crm:c14", "pos:c14", "different")["decision_id"]
    assert "no decision is out of date" in shop.call("merge", "decisions", "stale").out
    deliver(shop, "crm_2.csv", person(14, "c14", first_name="J.", city="Eastport"))
    shop.must("run")
    (stale,) = shop.must("merge", "decisions", "stale")["decisions"]
    assert stale["decision_id"] == number
    assert {stale["left"]: stale["left_since"], stale["right"]: stale["right_since"]} == {
        "pos:c14": "same",
        "crm:c14": "changed",
    }
    assert "crm:c14 has changed since" in shop.call("merge", "decisions", "stale").out


def test_most_at_stake_comes_first_and_each_kind_says_why_it_is_asked(first: Shop) -> None:
    found = first.must("review", "list", "--limit", "1000")
    stakes = [item["stake"] for item in found["items"]]
    assert stakes == sorted(stakes, reverse=True)
    kinds = {kind: asked(first, "--kind", kind) for kind in ("weak", "borderline", "refused")}
    assert kinds["weak"] == {(f"crm:b{number}", f"pos:a{number}") for number in WEAK}
    assert kinds["borderline"] <= {(f"crm:c{number}", f"pos:c{number}") for number in BORDERLINE}
    assert kinds["refused"] <= {(f"crm:d{number}", f"pos:d{number}") for number in REFUSED}
    weak = next(item for item in found["items"] if item["kind"] == "weak")
    assert weak["stake"] == pytest.approx((1 - weak["match_probability"]) * 4, abs=1e-6)
    assert weak["left"]["profile_records"] == 4
    assert weak["merge_id"]
    assert asked(first, "--source", "pos") == asked(first)
    assert asked(first, "--source", "loyalty") == set()
    heavy = first.must("review", "list", "--min-weight", "5")["items"]
    assert {item["kind"] for item in heavy} == {"refused"}
    assert "too many loyalty id" in first.call("review", "list", "--kind", "refused").out


def test_two_records_of_one_person_without_a_merge_between_them_name_the_weakest_merge(first: Shop) -> None:
    answer = first.call("review", "decide", "crm:a13", "pos:b13", "different", "--reason", "two people")
    (merge,) = rows(
        first,
        "select merge_id from identity_merge_log join source_record as l on l.record_no = record_no_l join source_record as r on r.record_no = record_no_r"
        " where least(l.record_id, r.record_id) = 'a13' and greatest(l.record_id, r.record_id) = 'b13'",
    )[0]
    assert_told(answer, 5, "by 3 merges", f"merge rollback {merge}")


def test_two_agents_who_rule_at_once_write_one_decision(first: Shop) -> None:
    config = load_configuration(first.folder / "retail_brain.toml")

    def rule(number: str, answer: Any) -> str:
        try:
            return decide(config, f"pos:{number}", f"crm:{number}", answer, reason=f"at once {number}").outcome
        except RefusedError as error:
            return error.message

    with ThreadPoolExecutor(2) as agents:
        agreed = sorted(agents.map(rule, ("c15", "c15"), ("same", "same")))
        at_odds = list(agents.map(rule, ("d18", "d18"), ("same", "different")))
    assert agreed == ["already_decided", "joined"]
    assert sum("says otherwise" in told for told in at_odds) == 1
    assert sum(told in ("joined", "kept_apart") for told in at_odds) == 1
    for number in ("c15", "d18"):
        assert rows(first, f"select count(*) from identity_decision where reason = 'at once {number}'") == [(1,)]


def spreadsheet(shop: Shop, answers: dict[str, str], *, delimiter: str = ",", **columns: str) -> Any:
    """Export the borderline pairs, fill in answers by the left or right key, import, and return what that said."""
    shop.must("review", "export", "--kind", "borderline", "--to", "questions.csv")
    with (shop.folder / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        row.update(columns, decision=answers.get(row["left"]) or answers.get(row["right"]) or "")
    with (shop.folder / "answers.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
    return table


def test_a_spreadsheet_goes_out_harmless_and_comes_back_all_or_nothing(first: Shop) -> None:
    table = spreadsheet(first, {"pos:c16": "Same", "pos:c19": "different", "pos:c20": "perhaps"})
    assert all(not str(cell).startswith(("=", "+", "-", "@")) for row in table for cell in row.values())
    assert any(row["address_left"] == "'=HYPERLINK(1)" or row["address_right"] == "'=HYPERLINK(1)" for row in table)
    before = rows(first, "select count(*) from identity_decision")
    bad = first.call("review", "import", "answers.csv", "--reason", "by mail")
    assert_told(bad, 3, "1 row cannot be applied", "column decision: neither same nor different")
    (line,) = [number for number, row in enumerate(table, 2) if row["decision"] == "perhaps"]
    assert f"line {line}:" in bad.err
    assert_told(first.call("review", "import", "answers.csv"), 3, "3 rows", "column reason")

    spreadsheet(first, {"pos:c16": "same", "pos:c19": "different"}, left="pos:nobody")
    assert_told(first.call("review", "import", "answers.csv", "--reason", "x"), 3, "2 rows", "never delivered")
    spreadsheet(first, {"pos:c16": "same", "pos:c19": "different"}, state="v000")
    assert_told(first.call("review", "import", "answers.csv", "--reason", "x"), 3, "changed since the export")
    assert rows(first, "select count(*) from identity_decision") == before

    spreadsheet(first, {"pos:c16": "same", "pos:c19": "different"}, delimiter=";", ticket="'-7")
    done = first.must("review", "import", "answers.csv", "--reason", "by mail")
    assert (done["same"], done["different"], done["already_decided"]) == (1, 1, 0)
    assert profile(first, "pos:c16") == profile(first, "crm:c16")
    assert rows(first, "select distinct ticket from identity_decision where reason = 'by mail'") == [("-7",)]
    again = first.must("review", "import", "answers.csv", "--reason", "by mail")
    assert (again["same"], again["different"], again["already_decided"]) == (0, 0, 2)
    text = (first.folder / "answers.csv").read_text(encoding="utf-8-sig").replace("different", "same")
    (first.folder / "answers.csv").write_text(text, encoding="utf-8")
    assert_told(
        first.call("review", "import", "answers.csv", "--reason", "x"), 3, "says otherwise", "nothing was changed"
    )


def test_a_file_that_contradicts_itself_changes_nothing(first: Shop) -> None:
    (first.folder / "twice.csv").write_text(
        "left,right,decision,reason\npos:c21,crm:c21,different,a\ncrm:c21,pos:c21,same,b\n", encoding="utf-8"
    )
    assert_told(first.call("review", "import", "twice.csv"), 3, "line 3", "the decision of line 2")
    assert rows(first, "select count(*) from identity_decision where reason in ('a', 'b')") == [(0,)]
    (first.folder / "odd.csv").write_text("left;right\n", encoding="utf-8")
    assert_told(first.call("review", "import", "odd.csv"), 3, "no column decision")
    (first.folder / "odd.csv").write_text("left,right,decision,reason\npos:c21\0,crm:c21,same,x\n", encoding="utf-8")
    assert_told(first.call("review", "import", "odd.csv"), 3, "line 2", "NUL")
    assert first.must("run")["status"] in ("nothing new", "published")


def test_a_ruling_needs_a_reason_and_two_records_that_are_delivered(first: Shop) -> None:
    assert_told(first.call("review", "decide", "pos:c22", "crm:c22", "same", "--reason", " "), 2, "reason")
    assert_told(first.call("review", "decide", "pos:c22", "pos:c22", "same", "--reason", "x"), 2, "one record")
    assert_told(first.call("review", "decide", "pos:c22", "pos:x", "same", "--reason", "x"), 2, "never delivered")
    first.must("review", "decide", "pos:c22", "crm:c22", "different", "--reason", "by mail:\n\n  two men\n")
    kept = first.must("merge", "decisions", "list", "--record", "pos:c22")["decisions"]
    assert [one["reason"] for one in kept] == ["by mail: two men"]

"""The nights after the first: only what changed is touched, profiles keep their ids, and every id still leads somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import assert_conserved, assert_told, people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

CROWD = range(40, 70)


def profile(shop: Shop, key: str) -> dict[str, Any]:
    return shop.must("profile", "show", key)


def opened(shop: Shop, *, full: str | None = None) -> None:
    """Write the configuration; one source delivers full snapshots."""
    shop.must("init", ".")
    path = shop.folder / "retail_brain.toml"
    text = path.read_text(encoding="utf-8")
    if full:
        head, tail = text.split(f"[sources.{full}]", 1)
        text = f"{head}[sources.{full}]" + tail.replace('delivery = "delta"', 'delivery = "full"', 1)
    path.write_text(text, encoding="utf-8")


def crowd(shop: Shop) -> None:
    """People that nothing happens to, known to both sources."""
    shop.deliver("pos.csv", *people(*CROWD), person(1), person(2), person(3))
    shop.deliver("crm.csv", *people(*CROWD), person(1), person(3))


@pytest.fixture(scope="module")
def nights(make_shop: Callable[[str], Shop]) -> dict[str, Any]:
    """Two nights of changes: one record new, one changed, one delivered again as it was."""
    shop = make_shop("two nights")
    crowd(shop)
    opened(shop)
    shop.must("run")
    shop.must("export", "profiles", "--to", "profiles_1.csv")
    before = dict(rows(shop, "select profile_id::text, (xmin::text, version, record_count)::text from profile"))
    first = shop.crosswalk()
    shop.deliver("crm_2.csv", person(2), person(3, city="Eastport", updated_at="2026-05-05"), person(50))
    night = shop.must("run")
    after = dict(rows(shop, "select profile_id::text, (xmin::text, version, record_count)::text from profile"))
    return {"shop": shop, "night": night, "before": before, "after": after, "first": first, "second": shop.crosswalk()}


def test_only_what_is_new_or_changed_is_scored_and_published(nights: dict[str, Any]) -> None:
    night = nights["night"]
    assert_conserved(night)
    assert {kind: night["records"].get(kind) for kind in ("new", "changed", "unchanged")} == {
        "new": 1,
        "changed": 1,
        "unchanged": 1,
    }
    assert night["written"]["source_record"] == 2
    assert night["written"]["profile"] == 2
    assert night["warmed"] == 2


def test_profiles_that_nothing_touched_keep_their_id_their_values_and_their_row(nights: dict[str, Any]) -> None:
    shop, changed = nights["shop"], {profile(nights["shop"], key)["profile_id"] for key in ("crm:2", "crm:3")}
    assert len(changed) == 2
    assert {key: row for key, row in nights["before"].items() if key not in changed} == {
        key: row for key, row in nights["after"].items() if key not in changed
    }
    assert set(nights["first"]) <= set(nights["second"])
    assert profile(shop, "crm:3")["values"]["city"] == "Eastport"
    assert profile(shop, "crm:3")["came_from"]["city"] == "crm:3"
    assert profile(shop, "crm:2")["records"] == profile(shop, "pos:2")["records"]


def test_a_cached_answer_is_the_new_one(nights: dict[str, Any]) -> None:
    assert profile(nights["shop"], "pos:3")["served_from"] == "redis"
    assert profile(nights["shop"], "pos:3")["values"]["city"] == "Eastport"


def test_a_record_that_bridges_two_profiles_merges_them_and_the_younger_id_still_resolves(shop: Shop) -> None:
    apart = {
        "pos": person(5, "a", phone="", address="", city="", postal_code="", date_of_birth=""),
        "crm": person(5, "b", first_name="", last_name="", email="", address="", city="", postal_code=""),
    }
    crowd(shop)
    shop.deliver("pos_1.csv", apart["pos"])
    opened(shop)
    shop.must("run")
    shop.deliver("crm_1.csv", apart["crm"])
    shop.must("run")
    older, younger = profile(shop, "pos:a")["profile_id"], profile(shop, "crm:b")["profile_id"]
    assert older != younger
    shop.deliver("pos_2.csv", person(5, "c"))
    night = shop.must("run")
    assert night["merges"] == 2
    together = profile(shop, "pos:c")
    assert together["profile_id"] == older
    assert set(together["records"]) == {"pos:a", "crm:b", "pos:c"}
    assert profile(shop, younger)["profile_id"] == older
    assert "became part of this profile" in shop.call("profile", "show", younger).out
    history = shop.must("profile", "history", older)
    assert history["former_ids"] == [younger]
    assert len([entry for entry in history["entries"] if entry["live"]]) == 2
    assert shop.call("doctor").code == 0

    somebody_else = person(23, "c", updated_at="2026-06-01")
    shop.deliver("pos_3.csv", somebody_else)
    night = shop.must("run")
    assert night["splits"] >= 1
    assert profile(shop, "pos:c")["profile_id"] not in (older, younger)
    entries = shop.must("profile", "history", older)["entries"]
    assert {"split"} <= {entry["kind"] for entry in entries}
    assert {entry["cause"] for entry in entries if entry["kind"] == "split"} == {"changed"}
    assert profile(shop, "pos:a")["profile_id"] != profile(shop, "crm:b")["profile_id"]
    assert profile(shop, "pos:a")["profile_id"] == older
    assert shop.call("profile", "show", younger).code == 0
    assert shop.call("doctor").code == 0


@pytest.fixture(scope="module")
def snapshots(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop whose crm delivers full snapshots; the first night is published."""
    shop = make_shop("snapshots")
    shop.deliver("pos.csv", *people(*CROWD))
    shop.deliver("crm.csv", *people(*CROWD), person(1), person(2))
    opened(shop, full="crm")
    shop.must("run")
    return shop


def test_records_that_a_snapshot_lacks_are_gone_their_profile_ends_and_they_come_back(snapshots: Shop) -> None:
    shop = snapshots
    ended = profile(shop, "crm:1")["profile_id"]
    kept = profile(shop, "crm:40")["profile_id"]
    shop.deliver("crm.csv", *people(*CROWD), person(2))
    night = shop.must("run")
    assert night["records"]["gone"] == 1
    assert sum(night["written"].values()) <= 8, night["written"]
    assert_told(shop.call("profile", "show", ended), 2, "has ended")
    assert_told(shop.call("profile", "show", "crm:1"), 2, "not delivered any more")
    history = shop.must("profile", "history", ended)
    assert history["profile_id"] == ended
    assert profile(shop, "crm:40")["profile_id"] == kept
    assert ("crm", "1") not in [row[:2] for row in shop.crosswalk()]
    assert shop.call("doctor").code == 0

    shop.deliver("crm.csv", *people(*CROWD), person(2), person(1, updated_at="2026-02-02"))
    night = shop.must("run")
    assert night["records"]["returned"] == 1
    back = profile(shop, "crm:1")
    assert back["records"] == ["crm:1"]
    assert shop.call("profile", "show", ended).code in (0, 2)
    assert shop.call("doctor").code == 0


def test_a_member_that_is_gone_leaves_its_profile_and_the_log_says_so(snapshots: Shop) -> None:
    shop = snapshots
    profile_id = profile(shop, "crm:41")["profile_id"]
    left_out = [number for number in CROWD if number != 41]
    shop.deliver("crm.csv", *people(*left_out), person(1), person(2, city="Northport", updated_at="2026-04-04"))
    night = shop.must("run")
    assert (night["records"]["gone"], night["splits"]) == (1, 1)
    shown = profile(shop, profile_id)
    assert shown["records"] == ["pos:41"]
    assert set(shown["came_from"].values()) == {"pos:41"}
    entries = shop.must("profile", "history", profile_id)["entries"]
    assert [(entry["kind"], entry["cause"]) for entry in entries if entry["kind"] == "split"] == [("split", "gone")]


def test_a_snapshot_that_loses_too_much_is_refused(snapshots: Shop) -> None:
    shop = snapshots
    before = shop.crosswalk()
    whole = (shop.folder / "crm.csv").read_bytes()
    shop.deliver("crm.csv", *people(*range(40, 50)))
    for _ in range(2):
        answer = shop.call("run")
        assert_told(answer, 3, "crm", "the full snapshot lacks", "sources.crm.max_loss_share")
    assert shop.crosswalk() == before
    (shop.folder / "crm.csv").write_bytes(whole)
    assert shop.must("run")["status"] == "nothing new"


def test_an_older_snapshot_delivered_again_is_told_and_can_be_gone_back_to(shop: Shop) -> None:
    first = people(*range(40, 52))
    shop.deliver("crm.csv", *first)
    opened(shop, full="crm")
    shop.must("run")
    older = (shop.folder / "crm.csv").read_bytes()
    shop.deliver("crm.csv", *first[:-1])
    assert shop.must("run")["records"]["gone"] == 1
    (shop.folder / "crm.csv").write_bytes(older)
    again = shop.must("run")
    assert again["status"] == "nothing new"
    assert "is the snapshot of run 1, byte for byte" in again["warnings"][0]
    (shop.folder / "crm.csv").write_bytes(older + b"\n")
    assert shop.must("run")["records"]["returned"] == 1
    assert not shop.must("run")["warnings"]


def test_an_empty_snapshot_is_refused_like_any_other_loss(snapshots: Shop) -> None:
    before = snapshots.crosswalk()
    snapshots.deliver("crm.csv")
    assert_told(snapshots.call("run"), 3, "the full snapshot lacks")
    assert snapshots.crosswalk() == before


def test_the_newest_row_of_a_record_wins_and_equal_rows_are_duplicates(shop: Shop) -> None:
    crowd(shop)
    old = person(7, city="Oldtown", updated_at="2026-01-05")
    opened(shop)
    shop.deliver("pos_a.csv", person(7, city="Newtown", updated_at="2026-02-05"), old, old)
    night = shop.must("run")
    assert_conserved(night)
    [file] = [file for file in night["files"] if file["file_name"] == "pos_a.csv"]
    assert file["rows"] == 3
    assert file["duplicates"] >= 1
    assert profile(shop, "pos:7")["values"]["city"] == "Newtown"


def test_people_without_a_double_on_the_first_night_are_matched_on_the_second(shop: Shop) -> None:
    shop.deliver("pos.csv", *people(*range(40, 52)))
    opened(shop)
    assert shop.must("run")["merges"] == 0
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n[sources.crm]\nfiles = ["crm*.csv"]\n[sources.crm.columns]\n')
        file.write('record_id = "record_id"\ngiven_name = "first_name"\nfamily_name = "last_name"\nemail = "email"\n')
        file.write(
            'phone = "phone"\ndate_of_birth = "date_of_birth"\naddress = "address"\npostal_code = "postal_code"\n'
        )
    shop.deliver("crm.csv", *people(*range(40, 50)))
    assert shop.must("run")["merges"] == 10


def test_a_part_of_a_full_snapshot_that_did_not_change_keeps_its_records(shop: Shop) -> None:
    shop.deliver("crm_1.csv", *people(*range(10)))
    shop.deliver("crm_2.csv", *people(*range(10, 20)))
    opened(shop, full="crm")
    shop.must("run")
    shop.deliver("crm_2.csv", *people(*range(10, 19)))
    answer = shop.call("run")
    assert_told(answer, 3, "crm delivers full snapshots", "crm_1.csv", "--from")
    assert len(shop.crosswalk()) == 20
    night = shop.must("run", "--from", "crm_1.csv", "--from", "crm_2.csv")
    assert (night["records"]["gone"], night["records"]["unchanged"]) == (1, 19)
    assert len(shop.crosswalk()) == 19
    assert shop.must("run", "--from", "crm_1.csv", "--from", "crm_2.csv")["status"] == "nothing new"

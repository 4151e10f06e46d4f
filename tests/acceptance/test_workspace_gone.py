"""The workspace can be deleted at any time: PostgreSQL remembers the model and what was kept out of matching."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from backstage import rows
from townsfolk import people, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

SWITCHBOARD = "202-555-0100"


def forget(shop: Shop) -> None:
    """Delete everything of the workspace but the embedded servers' data."""
    for name in ("runs", "models", "reports", "scratch"):
        shutil.rmtree(shop.folder / ".retail-brain" / name)


@pytest.fixture(scope="module")
def published(make_shop: Callable[[str], Shop]) -> tuple[Shop, dict[str, Any]]:
    """Thirty people known to two sources, some of them with the shop's own number."""
    shop = make_shop("forgetful")
    shop.deliver("pos.csv", *people(*range(30)), *people(*range(30, 45), phone=SWITCHBOARD))
    shop.deliver("crm.csv", *people(*range(45)))
    shop.must("init", ".")
    return shop, shop.must("run")


def kept(shop: Shop) -> list[list[tuple[Any, ...]]]:
    return [
        rows(shop, f"select xmin::text, md5(t::text) from {name} t order by 2") for name in ("model", "shared_value")
    ]


def test_a_run_keeps_its_model_and_what_it_left_out_and_the_next_one_writes_neither_again(
    published: tuple[Shop, dict[str, Any]],
) -> None:
    shop, night = published
    assert night["written"]["model"] == 1
    assert night["written"]["shared_value"] == len(rows(shop, "select from shared_value")) > 0
    assert rows(shop, "select model_id from model") == [(night["model_id"],)]
    before = kept(shop)
    shop.deliver("crm_2.csv", person(70))
    again = shop.must("run")
    assert not {"model", "shared_value", "shared_value_gone"} & set(again["written"])
    assert kept(shop) == before


def test_values_that_are_shared_no_longer_are_forgotten(published: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = published
    shared = rows(shop, "select value from shared_value where field = 'phone'")
    assert len(shared) == 1
    shop.deliver("pos_2.csv", *people(*range(30, 45), updated_at="2026-06-06"))
    assert shop.must("run")["written"]["shared_value_gone"] == 1
    assert rows(shop, "select value from shared_value where field = 'phone'") == []


def test_without_its_workspace_the_desk_answers_and_the_night_keeps_model_and_ids(
    published: tuple[Shop, dict[str, Any]],
) -> None:
    shop, night = published
    crosswalk = shop.crosswalk()
    explained = shop.must("merge", "explain", "pos:3", "crm:3")
    models = shop.must("model", "list")
    forget(shop)
    assert shop.must("merge", "explain", "pos:3", "crm:3") == explained
    values = person(3)
    resolved = shop.must(
        "profile", "resolve", f"--full-name={values['first_name']} {values['last_name']}", f"--email={values['email']}"
    )
    assert resolved["verdict"] == "same"
    forget(shop)
    assert shop.must("model", "list") == models
    assert shop.must("model", "show")["model_id"] == night["model_id"]
    assert shop.must("run")["status"] == "nothing new"
    forget(shop)
    shop.deliver("crm_3.csv", person(71))
    again = shop.must("run")
    assert again["model_id"] == night["model_id"]
    assert "model" not in again["written"]
    assert set(crosswalk) < set(shop.crosswalk())
    assert len(shop.crosswalk()) == len(crosswalk) + 1


def test_a_damaged_model_is_taken_from_postgresql_and_a_new_one_never_takes_its_name(
    published: tuple[Shop, dict[str, Any]],
) -> None:
    shop, night = published
    scored = shop.must("merge", "explain", "pos:3", "crm:9")
    for name in ("model.json", "term_frequency.parquet"):
        path = shop.folder / ".retail-brain" / "models" / night["model_id"] / name
        content = path.read_bytes()
        path.write_bytes(content[:-9] + b"123456789")
        assert shop.must("merge", "explain", "pos:3", "crm:9") == scored
        assert path.read_bytes() == content
    forget(shop)
    trained = shop.must("model", "train")["model_id"]
    assert trained != night["model_id"]
    renewed = shop.must("run")
    assert (renewed["model_id"], renewed["written"]["model"]) == (trained, 1)
    assert [model["in_use"] for model in shop.must("model", "list")["models"]] == [False, False, True]

"""A customer's document in Redis is the same bytes whichever way it came there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstage import cache, rows
from townsfolk import people, person

from retail_brain.cache.keys import POINTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

WHY = ("--reason", "two sisters", "--ticket", "CS-1042", "--by", "Kim")
ODD = ({"address": 'The "Mill" \\ 7,\tLower', "city": "Ærøskøbing"}, {"last_name": "O'Hägar-Łącki", "city": "京都"})


def documents(shop: Shop) -> dict[bytes, bytes]:
    """What readers see: profile id to document, without the number that a single change bears."""
    with cache(shop) as client:
        space = client.hget(POINTER, "space") or b""
        keys = list(client.scan_iter(match=b"*" + space + b":profile:*", count=1_000))
        found = {key.rpartition(b":")[2]: client.get(key) or b"" for key in keys}
    return {key: text[text.find(b"{") :] for key, text in found.items() if b"{" in text}


def warmed_anew(shop: Shop) -> dict[bytes, bytes]:
    with cache(shop) as client:
        client.flushall()
    assert shop.must("warm")["warmed"] == len(rows(shop, "select from profile"))
    return documents(shop)


def test_a_first_night_a_change_by_hand_and_a_warm_of_everything_write_the_same_documents(
    make_shop: Callable[[str], Shop],
) -> None:
    shop = make_shop("documents")
    shop.deliver("pos.csv", *people(*range(30)), person(30, **ODD[0]), person(31, **ODD[1]))
    shop.deliver("crm.csv", *people(*range(10, 20)), person(30, **ODD[0]), person(40, last_name='Do"uble'))
    shop.must("init", ".")
    shop.must("run")
    first = documents(shop)
    assert len(first) == len(rows(shop, "select from profile")) > 30
    assert warmed_anew(shop) == first
    merges = rows(shop, "select merge_id from identity_merge_log order by merge_id limit 2")
    shop.must("merge", "rollback", *(str(merge_id) for (merge_id,) in merges), *WHY, "--yes")
    changed = documents(shop)
    assert changed != first
    assert warmed_anew(shop) == changed

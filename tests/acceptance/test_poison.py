"""Poisoned nights: what goes wrong in a shop's files, and that no customer's profile suffers from it.

One shop with a normal first night. Each poison comes as the next night's file: it is held or refused, with a message that
names the column and what its values look like, and nothing changes; or it is harmless, and changes nobody it should not.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from backstage import keys, rows, versions

from retail_brain.synth.export import write_exports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shop import Shop

Row = dict[str, str]
SEED = 5


class Night:
    """The rows of a normal night, and a shop in which three quarters of them were published."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        write_exports(folder, records=3200, seed=SEED)
        with gzip.open(folder / "ecommerce.csv.gz", "rt", encoding="utf-8") as file:
            self.ecommerce = list(csv.DictReader(file))
        with (folder / "pos.csv").open(encoding="utf-8") as file:
            self.pos = [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
        for name in ("app.csv", "crm.csv", "loyalty.parquet"):
            (folder / name).rename(shop.folder / name)
        self.known_ecommerce = [row for n, row in enumerate(self.ecommerce) if n % 12]
        self.known_pos = [row for n, row in enumerate(self.pos) if n % 4]

    def write(self, name: str, found: list[Row]) -> Path:
        """Deliver a file."""
        path = self.shop.deliver(name, *found, columns=tuple(found[0]))
        os.utime(path, (path.stat().st_mtime - 60,) * 2)
        return path


@pytest.fixture(scope="module")
def night(make_shop: Callable[[str], Shop], tmp_path_factory: pytest.TempPathFactory) -> Night:
    shop = make_shop("poison")
    made = Night(shop, tmp_path_factory.mktemp("exports"))
    first = made.write("ecommerce.csv", made.known_ecommerce)
    made.write("pos.csv", made.known_pos)
    shop.must("init", ".")
    settings = shop.folder / "retail_brain.toml"
    text = settings.read_text(encoding="utf-8")
    head, part, tail = text.partition("[sources.ecommerce]")
    settings.write_text(head + part + tail.replace('"delta"', '"full"', 1), encoding="utf-8")
    assert shop.must("run")["status"] == "published"
    first.unlink()
    return made


def each(found: list[Row], **changes: Callable[[Row], str]) -> list[Row]:
    """Return the rows with some columns made anew."""
    named = {name.replace("__", "-"): change for name, change in changes.items()}
    return [row | {name: change(row) for name, change in named.items()} for row in found]


def shifted(found: list[Row]) -> list[Row]:
    """Values one column to the right of where they belong, from the second column on."""
    names = list(found[0])
    return [dict(zip(names, [row[names[0]], "", *[row[n] for n in names[1:-1]]], strict=True)) for row in found]


def sorted_alone(found: list[Row], column: str) -> list[Row]:
    """One column sorted by itself."""
    values = sorted(row[column] for row in found)
    return [row | {column: value} for row, value in zip(found, values, strict=True)]


def copied_down(found: list[Row], start: int, many: int) -> list[Row]:
    """One customer's values dragged down over the next ones."""
    first = found[start]
    key = next(iter(first))
    return [first | {key: row[key]} if start <= n < start + many else row for n, row in enumerate(found)]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def day_month(text: str, order: str) -> str:
    """The same date with day and month in each other's place."""
    if order == "ymd":
        return re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\1-\3-\2", text)
    return re.sub(r"^(\d\d)/(\d\d)/(\d{4})$", r"\2/\1/\3", text)


def garbled(text: str) -> str:
    """UTF-8 read as Windows-1252 and written again."""
    return text.encode().decode("cp1252", errors="replace")


def scientific(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"{int(digits):.2E}" if digits else ""


TESTERS = [
    {"cust_no": str(900_000 + n), "FirstName": "TEST", "LNAME": "TEST", "phone_number": f"202-555-01{n % 100:02}",
     "email_addr": f"test{n}@example.com", "dob": "01/02/1980", "address_1": "1 TEST STREET", "suburb": "TESTVILLE",
     "st": "NY", "zip": "10001", "last_visit": "01/02/2026 10:00:00"}
    for n in range(520)
]  # fmt: skip

HELD: dict[str, tuple[str, Callable[[Night], list[Row]], str, str]] = {
    "one phone stands on every row": (
        "pos_2.csv", lambda n: each(n.pos, phone_number=lambda _: "415-555-0133"),
        "phone_number in pos_2.csv: one value on 100 %", "999-999-9999"),
    "blank e-mails are filled with a constant": (
        "pos_2.csv", lambda n: each(n.pos, email_addr=lambda row: row["email_addr"] or "till@shop.example"),
        "email_addr in pos_2.csv: one value on", "aaaa@aaaa.aaaaaaa"),
    "every date of birth is the same": (
        "pos_2.csv", lambda n: each(n.pos, dob=lambda _: "01/01/1970"),
        "dob in pos_2.csv: one value on 100 %", "99/99/9999"),
    "values stand one column to the right": (
        "pos_2.csv", lambda n: shifted(n.pos), "phone_number in pos_2.csv: filled on 0 %", "aaaa"),
    "record ids of a delta are numbered anew": (
        "pos_2.csv", lambda n: each(n.pos, cust_no=lambda row: str(int(row["cust_no"]) + 5_000_000)),
        "cust_no in pos_2.csv", "another"),
    "the export is doubled, with a suffix on each record id": (
        "pos_2.csv", lambda n: n.pos + each(n.pos, cust_no=lambda row: row["cust_no"] + "-B"),
        "cust_no in pos_2.csv", "9-a"),
    "another system's customers come in this one's form": (
        "pos_2.csv", lambda n: [
            dict(zip(n.pos[0], [r["customer_id"], r["given_name"], r["surname"], r["tel"], r["e-mail"], r["birth_date"],
                                "", r["city"], r["state"], r["postcode"], ""], strict=True)) for r in n.ecommerce],
        "cust_no in pos_2.csv", "a-9"),
    "given names and surnames are swapped": (
        "pos_2.csv", lambda n: each(n.pos, FirstName=lambda r: r["LNAME"], LNAME=lambda r: r["FirstName"]),
        "FirstName and LNAME in pos_2.csv: given names and surnames look swapped", ""),
    "the phone column holds the e-mail addresses": (
        "pos_2.csv", lambda n: each(n.pos, phone_number=lambda r: r["email_addr"]),
        "phone_number in pos_2.csv: filled on 0 %", "@"),
    "all e-mails are tags of one address": (
        "pos_2.csv", lambda n: each(n.pos, email_addr=lambda r: f"shop+{r['cust_no']}@mail.example"),
        "email_addr in pos_2.csv: one value on 100 %", "aaaa+999999@aaaa.aaaaaaa"),
    "loyalty numbers are cut to four digits": (
        "ecommerce_2.csv", lambda n: each(n.ecommerce, card_no=lambda r: r["card_no"][:4]),
        "card_no in ecommerce_2.csv", "9999"),
    "loyalty numbers went through a spreadsheet": (
        "ecommerce_2.csv", lambda n: each(n.ecommerce, card_no=lambda r: scientific(r["card_no"])),
        "card_no in ecommerce_2.csv", "9.99a+99"),
    "names were read in the wrong encoding": (
        "ecommerce_2.csv", lambda n: each(n.ecommerce, **{name: lambda r, name=name: garbled(r[name]) for name in ("given_name", "surname")}),
        "ecommerce_2.csv: letters in a wrong encoding", ""),
    "one customer was copied down over forty others": (
        "pos_2.csv", lambda n: copied_down(n.pos, 100, 40), "alike in name and every identifier", "pos_2.csv"),
    "a load of test data": ("pos_2.csv", lambda _: TESTERS, "LNAME in pos_2.csv: filled on 0 %", "aaaa"),
    "one column was sorted by itself": (
        "ecommerce_2.csv", lambda n: sorted_alone(n.ecommerce, "e-mail"), "e-mail in ecommerce_2.csv", "aaaa"),
    "postcodes stand in the phone column": (
        "pos_2.csv", lambda n: each(n.pos, phone_number=lambda r: r["zip"]), "phone_number in pos_2.csv: filled on", "99999"),
    "day and month are swapped": (
        "ecommerce_2.csv", lambda n: each(n.ecommerce, birth_date=lambda r: day_month(r["birth_date"], "ymd")),
        "birth_date in ecommerce_2.csv", "9999-99-99"),
    "names and e-mails are hashes": (
        "pos_2.csv", lambda n: each(n.pos, **{name: lambda r, name=name: digest(r[name]) for name in ("FirstName", "LNAME", "email_addr")}),
        "email_addr in pos_2.csv: filled on 0 %", ""),
    "the phone column is empty": (
        "pos_2.csv", lambda n: each(n.pos, phone_number=lambda _: ""), "phone_number in pos_2.csv: filled on 0 %", "empty"),
}  # fmt: skip

REFUSED: dict[str, tuple[str, Callable[[Night], list[Row]], tuple[str, ...]]] = {
    "it is last year's snapshot": (
        "ecommerce_2.csv", lambda n: [r for r in n.ecommerce if r["modified"] < "2023"], ("ecommerce", "lacks")),
    "a snapshot is cut off in the middle": (
        "ecommerce_2.csv", lambda n: n.ecommerce[: len(n.ecommerce) // 2], ("ecommerce", "lacks")),
    "record ids of a snapshot are numbered anew": (
        "ecommerce_2.csv", lambda n: each(n.ecommerce, customer_id=lambda r: r["customer_id"] + "0000"), ("ecommerce", "lacks")),
    "it is another system's file under this one's name": ("pos_2.csv", lambda n: n.ecommerce, ("pos_2.csv", "record id")),
}  # fmt: skip


def state(shop: Shop) -> tuple[Any, ...]:
    """Every row version of what readers see, and every key of the cache."""
    found = versions(shop)
    return {table: found[table] for table in found if table not in ("run", "lease")}, keys(shop)


def nights() -> Iterator[Any]:
    """Two poisons a night, one in each system's file: each reason to hold it names its own file."""
    shops = [poison for poison in HELD if HELD[poison][0].startswith("ecommerce")]
    tills = [poison for poison in HELD if poison not in shops]
    for poisons in zip_longest(tills, shops):
        found = [poison for poison in poisons if poison]
        yield pytest.param(found, id=" and ".join(found))


@pytest.mark.parametrize("poisons", list(nights()))
def test_a_night_is_held_and_changes_nobody_when(poisons: list[str], night: Night) -> None:
    before = state(night.shop)
    paths = [night.write(HELD[poison][0], HELD[poison][1](night)) for poison in poisons]
    answer = night.shop.call("run", "--json")
    for path in paths:
        path.unlink()
    assert answer.code == 5, (answer.code, answer.err[-500:], answer.out[-500:])
    messages = [finding["message"] for finding in answer.json["findings"]]
    for poison in poisons:
        name, _, *told = HELD[poison]
        mine = [message for message in messages if name in message]
        for word in told:
            assert any(word in message for message in mine), (poison, messages)
    night.shop.must("run", "discard", str(answer.json["run_id"]), "--reason", poisons[0], "--yes")
    assert state(night.shop) == before


@pytest.mark.parametrize("poison", REFUSED)
def test_a_night_is_refused_and_changes_nobody_when(poison: str, night: Night) -> None:
    name, make, words = REFUSED[poison]
    before = state(night.shop)
    path = night.write(name, make(night))
    answer = night.shop.call("run")
    path.unlink()
    assert answer.code == 3, (answer.code, answer.err[-500:])
    for word in words:
        assert word in answer.err
    assert state(night.shop) == before


UNTOUCHED = """
select profile.profile_id, profile.xmin::text
from profile
where not exists (
  select from source_record where source_record.profile_id = profile.profile_id and source_record.source = any(array['pos', 'ecommerce'])
)
order by 1
"""

HARMLESS: dict[str, tuple[str, Callable[[Night], str]]] = {
    "names are in capitals with blanks behind them": (
        "ecommerce_2.csv", lambda n: text_of(each(
            n.known_ecommerce, **{name: lambda r, name=name: r[name].upper() + "   " for name in ("given_name", "surname")}))),
    "numbers went through a spreadsheet and came back with a decimal": (
        "ecommerce_3.csv", lambda n: text_of(each(n.known_ecommerce, card_no=lambda r: r["card_no"] and r["card_no"] + ".0"))),
    "a delta is cut off in the middle of a line": ("pos_2.csv", lambda n: text_of(n.known_pos)[:-40]),
}  # fmt: skip


def text_of(found: list[Row]) -> str:
    """Return rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]))
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


@pytest.mark.parametrize("what", HARMLESS)
def test_a_night_moves_nobody_when(what: str, night: Night) -> None:
    name, make = HARMLESS[what]
    before, untouched = night.shop.crosswalk(), rows(night.shop, UNTOUCHED)
    path = night.shop.folder / name
    path.write_text(make(night), encoding="utf-8")
    os.utime(path, (path.stat().st_mtime - 60,) * 2)
    done = night.shop.must("run")
    path.unlink()
    assert done["status"] == "published"
    assert night.shop.crosswalk() == before
    assert rows(night.shop, UNTOUCHED) == untouched

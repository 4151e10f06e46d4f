"""A shop that leaves questions to a person: pairs too close to call, links that a rule refuses, merges that hang on one link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.townsfolk import people, person
from shop import COLUMNS

if TYPE_CHECKING:
    from shop import Shop

WEAK = (12, 13)
"""pos:aN, crm:aN and pos:bN, crm:bN are one person, but only because of pos:aN and crm:bN."""
BORDERLINE = (14, 15, 16, 19, 20, 21, 22)
"""pos:cN has a given name, crm:cN its initial; little else is known."""
REFUSED = (17, 18)
"""pos:dN and crm:dN agree in all but the loyalty card."""

_BARE = dict.fromkeys(("email", "phone", "date_of_birth", "address", "city", "postal_code"), "")


def doubts(shop: Shop) -> None:
    """Deliver people that nothing is asked about, and those above."""
    pos, crm = [people(*range(40, 70)) for _ in range(2)]
    for number in WEAK:
        whole = person(number)
        typo = {"last_name": whole["last_name"][:2] + whole["last_name"][3:], "date_of_birth": whole["date_of_birth"]}
        reach = {"phone": whole["phone"], "email": whole["email"]}
        pos.append(person(number, f"a{number}", **{**_BARE, **reach}))
        crm.append(person(number, f"a{number}", **{**_BARE, **reach, "city": "Springfield"}))
        pos.append(person(number, f"b{number}", **{**_BARE, **typo, "email": "somebody@else.example"}))
        crm.append(person(number, f"b{number}", **{**_BARE, **typo, "city": "Riverton"}))
    for number in BORDERLINE:
        pos.append(person(number, f"c{number}", address="=HYPERLINK(1)"))
        crm.append(person(number, f"c{number}", **{**_BARE, "first_name": person(number)["first_name"][0] + "."}))
    for number in REFUSED:
        pos.append(person(number, f"d{number}") | {"loyalty_id": f"40000{number}"})
        crm.append(person(number, f"d{number}", city="", date_of_birth="") | {"loyalty_id": f"40100{number}"})
    deliver(shop, "pos.csv", *pos)
    deliver(shop, "crm.csv", *crm)


def deliver(shop: Shop, name: str, *rows: dict[str, str]) -> None:
    """Deliver records with the columns of this shop."""
    shop.deliver(name, *rows, columns=(*COLUMNS, "loyalty_id"))

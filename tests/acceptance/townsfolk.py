"""People to deliver: as many different ones as a test needs, and the promises that hold whatever is delivered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from shop import Answer, Shop

_GIVEN = (
    "Maria", "Robert", "Xenia", "Tobias", "Agnes", "Hector", "Priya", "Wendell", "Lucinda", "Omar", "Greta", "Felix",
    "Yolanda", "Casper", "Imogen", "Dmitri", "Noemi", "Bernard", "Salome", "Quentin", "Ursula", "Jarvis", "Keiko",
)  # fmt: skip
_FAMILY = (
    "Lopez", "Hale", "Pappas", "Lindqvist", "Okafor", "Brandt", "Venkataraman", "Stokes", "Moretti", "Haddad",
    "Zielinski", "Fontaine", "Achterberg", "Yamamoto", "Kowalczyk", "Pemberton", "Dimitrov", "Salazar", "Nakagawa",
    "Whitlock", "Castellano", "Rasmussen", "Ferreira", "Gallagher", "Istvan", "Jankowski", "Underhill", "Vasquez", "Quigley",
)  # fmt: skip
_AREAS = ("202", "212", "312", "415", "617", "206", "713")
_STREETS = ("Elm Street", "Oak Avenue", "Lake Road", "Harbour Lane", "Mill Hill", "Quarry Way", "Station Road")


def person(number: int, record_id: str | None = None, **values: str) -> dict[str, str]:
    """Return one record of the person with this number; two numbers are two people who share nothing."""
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    made = {
        "record_id": record_id or str(number),
        "first_name": given,
        "last_name": family,
        "email": f"{given}.{family}{number}@example.com".lower(),
        "phone": f"{_AREAS[number % 7]}-{220 + number % 700}-{1000 + number * 37 % 9000}",
        "date_of_birth": f"{1940 + number * 7 % 60}-{1 + number % 12:02}-{1 + number * 5 % 28:02}",
        "address": f"{number + 1} {_STREETS[number % 7]}",
        "city": ("Springfield", "Riverton", "Fairview")[number % 3],
        "postal_code": f"{20001 + number * 61}",
        "updated_at": "2026-01-01",
    }
    return made | values


def people(*numbers: int, **values: str) -> list[dict[str, str]]:
    """Return one record of each of these people."""
    return [person(number, **values) for number in numbers]


def assert_told(answer: Answer, code: int, *words: str) -> None:
    """One clear message, the exit code, no traceback, and stdout left to data."""
    assert answer.code == code, answer.err
    messages = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(messages) == 1, answer.err
    for word in words:
        assert word in answer.err, answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def assert_conserved(night: dict[str, Any]) -> None:
    """Rows in = accepted + quarantined + duplicates, on every file."""
    for file in night["files"]:
        assert file["rows"] == file["accepted"] + file["quarantined"] + file["duplicates"], file
    assert sum(file["quarantined"] for file in night["files"]) == sum(night["quarantine_reasons"].values())


def assert_nowhere(shop: Shop, *canaries: str) -> None:
    """No customer's value stands in a log, a report, a manifest or the file of errors."""
    logs = [path for path in shop.folder.rglob("*") if path.is_file() and _is_told(path)]
    for path in logs:
        text = path.read_bytes().decode("utf-8", errors="replace").lower()
        for canary in canaries:
            assert canary.lower() not in text, path


def _is_told(path: Path) -> bool:
    return path.suffix in {".log", ".html", ".json"} or ".log." in path.name


def uuids(text: str) -> set[str]:
    """Return the profile ids in a text."""
    return set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))

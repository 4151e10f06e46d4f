"""The tables that the generator's statements draw from: names, nicknames, streets, places, households, sources.

Apart from the statements because the words live in `names.toml` and have to be counted and numbered first.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from retail_brain import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from retail_brain.synth.noise import NoiseSettings

CULTURES = ("anglo", "hispanic", "chinese", "indian", "korean", "vietnamese", "arabic", "european")

# Twelve people in a row live in these households.
_HOUSEHOLDS = (
    (1, 2, 3, 4, 2),
    (1, 1, 1, 2, 2, 5),
    (4, 3, 2, 1, 2),
    (2, 2, 2, 1, 1, 4),
    (1, 1, 2, 6, 2),
    (3, 3, 4, 1, 1),
)

# Name, share of people known, shares of empty e-mail, phone, birth, address, of loyalty cards known; and whether the
# source delivers all of its records every night, or new and corrected ones.
_SOURCES = (
    ("pos", 0.55, 0.70, 0.35, 0.80, 0.60, 0.00, False),
    ("ecommerce", 0.50, 0.03, 0.30, 0.55, 0.05, 0.25, False),
    ("loyalty", 0.40, 0.25, 0.20, 0.15, 0.20, 1.00, True),
    ("app", 0.30, 0.10, 0.25, 0.35, 0.60, 0.30, False),
    ("crm", 0.30, 0.40, 0.30, 0.45, 0.30, 0.35, True),
)
SOURCES = tuple(source[0] for source in _SOURCES)
FULL_SOURCES = tuple(source[0] for source in _SOURCES if source[-1])
RECORDS_PER_PERSON = sum(source[1] for source in _SOURCES)

# Seven digits: 555-01xx is kept for fiction; a population too large for it takes any exchange but those of services.
_FICTITIOUS_LINE = "'55501' || lpad((y % 100)::varchar, 2, '0')"
_ANY_LINE = (
    "(2 + y // 990000)::varchar || lpad((y // 10000 % 99 + if(y // 10000 % 99 >= 11, 1, 0))::varchar, 2, '0')"
    " || lpad((y % 10000)::varchar, 4, '0')"
)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files(__name__.rpartition(".")[0]).joinpath("names.toml").read_text(encoding="utf-8"))


def _split(text: str, separator: str | None = None) -> list[str]:
    """Split a list of the names file: at blanks, or at bars and line ends where names hold blanks."""
    if separator is None:
        return text.split()
    return [part.strip() for part in text.replace("\n", "|").split("|")]


def load_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the synth_* tables that the statements join: names, cultures, nicknames, streets, places, sources."""
    words = _words()
    nicknames = [(name, short.split()) for name, short in words["nickname"].items()]
    _fill(con, "synth_nickname", "given_name varchar, names varchar[]", nicknames)
    _load_names(con, words)
    streets = list(enumerate(_split(words["street"]["name"], "|"), 1))
    _fill(con, "synth_street", "position bigint, name varchar", streets)
    types = [tuple(pair.split(",")) for pair in words["street"]["type"].split("|")]
    _fill(con, "synth_street_type", "position bigint, name varchar, short varchar", _numbered(types))
    places = [tuple(line.split(",")) for line in _split(words["place"]["list"], "|")]
    _fill(con, "synth_place", "place_no bigint, city varchar, state varchar, postal_prefix varchar", _numbered(places))
    _fill(
        con,
        "synth_pattern",
        "pattern_no bigint, slot bigint, household_slot bigint, member bigint, size bigint",
        _patterns(),
    )
    columns = "source varchar, known double, no_email double, no_phone double, no_birth double, no_address double, has_card double, is_full boolean, source_no bigint"
    _fill(con, "synth_source", columns, [(*source, number) for number, source in enumerate(_SOURCES)])


def _numbered(rows: list[tuple[str, ...]]) -> list[tuple[Any, ...]]:
    return [(number, *row) for number, row in enumerate(rows, 1)]


def _load_names(con: duckdb.DuckDBPyConnection, words: dict[str, Any]) -> None:
    names: list[tuple[Any, ...]] = []
    cultures: list[tuple[Any, ...]] = []
    for number, culture in enumerate(CULTURES):
        lists = {
            kind: _split(words[culture][kind], "|" if kind == "family" else None)
            for kind in ("male", "female", "family")
        }
        for kind, found in lists.items():
            names += [(culture, kind, position, name) for position, name in enumerate(found, 1)]
        cultures.append((number, culture, *(len(found) for found in lists.values())))
    _fill(con, "synth_spelling", "culture varchar, kind varchar, position bigint, name varchar", names)
    con.execute(sql.load("synth/name"))
    columns = "culture_no bigint, culture varchar, male_names bigint, female_names bigint, family_names bigint"
    _fill(con, "synth_culture", columns, cultures)


def _patterns() -> list[tuple[int, ...]]:
    """One row per pattern and place in it: pattern, slot 0-11, household, member of the household, its size."""
    rows: list[tuple[int, ...]] = []
    for pattern_no, sizes in enumerate(_HOUSEHOLDS):
        places = [(household, member, size) for household, size in enumerate(sizes) for member in range(size)]
        rows += [(pattern_no, slot, *place) for slot, place in enumerate(places)]
    return rows


def _fill(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    con.execute(f"create or replace table {table} ({columns})")
    con.execute(
        f"insert into {table} select {', '.join(['unnest(?)'] * len(rows[0]))}",
        [list(c) for c in zip(*rows, strict=True)],
    )


def macros_sql(*, seed: int, persons: int, nights: int, noise: NoiseSettings) -> tuple[str, ...]:
    """Build the macros that hold the seed, the sizes, the shares of noise and the words."""
    settings = {name: f"'{float(value)!r}'::double" for name, value in asdict(noise).items()}
    sizes = {
        "persons": str(int(persons)),
        "nights": str(int(nights)),
        "modulus": str(_next_prime(2 * int(persons) + 2)),
    }
    return (
        f"create or replace temp macro draw(key, salt) as (hash(key, salt, {seed:d}) >> 11)::double / 9007199254740992.0",
        *(f"create or replace temp macro {name}() as {value}" for name, value in {**settings, **sizes}.items()),
        *_phone_macros_sql(persons),
        *_name_macros_sql(),
        tonight_sql(1),
    )


def tonight_sql(night: int) -> str:
    """Build the macro that says which night is written."""
    return f"create or replace temp macro tonight() as {night:d}"


def _phone_macros_sql(persons: int) -> tuple[str, ...]:
    areas = _words()["phone"]["area_code"].split()
    count = len(areas)
    fictitious = persons * 3 <= count * 100
    scattered = f"(n * 2654435761 % {count * (100 if fictitious else 792 * 10_000)})"
    area = _pick_sql(areas, f"{scattered} % {count}")
    return (
        f"create or replace temp macro phone_line(y) as {_FICTITIOUS_LINE if fictitious else _ANY_LINE}",
        f"create or replace temp macro phone_number(n) as {area} || phone_line({scattered} // {count})",
    )


def _name_macros_sql() -> tuple[str, ...]:
    words = _words()
    tail = words["tail"]
    stem, ending = (
        _pick_sql(parts := tail[part].split(), f"draw(n, '{part}') * {len(parts)}") for part in ("stem", "ending")
    )
    total = sum(words[culture]["share"] for culture in CULTURES)
    share_to = 0.0
    reached: list[str] = []
    for culture in CULTURES[:-1]:
        share_to += words[culture]["share"] / total
        reached.append(f"(u >= '{share_to!r}'::double)::bigint")
    is_rare = f"culture in ('anglo', 'european') and draw(n, 'tail') < '{float(tail['share'])!r}'::double"
    return (
        f"create or replace temp macro has_tail(n, culture) as {is_rare}",
        f"create or replace temp macro tail_name(n) as {stem} || {ending}",
        f"create or replace temp macro culture_no(u) as {' + '.join(reached)}",
    )


def _next_prime(number: int) -> int:
    """Return the first prime from a number on, so that multiplying modulo it gives each record a number of its own."""
    while any(number % divisor == 0 for divisor in range(2, int(number**0.5) + 1)):
        number += 1
    return number


def _pick_sql(words: Sequence[str], place: str) -> str:
    """The word at a place that starts at 0, cut out of one text: a list would be copied for every row."""
    width = max(map(len, words))
    text = "".join(word.ljust(width) for word in words)
    return f"rtrim(substr('{text}', 1 + {width} * floor({place})::integer, {width}))"

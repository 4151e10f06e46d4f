"""The tables that the generator's statements draw from: names, nicknames, streets, places, households, sources.

Apart from the statements because the words live in `names.toml` and have to be counted and numbered first.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

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

# Name, share of people known, shares of empty e-mail, phone, birth, address, and of loyalty cards known.
_SOURCES = (
    ("pos", 0.55, 0.70, 0.35, 0.80, 0.60, 0.00),
    ("ecommerce", 0.50, 0.03, 0.30, 0.55, 0.05, 0.25),
    ("loyalty", 0.40, 0.25, 0.20, 0.15, 0.20, 1.00),
    ("app", 0.30, 0.10, 0.25, 0.35, 0.60, 0.30),
    ("crm", 0.30, 0.40, 0.30, 0.45, 0.30, 0.35),
)
SOURCES = tuple(source[0] for source in _SOURCES)
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
    _load_names(con, words)
    nicknames = [(name, short.split()) for name, short in words["nickname"].items()]
    _fill(con, "synth_nickname", "given_name varchar, names varchar[]", nicknames)
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
    columns = "source varchar, known double, no_email double, no_phone double, no_birth double, no_address double, has_card double, source_no bigint"
    _fill(con, "synth_source", columns, [(*source, number) for number, source in enumerate(_SOURCES)])


def _numbered(rows: list[tuple[str, ...]]) -> list[tuple[Any, ...]]:
    return [(number, *row) for number, row in enumerate(rows, 1)]


def _load_names(con: duckdb.DuckDBPyConnection, words: dict[str, Any]) -> None:
    names: list[tuple[Any, ...]] = []
    cultures: list[tuple[Any, ...]] = []
    total = sum(words[culture]["share"] for culture in CULTURES)
    share_to = 0.0
    for number, culture in enumerate(CULTURES):
        lists = {
            kind: _split(words[culture][kind], "|" if kind == "family" else None)
            for kind in ("male", "female", "family")
        }
        for kind, found in lists.items():
            names += [(culture, kind, position, name) for position, name in enumerate(found, 1)]
        share_to = 1.0 if number == len(CULTURES) - 1 else share_to + words[culture]["share"] / total
        cultures.append((number, culture, share_to, *(len(found) for found in lists.values())))
    _fill(con, "synth_name", "culture varchar, kind varchar, position bigint, name varchar", names)
    columns = "culture_no bigint, culture varchar, share_to double, male_names bigint, female_names bigint, family_names bigint"
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


def macros_sql(*, seed: int, persons: int, nights: int) -> tuple[str, ...]:
    """Build the macros that hold the seed, the size and the words: draw, phone_number, family_name and the nights."""
    tail = _words()["tail"]
    areas = _words()["phone"]["area_code"].split()
    count = len(areas)
    fictitious = persons * 3 <= count * 100
    scattered = f"(n * 2654435761 % {count * (100 if fictitious else 792 * 10_000)})"
    area = _pick_sql(areas, f"{scattered} % {count}")
    line = _FICTITIOUS_LINE if fictitious else _ANY_LINE
    stem, ending = (
        _pick_sql(words := tail[part].split(), f"draw(n, '{part}') * {len(words)}") for part in ("stem", "ending")
    )
    is_rare = f"culture in ('anglo', 'european') and draw(n, 'tail') < {float(tail['share'])}"
    return (
        f"create or replace temp macro draw(key, salt) as (hash(key, salt, {seed:d}) >> 11)::double / 9007199254740992.0",
        f"create or replace temp macro phone_line(y) as {line}",
        f"create or replace temp macro phone_number(n) as {area} || phone_line({scattered} // {count})",
        f"create or replace temp macro family_name(n, culture, name) as if({is_rare}, {stem} || {ending}, name)",
        f"create or replace temp macro nights() as {nights:d}",
        "create or replace temp macro night_share() as 0.005",
    )


def _pick_sql(words: Sequence[str], place: str) -> str:
    """The word at a place that starts at 0, cut out of one text: a list would be copied for every row."""
    width = max(map(len, words))
    text = "".join(word.ljust(width) for word in words)
    return f"rtrim(substr('{text}', 1 + {width} * floor({place})::integer, {width}))"

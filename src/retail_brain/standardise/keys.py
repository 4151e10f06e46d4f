"""Folded keys for blocking and comparing: table record to table match_key.

Apart from the standardised values because keys are for machines: letters only, one alphabet, abbreviations folded,
shared values and placeholders left out. What a person reads stays in `record`.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pyarrow as pa

    from retail_brain.config.matching import MatchingSettings

TRANSLITERATED = ("given_name", "middle_name", "family_name", "address", "city")
_FOLDED = ("given", "family", "word")
"""What is folded once a value and not once a record, because many records share it."""


def build_keys(
    con: duckdb.DuckDBPyConnection, table: str = "record", into: str = "match_key", *, settings: MatchingSettings
) -> None:
    """Create the table of keys, one row per record of a table.

    Args:
        con: holds `table` (one row per record: record_no and the standardised values) and `shared_value`.
        table: all records, or only those of a night.
        into: name of the table to create: record_no and the keys, NULL where empty, placeholder or shared.
        settings: the matching section of the configuration.
    """
    del settings
    con.execute(f"create or replace temp view key_source as select * from {quote_identifier(table)}")
    prepare_lookups(con)
    con.execute(f"create or replace table {quote_identifier(into)} as {sql.load('standardise/key_build')}")
    _drop_lookups(con)


@contextmanager
def key_view(con: duckdb.DuckDBPyConnection, table: str, name: str) -> Iterator[None]:
    """Hold the view `name` over the keys of a table's records, as `build_keys` makes them, for whoever stores them."""
    con.execute(f"create or replace temp view key_source as select * from {quote_identifier(table)}")
    prepare_lookups(con)
    con.execute(f"create view {quote_identifier(name)} as {sql.load('standardise/key_build')}")
    yield
    _drop_lookups(con)


def prepare_lookups(con: duckdb.DuckDBPyConnection) -> None:
    """Create the macros and look-up tables that folding key_source needs: transliterations, nicknames, folded names."""
    create_macros(con)
    _load_transliterations(con)
    con.register("name_form_in", name_forms())
    con.execute("create or replace temp table name_form as select name, forms, root from name_form_in")
    con.unregister("name_form_in")
    for kind in _FOLDED:
        con.execute(sql.load(f"standardise/key_{kind}"))


def _drop_lookups(con: duckdb.DuckDBPyConnection) -> None:
    for kind in _FOLDED:
        con.execute(f"drop table folded_{kind}")
    con.execute("drop view key_source")


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Create the macros that fold one value into a key."""
    for statement in sql.load("standardise/key_macro").split(";\n"):
        if statement.strip():
            con.execute(statement)


@cache
def name_forms() -> pa.Table:
    """Return one row per name that has other forms: name, forms (itself and the names it stands for), root."""
    import pyarrow as pa

    forms: dict[str, set[str]] = {}
    for names, nicknames in _nickname_rows():
        for name in names:
            forms.setdefault(name, set()).add(names[0])
        for nickname in nicknames:
            forms.setdefault(nickname, {nickname}).add(names[0])
    rows = sorted(forms.items())
    columns = (
        [name for name, _ in rows],
        [sorted(found) for _, found in rows],
        [min(found - {name}, default=name) for name, found in rows],
    )
    return pa.table(columns, names=["name", "forms", "root"])


def _nickname_rows() -> list[tuple[list[str], list[str]]]:
    text = files("retail_brain.standardise").joinpath("nickname.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return [(row["names"].split(), row["nicknames"].split()) for row in rows]


def _load_transliterations(con: duckdb.DuckDBPyConnection) -> None:
    values = " union ".join(
        f"select {column} as value from key_source where strlen({column}) > length({column}) and regexp_matches(strip_accents({column}), '[^\\x00-\\x7F]')"
        for column in TRANSLITERATED
    )
    found = [value for (value,) in con.execute(values).fetchall()]
    import pyarrow as pa
    from anyascii import anyascii

    con.register(
        "transliteration_in",
        pa.table(
            [pa.array(found, pa.string()), pa.array([anyascii(value) for value in found], pa.string())],
            names=["value", "latin"],
        ),
    )
    con.execute("create or replace temp table transliteration as select value, latin from transliteration_in")
    con.unregister("transliteration_in")

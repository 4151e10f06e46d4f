"""Merges that stand on one identifier: both records hold it, in whatever spelling, and its comparison spoke for the merge.

Apart from the other selections because it reads values: the one that was given is standardised and folded as records are,
and the levels of a merge are read with the model that scored it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain.desk.change import make_table
from retail_brain.errors import ConfigurationError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store.identifier import Holder, holders_of, merges_between
from retail_brain.store.memory import fetch_model

if TYPE_CHECKING:
    import duckdb

    from retail_brain.matching.model import Model
    from retail_brain.pipeline.stores import Stores

_KEYS = {
    "email": ("email_key", "email"),
    "phone": ("phone_key", "phone"),
    "address": ("address_key", "place"),
    "loyalty_id": ("loyalty_key", "loyalty_id"),
    "national_id": ("national_key", "national_id"),
}
"""Field to the key that it is compared by, and the comparison."""
_COLUMNS = [
    ("record_no", "bigint"), ("source", "varchar"), ("record_id", "varchar"),
    *((name, "date" if name == "date_of_birth" else "varchar") for name in VALUE_FIELDS), ("updated_at", "timestamp"),
]  # fmt: skip
_ASKED = -1


def merges_by_identifier(stores: Stores, con: duckdb.DuckDBPyConnection, value: str) -> list[int]:
    """Return the standing merges that stand on a phone, an e-mail, an address or a number.

    Args:
        stores: the open stores.
        con: an engine of its own.
        value: the identifier, as anybody writes it.

    Raises:
        ConfigurationError: the value is none of these.
    """
    asked = _standardise(stores, con, value)
    if not asked:
        raise ConfigurationError(
            "this is no phone, e-mail, address or number", hint="write it as the export or the profile has it"
        )
    holders = holders_of(stores.pg, asked)
    by_field = _same_keys(stores, con, asked, holders)
    models: dict[str, Model | None] = {}
    found = set()
    for field, numbers in by_field.items():
        comparison = _KEYS[field][1]
        for merge_id, model_id, levels in merges_between(stores.pg, numbers):
            if model_id not in models:
                models[model_id] = _model(stores, model_id)
            if _agrees(models[model_id], levels, comparison):
                found.add(merge_id)
    return sorted(found)


def _standardise(stores: Stores, con: duckdb.DuckDBPyConnection, value: str) -> dict[str, str]:
    """Return the value as each kind of identifier would be written on a record; kinds that it cannot be are left out."""
    from retail_brain.desk.resolve import PERSON_FIELDS
    from retail_brain.standardise.values import standardise_values

    kinds = [name for name in _KEYS if _may_be(name, value)]
    row = dict.fromkeys(kinds, value) | {"source": "desk", "record_id": "1"}
    names = ("source", "record_id", *PERSON_FIELDS, "updated_at", "attributes")
    make_table(con, "delivered_row", [(name, "varchar") for name in names], [[row.get(name) for name in names]])
    standardise_values(con, into="person_value", sources={}, home_region=stores.config.home_region)
    (values,) = con.execute(f"select {', '.join(_KEYS)} from person_value").fetchall()
    return {name: found for name, found in zip(_KEYS, values, strict=True) if found is not None}


def _may_be(field: str, value: str) -> bool:
    """Say whether a value can be of this kind: an e-mail has its sign, an address has words, the others have neither."""
    if "@" in value or field == "email":
        return "@" in value and field == "email"
    is_address = any(character.isalpha() for character in value) and len(value.split()) > 1
    return is_address or field != "address"


def _same_keys(
    stores: Stores, con: duckdb.DuckDBPyConnection, asked: dict[str, str], holders: list[Holder]
) -> dict[str, list[int]]:
    """Return for each kind the records whose key is the one of the value that was asked for."""
    from retail_brain.standardise.keys import build_keys

    rows: list[list[Any]] = [[asked.get(name) if name in asked else None for name, _ in _COLUMNS]]
    rows[0][:3] = [_ASKED, "desk", "1"]
    rows += [[one.record_no, "", "", *(getattr(one, name, None) for name, _ in _COLUMNS[3:])] for one in holders]
    make_table(con, "identifier_record", _COLUMNS, rows)
    con.execute("create or replace temp table shared_value (field varchar, value varchar, kind varchar)")
    build_keys(con, "identifier_record", into="identifier_key", settings=stores.config.matching)
    con.execute("drop table temp.shared_value")
    return {
        field: [
            row[0]
            for row in con.execute(
                f"select record_no from identifier_key where record_no <> {_ASKED}"
                f" and {key} = (select {key} from identifier_key where record_no = {_ASKED}) order by record_no"
            ).fetchall()
        ]
        for field, (key, _comparison) in _KEYS.items()
        if field in asked
    }


def _model(stores: Stores, model_id: str) -> Model | None:
    from retail_brain.matching.model import Model

    stored = fetch_model(stores.pg, model_id)
    return None if stored is None else Model.from_text(stored.document)


def _agrees(model: Model | None, levels: str, comparison: str) -> bool:
    """Say whether a comparison reached a level that speaks for one person."""
    if model is None:
        return False
    names = [one.name for one in model.comparisons]
    parts = levels.split(",")
    if comparison not in names or len(parts) != len(names):
        return False
    return int(parts[names.index(comparison)].partition(":")[0]) > 0

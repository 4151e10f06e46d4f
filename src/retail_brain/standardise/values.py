"""Delivered text made into standardised records: the run of the value statements and of the parsers beside them.

Apart from keys, which fold values for matching: what is made here is for people to read. DuckDB does the plain
spellings; the parsers of this room see each odd spelling once, and come back as small tables that are joined. So the
result depends neither on the order of rows nor on threads, and Python never sees a row.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from retail_brain import sql
from retail_brain.engine import quote_identifier
from retail_brain.standardise import name_words
from retail_brain.standardise.addresses import Address, split_address
from retail_brain.standardise.countries import country_region
from retail_brain.standardise.dates import DateOrder, detect_date_order, parse_date
from retail_brain.standardise.names import Name, standardise_name
from retail_brain.standardise.phones import standardise_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

BATCH_ROWS: Final = 100_000
RECORD_FIELDS: Final = (
    "given_name", "middle_name", "family_name", "name_suffix", "gender", "email", "phone", "date_of_birth", "address",
    "city", "region", "postal_code", "country", "loyalty_id", "national_id", "updated_at",
)  # fmt: skip
_WHOLE_NAME_FIELDS: Final = ("full_name", "native_name")
_MACROS: Final = (
    "text", "word", "email_checked", "email_found", "email", "identifier_checked", "identifier", "gender", "postal",
    "name_plain", "name_whole", "address_key", "phone_plain", "date_text", "iso_day", "iso_time", "epoch", "day_checked",
    "moment", "time_checked",
)  # fmt: skip
_VIEWS: Final = ("record", "placed", "delivered")
_TABLES: Final = ("keyed", "odd", "setting", "name", "address", "country", "phone", "date", "five_digit")
_SEPARATOR: Final = "\x1f"

Row = tuple[Any, ...]


class ValueSettings(Protocol):
    """What a source may say about the spelling of its values; None where it is to be found out."""

    @property
    def date_order(self) -> DateOrder | None:
        """Order of day, month and year."""

    @property
    def phone_region(self) -> str | None:
        """Two-letter country of numbers without a country code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCount:
    """What became of one field of one source.

    Attributes:
        source: name of the source.
        field: a column of `record`, or full_name and native_name, which are split into others.
        delivered: rows that came with a value.
        present: records that have a value now.
        nulled: values that could not be read. For names and places, which move between columns, the net loss.
    """

    source: str
    field: str
    delivered: int
    present: int
    nulled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DateOrderFound:
    """The order of day, month and year that a field of one source was read in."""

    source: str
    field: str
    order: DateOrder
    detected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardiseResult:
    """What standardising made: records, counts per source and field, date orders used for other than ISO dates."""

    records: int
    fields: tuple[FieldCount, ...]
    date_orders: tuple[DateOrderFound, ...]


def standardise_values(
    con: DuckDBPyConnection,
    *,
    source_table: str = "delivered_row",
    into: str = "record",
    sources: Mapping[str, ValueSettings],
    home_region: str = "US",
    today: date | None = None,
) -> StandardiseResult:
    """Make standardised records of delivered rows.

    Args:
        con: the engine.
        source_table: table of one row per delivered record: source, record_id and raw texts.
        into: table to make, replaced where it stands: one row per record, standardised for people to read.
        sources: how each source spells its values; a source without settings gets the defaults.
        home_region: two-letter country whose phone prefix and date order hold where nothing else is known.
        today: the last possible day of a date; the current day by default.

    Returns:
        Counts per source and field, and the date orders that were used.
    """
    with standardised_rows(
        con, source_table=source_table, sources=sources, home_region=home_region, today=today
    ) as orders:
        con.execute(f"create or replace table {quote_identifier(into)} as select * exclude (carried) from value_record")
        return _count(con, into, orders)


@contextmanager
def standardised_rows(
    con: DuckDBPyConnection,
    *,
    source_table: str = "delivered_row",
    sources: Mapping[str, ValueSettings],
    home_region: str = "US",
    today: date | None = None,
    carried: Sequence[str] = (),
) -> Iterator[tuple[DateOrderFound, ...]]:
    """Hold the view value_record, one row per delivered record with its standardised values, for whoever stores them.

    Args:
        con: the engine.
        source_table: table of one row per delivered record: source, record_id and raw texts.
        sources: how each source spells its values; a source without settings gets the defaults.
        home_region: two-letter country whose phone prefix and date order hold where nothing else is known.
        today: the last possible day of a date; the current day by default.
        carried: columns of `source_table` that the view holds unchanged, together in one column `carried`.

    Returns:
        The date orders that were used.
    """
    _prepare(con, source_table, today or datetime.now(UTC).date(), carried)
    try:
        regions = _write_settings(con, sources, home_region)
        _map_odd(con, "name", ("given_name", "middle_name", "family_name", "name_suffix"), _name_parts)
        _map_odd(con, "address", ("street", "city", "region", "postal_code", "country"), _address_parts)
        _map_odd(con, "country", ("region",), lambda country: (country_region(country),))
        con.execute(sql.load("standardise/value_placed"))
        _map_odd(con, "phone", ("phone",), _phone_parts)
        orders = _map_dates(con, sources, regions, today or datetime.now(UTC).date())
        con.execute(sql.load("standardise/value_five_digit"))
        con.execute(sql.load("standardise/value_record"))
        yield orders
    finally:
        _clean_up(con)


def _prepare(con: DuckDBPyConnection, source_table: str, today: date, carried: Sequence[str]) -> None:
    _clean_up(con)
    con.execute("set variable value_today = $1", [today])
    con.execute("set variable value_name_words = $1", [odd_word_pattern()])
    held = f"struct_pack({', '.join(map(quote_identifier, carried))})" if carried else "null"
    con.execute(
        f"create or replace temp view value_delivered as select *, {held} as carried from {quote_identifier(source_table)}"
    )
    for macro in _MACROS:
        con.execute(sql.load(f"standardise/value_{macro}"))
    con.execute(sql.load("standardise/value_keyed"))


def _clean_up(con: DuckDBPyConnection) -> None:
    for view in _VIEWS:
        con.execute(f"drop view if exists temp.value_{view}")
    for table in _TABLES:
        con.execute(f"drop table if exists temp.value_{table}")


def odd_word_pattern() -> str:
    """Return the pattern of the words that make a name odd, wherever they stand in it."""
    lists = (
        name_words.TITLES,
        name_words.ENDINGS,
        name_words.PARTICLES,
        name_words.LINKS,
        name_words.NOTHING,
        name_words.NOTHING_ALONE,
    )
    words = {word for words in lists for word in words if word.replace("-", "").replace(" ", "").isalpha()}
    return rf"(?i)(?:^|[ ,])(?:{'|'.join(sorted(words | {'nan'}))})(?:[ ,]|$)"


def _write_settings(con: DuckDBPyConnection, sources: Mapping[str, ValueSettings], home_region: str) -> dict[str, str]:
    """Write one row per source with the country of its phone numbers; return those countries."""
    names = [row[0] for row in con.execute("select distinct source from value_delivered order by 1").fetchall()]
    regions = {name: (sources[name].phone_region if name in sources else None) or home_region for name in names}
    _insert(con, "setting", ("source", "phone_region"), list(regions.items()))
    return regions


def _map_odd(con: DuckDBPyConnection, kind: str, columns: tuple[str, ...], parse: Callable[[str], Row]) -> None:
    """Parse each odd spelling of one kind once, into a table from spelling to values."""
    con.execute(sql.load(f"standardise/value_{kind}_odd"))
    _insert(con, kind, ("odd", *columns), [])
    for batch in _odd_batches(con):
        _insert(con, kind, ("odd", *columns), [(odd, *parse(odd)) for odd, *_ in batch])


def _odd_batches(con: DuckDBPyConnection) -> Iterator[list[Row]]:
    (total,) = con.execute("select count(*) from value_odd").fetchone() or (0,)
    for start in range(0, total, BATCH_ROWS):
        bounds = [start, start + BATCH_ROWS]
        yield con.execute("select * from value_odd where rowid >= $1 and rowid < $2", bounds).fetchall()


def _insert(con: DuckDBPyConnection, kind: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Add rows to a small table of this room, made when it does not stand."""
    import pyarrow as pa

    types = {"day": pa.date32()}
    arrays = [
        pa.array([row[place] for row in rows], type=types.get(column, pa.string()))
        for place, column in enumerate(columns)
    ]
    con.register("value_batch", pa.table(dict(zip(columns, arrays, strict=True))))
    con.execute(f"create temp table if not exists value_{kind} as from value_batch limit 0")
    con.execute(f"insert into value_{kind} from value_batch")
    con.unregister("value_batch")


def _name_parts(odd: str) -> Row:
    given, middle, family, suffix, full, native = (part or None for part in odd.split(_SEPARATOR))
    return standardise_name(Name(given, middle, family, suffix), full=full, native=native)


def _address_parts(odd: str) -> Row:
    return split_address(Address(*(part or None for part in odd.split(_SEPARATOR))))


def _phone_parts(odd: str) -> Row:
    phone, region = odd.split(_SEPARATOR)
    return (standardise_phone(phone, region),)


def _map_dates(
    con: DuckDBPyConnection, sources: Mapping[str, ValueSettings], regions: Mapping[str, str], today: date
) -> tuple[DateOrderFound, ...]:
    """Read each odd spelling of a day once, in the order of its source's column."""
    con.execute(sql.load("standardise/value_date_odd"))
    _insert(con, "date", ("odd", "day"), [])
    columns = con.execute(
        "select distinct split_part(odd, chr(31), 1), split_part(odd, chr(31), 2) from value_odd order by all"
    ).fetchall()
    found = {}
    for source, field in columns:
        given = sources[source].date_order if source in sources else None
        order = given or detect_date_order(_spellings(con, source, field), region=regions[source])
        found[source, field] = DateOrderFound(source=source, field=field, order=order, detected=given is None)
    for batch in _odd_batches(con):
        rows = []
        for odd, _ in batch:
            source, field, text = odd.split(_SEPARATOR)
            rows.append((odd, parse_date(text, order=found[source, field].order, today=today)))
        _insert(con, "date", ("odd", "day"), rows)
    return tuple(found.values())


def _spellings(con: DuckDBPyConnection, source: str, field: str) -> Iterator[tuple[str, int]]:
    prefix = f"{source}{_SEPARATOR}{field}{_SEPARATOR}"
    for batch in _odd_batches(con):
        yield from ((odd.removeprefix(prefix), records) for odd, records in batch if odd.startswith(prefix))


def _count(con: DuckDBPyConnection, into: str, orders: tuple[DateOrderFound, ...]) -> StandardiseResult:
    delivered_fields = (*_WHOLE_NAME_FIELDS, *RECORD_FIELDS)
    delivered = {row[0]: row[1:] for row in con.execute(_count_sql("value_delivered", delivered_fields)).fetchall()}
    present = {row[0]: row[1:] for row in con.execute(_count_sql(into, RECORD_FIELDS)).fetchall()}
    fields = []
    for source, counts in sorted(delivered.items()):
        now: dict[str, int] = dict(zip(RECORD_FIELDS, present[source][1:], strict=True))
        for field, before in zip(delivered_fields, counts[1:], strict=True):
            kept: int = now[field] if field in now else before  # noqa: SIM401
            lost = max(before - kept, 0)
            fields.append(FieldCount(source=source, field=field, delivered=before, present=kept, nulled=lost))
    return StandardiseResult(
        records=sum(counts[0] for counts in present.values()), fields=tuple(fields), date_orders=orders
    )


def _count_sql(table: str, fields: Sequence[str]) -> str:
    """Return a statement: one row per source: its name, its rows, and for each field the rows that have a value."""
    counts = ", ".join(f"count({quote_identifier(field)})" for field in fields)
    return f"select source, count(*), {counts} from {quote_identifier(table)} group by source"

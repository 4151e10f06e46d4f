"""What each source delivered, measured: is it what this source delivers, and does it speak of the same people?

Apart from the measures of the run because these look at delivered rows, source by source, and are what tells a shifted
column, a doubled export or another system's file from a usual night. Shares and shapes only, no customer's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retail_brain import sql
from retail_brain.audit.sample import choose_steps
from retail_brain.engine import has_table

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 20_000
SHAPES = 20
"""So many shapes of a field are kept; a field with more of them is not judged by shape."""

Measures = dict[str, dict[str, Any]]


def measure_deliveries(con: duckdb.DuckDBPyConnection) -> Measures:
    """Measure what was delivered tonight.

    Args:
        con: has record_tonight, record_change, delivered_row, record, crosswalk and term_frequency, and after the first
            run record_before.

    Returns:
        For each source: rows, new and known records; as pairs of share and rows: `twin` (new records in one profile with
        another record of the source), `damaged` (letters in a wrong encoding), `rewritten` (known records on which a
        field has another value, by field; as `updated_at` those older than what is known); as shares: `swapped` (given
        names that are surnames elsewhere and the other way round), `named_email` (mailboxes that hold a name of their
        owner); `copies` (the most records alike in name and all identifiers); `shapes` (by field, shape to share).
    """
    later = has_table(con, "record_before")
    con.execute(sql.load("audit/delivery_night" if later else "audit/delivery_first"))
    choose_steps(con, "audit_delivered", rows=SAMPLE_ROWS)
    con.execute(sql.load("audit/delivery_row"))
    fresh = "audit_delivered where action <> 'unchanged'" if later else "audit_row"
    con.execute(f"create or replace temp view audit_fresh as from {fresh}")
    found: Measures = {}
    for source, rows, new, known, swapped, named in con.execute(sql.load("audit/delivery_measure")).fetchall():
        found[source] = {"rows": rows, "new": new, "known": known, "swapped": swapped, "named_email": named}
        found[source] |= {"rewritten": {}, "shapes": {}}
    for source, share, rows in con.execute(sql.load("audit/delivery_twin")).fetchall():
        found[source]["twin"] = (round(share, 6), rows)
    choose_steps(con, "delivered_row", rows=SAMPLE_ROWS)
    for source, share, rows in con.execute(sql.load("audit/delivery_damage")).fetchall():
        found[source]["damaged"] = (round(share, 6), rows)
    for source, rows in con.execute(sql.load("audit/delivery_copy")).fetchall():
        found[source]["copies"] = rows
    for source, field, shape, share in con.execute(sql.load("audit/delivery_shape"), {"shapes": SHAPES}).fetchall():
        found[source]["shapes"].setdefault(field, {})[shape] = share
    if later:
        for source, field, share, rows in con.execute(sql.load("audit/delivery_rewritten")).fetchall():
            found[source]["rewritten"][field] = (round(share, 6), rows)
    con.execute("drop view audit_fresh; drop table audit_row; drop view audit_delivered")
    return found


def common_shape(
    con: duckdb.DuckDBPyConnection, source: str, field: str, *, unread: bool = False, by_value: bool = False
) -> str | None:
    """Return the shape of what stands in a delivered field most often: letters as a, digits as 9.

    Args:
        con: has delivered_row and record_tonight.
        source: the source.
        field: the field; `name` stands for the whole name.
        unread: look only at values that could not be read.
        by_value: the shape of the most common value, not the most common shape.
    """
    parameters = {"source": source, "field": field, "unread": unread, "by_value": by_value}
    row = con.execute(sql.load("audit/shape_common"), parameters).fetchone()
    return str(row[0]) if row else None

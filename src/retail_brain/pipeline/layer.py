"""Large tables in layers: the rows of an earlier run, shared and not copied, and on top what the nights since have changed.

Apart from the steps of a night because it is how a night of few changes costs few seconds: records, keys and edges are
millions of rows of which one in a hundred differs from yesterday. Once the layer has grown, the table is made whole.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from retail_brain.engine import has_table, quote_identifier
from retail_brain.workspace import layered_sql, layers, unreplaced_sql

if TYPE_CHECKING:
    import duckdb

    from retail_brain.workspace import RunFolder

WHOLE_SHARE = 0.25
"""Above this share of rows on top, the table is made whole."""


def renew(con: duckdb.DuckDBPyConnection, name: str, *, fresh: str, replaced: str) -> None:
    """Make a table of `<name>_before` and tonight's rows.

    Args:
        con: has `<name>_before`, as `RunFolder.read` left it.
        name: the table to make: a view over layers, or a table where the layer has grown.
        fresh: tonight's rows.
        replaced: one row per record whose earlier rows no longer count: record_no.
    """
    before, base = f"{name}_before", f"{name}_base"
    delta, gone = layers(name)
    layered = has_table(con, f"{before}_delta")
    rows, records = f"select * from {quote_identifier(fresh)}", f"select record_no from {quote_identifier(replaced)}"
    if layered:
        rows = f"{unreplaced_sql(con, layers(before)[0], replaced)} union all by name {rows}"
        records = f"select record_no from {quote_identifier(layers(before)[1])} union all {records}"
    make_whole(con, name)
    con.execute(f"create or replace table {quote_identifier(gone)} as select distinct record_no from ({records})")
    con.execute(f"create or replace table {quote_identifier(delta)} as {rows}")
    con.execute(
        f"create or replace view {quote_identifier(base)} as from {quote_identifier(f'{before}_base' if layered else before)}"
    )
    whole = _rows(con, delta) > WHOLE_SHARE * _rows(con, base)
    con.execute(f"create {'table' if whole else 'view'} {quote_identifier(name)} as {layered_sql(con, name)}")
    if whole:
        for layer in (delta, gone):
            con.execute(f"drop table {quote_identifier(layer)}")


def make_whole(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Forget what an earlier try made of a table, so that it can be made again, whole or in layers."""
    import duckdb

    for table in (name, *layers(name)):
        for kind in ("table", "view"):
            with suppress(duckdb.CatalogException):  # it is the other kind
                con.execute(f"drop {kind} if exists {quote_identifier(table)}")


def settle(con: duckdb.DuckDBPyConnection, name: str, folder: RunFolder, *, order_by: str | None = None) -> None:
    """Leave the rows of a table or view in the run's artefact, and read them there from now on: they need no memory."""
    folder.write(con, name, order_by=order_by)
    make_whole(con, name)
    folder.read(con, name, as_view=True, checked=False)


def keep_table(con: duckdb.DuckDBPyConnection, name: str, folder: RunFolder, base: RunFolder | None) -> None:
    """Write a table as an artefact: only its layers where it stands on those of an earlier run."""
    if base is not None and has_table(con, layers(name)[0]):
        folder.write_layers(con, name, base)
    else:
        folder.write(con, name)


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    (rows,) = con.execute(f"select count(*) from {quote_identifier(table)}").fetchone() or (0,)
    return rows

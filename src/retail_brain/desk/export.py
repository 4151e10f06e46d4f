"""Files for others: the crosswalk, the profiles, the merge log, as Parquet or CSV.

Rows come from PostgreSQL, in one snapshot and sorted, so that two exports of one state are equal byte for byte. In CSV,
a cell that a spreadsheet would take for a formula gets a leading apostrophe unless the caller says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.lookup import open_store
from retail_brain.desk.result import ExportResult
from retail_brain.engine import open_engine, quote_identifier, quote_text
from retail_brain.errors import ConfigurationError, ResourceError
from retail_brain.pipeline.stores import open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.store.export import Exported

_SORTED_BY = {"crosswalk": "source, record_id", "profiles": "profile_id", "merges": "merge_id"}


def export(config: Configuration, what: Exported, to: Path, *, raw: bool = False) -> ExportResult:
    """Write a file.

    Args:
        config: the configuration.
        what: crosswalk (source, record_id, profile_id), profiles or merges.
        to: the file; its ending, .csv or .parquet, says the format.
        raw: leave cells that look like formulas as they are (CSV).

    Returns:
        The path and the number of rows.

    Raises:
        ConfigurationError: the ending says no format.
        ResourceError: the file cannot be written.
    """
    import duckdb

    from retail_brain.store.export import read_export

    if to.suffix not in (".csv", ".parquet"):
        raise ConfigurationError(f"{to.name} must end in .csv or .parquet")
    if not to.parent.is_dir():
        raise ConfigurationError(f"there is no folder {to.parent}")
    with open_store(config) as pg, open_engine(config.resources, open_workspace(config).scratch) as con:
        rows = read_export(pg, con, what, table="exported")
        partial = to.with_name(to.name + ".partial")
        try:
            con.execute(_copy_sql(con, what, partial, as_csv=to.suffix == ".csv", guarded=not raw))
            partial.replace(to)
        except (OSError, duckdb.IOException) as error:
            raise ResourceError(f"{to} cannot be written", hint="check the folder's owner and the free disk") from error
        finally:
            partial.unlink(missing_ok=True)
    return ExportResult(path=str(to), rows=rows)


def _copy_sql(con: duckdb.DuckDBPyConnection, what: str, path: Path, *, as_csv: bool, guarded: bool) -> str:
    columns = con.sql("select name, type from pragma_table_info('exported')").fetchall()
    chosen = ", ".join(
        _guarded(name) if as_csv and guarded and kind == "VARCHAR" else _plain(name, kind) for name, kind in columns
    )
    options = "format csv, header" if as_csv else "format parquet, compression zstd"
    return f"copy (select {chosen} from exported order by {_SORTED_BY[what]}) to {quote_text(str(path))} ({options})"


def _plain(name: str, kind: str) -> str:
    """Return a column as it is; a profile id as text, which every reader of Parquet understands."""
    quoted = quote_identifier(name)
    return f"{quoted}::varchar as {quoted}" if kind == "UUID" else quoted


def _guarded(name: str) -> str:
    quoted = quote_identifier(name)
    return f"case when regexp_matches({quoted}, '^[=+\\-@\\t\\r＝＋－＠]') then chr(39) || {quoted} else {quoted} end as {quoted}"

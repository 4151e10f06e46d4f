"""The profiles that a delivery is about to change: those of the records that it names."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import quote_identifier, quote_text
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.config.ingest import SourceSettings

_MOST = 20_000


def profiles_of_delivery(config: Configuration, folder: Path) -> tuple[str, ...]:
    """Return the profiles whose records a delivery names, before it is run.

    Args:
        config: the configuration.
        folder: the files of the delivery.

    Returns:
        Profile ids; passed over are files that repeat every record, and those that plain settings do not read.
    """
    import duckdb

    from retail_brain.desk.lookup import open_store

    named: dict[str, list[str]] = {}
    with duckdb.connect() as con:
        for path in sorted(folder.iterdir()):
            for source, settings in config.sources.items():
                mine = any(fnmatch(path.name, pattern) for pattern in settings.files)
                if mine and settings.delivery == "delta":
                    named.setdefault(source, []).extend(_record_ids(con, path, settings))
    found: list[str] = []
    with open_store(config) as pg:
        for source, record_ids in named.items():
            parameters = {"source": source, "record_ids": record_ids}
            with translated(), pg.transaction():
                rows = pg.execute(sql.load("loadtest/profile_of_record"), parameters).fetchall()
            found += [str(row[0]) for row in rows]
    return tuple(dict.fromkeys(found))


def _record_ids(con: object, path: Path, settings: SourceSettings) -> list[str]:
    import duckdb

    assert isinstance(con, duckdb.DuckDBPyConnection)
    columns = " || ' ' || ".join(f"{quote_identifier(name)}::varchar" for name in settings.columns_of("record_id"))
    place = quote_text(str(path))
    reader = (
        f"read_parquet({place})"
        if settings.format == "parquet"
        else f"read_csv({place}, all_varchar = true, header = true, delim = {quote_text(settings.delimiter)})"
    )
    try:
        rows = con.execute(f"select distinct {columns} from {reader} limit {_MOST}").fetchall()
    except duckdb.Error:
        return []
    return [row[0] for row in rows if row[0]]

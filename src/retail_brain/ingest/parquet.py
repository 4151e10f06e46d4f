"""What a Parquet file says about itself, held against the caps before anything of it is read.

Apart from loading: a footer is cheap to read, and a file that would grow out of bounds is refused by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.sql import load

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.ingest import IngestSettings
    from retail_brain.ingest.claim import Claim


_FEW_ROWS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetShape:
    """Columns, their DuckDB types, and the number of rows."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: int


def describe_parquet(con: duckdb.DuckDBPyConnection, path: str, claim: Claim, settings: IngestSettings) -> ParquetShape:
    """Return the shape of a Parquet file.

    Args:
        con: the engine.
        path: leads to the claim's open handle.
        claim: the file, for its name and size.
        settings: the caps.

    Raises:
        InputError: it is no Parquet file, is damaged, or is beyond a cap.
    """
    import duckdb

    try:
        columns = con.execute(load("ingest/describe_parquet"), {"path": path}).fetchall()
        row = con.execute(load("ingest/measure_parquet"), {"path": path}).fetchone()
    except duckdb.Error:
        raise InputError(f"{claim.name} is no Parquet file, or a damaged one", hint="deliver it again") from None
    rows, unpacked = row or (0, 0)
    if len(columns) > settings.max_columns:
        raise InputError(
            f"{claim.name} has {len(columns):,} columns, more than {settings.max_columns}",
            hint="raise ingest.max_columns",
        )
    if unpacked > settings.max_unpacked_bytes or rows > settings.max_unpacked_bytes:
        raise InputError(
            f"{claim.name} unpacks to more than {settings.max_unpacked_bytes:,} bytes",
            hint="split it, or raise ingest.max_unpacked_bytes",
        )
    if rows > _FEW_ROWS and rows > settings.max_unpacked_ratio * claim.size:
        raise InputError(
            f"{claim.name} says it holds {rows:,} rows in {claim.size:,} bytes", hint="that cannot be customer records"
        )
    return ParquetShape(names=tuple(c[0] for c in columns), types=tuple(c[1] for c in columns), rows=int(rows))

"""A folder of deliveries and an engine, for the tests of ingesting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.config.ingest import IngestSettings, SourceSettings
from retail_brain.ingest.deliveries import IngestResult, ingest_deliveries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

COLUMNS = {"record_id": "id", "given_name": "first", "family_name": "last", "email": "mail", "updated_at": "changed"}
HEADER = "id,first,last,mail,changed\n"
CANARY = "canary@secret.example"


@dataclass
class Night:
    """One engine, one folder of deliveries, and the source `crm` that takes crm*.csv in every packing."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    scratch: Path

    def write(self, data: str | bytes, name: str = "crm.csv") -> Path:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def source(self, **options: Any) -> SourceSettings:
        patterns = ("crm*.csv", "crm*.csv.gz", "crm*.csv.zst", "crm*.parquet")
        return SourceSettings(**{"files": patterns, "columns": COLUMNS, **options})

    def ingest(
        self,
        *,
        files: Sequence[Path] | None = None,
        known: Mapping[str, str] | None = None,
        sources: Mapping[str, SourceSettings] | None = None,
        settings: IngestSettings | None = None,
        **options: Any,
    ) -> IngestResult:
        result = ingest_deliveries(
            self.con,
            sources=sources or {"crm": self.source(**options)},
            base_folder=self.folder,
            files=files,
            known=known or {},
            settings=settings or IngestSettings(fresh_s=0),
            scratch=self.scratch,
        )
        for delivery in result.deliveries:
            assert delivery.rows == delivery.accepted + delivery.quarantined + delivery.duplicates
        assert list(self.scratch.iterdir()) == []
        return result

    def rows(self, columns: str = "record_id, given_name, family_name") -> list[tuple[Any, ...]]:
        return self.con.execute(f"select {columns} from delivered_row order by source, record_id").fetchall()

    def quarantine(self) -> list[tuple[int, str]]:
        return self.con.execute("select line, reason from quarantined_row_new order by line").fetchall()

    def tables_are_empty(self) -> bool:
        tables = ("delivered_row", "delivery_new", "quarantined_row_new")
        return all(self.con.execute(f"select count(*) from {table}").fetchone() == (0,) for table in tables)

"""The workspace folder: the artefacts of runs, the models, and the lock that keeps two runs apart.

Every artefact is an immutable Parquet file, written to a temporary neighbour and then renamed, with its hash in the
manifest of its run. The folder can be deleted at any time: PostgreSQL is the truth, and a run rebuilds what it needs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain.engine import INTERMEDIATE, quote_identifier, quote_text
from retail_brain.errors import LockedError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

MANIFEST = "manifest.json"
_HASHED_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """The artefacts of one run."""

    path: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest: what it was made from, and rows and hash of each artefact. Empty where there is none."""
        try:
            return json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def note(self, **entries: Any) -> None:
        """Write entries into the manifest, replacing the file in one step."""
        replace_text(self.path / MANIFEST, json.dumps({**self.manifest, **entries}, indent=1, sort_keys=True))

    def write(self, con: duckdb.DuckDBPyConnection, name: str, *, order_by: str | None = None) -> None:
        """Write a DuckDB table as an artefact of the same name.

        Args:
            con: the connection that has the table.
            name: the table.
            order_by: columns to sort by, which makes the file smaller and its bytes repeatable.
        """
        partial = self.path / f"{name}.parquet.partial"
        order = f" order by {order_by}" if order_by else ""
        query = f"select * from {quote_identifier(name)}{order}"
        con.execute(f"copy ({query}) to {quote_text(str(partial))} ({INTERMEDIATE})")
        digest = file_hash(partial)
        partial.replace(self.path / f"{name}.parquet")
        artefacts = {**self.manifest.get("artefacts", {}), name: digest}
        for part in layers(name):  # of an earlier try: the table is whole now
            artefacts.pop(part, None)
        self.note(artefacts=artefacts)

    def write_layers(self, con: duckdb.DuckDBPyConnection, name: str, base: RunFolder) -> None:
        """Write what differs of a large table from the same artefact of an earlier run, which is shared and not copied.

        Args:
            con: has `<name>_delta` (the rows that are not in the base) and `<name>_replaced` (one row per record whose
                rows in the base no longer count: record_no).
            name: the table.
            base: the run that wrote the whole table, or that shares it itself.
        """
        ours = self.path / f"{name}.parquet"
        ours.unlink(missing_ok=True)
        try:
            ours.hardlink_to(base.path / f"{name}.parquet")
        except OSError:
            shutil.copyfile(base.path / f"{name}.parquet", ours)
        self.note(artefacts={**self.manifest.get("artefacts", {}), name: base.manifest["artefacts"][name]})
        for part in layers(name):
            self.write(con, part)

    def read(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        *,
        into: str | None = None,
        as_view: bool = False,
        checked: bool = True,
    ) -> bool:
        """Load an artefact into a DuckDB table, if its bytes are the ones that were written.

        Args:
            con: the connection that gets the table.
            name: the artefact.
            into: the table's name, the artefact's by default.
            as_view: leave the rows in the file and read them on demand. An artefact in layers always becomes a view,
                over `<into>_base`, `<into>_delta` and `<into>_replaced`.
            checked: hold every byte against its hash; where only a few rows are read that would take longest.

        Returns:
            False where the artefact is missing or damaged; the caller then computes it again.
        """
        target = into or name
        parts = [part for part in layers(name) if part in self.manifest.get("artefacts", {})]
        if not all(self.is_intact(part) if checked else self._is_there(part) for part in (name, *parts)):
            return False
        for part in parts:
            self._load(con, part, target + part.removeprefix(name), "table")
        if parts:
            self._load(con, name, f"{target}_base", "view")
            con.execute(f"create or replace view {quote_identifier(target)} as {layered_sql(con, target)}")
        else:
            self._load(con, name, target, "view" if as_view else "table")
        return True

    def _load(self, con: duckdb.DuckDBPyConnection, name: str, into: str, kind: str) -> None:
        path = quote_text(str(self.path / f"{name}.parquet"))
        con.execute(f"create or replace {kind} {quote_identifier(into)} as from read_parquet({path})")

    def number(self, con: duckdb.DuckDBPyConnection, name: str, into: str) -> None:
        """Make a view of an artefact that was written in an order: its rows, and their place in it as record_no, from 1."""
        path = quote_text(str(self.path / f"{name}.parquet"))
        con.execute(
            f"create or replace view {quote_identifier(into)} as select * exclude (file_row_number), file_row_number + 1 as record_no"
            f" from read_parquet({path}, file_row_number = true)"
        )

    def is_intact(self, name: str) -> bool:
        """Say whether an artefact is there and holds the bytes that were written."""
        path = self.path / f"{name}.parquet"
        expected = self.manifest.get("artefacts", {}).get(name)
        return expected is not None and path.is_file() and file_hash(path) == expected

    def are_intact(self, names: Iterable[str]) -> bool:
        """Say whether artefacts and what lies on top of them hold the bytes that were written, looking at several at once."""
        listed = self.manifest.get("artefacts", {})
        parts = [part for name in names for part in (name, *(layer for layer in layers(name) if layer in listed))]
        with ThreadPoolExecutor(_HASHED_AT_ONCE, "hash") as pool:
            return all(pool.map(self.is_intact, parts))

    def _is_there(self, name: str) -> bool:
        return name in self.manifest.get("artefacts", {}) and (self.path / f"{name}.parquet").is_file()

    def complete(self, names: tuple[str, ...]) -> bool:
        """Say whether the manifest lists all of these artefacts and the run was finished."""
        manifest = self.manifest
        return bool(manifest.get("finished")) and set(names) <= set(manifest.get("artefacts", {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The workspace folder."""

    folder: Path

    @property
    def scratch(self) -> Path:
        """The folder for what the engine spills; emptied at the start of every use."""
        return self.folder / "scratch" / str(os.getpid())

    @property
    def models(self) -> Path:
        """The folder of trained models, one folder each."""
        return self.folder / "models"

    @property
    def reports(self) -> Path:
        """The folder of run reports."""
        return self.folder / "reports"

    def prepare(self) -> None:
        """Create the folder, and remove what a killed process left in the scratch folder.

        Raises:
            ResourceError: the folder cannot be written.
        """
        try:
            for path in (self.folder, self.folder / "runs", self.models, self.reports, self.folder / "scratch"):
                path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in (self.folder / "scratch").iterdir():
                if not (left.name.isdigit() and Path(f"/proc/{left.name}").exists()):
                    shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise _unwritable(self.folder) from error

    def run_folder(self, run_id: int) -> RunFolder:
        """Return the folder of one run, without creating it."""
        return RunFolder(path=self.folder / "runs" / f"{run_id:08d}")

    def create_run_folder(self, run_id: int) -> RunFolder:
        """Return the folder of one run, created where it is missing."""
        folder = self.run_folder(run_id)
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def newest_run(self) -> int:
        """Return the greatest number of a run that has a folder, 0 where there is none."""
        names = [path.name for path in (self.folder / "runs").iterdir()]
        return max((int(name) for name in names if name.isdigit()), default=0)

    def forget_runs(self, keep: set[int]) -> None:
        """Remove the artefacts of every run but these."""
        for path in (self.folder / "runs").iterdir():
            if path.name.isdigit() and int(path.name) not in keep:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def lock(self, what: str) -> Iterator[None]:
        """Hold the workspace for one run.

        Args:
            what: what the holder does, told to whoever finds the lock taken.

        Raises:
            LockedError: another process holds it; the message names its process id.
            ResourceError: the folder cannot be written.
        """
        path = self.folder / "lock"
        try:
            opened = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.folder) from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise LockedError(
                    f"the workspace is in use by {holder}", hint="wait for it to end, then repeat"
                ) from error
            file.truncate(0)
            file.write(f"process {os.getpid()}: {what}")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def layers(name: str) -> tuple[str, str]:
    """Return the names of the tables that lie on top of a shared artefact."""
    return f"{name}_delta", f"{name}_replaced"


def layered_sql(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the select over the layers of a table: `<name>_base` without replaced records, and `<name>_delta`."""
    delta, replaced = layers(name)
    return f"{unreplaced_sql(con, f'{name}_base', replaced)} union all by name select * from {quote_identifier(delta)}"


def unreplaced_sql(con: duckdb.DuckDBPyConnection, table: str, replaced: str) -> str:
    """Return the select over the rows of a table none of whose records is replaced.

    Args:
        con: has both tables.
        table: its columns that begin with record_no name the records of a row.
        replaced: one row per record: record_no.
    """
    columns = [row[0] for row in con.execute(f"describe {quote_identifier(table)}").fetchall()]
    keys = [quote_identifier(column) for column in columns if column.startswith("record_no")]
    kept = " and ".join(f"{key} not in (select record_no from {quote_identifier(replaced)})" for key in keys)
    return f"select * from {quote_identifier(table)} where {kept}"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new text and never a part.

    Raises:
        ResourceError: its folder cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path) from error


def _unwritable(path: Path) -> ResourceError:
    return ResourceError(f"{path} cannot be written", hint="check the folder's owner and the free disk")

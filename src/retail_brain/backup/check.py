"""Whether a backup is what its manifest says, and whether what it holds can be read: every problem, each with its file.

Nothing of a damaged backup is believed: the manifest is read first and bears its own hash. Decoding goes further than hashes do. A file
that was cut off before the manifest was written has a fitting hash, but not the rows that the database had.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.backup import tool
from retail_brain.backup.manifest import FileEntry
from retail_brain.backup.scan import COPY_END, no_tell, scan
from retail_brain.errors import RetailBrainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retail_brain.backup.manifest import Manifest, TableEntry
    from retail_brain.backup.scan import ScannedFile, ScannedFolder
    from retail_brain.backup.tool import Tools

TOC = "dump/toc.dat"
GLOBALS = "globals.sql"
CONFIGURATION = "configuration.toml"
_GLOBALS_END = "-- PostgreSQL database cluster dump complete"
_DATA = re.compile(r"^(\d+); \d+ (\d+) TABLE DATA ", re.MULTILINE)
_MADE = re.compile(r"^; Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", re.MULTILINE)


def check_files(
    folder: Path,
    manifest: Manifest,
    *,
    tools: Tools | None = None,
    jobs: int = 2,
    tell: Callable[[int, int], None] = no_tell,
) -> tuple[str, ...]:
    """Hold every file of a backup against its manifest, and decode them in the same breath where that is asked for.

    Args:
        folder: the backup.
        manifest: as it was read.
        tools: programs that can read the dump, where everything is to be decompressed and parsed too; of an encrypted backup
            that is left to `check_contents`.
        jobs: files that are read at the same time.
        tell: told the bytes read and all bytes.

    Returns:
        What does not fit, each with the name of its file; nothing where all is well.
    """
    decode = tools is not None and not manifest.encrypted
    found = scan(folder, unpack=decode, jobs=jobs, tell=tell)
    problems = file_problems(manifest, found)
    if tools is not None and decode and not problems:
        problems = content_problems(folder, manifest, found, tools)
    return tuple(problems)


def check_contents(
    folder: Path, manifest: Manifest, tools: Tools, *, jobs: int = 2, tell: Callable[[int, int], None] = no_tell
) -> tuple[str, ...]:
    """Decode the files of a backup that was decrypted into a folder; see `check_files`."""
    return tuple(content_problems(folder, manifest, scan(folder, unpack=True, jobs=jobs, tell=tell), tools))


def entries_of(found: ScannedFolder) -> tuple[FileEntry, ...]:
    """Return the manifest's entries for files that were just read."""
    return tuple(FileEntry(name=file.name, size=file.size, sha256=file.sha256) for file in found.files.values())


def file_problems(manifest: Manifest, found: ScannedFolder) -> list[str]:
    """Hold the files against the manifest.

    Args:
        manifest: as it was read.
        found: the files of the backup as they are.

    Returns:
        What does not fit, each with the name of its file; nothing where all is well.
    """
    wanted = {entry.name: entry for entry in manifest.files}
    extra = {name: file for name, file in found.files.items() if name not in wanted}
    by_hash = {file.sha256: name for name, file in extra.items() if file.sha256}
    problems = []
    for name, entry in wanted.items():
        if name in found.folders:
            problems.append(f"{name} is not a file")
        elif name not in found.files:
            renamed = by_hash.get(entry.sha256)
            problems.append(f"{name} was renamed to {_shown(renamed)}" if renamed else _missing(name, found))
            extra.pop(renamed or "", None)
        else:
            problems += _compare(entry, found.files[name], manifest)
    known = {str(parent) for name in wanted for parent in Path(name).parents} | set(wanted)
    return problems + [
        f"{_shown(name)} does not belong to the backup" for name in (*extra, *sorted(found.folders - known))
    ]


def _missing(name: str, found: ScannedFolder) -> str:
    why = next((found.closed[str(parent)] for parent in Path(name).parents if str(parent) in found.closed), None)
    return f"{name} cannot be read: {why}" if why else f"{name} is missing"


def _shown(name: str) -> str:
    """Return the name of a file that somebody else named, in a form that every terminal shows."""
    return name if name.isprintable() else ascii(name)


def _compare(entry: FileEntry, file: ScannedFile, manifest: Manifest) -> Iterator[str]:
    if file.why_unreadable:
        yield f"{entry.name} {file.why_unreadable}"
    elif file.sha256 == entry.sha256:
        if file.size != entry.size:
            yield f"{entry.name} has {file.size:,} bytes, the manifest says {entry.size:,}"
    elif other := next((one.name for one in manifest.files if one.sha256 == file.sha256), None):
        yield f"{entry.name} holds the bytes of {other}"
    elif not file.size:
        yield f"{entry.name} is empty, {entry.size:,} bytes were written"
    elif file.size != entry.size:
        yield f"{entry.name} is too {'short' if file.size < entry.size else 'long'}: {file.size:,} bytes, {entry.size:,} were written"
    else:
        yield f"{entry.name} was changed"


def content_problems(folder: Path, manifest: Manifest, found: ScannedFolder, tools: Tools) -> list[str]:
    """Parse what the files hold, and count the rows of every table.

    Args:
        folder: the backup, not encrypted.
        manifest: as it was read.
        found: its files, decompressed.
        tools: programs that can read the dump.

    Returns:
        What cannot be read or has other rows than the database had, each with the name of its file.
    """
    problems = []
    for name, file in found.files.items():
        if file.unpacked is not None and file.unpacked.why_not:
            problems.append(f"{name} cannot be decompressed: {file.unpacked.why_not}")
    for table in manifest.tables:
        problems += _count(table, found.files.get(table.file))
    problems += _toc_problems(folder, manifest, tools)
    for name in found.files:
        problems += _parse(folder, name)
    return problems


def data_files(folder: Path, tools: Tools) -> dict[int, str]:
    """Return the file of each table's rows by the table's number in the dumped database.

    Args:
        folder: the backup, not encrypted.
        tools: programs that can read the dump.

    Raises:
        RetailBrainError: the dump's table of contents cannot be read.
    """
    return _data_files(_list(folder, tools))


def _data_files(listed: str) -> dict[int, str]:
    return {int(oid): f"dump/{number}.dat.gz" for number, oid in _DATA.findall(listed)}


def _list(folder: Path, tools: Tools) -> str:
    """Return what pg_restore lists of a dump; the table of contents alone is enough for it."""
    with tempfile.TemporaryDirectory(prefix="rb-backup-") as scratch:
        shutil.copyfile(folder / TOC, Path(scratch) / "toc.dat")
        with tempfile.TemporaryFile(dir=scratch) as listed:
            tool.run(tools, "pg_restore", ["--list", "--format=directory", scratch], output=listed)
            listed.seek(0)
            return listed.read().decode(errors="replace")


def _count(table: TableEntry, file: ScannedFile | None) -> Iterator[str]:
    if not table.file:
        return  # the dump holds none of its rows
    if file is None or file.unpacked is None:
        yield f"{table.file} is missing: {table.rows:,} rows of {table.schema}.{table.name}"
        return
    if file.unpacked.why_not:
        return  # told already
    rows = file.unpacked.lines - COPY_END.count(b"\n")
    if file.unpacked.tail != COPY_END:
        yield f"{file.name} breaks off: {max(rows, 0):,} rows of {table.schema}.{table.name}, there were {table.rows:,}"
    elif rows != table.rows:
        yield f"{file.name} holds {rows:,} rows of {table.schema}.{table.name}, there were {table.rows:,}"
    elif file.unpacked.tabs != rows * max(table.columns - 1, 0):
        yield f"{file.name} holds rows of another shape than those of {table.schema}.{table.name}"


def _toc_problems(folder: Path, manifest: Manifest, tools: Tools) -> Iterator[str]:
    try:
        told = _list(folder, tools)
    except (RetailBrainError, OSError) as error:
        why = error.message if isinstance(error, RetailBrainError) else error.strerror
        yield f"{TOC} cannot be read: {why}"
        return
    listed, wanted = set(_data_files(told).values()), {table.file for table in manifest.tables if table.file}
    if (made := _MADE.search(told)) and not _is_of(manifest, made[1]):
        yield f"{TOC} is that of another dump, of {made[1]} UTC"
    if listed != wanted:
        names = ", ".join(sorted(listed ^ wanted)[:3])
        yield f"{TOC} does not fit the manifest's tables: {names}"


def _is_of(manifest: Manifest, made: str) -> bool:
    """Say whether a dump was begun, to the second, while the backup was made; a backup whose clock was set back says nothing."""
    moment, started = datetime.fromisoformat(made).replace(tzinfo=UTC), datetime.fromisoformat(manifest.started_at)
    ended = datetime.fromisoformat(manifest.ended_at) if manifest.ended_at else max(moment, started)
    return ended < started or started.replace(microsecond=0) <= moment <= ended


def _parse(folder: Path, name: str) -> Iterator[str]:
    """Say so where a small file is not what its name says."""
    path = folder / name
    try:
        if name == GLOBALS and _GLOBALS_END not in path.read_text(encoding="utf-8")[-200:]:
            yield f"{name} breaks off"
        elif name == CONFIGURATION:
            tomllib.loads(path.read_text(encoding="utf-8"))
        elif name.endswith(".json"):
            json.loads(path.read_bytes())
        elif name.endswith(".parquet") and not _is_parquet(path):
            yield f"{name} is no whole Parquet file"
    except (OSError, ValueError):
        yield f"{name} cannot be parsed"


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        begins = file.read(4)
        file.seek(max(file.seek(0, 2) - 4, 0))
        return begins == file.read(4) == b"PAR1"

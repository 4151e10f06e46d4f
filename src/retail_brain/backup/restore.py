"""A dump put into a database by pg_restore, and the models of a backup put back beside it.

Apart from the checks because it is the only thing here that writes outside of the target. The database is always a fresh
one that nobody else knows; what becomes of it is decided in `desk`, after it was held against the manifest.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.backup.check import CONFIGURATION
from retail_brain.backup.tool import find_tools, run
from retail_brain.errors import ConfigurationError, ResourceError, ServiceError
from retail_brain.model import no_progress
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.backup.manifest import Manifest
    from retail_brain.backup.tool import Tools
    from retail_brain.model import PostgresAddress, Progress

DUMP, MODELS = "dump", "models"
_IN_USE = "in_use"
_TIGHT = 2 * 16 * 2**20
"""Two files of PostgreSQL's log of changes: a server that cannot write the next one stops."""
_STEP = re.compile(r"pg_restore: (?:creating|processing|executing) (.{1,80})")
_GROWTH = 8
"""A database with its indexes is at most about so many times as large as its compressed dump."""


def choose_tools(manifest: Manifest, server_version: int, *, embedded: Path | None) -> Tools:
    """Find a pg_restore that reads the dump and suits the server, before anything is started.

    Args:
        manifest: of the backup.
        server_version: of the server, as libpq tells it, such as 180006.
        embedded: the folder of the embedded server's programs; None where they are not to be used.

    Raises:
        ConfigurationError: the server is older than the dump, or there is no such program.
    """
    server, dumped = server_version // 10_000, int(manifest.client_version.split(".")[0])
    if server < dumped:
        raise ConfigurationError(
            f"the backup was made with PostgreSQL {dumped}, and this server is PostgreSQL {server}",
            hint=f"restore into PostgreSQL {dumped} or newer; nothing was started",
        )
    return find_tools(server, embedded=embedded)


def load_dump(
    tools: Tools, folder: Path, address: PostgresAddress, *, jobs: int, progress: Progress = no_progress
) -> None:
    """Restore a dump into an empty database. Owners and rights are not: they are the server's own matter.

    Args:
        tools: of `choose_tools`.
        folder: the backup's folder, in plain.
        address: the database.
        jobs: tables at the same time.
        progress: told what is restored.

    Raises:
        RetailBrainError: it failed; the database is then of no use.
    """
    total, done = _entries(tools, folder), 0
    progress("restore", total=total)

    def heard(line: str) -> None:
        nonlocal done
        if found := _STEP.match(line):
            done = min(done + 1, total - 1)
            progress("restore", done=done, total=total, detail=found[1].replace('"', "").strip())

    options = ("--format=directory", f"--jobs={jobs}", "--exit-on-error", "--no-owner", "--no-privileges", "--verbose")
    run(tools, "pg_restore", [*options, f"--dbname={address.dbname}", folder / DUMP], address=address, heard=heard)
    progress("restore", done=total, total=total)


def _entries(tools: Tools, folder: Path) -> int:
    """Return how many entries the dump's table of contents has."""
    with tempfile.TemporaryFile() as listed:
        run(tools, "pg_restore", ["--list", folder / DUMP], output=listed)
        listed.seek(0)
        return sum(1 for line in listed if line.strip() and not line.startswith(b";"))


def refuse_without_room(manifest: Manifest, place: Path) -> None:
    """Refuse to begin where the disk has no room for the restored database.

    Args:
        manifest: of the backup.
        place: a folder on the disk of the server's data.

    Raises:
        ResourceError: there is too little; nothing was started.
    """
    dumped = sum(entry.size for entry in manifest.files if entry.name.startswith(f"{DUMP}/"))
    needed, free = dumped * _GROWTH, shutil.disk_usage(_nearest(place)).free
    if free < needed:
        raise ResourceError(
            f"restoring {manifest.backup_id} wants about {_size(needed)} in {place}, and {_size(free)} are free",
            hint="free some disk; nothing was started",
        )


@contextmanager
def told_when_full(place: Path | None) -> Iterator[None]:
    """Say so where a server fails because its disk is full: all that it can say itself may be that it has stopped.

    Args:
        place: a folder on the disk of the server's data; None where that is another machine's.

    Raises:
        ResourceError: in place of a ServiceError, where the disk has hardly any room.
    """
    try:
        yield
    except ServiceError as error:
        free = _TIGHT if place is None else shutil.disk_usage(_nearest(place)).free
        if free >= _TIGHT:
            raise
        raise ResourceError(
            f"the disk is full, {place} has {free / 2**20:,.0f} MiB free: {error.message}",
            hint="nothing was changed; free some disk, then repeat the same command",
        ) from error


def put_models_back(folder: Path, models: Path) -> tuple[str, ...]:
    """Put the models of a backup into a workspace that lacks them, and leave it to the restored database which is in use.

    Args:
        folder: the backup's folder, in plain.
        models: the workspace's folder of models.

    Returns:
        The models that were put back.

    Raises:
        ResourceError: they cannot be written.
    """
    missing = [path for path in _folders(folder / MODELS) if not (models / path.name).is_dir()]
    try:
        models.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in missing:
            partial = models / f"{path.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(path, partial)
            partial.rename(models / path.name)
        (models / _IN_USE).unlink(missing_ok=True)
    except OSError as error:
        raise ResourceError(f"{models} cannot be written", hint="check its owner and the free disk") from error
    return tuple(path.name for path in missing)


def put_configuration_aside(folder: Path, workspace: Path) -> Path | None:
    """Put the configuration of a backup into the workspace, where it is read by people alone.

    Args:
        folder: the backup's folder, in plain.
        workspace: the workspace's folder.

    Returns:
        Where it lies; None where the backup has none.

    Raises:
        ResourceError: it cannot be written.
    """
    kept, place = folder / CONFIGURATION, workspace / "restored_configuration.toml"
    if not kept.is_file():
        return None
    replace_text(place, kept.read_text(encoding="utf-8"))
    return place


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _size(count: float) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.0f} MiB"


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())

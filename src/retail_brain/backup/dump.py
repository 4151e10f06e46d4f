"""The parts of a backup, written: the dump, the roles, the models, the configuration.

Apart from the order in which they are made, which needs the database and so belongs to the desk.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from typing import TYPE_CHECKING

from retail_brain.backup import tool
from retail_brain.backup.check import CONFIGURATION, GLOBALS
from retail_brain.errors import ResourceError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retail_brain.backup.tool import Program, Tools
    from retail_brain.model import PostgresAddress

_LEVEL = 2
"""Of gzip: half the time of pg_dump's own 6, for a tenth more bytes."""
SHARE = 0.45
"""Bytes of a dump for each byte of its tables, as a rule."""
_SPARE = 64 * 2**20
_LOCK_WAIT_S = 10.0
"""Of pg_dump, whose tables are locked for it already: it waits only where somebody else waits for one of them, and that one for us."""


def start_dump(
    tools: Tools, address: PostgresAddress, folder: Path, *, snapshot: str, jobs: int, lock: int
) -> AbstractContextManager[Program]:
    """Start the dump of a database as an exported snapshot sees it, into `dump/`.

    Args:
        tools: programs of the server's major version.
        address: the database.
        folder: the backup that is being made.
        snapshot: the snapshot's name.
        jobs: tables at the same time.
        lock: the lock of the target, which the program inherits.

    Returns:
        The program at work.
    """
    options = (
        "--format=directory", f"--jobs={jobs}", f"--snapshot={snapshot}", f"--compress={_LEVEL}", "--no-sync",
        "--no-password", f"--lock-wait-timeout={int(_LOCK_WAIT_S * 1000)}", f"--file={folder / 'dump'}",
    )  # fmt: skip
    return tool.started(tools, "pg_dump", options, address=address, lock=lock)


def dump_globals(tools: Tools, address: PostgresAddress, folder: Path, *, lock: int) -> None:
    """Write the server's roles, without their passwords.

    Raises:
        RetailBrainError: pg_dumpall failed.
    """
    options = ("--globals-only", "--no-role-passwords", "--no-password", f"--file={folder / GLOBALS}")
    tool.run(tools, "pg_dumpall", (*options, f"--database={address.dbname}"), address=address, lock=lock)


def copy_models(models: Path, folder: Path) -> None:
    """Copy the workspace's models, if there are any."""
    if models.is_dir() and any(models.iterdir()):
        shutil.copytree(models, folder / "models", ignore=shutil.ignore_patterns("*.partial", ".*"))


def copy_configuration(file: Path | None, folder: Path) -> None:
    """Copy the configuration without lines that only comment: what they hold, nobody has checked for secrets.

    Args:
        file: the configuration file, which holds no password, or it would not have been read.
        folder: the backup that is being made.
    """
    if file is None:
        return
    text = file.read_text(encoding="utf-8")
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    kept = bare if tomllib.loads(bare) == tomllib.loads(text) else text  # such a line may be part of a long text
    (folder / CONFIGURATION).write_text(kept, encoding="utf-8")


def refuse_without_room(target: Path, needed: int) -> None:
    """Refuse to begin what would fill the disk.

    Args:
        target: the folder of the backups.
        needed: bytes of the backup, as a rule.

    Raises:
        ResourceError: there is too little room; nothing was started.
    """
    room = os.statvfs(target)
    free = room.f_bavail * room.f_frsize
    if free < needed + _SPARE:
        raise ResourceError(
            f"{target} has {free / 2**20:,.0f} MiB free, a backup needs about {(needed + _SPARE) / 2**20:,.0f} MiB",
            hint="free some disk, prune, or name another folder: backup.folder; nothing was started",
        )

"""A backup tried: restored into a scratch database and held against its manifest, as the last step of making it or whenever somebody asks.

Apart from making and checking backups, because a trial needs a server to restore into and the others do not. What it finds wrong is the
backup's fault; what keeps it from being made is not, and the backup is as good as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.backup.restore import DUMP
from retail_brain.backup.verified import note_check
from retail_brain.desk.recovery import Recovery, recovered
from retail_brain.errors import ConfigurationError, IntegrityError, ResourceError, RetailBrainError
from retail_brain.store import database as databases

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.backup.manifest import Manifest
    from retail_brain.backup.place import Backup
    from retail_brain.config.file import Configuration
    from retail_brain.desk.backup_result import TrialOutcome
    from retail_brain.model import PostgresAddress, Progress
    from retail_brain.store.connection import Connection

_MB = 2**20
_NO_AMCHECK = "restored to try it, but indexes were not read: this server has no amcheck, or its use takes a superuser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a trial."""

    outcome: TrialOutcome
    problems: tuple[str, ...] = ()
    """What is not as it was backed up; or why the trial was not made."""
    warnings: tuple[str, ...] = ()

    def note(self, folder: Path) -> None:
        """Note beside a backup what was found; a trial that was not made says nothing about it."""
        if self.outcome in ("passed", "failed"):
            note_check(folder, "restored", self.problems)


def try_backup(job: Recovery) -> Trial:
    """Restore a backup into a scratch database, hold it against its manifest, and drop the database.

    Args:
        job: which backup, and where; the journal is left out.

    Returns:
        A trial that passed or failed.

    Raises:
        RetailBrainError: of `recovered`, where the trial could not be made.
    """
    try:
        with recovered(job) as found:
            return Trial(outcome="passed", warnings=() if found.indexes is not None else (_NO_AMCHECK,))
    except IntegrityError as error:
        return Trial(outcome="failed", problems=(error.message.removeprefix(f"{job.backup.backup_id}: "),))


def why_no_right(config: Configuration, conn: Connection) -> str:
    """Say why this login cannot try backups, before one is made; '' where it can, or shall not.

    Args:
        config: the configuration.
        conn: to the database.

    Raises:
        ConfigurationError: every backup is to be tried, and this login may not make databases; nothing was started.
    """
    if config.backup.restore_check == "never" or databases.may_create_databases(conn):
        return ""
    advice = f'as an administrator: alter role "{conn.info.user}" createdb'
    if config.backup.restore_check == "always":
        raise ConfigurationError(
            "this PostgreSQL login may not make databases, and each backup is to be restored into one of its own",
            hint=f'{advice}; or [backup] restore_check = "auto"; nothing was started',
        )
    return f"not restored to try it: this PostgreSQL login may not make databases; {advice}"


def is_wanted(config: Configuration, manifest: Manifest) -> bool:
    """Say whether a new backup is to be tried at once.

    Args:
        config: the configuration.
        manifest: of the backup.
    """
    if config.backup.restore_check == "auto":
        dumped = sum(entry.size for entry in manifest.files if entry.name.startswith(f"{DUMP}/"))
        return dumped < config.backup.restore_check_below_mb * _MB
    return config.backup.restore_check == "always"


def try_created(config: Configuration, postgres: PostgresAddress, backup: Backup, *, progress: Progress) -> Trial:
    """Try a backup that was just made, where that is wanted.

    Args:
        config: the configuration.
        postgres: the server to restore into.
        backup: with its manifest, and in plain.
        progress: told how far each phase is.

    Returns:
        What was found. Whatever kept the trial from being made is told there, and is no fault of the backup.
    """
    assert backup.manifest is not None
    if not is_wanted(config, backup.manifest):
        return Trial(outcome="")
    job = Recovery(config=config, backup=backup, postgres=postgres, replay=False, progress=progress)
    try:
        return try_backup(job)
    except ResourceError as error:
        return Trial(outcome="no room", problems=(error.message,))
    except RetailBrainError as error:
        return Trial(outcome="broken off", problems=(error.message,))

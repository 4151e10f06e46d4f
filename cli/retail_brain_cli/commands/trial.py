"""What a command that made or checked backups ends with where restoring one, to try it, did not end well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, IntegrityError, ResourceError, ServiceError

if TYPE_CHECKING:
    from retail_brain.desk.backup_result import BackupCreated, BackupsChecked

_LATER = "retail-brain backup verify --restore"


def refuse_failed_trial(created: BackupCreated) -> None:
    """Raise what became of the trial, once the backup was shown.

    Raises:
        IntegrityError: what was restored is not what the database held.
        ResourceError: there was no room for it.
        ServiceError: the server went away meanwhile, or pg_restore failed.
    """
    why = created.restore_problem
    if created.restore_check == "failed":
        raise IntegrityError(
            f"{created.backup_id} was made and kept, and cannot be trusted: {why}",
            hint=f"look at the disk and the server, then repeat it; {_LATER} tries it again",
        )
    kept = f"the backup is good as far as decoding tells, and was not restored to try it: {why}"
    if created.restore_check == "no room":
        raise ResourceError(kept, hint=f'free some disk, then {_LATER}; or [backup] restore_check = "never"')
    if created.restore_check == "broken off":
        raise ServiceError(kept, hint=f"{_LATER} tries it again")


def refuse_untried(checked: BackupsChecked) -> None:
    """Raise what kept backups from being looked at as closely as was asked, once all were shown.

    Raises:
        ResourceError: there was no room for the first of them.
        ConfigurationError: its key is another, or the programs, the server or the login do not suit.
        ServiceError: the server went away meanwhile, or pg_restore failed.
    """
    untried = [backup for backup in checked.backups if backup.untried]
    if not untried:
        return
    kinds = {"no room": ResourceError, "configuration": ConfigurationError, "broken off": ServiceError}
    names = ", ".join(backup.backup_id for backup in untried)
    raise kinds[untried[0].untried_for](f"{names}: not looked at as closely as asked: {untried[0].untried}")

"""What a command that made a backup ends with where restoring it, to try it, did not end well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.errors import IntegrityError, ResourceError, ServiceError

if TYPE_CHECKING:
    from retail_brain.desk.backup_result import BackupCreated

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

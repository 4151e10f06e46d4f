"""Off-site copies for a person: sent, listed, brought back, and removed by the same rule as the backups here.

Apart from making and looking after backups, because all of this works, or fails, without touching them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.backup import offsite, offsite_journal, place, retention
from retail_brain.backup.bucket import open_bucket
from retail_brain.errors import ConfigurationError, RetailBrainError
from retail_brain.model import no_progress

if TYPE_CHECKING:
    from retail_brain.backup.bucket import Bucket
    from retail_brain.backup.offsite import OffsiteCopy
    from retail_brain.config.file import Configuration
    from retail_brain.desk.backup_result import BackupCreated
    from retail_brain.model import Progress

_HINT = "retail-brain backup list --offsite"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What was sent away, and read back as it was."""

    where: str
    copied: tuple[str, ...]
    """Backups."""
    journal_files: int
    """Files of the journal that had grown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteEntry:
    """One backup at the off-site place."""

    backup_id: str
    age_hours: float
    size: int
    complete: bool
    """Whether every file of it is there; half a copy counts for nothing."""
    encrypted: bool
    here: bool
    """Whether the backup is also in the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteList:
    """All backups at the off-site place, the newest first."""

    where: str
    backups: tuple[OffsiteEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A backup that was brought back, every byte as its manifest says."""

    backup_id: str
    path: str
    size: int
    journal_files: int


def copy_backups(
    config: Configuration, backup_id: str | None = None, *, progress: Progress = no_progress
) -> CopyResult:
    """Send away what the off-site place lacks: backups, and what the journal has grown by.

    Args:
        config: the configuration.
        backup_id: only this backup, and also if it was sent before; by default every sound one that was not.
        progress: told how many bytes of each were sent.

    Raises:
        ConfigurationError: no off-site place is configured, its keys are missing, or there is no such backup.
        ServiceError: the store did not take it, or gave other bytes back; what is here stays as good as it was.
        IntegrityError: the backup is damaged.
        LockedError: another process sends copies.
    """
    bucket, target = _bucket(config), config.backup_folder
    if backup_id is not None:
        chosen = [place.find_backup(target, backup_id)]
    else:
        chosen = [one for one in place.list_backups(target) if one.is_verified and not offsite.is_copied(bucket, one)]
    with place.alone(target, "backup copy", name=place.COPY_LOCK):
        for backup in chosen:
            offsite.copy_backup(bucket, backup, progress=progress)
        sent = offsite_journal.copy_journal(bucket, target)
    return CopyResult(where=bucket.where, copied=tuple(backup.backup_id for backup in chosen), journal_files=sent)


def check_offsite(config: Configuration) -> None:
    """Find mistakes in the configuration of the off-site place before any work is done.

    Raises:
        ConfigurationError: its keys are missing, or a certificate cannot be read.
    """
    if config.backup.offsite.url is not None and not config.backup.offsite.url.startswith("file:"):
        _bucket(config)


def copy_created(config: Configuration, created: BackupCreated, *, progress: Progress = no_progress) -> BackupCreated:
    """Send a backup away that was just made, and whatever else was not sent yet, if an off-site place is configured.

    Args:
        config: the configuration.
        created: of `create_backup`.
        progress: told how many bytes were sent.

    Returns:
        The same, with the state of its copy. A copy that fails is told there: the backup is none the worse for it.
    """
    if config.backup.offsite.url is None:
        return created
    try:
        copy_backups(config, progress=progress)
    except RetailBrainError as error:
        return replace(created, offsite="failed", offsite_problem=error.message)
    if created.restore_check == "failed":
        return replace(created, offsite="failed", offsite_problem="it cannot be trusted")
    return replace(created, offsite="copied")


def copy_journal(config: Configuration) -> int:
    """Send away what the journal has grown by, if an off-site place is configured.

    Returns:
        How many files were sent.

    Raises:
        RetailBrainError: of `copy_backups`.
    """
    if config.backup.offsite.url is None:
        return 0
    bucket, target = _bucket(config), config.backup_folder
    with place.alone(target, "backup journal", name=place.COPY_LOCK):
        return offsite_journal.copy_journal(bucket, target)


def list_offsite(config: Configuration) -> OffsiteList:
    """Return the backups at the off-site place, as it says itself.

    Raises:
        ConfigurationError: no off-site place is configured.
        ServiceError: the store does not answer.
    """
    bucket, now = _bucket(config), datetime.now(UTC)
    here = {backup.backup_id for backup in place.list_backups(config.backup_folder)}
    entries = tuple(
        OffsiteEntry(
            backup_id=copy.backup_id, age_hours=round((now - copy.made_at).total_seconds() / 3600, 1), size=copy.size,
            complete=copy.complete, encrypted=bool(copy.manifest and copy.manifest.encrypted),
            here=copy.backup_id in here,
        )
        for copy in reversed(offsite.list_copies(bucket))
    )  # fmt: skip
    return OffsiteList(where=bucket.where, backups=entries)


def has_copy(config: Configuration, backup_id: str) -> bool:
    """Say whether a whole copy of a backup is at the off-site place.

    Raises:
        ConfigurationError: no off-site place is configured, or its keys are missing.
        ServiceError: the store does not answer.
    """
    return any(copy.backup_id == backup_id and copy.complete for copy in offsite.list_copies(_bucket(config)))


def fetch_backup(
    config: Configuration, backup_id: str | None = None, *, progress: Progress = no_progress
) -> FetchResult:
    """Bring a backup back into the target, with what the journal here lacks.

    Args:
        config: the configuration.
        backup_id: which; the newest whole one by default.
        progress: told how many bytes came.

    Raises:
        ConfigurationError: there is no such copy, or the backup is here already.
        IntegrityError: the copy is not whole, or was changed; nothing of it stays.
        ServiceError: the store does not answer.
        ResourceError: there is too little room.
        LockedError: a backup is being made.
    """
    bucket, target = _bucket(config), config.backup_folder
    copy = _find_copy(bucket, backup_id)
    with place.alone(target, "backup fetch"):
        place.clear_leftovers(target)
        if (target / copy.backup_id).exists():
            raise ConfigurationError(f"{copy.backup_id} is in {target} already", hint="retail-brain backup list")
        path = offsite.fetch_copy(bucket, copy, target, progress=progress)
        came = offsite_journal.fetch_journal(bucket, target)
    return FetchResult(backup_id=copy.backup_id, path=str(path), size=copy.size, journal_files=came)


def prune_offsite(config: Configuration, *, dry_run: bool, now: datetime | None = None) -> tuple[str, ...]:
    """Remove the copies that are old and not needed any more, by the rule of `backup prune`; a whole copy is a verified one.

    Args:
        config: the configuration.
        dry_run: only say which.
        now: the clock.

    Returns:
        Which were removed, or would be; none where the rule has a doubt, or no off-site place is configured.

    Raises:
        ServiceError: the store did not do it.
    """
    settings = config.backup
    if settings.offsite.url is None:
        return ()
    bucket = _bucket(config)
    aged = [
        retention.Aged(backup_id=copy.backup_id, made_at=copy.made_at, verified=copy.complete)
        for copy in offsite.list_copies(bucket)
    ]
    verdict = retention.decide(
        aged, now=now or datetime.now(UTC), keep_days=settings.keep_days, keep_least=settings.keep_least
    )
    stays = [one.made_at for one in aged if one.backup_id not in verdict.prune]
    if not dry_run and verdict.prune:
        for backup_id in verdict.prune:
            offsite.remove_copy(bucket, backup_id)
        offsite_journal.prune_journal(bucket, config.backup_folder, min(stays))
    return verdict.prune


def _bucket(config: Configuration) -> Bucket:
    bucket = open_bucket(config.backup.offsite, config.base_folder)
    if bucket is None:
        raise ConfigurationError("no off-site place is configured", hint='[backup.offsite] url = "s3://BUCKET/FOLDER"')
    return bucket


def _find_copy(bucket: Bucket, backup_id: str | None) -> OffsiteCopy:
    copies = [copy for copy in offsite.list_copies(bucket) if backup_id or copy.complete]
    found = [copy for copy in copies if backup_id in (None, copy.backup_id)]
    if not found:
        raise ConfigurationError(f"there is no backup {backup_id or 'that is whole'} in {bucket.where}", hint=_HINT)
    return found[-1]

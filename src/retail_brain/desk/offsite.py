"""Off-site copies for a person: sent, listed, brought back, and removed by the same rule as the backups here.

Apart from making and looking after backups, because all of this works, or fails, without touching them.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.backup import offsite, offsite_journal, place, retention
from retail_brain.backup.bucket import open_bucket
from retail_brain.backup.reading import fetching, reading, unfetched
from retail_brain.desk.offsite_result import CopyResult, FetchResult, OffsiteEntry, OffsiteList
from retail_brain.errors import ConfigurationError, LockedError, RetailBrainError
from retail_brain.model import no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retail_brain.backup.bucket import Bucket
    from retail_brain.backup.offsite import OffsiteCopy
    from retail_brain.backup.place import Backup
    from retail_brain.config.file import Configuration
    from retail_brain.desk.backup_result import BackupCreated
    from retail_brain.model import Progress

_HINT = "retail-brain backup list --offsite"
_PATIENCE_S = 600.0
"""How long a backup that was just made waits until another process has sent its copies."""


def copy_backups(
    config: Configuration,
    backup_id: str | None = None,
    *,
    patience_s: float | None = None,
    progress: Progress = no_progress,
) -> CopyResult:
    """Send away what the off-site place lacks: backups, and what the journal has grown by.

    Args:
        config: the configuration.
        backup_id: only this backup, and also if it was sent before; by default every sound one that was not.
        patience_s: how long to wait for another process that sends copies; by default moments.
        progress: told how many bytes of each were sent.

    Raises:
        ConfigurationError: no off-site place is configured, its keys are missing, or there is no such backup.
        ServiceError: the store did not take it, or gave other bytes back; what is here stays as good as it was.
        IntegrityError: the backup is damaged.
        LockedError: another process sends copies.
    """
    bucket, target = _bucket(config), config.backup_folder
    with place.alone(target, "backup copy", name=place.COPY_LOCK, patience_s=patience_s):
        if backup_id is not None:
            chosen = [place.find_backup(target, backup_id)]
        else:
            chosen = [one for one in place.list_backups(target) if _lacks(bucket, one)]
        for backup in chosen:
            with reading(backup.path):
                offsite.copy_backup(bucket, backup, progress=progress)
    sent = _send_journal(bucket, target)
    return CopyResult(where=bucket.where, copied=tuple(backup.backup_id for backup in chosen), journal_files=sent)


def _lacks(bucket: Bucket, backup: Backup) -> bool:
    return backup.is_verified and not offsite.is_copied(bucket, backup)


def _send_journal(bucket: Bucket, target: Path) -> int | None:
    """Send the journal, and return how many files of it; None where another process does that."""
    try:
        with place.alone(target, "the journal's copy", name=place.JOURNAL_COPY_LOCK):
            return offsite_journal.copy_journal(bucket, target)
    except LockedError:
        return None


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
        copy_backups(config, patience_s=_PATIENCE_S, progress=progress)
    except RetailBrainError as error:
        return replace(created, offsite="failed", offsite_problem=error.message)
    if created.restore_check == "failed":
        return replace(created, offsite="failed", offsite_problem="it cannot be trusted")
    return replace(created, offsite="copied")


def copy_journal(config: Configuration) -> int | None:
    """Send away what the journal has grown by, if an off-site place is configured.

    Returns:
        How many files were sent; None where another process is at it.

    Raises:
        RetailBrainError: of `copy_backups`.
    """
    if config.backup.offsite.url is None:
        return 0
    return _send_journal(_bucket(config), config.backup_folder)


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

    The journal comes first, and again at the end: a backup that is there without it would be restored without it. What was cut off
    is repeated by the same command; a backup that is here by then is left as it is.

    Args:
        config: the configuration.
        backup_id: which; the newest whole one by default.
        progress: told how many bytes came.

    Raises:
        ConfigurationError: there is no such copy, or what is here under its name is another or damaged.
        IntegrityError: the copy is not whole, or was changed; nothing of it stays.
        ServiceError: the store does not answer.
        ResourceError: there is too little room.
        LockedError: a backup is being made.
    """
    bucket, target = _bucket(config), config.backup_folder
    copy = _find_copy(bucket, backup_id)
    with place.alone(target, "backup fetch"), fetching(target):
        place.clear_leftovers(target)
        was_here, path = _is_here(copy, target), target / copy.backup_id
        came = offsite_journal.fetch_journal(bucket, target)
        if not was_here:
            path = offsite.fetch_copy(bucket, copy, target, progress=progress)
            came += offsite_journal.fetch_journal(bucket, target)
    return FetchResult(
        backup_id=copy.backup_id, path=str(path), size=copy.size, journal_files=came, was_here=was_here
    )  # fmt: skip


def _is_here(copy: OffsiteCopy, target: Path) -> bool:
    """Say whether the backup of a copy is in the target, and as good.

    Raises:
        ConfigurationError: it is there, and is not.
    """
    path = target / copy.backup_id
    if not path.exists():
        return False
    here = place.find_backup(target, copy.backup_id)
    if here.manifest is None or not here.verified.sound or copy.manifest not in (None, here.manifest):
        raise ConfigurationError(
            f"{copy.backup_id} is in {target} already, and is damaged or another one",
            hint=f"move {path} away, then repeat",
        )
    return True


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
        LockedError: copies are being sent from here, or one is being fetched, for a drill, too; nothing was removed.
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
        with _nobody_else(config.backup_folder):
            for backup_id in verdict.prune:
                offsite.remove_copy(bucket, backup_id)
            offsite_journal.prune_journal(bucket, config.backup_folder, min(stays))
    return verdict.prune


@contextmanager
def _nobody_else(target: Path) -> Iterator[None]:
    """Be the only one here who works on copies; where there is no target nobody else does.

    Raises:
        LockedError: somebody sends or fetches copies.
    """
    with ExitStack() as held:
        if target.is_dir():
            held.enter_context(place.alone(target, "backup prune", name=place.COPY_LOCK, patience_s=0))
        if not held.enter_context(unfetched(target)):
            raise LockedError("off-site copies stay: one is being fetched", hint="wait for it to end, then repeat")
        yield


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

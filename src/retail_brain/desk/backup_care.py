"""Backups that are there: listed, checked, and removed when they are old and others are better.

Apart from making one, because none of this touches the database, and all of it works where the database is gone.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from retail_brain.backup import check, encrypt, place, retention
from retail_brain.backup.reading import reading
from retail_brain.backup.tool import find_tools
from retail_brain.desk.backup_result import (
    BackupChecked,
    BackupEntry,
    BackupList,
    BackupsChecked,
    Hindrance,
    PruneResult,
)
from retail_brain.desk.backups import embedded_folder, teller
from retail_brain.desk.journal import prune_journal
from retail_brain.desk.noting import note_found
from retail_brain.desk.offsite import prune_offsite
from retail_brain.errors import ConfigurationError, IntegrityError, LockedError, ResourceError, RetailBrainError
from retail_brain.model import no_progress
from retail_brain.pipeline.stores import open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.backup.place import Backup
    from retail_brain.backup.tool import Tools
    from retail_brain.config.file import Configuration
    from retail_brain.model import Progress


def list_backups(config: Configuration) -> BackupList:
    """Return what lies in the target, the newest first.

    Raises:
        ConfigurationError: the folder cannot be read.
    """
    target, now = config.backup_folder, datetime.now(UTC)
    entries = tuple(_entry(backup, now) for backup in reversed(place.list_backups(target)))
    return BackupList(folder=str(target), backups=entries, leftovers=tuple(p.name for p in place.leftovers(target)))


def _entry(backup: Backup, now: datetime) -> BackupEntry:
    manifest, verified = backup.manifest, backup.verified
    problems = verified.problems if manifest is not None else (backup.why_unreadable, *verified.problems)
    return BackupEntry(
        backup_id=backup.backup_id, path=str(backup.path), made_at=backup.made_at,
        age_hours=round((now - backup.made_at).total_seconds() / 3600, 1), size=manifest.size if manifest else 0,
        rows=sum(table.rows for table in manifest.tables) if manifest else 0, state=_state(backup), level=verified.level,
        checked_at=verified.checked_at, problems=problems, encrypted=bool(manifest and manifest.encrypted),
        offsite=verified.offsite,
    )  # fmt: skip


def _state(backup: Backup) -> Literal["verified", "checked", "unchecked", "failed"]:
    if backup.manifest is None or not backup.verified.sound:
        return "failed"
    if backup.is_verified:
        return "verified"
    return "checked" if backup.verified.level else "unchecked"


def verify_backups(
    config: Configuration,
    backup_id: str | None = None,
    *,
    every: bool = False,
    decode: bool = False,
    identity: Path | None = None,
    progress: Progress = no_progress,
) -> BackupsChecked:
    """Hold backups against their manifests, and note beside each what was found.

    Args:
        config: the configuration.
        backup_id: which; the newest by default.
        every: all of them instead.
        decode: decompress and parse everything, too.
        identity: the file with the key that opens encrypted backups; needed to decode them.
        progress: told how far it is.

    Returns:
        What was found, backup by backup. One of several that could not be looked at, or not as closely, is told with the
        reason; what its files alone tell is noted all the same.

    Raises:
        ConfigurationError: there is no such backup, no pg_restore for it, or no key to decode it; what the files alone tell
            was noted.
    """
    target = config.backup_folder
    newest = place.find_backup(target, None if every else backup_id)
    keys = encrypt.read_identities(identity) if identity is not None and decode else []
    chosen = place.list_backups(target) if every else [newest]

    def looked_at(backup: Backup) -> BackupChecked:
        began, problems, level, why = time.perf_counter(), tuple[str, ...](), "", None
        try:
            level, problems, why = _look(config, backup, decode, keys, progress)
        except RetailBrainError as error:
            why = error
        warnings = note_found(backup.path, level, problems) if level else ()
        if why is not None and not every:
            raise why
        return BackupChecked(
            backup_id=backup.backup_id, level=level, sound=not problems, problems=problems, warnings=warnings,
            seconds=round(time.perf_counter() - began, 3), untried=why.message if why else "",
            untried_for=hindrance(why) if why else "",
        )  # fmt: skip

    return BackupsChecked(
        backups=tuple(looked_at(one) for one in chosen if not every or one.path.is_dir())  # it may have been pruned
    )


def hindrance(error: RetailBrainError) -> Hindrance:
    """Say what kind of thing kept one of several backups from being looked at.

    Args:
        error: what it was.
    """
    if isinstance(error, ResourceError):
        return "no room"
    return "configuration" if isinstance(error, ConfigurationError) else "broken off"


def _look(
    config: Configuration, backup: Backup, decode: bool, keys: list[Any], progress: Progress
) -> tuple[str, tuple[str, ...], RetailBrainError | None]:
    """Look at a backup as closely as asked, or as can be.

    Returns:
        How closely that was; what was found; and what kept it from being looked at more closely.
    """
    if backup.manifest is None:
        return "files", (backup.why_unreadable,), None
    manifest, jobs = backup.manifest, config.backup.jobs
    tools, why = _means(backup, keys) if decode else (None, None)
    tell = teller(progress, "decode" if tools else "verify")
    with reading(backup.path):
        found = check.check_files(backup.path, manifest, tools=tools, jobs=jobs, tell=tell)
        if found or tools is None or not manifest.encrypted:
            return "decoded" if tools and not manifest.encrypted else "files", found, None if found else why
        try:
            with encrypt.opened(backup.path, keys, scratch=open_workspace(config).scratch) as plain:
                return "decoded", check.check_contents(plain, manifest, tools, jobs=jobs, tell=tell), None
        except IntegrityError as error:
            return "decoded", (error.message,), None
        except RetailBrainError as error:  # a key of another time; no room
            return "files", (), error


def _means(backup: Backup, keys: list[Any]) -> tuple[Tools | None, RetailBrainError | None]:
    """Return the programs that decode a backup, or why it cannot be decoded."""
    assert backup.manifest is not None
    if backup.manifest.encrypted and not keys:
        hint = "--identity FILE names the file with the key that opens it"
        return None, ConfigurationError(f"{backup.backup_id} is encrypted", hint=hint)
    try:
        return _reader(backup.manifest.client_version), None
    except ConfigurationError as error:
        return None, error


def _reader(client_version: str) -> Tools:
    """Return programs that can read a dump, the embedded server's before the system's."""
    return find_tools(int(client_version.partition(".")[0]), embedded=embedded_folder(), or_newer=True)


def prune(config: Configuration, *, dry_run: bool = False, now: datetime | None = None) -> PruneResult:
    """Remove the backups that are old and not needed any more.

    Args:
        config: the configuration.
        dry_run: only say which.
        now: the clock.

    Returns:
        Which were removed, or would be. One that somebody restores, checks or copies at the moment stays.

    Raises:
        IntegrityError: the newest backup is not verified, so no other may go.
        ConfigurationError: the clock cannot be trusted.
        LockedError: a backup is being made.
    """
    target = config.backup_folder
    holding = nullcontext() if dry_run or not target.is_dir() else place.alone(target, "backup prune")
    with holding:
        backups = {backup.backup_id: backup for backup in place.list_backups(target)}
        aged = [
            retention.Aged(backup_id=name, made_at=backup.made_at, verified=backup.is_verified)
            for name, backup in backups.items()
        ]
        settings = config.backup
        verdict = retention.decide(
            aged, now=now or datetime.now(UTC), keep_days=settings.keep_days, keep_least=settings.keep_least
        )
        _refuse(verdict)
        goes = [backups[name] for name in verdict.prune if dry_run or place.remove(backups[name])]
        in_use = tuple(name for name in verdict.prune if backups[name] not in goes)
        kept = [backup.made_at for backup in backups.values() if backup not in goes]
        if goes and kept and not dry_run:
            prune_journal(target, min(kept))
    removed, problem, fetched = _prune_offsite(config, dry_run=dry_run, now=now)
    return PruneResult(
        status="planned" if dry_run else "pruned", prune=tuple(backup.backup_id for backup in goes), offsite=removed,
        offsite_problem=problem, kept=len(backups) - len(goes), in_use=in_use + fetched,
        size=sum(backup.manifest.size for backup in goes if backup.manifest),
        why_none=verdict.why_none or ("those that are old are in use" if in_use and not goes else ""),
    )  # fmt: skip


def _prune_offsite(
    config: Configuration, *, dry_run: bool, now: datetime | None
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Remove off-site copies by the same rule; a store that does not answer does not keep the backups here from being pruned.

    Returns:
        Which were removed; why nothing is known of them; and "off-site copies" where they stay because somebody sends or fetches one.
    """
    try:
        return prune_offsite(config, dry_run=dry_run, now=now), "", ()
    except LockedError:
        return (), "", ("off-site copies",)
    except RetailBrainError as error:
        return (), error.message, ()


def _refuse(verdict: retention.Verdict) -> None:
    if verdict.doubt == "newest":
        raise IntegrityError(f"nothing was pruned: {verdict.why_none}", hint="retail-brain backup verify --decode")
    if verdict.doubt == "clock":
        raise ConfigurationError(
            f"nothing was pruned: {verdict.why_none}",
            hint="look at the clock, and at backup list; new backups lift this",
        )

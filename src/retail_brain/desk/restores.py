"""Restoring: what would be done, a backup put in the place of a database, and what a restore had put aside dropped.

The database is recovered beside whatever stands there and takes its place in one transaction at the very end. So a restore
that fails, is killed or finds damage leaves everything as it was, and the same command can be repeated.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from retail_brain.backup.place import find_backup
from retail_brain.backup.verified import note_check
from retail_brain.desk.back_to_work import back_to_work, back_up_again
from retail_brain.desk.backup_care import hindrance, verify_backups
from retail_brain.desk.backup_result import BackupChecked, BackupsChecked
from retail_brain.desk.noting import note_found
from retail_brain.desk.offsite import has_copy
from retail_brain.desk.recovery import Recovery, recovered
from retail_brain.desk.restore_result import DiscardResult, RestorePlan, RestoreResult
from retail_brain.desk.trial import try_backup
from retail_brain.errors import ConfigurationError, RefusedError, ResourceError, RetailBrainError, StateMovedError
from retail_brain.model import Progress, no_progress
from retail_brain.pipeline.stores import open_workspace
from retail_brain.store import database as databases
from retail_brain.store import inside
from retail_brain.store.aside import aside_name, is_aside
from retail_brain.store.connection import connect

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.backup.place import Backup
    from retail_brain.config.file import Configuration
    from retail_brain.desk.recovery import Recovered
    from retail_brain.model import PostgresAddress


def plan_restore(
    config: Configuration, backup_id: str, *, to: str | None = None, at: datetime | None = None
) -> RestorePlan:
    """Say what a restore would do. Nothing is changed.

    Args:
        config: the configuration.
        backup_id: which backup.
        to: the database; by default the configured one.
        at: the moment up to which the journal is replayed; None for all of it.

    Raises:
        ConfigurationError: there is no such backup, or the moment lies before it.
        RefusedError: the configured database holds something, and was not named outright.
    """
    backup, address = _find(config, backup_id), _postgres(config)
    target = replace(address, dbname=to or address.dbname)
    state_at = backup.manifest.snapshot_at if backup.manifest else backup.made_at.isoformat()
    if at is not None and at < datetime.fromisoformat(state_at):
        raise ConfigurationError(
            f"{backup_id} holds the state of {state_at}, later than {at.isoformat()}",
            hint="take an older backup: retail-brain backup list",
        )
    state = databases.database_state(target)
    if state == "filled" and to is None:
        raise RefusedError(
            f"the database {target.dbname} is not empty; nothing was changed",
            hint=f"--to OTHER restores beside it; --to {target.dbname} --yes puts it aside and the restored one in its place",
        )
    return RestorePlan(
        backup_id=backup.backup_id, state_at=state_at, at=at.isoformat() if at else None, database=target.dbname,
        database_state=state, is_configured=target.dbname == address.dbname,
        backup_bytes=backup.manifest.size if backup.manifest else 0,
    )  # fmt: skip


def _find(config: Configuration, backup_id: str) -> Backup:
    """Find a backup; one that only lies off-site has to be fetched, and whoever has lost the target is told so."""
    try:
        return find_backup(config.backup_folder, backup_id)
    except ConfigurationError as error:
        if config.backup.offsite.url is None:
            raise
        try:
            away = has_copy(config, backup_id)
        except RetailBrainError as unknown:
            hint = f"retail-brain backup fetch {backup_id}, once the off-site place answers: {unknown.message}"
            raise ConfigurationError(error.message, hint=hint) from error
        if not away:
            raise
        raise ConfigurationError(
            f"{error.message}; a copy lies off-site", hint=f"retail-brain backup fetch {backup_id}"
        ) from error


def restore_backup(
    config: Configuration,
    plan: RestorePlan,
    *,
    identity: Path | None = None,
    may_replace: bool = False,
    back_up: bool = True,
    progress: Progress = no_progress,
) -> RestoreResult:
    """Restore a backup.

    Args:
        config: the configuration.
        plan: of `plan_restore`.
        identity: the file with the key that opens an encrypted backup.
        may_replace: a database that holds something is put aside.
        back_up: make a new backup of the configured database, on which its journal stands from then on.
        progress: told how far each phase is.

    Returns:
        What is there again.

    Raises:
        RefusedError: the database holds something, and `may_replace` was not given.
        RetailBrainError: of `recovered`; whatever the kind, the database is as it was. Once the restored one is in its place
            nothing is raised any more: what then fails is told by the warnings of the result.
    """
    if plan.database_state == "filled" and not may_replace:
        raise RefusedError(
            f"the database {plan.database} is not empty; nothing was changed", hint="--yes puts it aside"
        )
    workspace = open_workspace(config)
    job = Recovery(
        config=config, backup=find_backup(config.backup_folder, plan.backup_id), postgres=_postgres(config),
        at=datetime.fromisoformat(plan.at) if plan.at else None, identity=identity, progress=progress,
    )  # fmt: skip
    with ExitStack() as held:
        if plan.is_configured:
            held.enter_context(workspace.lock("retail-brain backup restore"))
        found = held.enter_context(recovered(job))
        with suppress(ResourceError):  # a target that only can be read is as good
            note_check(job.backup.path, "restored", ())
        with connect(found.postgres) as conn:
            inside.settle_restored(conn, newest_run=workspace.newest_run() if plan.is_configured else 0)
        aside = _switch(job.postgres, found.postgres.dbname, plan)
        job.clock.lap("switch")
        result = _describe(found, plan, aside)
        if plan.is_configured:
            result = back_to_work(job, found, result)
    if plan.is_configured and back_up:
        result = back_up_again(job, result)
    return replace(result, seconds=dict(job.clock.seconds))


def verify_by_restoring(
    config: Configuration,
    backup_id: str | None = None,
    *,
    every: bool = False,
    identity: Path | None = None,
    progress: Progress = no_progress,
) -> BackupsChecked:
    """Decode backups, restore those that are sound into a scratch database, and note beside each what was found.

    Args:
        config: the configuration.
        backup_id: which; the newest by default.
        every: all of them instead.
        identity: the file with the key that opens encrypted backups.
        progress: told how far each phase is.

    Returns:
        What was found, backup by backup. One of several that could not be tried is told with the reason, and nothing was noted of it.

    Raises:
        ResourceError: there is no room for it.
        RetailBrainError: it could not be tried; nothing was noted.
    """
    decoded = verify_backups(config, backup_id, every=every, decode=True, identity=identity, progress=progress)

    def tried(one: BackupChecked) -> BackupChecked:
        try:
            return _try(config, one, identity=identity, progress=progress)
        except RetailBrainError as error:
            if not every:
                raise
            return replace(one, untried=error.message, untried_for=hindrance(error))

    return BackupsChecked(
        backups=tuple(tried(one) if one.sound and not one.untried else one for one in decoded.backups)
    )


def _try(config: Configuration, decoded: BackupChecked, *, identity: Path | None, progress: Progress) -> BackupChecked:
    """Restore a backup into a scratch database and hold it against its manifest."""
    began = time.perf_counter()
    backup = find_backup(config.backup_folder, decoded.backup_id)
    job = Recovery(
        config=config, backup=backup, postgres=_postgres(config), identity=identity, replay=False, progress=progress
    )
    trial = try_backup(job)
    return replace(
        decoded, level="restored", sound=not trial.problems, problems=trial.problems,
        warnings=note_found(backup.path, "restored", trial.problems),
        seconds=round(decoded.seconds + time.perf_counter() - began, 3),
    )  # fmt: skip


def discard_database(config: Configuration, name: str) -> DiscardResult:
    """Drop a database that a restore had put aside.

    Args:
        config: the configuration.
        name: as the restore told it.

    Raises:
        ConfigurationError: there is no such database, or no restore named it so.
    """
    address = _postgres(config)
    if not is_aside(name) or name == address.dbname:
        raise ConfigurationError(f"{name} is not the name of a database that a restore put aside")
    with databases.open_server(address) as server:
        if not databases.has_database(server, name):
            raise ConfigurationError(f"there is no database {name}")
        databases.drop_database(server, name)
    return DiscardResult(database=name)


def _switch(address: PostgresAddress, scratch: str, plan: RestorePlan) -> str | None:
    """Put the scratch database in its place and return what the former one is called now; an empty one goes."""
    target = replace(address, dbname=plan.database)
    if databases.database_state(target) != plan.database_state:
        raise StateMovedError(f"somebody has used the database {plan.database} meanwhile; nothing was changed")
    with databases.open_server(address) as server:
        if plan.database_state == "missing":
            databases.put_in_place(server, scratch, plan.database, aside=None)
            return None
        aside = aside_name(server, plan.database)
        if plan.database_state == "empty":
            return databases.put_in_place_of_empty(server, target, scratch, aside=aside)
        databases.put_in_place(server, scratch, plan.database, aside=aside)
        return aside


def _describe(found: Recovered, plan: RestorePlan, aside: str | None) -> RestoreResult:
    return RestoreResult(
        backup_id=plan.backup_id, database=plan.database, recovered_until=found.until, tables=found.tables,
        rows=found.rows, indexes=found.indexes, replayed=found.journal.rows, aside=aside, warnings=found.warnings,
    )  # fmt: skip


def _postgres(config: Configuration) -> PostgresAddress:
    """Return where PostgreSQL answers, starting the embedded servers if need be."""
    from retail_brain.services import ensure_services

    folder = open_workspace(config).folder
    return ensure_services(folder, config.services, postgres=config.postgres, redis=config.redis).postgres

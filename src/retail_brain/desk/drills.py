"""A drill: a backup recovered, from its target to answered look-ups, on an empty server beside the one at work.

Its servers, their sockets and all data lie in a folder of its own below the workspace, held by a lock for as long as the
drill lives. The next one sweeps what a killed one left. Nothing of the running servers is used but the disk.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.backup.drill import PHASES, DrillResult, write_record
from retail_brain.backup.place import find_backup
from retail_brain.backup.reading import fetching
from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.desk.restores import plan_restore, restore_backup
from retail_brain.errors import IntegrityError, ResourceError, RetailBrainError
from retail_brain.model import Progress, no_progress
from retail_brain.pipeline.result import Clock
from retail_brain.services import ensure_services, stop_services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retail_brain.backup.place import Backup
    from retail_brain.config.file import Configuration
    from retail_brain.desk.restore_result import RestoreResult

LOOKUPS = 1_000
_LOCK = "drill.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    first_s: float
    all_s: float
    count: int
    p95_ms: float


def run_drill(
    config: Configuration,
    backup_id: str | None = None,
    *,
    identity: Path | None = None,
    here: bool = False,
    progress: Progress = no_progress,
) -> DrillResult:
    """Recover a backup on an empty server, ask it for customers, and write down what that took.

    Args:
        config: the configuration. Where it names an off-site place the backup is fetched from there.
        backup_id: which backup; the newest by default.
        identity: the file with the key that opens an encrypted backup.
        here: take the backup of the target all the same.
        progress: told how far each phase is.

    Returns:
        What was measured; the same lies below the target as JSON and as a page.

    Raises:
        RetailBrainError: the recovery failed; the record says so, too.
    """
    began, clock = datetime.now(UTC), Clock()
    result = DrillResult(
        drilled_at=began.isoformat(timespec="seconds"), backup_id=backup_id or "the newest", passed=False
    )
    try:
        with _own_place(config) as place:
            is_away = config.backup.offsite.url is not None and not here
            with fetching(config.backup_folder):
                own = _fetch(place, backup_id, progress) if is_away else place
            clock.lap("fetch")
            backup = find_backup(own.backup_folder, backup_id)
            result = _named(result, backup)
            ensure_services(own.workspace_folder, own.services, postgres=own.postgres, redis=own.redis)
            clock.lap("server")
            plan = plan_restore(own, backup.backup_id)
            restored = restore_backup(own, plan, identity=identity, back_up=False, progress=progress)
            result = _told(result, restored, began)
            result = _measured(result, clock.seconds | restored.seconds, _look_up(own, progress))
    except RetailBrainError as error:
        _write(config, replace(result, problem=error.message))
        raise
    return _write(config, result)


def _fetch(own: Configuration, backup_id: str | None, progress: Progress) -> Configuration:
    """Bring the backup from the off-site place into a target of the drill's own."""
    from retail_brain.desk.offsite import fetch_backup

    target = own.workspace_folder / "backups"
    own = own.model_copy(update={"backup": own.backup.model_copy(update={"folder": str(target)})})
    fetch_backup(own, backup_id, progress=progress)
    return own


def _named(result: DrillResult, backup: Backup) -> DrillResult:
    from retail_brain import __version__

    versions = {"Retail Brain": __version__}
    if backup.manifest is not None:
        versions |= {"pg_dump": backup.manifest.client_version, "server of the backup": backup.manifest.server_version}
    size = backup.manifest.size if backup.manifest else 0
    return replace(result, backup_id=backup.backup_id, backup_bytes=size, versions=versions)


def _told(result: DrillResult, restored: RestoreResult, began: datetime) -> DrillResult:
    lost = began - datetime.fromisoformat(restored.recovered_until)
    return replace(
        result, recovered_until=restored.recovered_until, rpo_s=round(lost.total_seconds(), 1), tables=restored.tables,
        rows=restored.rows, indexes=restored.indexes, replayed=restored.replayed, warmed=restored.warmed,
        warnings=restored.warnings,
    )  # fmt: skip


def _measured(result: DrillResult, seconds: dict[str, float], answers: _Answers) -> DrillResult:
    """Add the phases. Look-ups are answered before the cache is warm, so that does not count."""
    seconds = {**seconds, "first look-up": answers.first_s, "look-ups": answers.all_s}
    return replace(
        result, passed=True, seconds={name: round(seconds[name], 3) for name in PHASES if name in seconds},
        rto_s=round(sum(took for name, took in seconds.items() if name not in ("warm", "look-ups")), 1),
        lookups=answers.count, lookup_p95_ms=round(answers.p95_ms, 2),
    )  # fmt: skip


def _look_up(own: Configuration, progress: Progress) -> _Answers:
    """Look customers up, by profile id and by record, as a support agent's program does.

    Raises:
        IntegrityError: a customer that the database names is not found.
    """
    from retail_brain.desk.session import open_desk
    from retail_brain.store.connection import connect
    from retail_brain.store.sample import sample_keys

    started, took = time.perf_counter(), []
    addresses = ensure_services(own.workspace_folder, own.services, postgres=own.postgres, redis=own.redis)
    with connect(addresses.postgres) as conn:
        keys = sample_keys(conn, LOOKUPS)
    progress("look-ups", total=len(keys))
    with open_desk(own) as desk:
        for number, key in enumerate(keys, 1):
            asked = time.perf_counter()
            try:
                desk.profile(key)
            except RetailBrainError as error:
                raise IntegrityError("a customer of the restored database is not found", hint=error.message) from error
            took.append(time.perf_counter() - asked)
            if number == 1:
                first_s = time.perf_counter() - started
            progress("look-ups", done=number, total=len(keys))
    if not took:
        return _Answers(first_s=0.0, all_s=time.perf_counter() - started, count=0, p95_ms=0.0)
    p95 = sorted(took)[int(len(took) * 0.95) - 1] if len(took) > 1 else took[0]
    return _Answers(first_s=first_s, all_s=time.perf_counter() - started - first_s, count=len(took), p95_ms=p95 * 1_000)


@contextmanager
def _own_place(config: Configuration) -> Iterator[Configuration]:
    """Give a configuration whose workspace is empty and whose servers are its own; all of it is gone afterwards."""
    base = config.workspace_folder / "drill"
    sweep_drills(config)
    folder = base / secrets.token_hex(4)
    try:
        folder.mkdir(parents=True, mode=0o700)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ResourceError(f"{base} cannot be written", hint="check its owner and the free disk") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield config.model_copy(
            update={
                "workspace": config.workspace.model_copy(update={"folder": str(folder)}),
                "postgres": PostgresSettings(),
                "redis": RedisSettings(),
            }
        )
    finally:
        _clear(config, folder)
        os.close(lock)


def sweep_drills(config: Configuration) -> int:
    """Stop the servers and remove the data of drills that were killed.

    Args:
        config: the configuration.

    Returns:
        How many there were.
    """
    swept = 0
    for folder in (config.workspace_folder / "drill").glob("*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(config, folder)
            swept += 1
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
    return swept


def _clear(config: Configuration, folder: Path) -> None:
    stop_services(folder, config.services)
    shutil.rmtree(folder, ignore_errors=True)


def _write(config: Configuration, result: DrillResult) -> DrillResult:
    from retail_brain.desk.drill_page import render_drill

    page = write_record(config.backup_folder, result, render_drill(result))
    return replace(result, page=str(page))

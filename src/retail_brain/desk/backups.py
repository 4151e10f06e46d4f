"""A backup, made: one snapshot that pg_dump writes out while every table is counted and hashed in it, then all of it read back,
and as a rule restored to try it.

Apart from the room of backups, because it takes the database and the programs together. Nothing counts until everything was decoded
and is on the disk; whatever fails on the way leaves no trace, and whatever is killed a folder that the next one clears away.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain import __version__
from retail_brain.backup import check, dump, place, verified
from retail_brain.backup.failure import MovedError
from retail_brain.backup.manifest import NAME, Manifest, TableEntry
from retail_brain.backup.scan import scan
from retail_brain.backup.tool import Tools, find_tools
from retail_brain.desk.backup_result import BackupCreated
from retail_brain.desk.lookup import addresses_of
from retail_brain.errors import ConfigurationError, IntegrityError
from retail_brain.model import no_progress
from retail_brain.pipeline.journaling import ensure_journal, refuse_other_target
from retail_brain.pipeline.result import Clock
from retail_brain.store import fingerprint
from retail_brain.store.connection import connect, is_local
from retail_brain.store.database import sweep_leftovers
from retail_brain.store.failure import DeniedError, TransientServiceError
from retail_brain.store.migration import migration_status
from retail_brain.workspace import Workspace, replace_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.desk.trial import Trial
    from retail_brain.model import PostgresAddress, Progress
    from retail_brain.store.connection import Connection
    from retail_brain.store.fingerprint import DumpedTable, Fingerprint, Snapshot

_POLL_S = 0.1
_TRIES = 2
_PROBLEMS_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """A backup at work."""

    config: Configuration
    postgres: PostgresAddress
    tools: Tools
    folder: Path
    lock: int
    progress: Progress
    no_trial: str
    """Why this login cannot restore it to try it; '' where it can."""
    clock: Clock = field(default_factory=Clock)

    @property
    def backup_id(self) -> str:
        return self.folder.name.removesuffix(place.PARTIAL)


def create_backup(
    config: Configuration, *, new_target: bool = False, progress: Progress = no_progress
) -> BackupCreated:
    """Make a backup of the database, with roles, models and configuration, and verify it by decoding everything.

    Where the configuration wants it, it is also restored into a scratch database. What comes of that is told in the result.

    Args:
        config: the configuration.
        new_target: the target is a new one, and is not missing what a former one held.
        progress: told how far the dump and its checks are.

    Returns:
        The finished backup.

    Raises:
        ConfigurationError: no pg_dump fits the server, or the login may not read everything, or not make the database
            in which each backup is to be tried; nothing was started.
        ResourceError: there is too little room.
        LockedError: another backup is being made.
        ServiceError: the server went away, or somebody changed the structure of the database twice; or the target is not
            the one that holds the journal, and was not called a new one.
        IntegrityError: what was written does not hold what the database held; nothing of it counts.
    """
    from retail_brain.desk.trial import why_no_right

    target, (postgres, _) = config.backup_folder, addresses_of(config)
    with ExitStack() as held:
        pg = held.enter_context(connect(postgres, application_name="retail-brain backup"))
        fingerprint.check_readable(pg)
        if not new_target:
            refuse_other_target(config, pg)
        lock = held.enter_context(place.alone(target, "backup create"))
        no_trial = why_no_right(config, pg)
        tools = find_tools(pg.info.server_version // 10_000, embedded=embedded_programs(config, postgres))
        removed = place.clear_leftovers(target)
        sweep_leftovers(postgres)
        warnings = (*_keep_journal(config, pg), *filter(None, [no_trial]))
        for attempt in range(1, _TRIES + 1):
            try:
                with place.begun(target) as folder:
                    making = _Making(
                        config=config, postgres=postgres, tools=tools, folder=folder, lock=lock, progress=progress,
                        no_trial=no_trial,
                    )  # fmt: skip
                    manifest, trial = _make(making, pg)
                if trial is None:
                    trial = _try(making, manifest, done := target / making.backup_id)
                    trial.note(done)
                result, warnings = _result(making, manifest, trial), (*warnings, *trial.warnings)
                return replace(result, removed_leftovers=removed, tries=attempt, warnings=warnings)
            except (MovedError, TransientServiceError):
                if attempt == _TRIES or pg.broken:
                    raise
    raise AssertionError("unreachable")


def embedded_programs(config: Configuration, postgres: PostgresAddress) -> Path | None:
    """Return the folder of the embedded server's programs, where they can speak to this server: they know no TLS."""
    plain = is_local(postgres.host) and postgres.sslmode in (None, "disable", "allow", "prefer")
    return embedded_folder() if config.postgres.host is None or plain else None


def embedded_folder() -> Path | None:
    """Return the folder of the embedded server's programs; None on a system for which there are none."""
    from retail_brain.services.binaries import find_binaries

    try:
        return find_binaries().postgres_folder
    except ConfigurationError:
        return None


def _keep_journal(config: Configuration, pg: Connection) -> tuple[str, ...]:
    """Have a journal that goes on from this backup, where that can be; a backup without one is better than none."""
    if any(state.applied_at is None for state in migration_status(pg)):
        return ("no journal goes on from this backup: the database lacks migrations",)
    try:
        return ensure_journal(config, pg)
    except DeniedError as error:
        return (f"no journal was begun or written: {error.message}",)


def _make(making: _Making, pg: Connection) -> tuple[Manifest, Trial | None]:
    """Make the backup, up to its name. One that is encrypted is tried before: nobody here has to hold the key."""
    started = datetime.now(UTC)
    with fingerprint.exported_snapshot(pg) as snapshot:
        tables = fingerprint.list_tables(pg)
        expected = int(sum(table.bytes for table in tables) * dump.SHARE)
        dump.refuse_without_room(making.folder.parent, expected)
        found = _dump(making, pg, snapshot, tables, expected)
    making.clock.lap("dump")
    dump.dump_globals(making.tools, making.postgres, making.folder, lock=making.lock)
    dump.copy_models(Workspace(folder=making.config.workspace_folder).models, making.folder)
    dump.copy_configuration(making.config.file, making.folder)
    making.clock.lap("globals")
    manifest = _read_back(making, _manifest(making, started, snapshot, tables, found))
    making.clock.lap("decode")
    trial = None
    if making.config.backup.recipients:
        trial = _try(making, manifest, making.folder)
        manifest = _encrypt(making, manifest)
        making.clock.lap("encrypt")
    _keep(making, manifest, trial)
    making.clock.lap("sync")
    return manifest, trial


def _dump(
    making: _Making, pg: Connection, snapshot: Snapshot, tables: list[DumpedTable], expected: int
) -> list[Fingerprint]:
    """Dump the database, and count and hash its tables meanwhile."""
    dumping = dump.start_dump(
        making.tools, making.postgres, making.folder,
        snapshot=snapshot.snapshot, jobs=making.config.backup.jobs, lock=making.lock,
    )  # fmt: skip
    with dumping as program, ThreadPoolExecutor(1) as beside:
        hashing = beside.submit(fingerprint.fingerprints, pg, tables)
        try:
            while not program.has_ended(within_s=_POLL_S):
                if hashing.done():
                    hashing.result()
                written = _bytes_in(making.folder / "dump")
                making.progress("dump", done=min(written, expected - 1), total=max(expected, 1))
            program.finish()
            found = hashing.result()
        except BaseException:
            with suppress(Exception):  # what happened is told already
                pg.cancel_safe(timeout=5)
            raise
    making.progress("dump", done=max(expected, 1), total=max(expected, 1))
    return found


def _bytes_in(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat().st_size for entry in entries)
    except OSError:
        return 0


def _manifest(
    making: _Making, started: datetime, snapshot: Snapshot, tables: list[DumpedTable], found: list[Fingerprint]
) -> Manifest:
    """Return the manifest as far as the database knows it: the files are still to be read."""
    files = check.data_files(making.folder, making.tools)
    entries = tuple(
        TableEntry(
            schema=table.schema, name=table.name, rows=one.rows, digest=one.digest, columns=len(table.columns),
            file=files.get(table.oid, ""),
        )
        for table, one in zip(tables, found, strict=True)
    )  # fmt: skip
    return Manifest(
        backup_id=making.backup_id, started_at=started.isoformat(), ended_at="", program=__version__,
        client_version=making.tools.version, embedded=making.config.postgres.host is None, tables=entries, files=(),
        **asdict(snapshot),
    )  # fmt: skip


def _read_back(making: _Making, manifest: Manifest) -> Manifest:
    """Read and decode everything that was written, and return the manifest with its files.

    Raises:
        IntegrityError: it is not what the database held.
    """
    found = scan(making.folder, unpack=True, jobs=making.config.backup.jobs, tell=teller(making.progress, "decode"))
    problems = check.content_problems(making.folder, manifest, found, making.tools)
    problems += [f"{table.schema}.{table.name} is not in the dump" for table in manifest.tables if not table.file]
    if problems:
        raise IntegrityError(
            f"the backup does not hold what the database held: {'; '.join(problems[:_PROBLEMS_TOLD])}",
            hint="nothing of it counts; repeat it, and look at the disk if it happens again",
        )
    return replace(manifest, files=check.entries_of(found))


def _encrypt(making: _Making, manifest: Manifest) -> Manifest:
    """Encrypt what was checked, and return the manifest of the encrypted files."""
    from retail_brain.backup import encrypt

    making.progress("encrypt", total=1)
    encrypt.encrypt_folder(making.folder, making.config.backup.recipients)
    files = check.entries_of(scan(making.folder, unpack=False, jobs=making.config.backup.jobs))
    making.progress("encrypt", done=1, total=1)
    return replace(manifest, files=files, encrypted=True)


def _keep(making: _Making, manifest: Manifest, trial: Trial | None) -> None:
    """Write the manifest, and give the backup its name."""
    making.progress("sync", total=1)
    manifest = replace(manifest, ended_at=datetime.now(UTC).isoformat())
    replace_text(making.folder / NAME, manifest.text())
    verified.note_check(making.folder, "decoded", ())
    if trial is not None:
        trial.note(making.folder)
    place.finish(making.folder)
    making.progress("sync", done=1, total=1)


def _try(making: _Making, manifest: Manifest, folder: Path) -> Trial:
    """Restore what lies in a folder, in plain, to try it, where that is wanted and may be done."""
    from retail_brain.desk.trial import Trial, try_created

    if making.no_trial:
        return Trial(outcome="")
    decoded = verified.Verified(level="decoded")
    backup = place.Backup(backup_id=making.backup_id, path=folder, manifest=manifest, verified=decoded)
    trial = try_created(making.config, making.postgres, backup, progress=making.progress)
    if trial.outcome:
        making.clock.lap("trial")
    return trial


def teller(progress: Progress, stage: str) -> Callable[[int, int], None]:
    """Return a function that tells of a stage by bytes."""
    return lambda done, total: progress(stage, done=done, total=max(total, 1))


def _result(making: _Making, manifest: Manifest, trial: Trial) -> BackupCreated:
    return BackupCreated(
        backup_id=manifest.backup_id, path=str(making.config.backup_folder / manifest.backup_id), size=manifest.size,
        tables=len(manifest.tables), rows=sum(table.rows for table in manifest.tables), snapshot_at=manifest.snapshot_at,
        run_id=manifest.run_id, seal=manifest.seal, encrypted=manifest.encrypted,
        level="restored" if trial.outcome == "passed" else "decoded", seconds=making.clock.seconds,
        restore_check=trial.outcome, restore_problem="; ".join(trial.problems[:_PROBLEMS_TOLD]),
    )  # fmt: skip

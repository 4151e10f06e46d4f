"""The heart of every restore, check and drill: a backup brought to life in a database of its own, and held against what it was.

Apart from what becomes of that database, so that the restore of an emergency is, step by step, the one that is rehearsed.
Nothing that exists is touched: whatever fails here, or is killed, leaves at most a scratch database for the next to sweep.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from retail_brain.backup.check import check_contents, check_files
from retail_brain.backup.encrypt import opened, read_identities
from retail_brain.backup.reading import reading
from retail_brain.backup.restore import choose_tools, load_dump, refuse_without_room, told_when_full
from retail_brain.desk.backups import embedded_programs
from retail_brain.errors import ConfigurationError, IntegrityError, ServiceError
from retail_brain.model import no_progress
from retail_brain.pipeline.result import Clock
from retail_brain.store import database as databases
from retail_brain.store import inside
from retail_brain.store.connection import connect
from retail_brain.store.fingerprint import fingerprints, list_tables
from retail_brain.store.invariant import check_invariants
from retail_brain.store.seal import verify_log
from retail_brain.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from retail_brain.backup.manifest import Manifest, TableEntry
    from retail_brain.backup.place import Backup
    from retail_brain.backup.tool import Tools
    from retail_brain.config.file import Configuration
    from retail_brain.desk.journal import ReplayedJournal
    from retail_brain.model import PostgresAddress, Progress
    from retail_brain.store.connection import Connection
    from retail_brain.store.fingerprint import DumpedTable, Fingerprint

_ANOTHER = "use another backup: retail-brain backup list"
_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What is to be recovered, where, and up to when."""

    config: Configuration
    backup: Backup
    postgres: PostgresAddress
    """The server; its database need not exist."""
    at: datetime | None = None
    """Replay the journal up to this moment; None for all of it."""
    identity: Path | None = None
    """The file with the key that opens an encrypted backup."""
    replay: bool = True
    clock: Clock = field(default_factory=Clock)
    progress: Progress = no_progress

    @cached_property
    def identities(self) -> tuple[Any, ...]:
        """The keys of the identity file; none where none was named."""
        return tuple(read_identities(self.identity)) if self.identity is not None else ()

    @property
    def disk(self) -> Path | None:
        """A folder on the disk of the server's data, where that is ours."""
        return self.config.workspace_folder if self.config.postgres.host is None else None

    @property
    def manifest(self) -> Manifest:
        """The manifest of the backup.

        Raises:
            IntegrityError: it has none that can be believed.
        """
        if self.backup.manifest is None:
            raise IntegrityError(f"{self.backup.backup_id}: {self.backup.why_unreadable}", hint=_ANOTHER)
        return self.backup.manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A recovered database, as it stands in its scratch place."""

    postgres: PostgresAddress
    folder: Path
    """The backup's folder, in plain."""
    tables: int
    rows: int
    indexes: int | None
    until: str
    """The newest moment whose work is there again."""
    journal: ReplayedJournal
    """What the journal added."""
    warnings: tuple[str, ...]


@contextmanager
def recovered(job: Recovery) -> Iterator[Recovered]:
    """Check a backup, restore it into a scratch database, hold it against its manifest, and replay the journal.

    Args:
        job: what, where, and up to when.

    Returns:
        The database, with current schema, rights and statistics. It is dropped when the block ends, unless it was put in
        the place of another.

    Raises:
        IntegrityError: a file, a table, an index, the log's seals or an invariant is not as it was; the message names it.
        ConfigurationError: the server is too old for the dump, the key does not fit, or the login may not make databases.
        ResourceError: there is no room.
        ServiceError: PostgreSQL does not answer.
    """
    manifest = job.manifest
    with reading(job.backup.path), ExitStack() as held:
        tools = _tools(job)
        _check_files(job, tools)
        job.clock.lap("files")
        folder = held.enter_context(_plain(job))
        _check_contents(job, folder, tools)
        job.clock.lap("decrypt")
        with told_when_full(job.disk), databases.scratch_database(job.postgres) as scratch:
            _load(job, tools, folder, scratch)
            job.clock.lap("restore")
            with connect(scratch, application_name="retail-brain restore") as conn:
                _compare(job, conn)
                job.clock.lap("compare")
                inside.analyze(conn)
                job.clock.lap("analyze")
                warnings = _bring_up_to_date(conn)
                job.clock.lap("schema")
                conn.commit()
                journal = _replay(job, scratch)
                job.clock.lap("replay")
                indexes = _check(job, conn, scratch)
                job.clock.lap("check")
            if indexes is None:
                warnings += ("indexes were not read: this server has no amcheck, or its use takes a superuser",)
            yield Recovered(
                postgres=scratch, folder=folder, tables=len(manifest.tables), indexes=indexes, journal=journal,
                rows=sum(table.rows for table in manifest.tables), warnings=(*warnings, *journal.warnings),
                until=max(manifest.snapshot_at, journal.until.isoformat() if journal.until else ""),
            )  # fmt: skip


def _tools(job: Recovery) -> Tools:
    """Find pg_restore, and room for what it makes, before anything is started."""
    if job.disk is not None:
        refuse_without_room(job.manifest, job.disk)
    with databases.open_server(job.postgres) as server:
        version = server.info.server_version
    return choose_tools(job.manifest, version, embedded=embedded_programs(job.config, job.postgres))


def _check_files(job: Recovery, tools: Tools) -> None:
    """Hold every file against the manifest, and decode what was never decoded here, before anything of it is believed."""
    reader = None if job.backup.is_verified else tools
    _refuse(job, check_files(job.backup.path, job.manifest, tools=reader, jobs=job.config.backup.jobs, tell=_tell(job)))


def _check_contents(job: Recovery, folder: Path, tools: Tools) -> None:
    """Decode what was encrypted and never decoded here; see `_check_files`."""
    if job.manifest.encrypted and not job.backup.is_verified:
        _refuse(job, check_contents(folder, job.manifest, tools, jobs=job.config.backup.jobs, tell=_tell(job)))


def _tell(job: Recovery) -> Callable[[int, int], None]:
    return lambda done, total: job.progress("files", done=done, total=total)


def _refuse(job: Recovery, problems: tuple[str, ...]) -> None:
    if problems:
        more = f", and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise IntegrityError(
            f"{job.backup.backup_id} is damaged: {'; '.join(problems[:_TOLD])}{more}; nothing was restored",
            hint=_ANOTHER,
        )


def _load(job: Recovery, tools: Tools, folder: Path, scratch: PostgresAddress) -> None:
    """Let pg_restore do its work, and where it fails say whether that is the dump's fault.

    Raises:
        IntegrityError: the dump cannot be decoded.
        RetailBrainError: anything else that pg_restore stumbled over.
    """
    try:
        load_dump(tools, folder, scratch, jobs=job.config.backup.jobs, progress=job.progress)
    except ServiceError as error:
        problems = check_contents(folder, job.manifest, tools, jobs=job.config.backup.jobs)
        if problems:
            raise IntegrityError(f"{job.backup.backup_id} cannot be restored: {problems[0]}", hint=_ANOTHER) from error
        raise


def _replay(job: Recovery, scratch: PostgresAddress) -> ReplayedJournal:
    """Add what the journal holds. A database that is only looked at needs none of it."""
    from retail_brain.desk.journal import ReplayedJournal, replay_journal

    if not job.replay:
        return ReplayedJournal(rows={})
    job.progress("replay", total=1)
    found = replay_journal(scratch, job.config.backup_folder, until=job.at, identities=job.identities)
    job.progress("replay", done=1, total=1)
    return found


def _plain(job: Recovery) -> AbstractContextManager[Path]:
    """Give the backup's files in plain: its own folder, or a private one that is gone afterwards."""
    if not job.manifest.encrypted:
        return nullcontext(job.backup.path)
    if job.identity is None:
        raise ConfigurationError(
            f"{job.backup.backup_id} is encrypted", hint="--identity FILE names the file with the key that opens it"
        )
    return opened(
        job.backup.path, read_identities(job.identity), scratch=Workspace(folder=job.config.workspace_folder).scratch
    )


def _compare(job: Recovery, conn: Connection) -> None:
    """Hold rows and hash of every table against the manifest.

    Raises:
        IntegrityError: a table is missing, was not in the backup, or holds other rows; the message names all of them.
    """
    wanted = {(table.schema, table.name): table for table in job.manifest.tables}
    done = 0

    def tell(table: DumpedTable) -> None:
        nonlocal done
        done += 1
        job.progress("compare", done=done, total=len(wanted), detail=table.name)

    job.progress("compare", total=len(wanted))
    found = {(one.schema, one.name): one for one in fingerprints(conn, list_tables(conn), tell)}
    conn.rollback()
    wrong = [
        f"{name} ({_difference(wanted.get((schema, name)), found.get((schema, name)))})"
        for schema, name in sorted(wanted.keys() | found.keys())
        if _state(wanted.get((schema, name))) != _state(found.get((schema, name)))
    ]
    if wrong:
        raise IntegrityError(
            f"{job.backup.backup_id}: what was restored is not what was backed up: {', '.join(wrong)}", hint=_ANOTHER
        )


def _state(table: TableEntry | Fingerprint | None) -> tuple[int, str] | None:
    return None if table is None else (table.rows, table.digest)


def _difference(wanted: TableEntry | None, found: Fingerprint | None) -> str:
    if wanted is None or found is None:
        return "not in the backup" if wanted is None else "missing"
    if wanted.rows != found.rows:
        return f"{found.rows:,} rows instead of {wanted.rows:,}"
    return "other values"


def _bring_up_to_date(conn: Connection) -> tuple[str, ...]:
    """Apply the migrations that came after the backup, and give the roles their rights, which no dump holds."""
    from retail_brain.store.migration import migrate

    roles = migrate(conn, with_roles=True).roles
    return (f"rights are incomplete: {roles.advice}",) if roles is not None and roles.advice else ()


def _check(job: Recovery, conn: Connection, scratch: PostgresAddress) -> int | None:
    """Read every index and compute every seal again, and check the invariants meanwhile.

    Raises:
        IntegrityError: something does not hold; the message names it.
    """
    job.progress("check", total=3)
    with connect(scratch, application_name="retail-brain restore") as other, ThreadPoolExecutor(1) as beside:
        checking = beside.submit(check_invariants, other)
        try:
            indexes = inside.refuse_broken(conn)
            job.progress("check", done=1, total=3)
            verify_log(conn, expect=job.manifest.seal or None)
            job.progress("check", done=2, total=3)
            violations = checking.result()
        except BaseException:
            with suppress(Exception):
                other.cancel_safe(timeout=5)
            raise
    job.progress("check", done=3, total=3)
    if violations:
        told = ", ".join(f"{violation.rule}: {violation.rows:,}" for violation in violations)
        raise IntegrityError(f"{job.backup.backup_id}: invariants do not hold: {told}", hint=_ANOTHER)
    return indexes

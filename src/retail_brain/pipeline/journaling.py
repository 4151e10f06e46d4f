"""The journal kept: what was just committed, and what was delivered, is beside the backups before a command says done.

Both doors need it, the night and the desk, and it takes two rooms: PostgreSQL tells what was touched, the backup room
writes it down. Where the target does not take it, the work stands and a warning says so; the next command that writes the
journal, or `backup journal`, brings everything that waits.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain.backup import delivered
from retail_brain.backup.delivery_note import DeliveredFile
from retail_brain.backup.journal import FOLDER, Head
from retail_brain.backup.journal_end import find_end, make_timeline, note_reached
from retail_brain.backup.journal_writer import JournalWriter, rows_entries
from retail_brain.backup.place import list_backups
from retail_brain.errors import InputError, IntegrityError, RetailBrainError, ServiceError
from retail_brain.model import NotJournaled
from retail_brain.store import journal as store
from retail_brain.store.run import list_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg

    from retail_brain.config.file import Configuration
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.journal import JournalState, Taking, TouchedRow
    from retail_brain.workspace import Workspace

DELIVERED = "delivered"
"""The entry of a run's manifest that lists its files: path, source, name, SHA-256 and size of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalResult:
    """What reached the journal.

    Attributes:
        status: written, nothing new, or off (no journal is kept).
        timeline: name of the journal.
        entries: entries in all.
        rows: rows that this command wrote.
        files: delivered files that this command copied.
        reached_at: everything committed before this moment is in the journal.
        warnings: what a person should know.
    """

    status: str
    timeline: str | None = None
    entries: int = 0
    rows: int = 0
    files: int = 0
    reached_at: datetime | None = None
    warnings: tuple[str, ...] = ()


def timeline_folder(config: Configuration, state: JournalState) -> Path:
    """Return the folder of a journal's entries."""
    return config.backup_folder / FOLDER / str(state.timeline)


def files_folder(config: Configuration) -> Path:
    """Return the folder of the delivered files."""
    return config.backup_folder / FOLDER / delivered.FOLDER


def keep_journal(stores: Stores) -> tuple[str, ...]:
    """Write down what was just committed, where a journal is kept.

    Args:
        stores: the open stores, outside any transaction.

    Returns:
        A `NotJournaled` where the target does not take it; the work stands all the same.
    """
    return keep_journal_on(stores.config, stores.pg)


def keep_journal_on(config: Configuration, pg: psycopg.Connection) -> tuple[str, ...]:
    """Do as `keep_journal`, on a connection of one's own."""
    try:
        write_journal(config, pg)
    except (RetailBrainError, OSError) as error:
        return (not_journaled(error),)
    return ()


def write_journal(config: Configuration, pg: psycopg.Connection) -> JournalResult:
    """Write everything that was touched since the last entry. Where nothing was, the journal's end is looked at all the same.

    Args:
        config: the configuration.
        pg: a connection outside any transaction.

    Returns:
        What was written.

    Raises:
        ServiceError: the target cannot be written.
        IntegrityError: the target lacks entries that were there, or knows more than the database, which was set back.
        LockedError: another command writes the journal, and takes too long.
    """
    with store.taking(pg) as taking:
        if taking is None:
            return JournalResult(status="off")
        state, rows = taking.state, 0
        folder = timeline_folder(config, state)
        head = find_end(folder, known_end(state), taking.knows)
        if taking.is_due:
            head, rows = _write_batch(config, taking, head)
            taking.settle(entries=head.entries, digest=head.digest, part=head.part, size=head.size)
        else:
            note_reached(folder, taking.moment.astimezone(UTC).isoformat(), head)
    return JournalResult(
        status="written" if rows else "nothing new", timeline=str(state.timeline), entries=head.entries, rows=rows,
        reached_at=taking.moment,
    )  # fmt: skip


def known_end(state: JournalState) -> Head:
    """Return where the journal ends, as PostgreSQL knows it."""
    return Head(entries=state.entries, digest=state.digest or "", part=state.part or "", size=state.bytes)


def _write_batch(config: Configuration, taking: Taking, end: Head) -> tuple[Head, int]:
    count = 0

    def counted(rows: Iterable[TouchedRow]) -> Iterator[TouchedRow]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    writer = JournalWriter(
        timeline_folder(config, taking.state), end, at=taking.moment.astimezone(UTC).isoformat(),
        horizon=taking.horizon, recipients=config.backup.recipients,
    )  # fmt: skip
    try:
        with closing(taking.rows()) as rows:
            for body in rows_entries(counted(rows)):
                writer.append("rows", body)
        return writer.commit(taking.notes), count
    finally:
        writer.close()


def refuse_other_target(config: Configuration, pg: psycopg.Connection) -> None:
    """Refuse a target that is not the one that the journal began in, most likely because its disk is not mounted.

    Args:
        config: the configuration.
        pg: a connection outside any transaction.

    Raises:
        ServiceError: PostgreSQL knows of a journal, and the target holds neither that nor any backup.
    """
    state, target = store.journal_state(pg), config.backup_folder
    if state is None or list_backups(target) or timeline_folder(config, state).is_dir():
        return
    raise ServiceError(
        f"{target} holds no backup, and not the journal that PostgreSQL knows of; nothing was written",
        hint="mount its disk; where the target is a new one: retail-brain backup create --new-target",
    )


def ensure_journal(config: Configuration, pg: psycopg.Connection) -> tuple[str, ...]:
    """Have a journal that goes on from any backup that is made after this; begin one where none is, or where it is damaged.

    Args:
        config: the configuration; where it wants no journal, one that is kept ends.
        pg: a connection outside any transaction, as a login that may write runs.

    Returns:
        That a journal was given up and another one began, and why.

    Raises:
        ServiceError: the target cannot be written.
        LockedError: a run is being published.
    """
    state = store.journal_state(pg)
    if not config.backup.journal:
        if state is not None:
            store.end_journal(pg)
        return ()
    why = ""
    if state is not None:
        try:
            write_journal(config, pg)
        except IntegrityError as error:  # this backup does not need what is lost, and those that follow are new
            why = error.message
        except ServiceError:
            if timeline_folder(config, state).is_dir():
                raise
            why = f"the one that PostgreSQL knows of is not in {config.backup_folder}"
        else:
            return ()
    store.begin_journal(pg, lambda timeline: make_timeline(config.backup_folder, timeline))
    return (f"a new journal begins with this backup, no older backup goes on with it: {why}",) if why else ()


def copy_deliveries(config: Configuration, workspace: Workspace, pg: psycopg.Connection) -> tuple[int, tuple[str, ...]]:
    """Copy the delivered files of runs that came since the journal began, or that still wait, as far as they are not there.

    Args:
        config: the configuration.
        workspace: knows what each run has read.
        pg: a connection outside any transaction.

    Returns:
        How many were copied, and what a person should know: a file of a run that is not published, and that is not
        where it was, is in no backup.

    Raises:
        ServiceError: the target cannot be written.
    """
    state = store.journal_state(pg)
    if state is None:
        return 0, ()
    if not timeline_folder(config, state).is_dir():
        raise ServiceError(
            f"{config.backup_folder} does not hold the journal: the delivered files were not copied there",
            hint="is the target mounted? retail-brain backup journal catches up",
        )
    copied, missing = 0, list[str]()
    for run in list_runs(pg, limit=config.workspace.keep_runs):
        waits = run.status in ("running", "held", "failed")
        if not waits and run.started_at < state.began_at:
            continue
        for entry in workspace.run_folder(run.run_id).manifest.get(DELIVERED, ()):
            try:
                copied += _copy(config, entry)
            except InputError as error:
                if waits:
                    missing.append(f"{error.message}: it is in no backup")
    return copied, tuple(missing)


def _copy(config: Configuration, entry: dict[str, Any]) -> bool:
    folder, fields = files_folder(config), dict(entry)
    path = Path(fields.pop("path"))
    file = DeliveredFile(**fields, copied_at=datetime.now(UTC).isoformat())
    if delivered.is_kept(folder, file.sha256):
        return False
    delivered.keep_file(folder, path, file, recipients=config.backup.recipients)
    return True


def keep_deliveries(stores: Stores) -> tuple[str, ...]:
    """Copy the files that were just taken in, where a journal is kept.

    Args:
        stores: the open stores.

    Returns:
        What a person should know; a `NotJournaled` where the target does not take them.
    """
    try:
        return copy_deliveries(stores.config, stores.workspace, stores.pg)[1]
    except (RetailBrainError, OSError) as error:
        return (not_journaled(error),)


def not_journaled(error: RetailBrainError | OSError) -> NotJournaled:
    """Return the warning that work stands and its copy is not beside the backups yet, and why."""
    why = error.message if isinstance(error, RetailBrainError) else error.strerror
    return NotJournaled(
        f"done, but its copy is not beside the backups yet: {why}; retail-brain backup journal repeats it"
    )

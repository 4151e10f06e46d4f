"""The journal for a person: brought up to date, followed, put into a restored database, and pruned.

Apart from keeping it, which every command does by itself, and from restoring, which calls this with the database that it
has just made.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from retail_brain.backup import delivered
from retail_brain.backup.handing_back import fetch_files
from retail_brain.backup.journal import FOLDER, parts_before, read_journal, strays
from retail_brain.backup.journal_end import read_reached
from retail_brain.desk.lookup import open_store
from retail_brain.desk.offsite import copy_journal
from retail_brain.errors import IntegrityError, RetailBrainError
from retail_brain.pipeline.journaling import JournalResult, copy_deliveries, write_journal
from retail_brain.pipeline.stores import open_workspace
from retail_brain.store import journal as store
from retail_brain.store.connection import connect
from retail_brain.store.replay import Replay, finish_replay
from retail_brain.store.run import known_deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from threading import Event

    from retail_brain.backup.delivery_note import DeliveredFile
    from retail_brain.backup.journal import Entry
    from retail_brain.config.file import Configuration
    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection
    from retail_brain.store.journal import JournalState

_MARGIN = timedelta(hours=1)
"""What is kept of the journal from before the oldest backup: clocks are set, and snapshots take a moment."""

_SENT_ELSEWHERE = "another process is sending the journal off-site; what is new goes with the next time"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedJournal:
    """What the journal added to a restored database.

    Attributes:
        entries: entries that were put in.
        digest: of the last of them.
        rows: rows that were written or removed, by table.
        until: the moment up to which everything is there; None where the journal had nothing to add, and no note says that
            there was nothing.
        unpublished: delivered files that were taken in and that no run has published.
        warnings: what a person should know: files beside the journal that nobody could read, too.
    """

    entries: int = 0
    digest: str = ""
    rows: dict[str, int]
    until: datetime | None = None
    unpublished: tuple[DeliveredFile, ...] = ()
    warnings: tuple[str, ...] = ()


def bring_up_to_date(config: Configuration) -> JournalResult:
    """Write everything that the journal lacks, copy the delivered files that are not beside it, and send both off-site.

    Args:
        config: the configuration; where it wants no journal, one that is kept ends.

    Returns:
        What was written.

    Raises:
        ServiceError: PostgreSQL or the off-site store does not answer, or the target cannot be written.
        IntegrityError: the target lacks entries that were there.
        LockedError: another command writes the journal, and takes too long.
    """
    workspace = open_workspace(config)
    with open_store(config) as pg:
        if not config.backup.journal:
            if store.journal_state(pg) is not None:
                store.end_journal(pg)
            return JournalResult(status="off")
        result = write_journal(config, pg)
        copied, warnings = copy_deliveries(config, workspace, pg)
    if copy_journal(config) is None:
        warnings += (_SENT_ELSEWHERE,)
    return replace(result, files=copied, warnings=warnings)


def follow(
    config: Configuration, *, every_s: float, stop: Event, tell: Callable[[JournalResult | RetailBrainError], None]
) -> None:
    """Bring the journal up to date again and again, until somebody says stop.

    Args:
        config: the configuration.
        every_s: seconds between two times.
        stop: ends it; what is being written is finished first.
        tell: told what was written, or what went wrong: the next time may do better.
    """
    while not stop.is_set():
        try:
            tell(bring_up_to_date(config))
        except RetailBrainError as error:
            tell(error)
        stop.wait(every_s)


def replay_journal(
    postgres: PostgresAddress, target: Path, *, until: datetime | None = None, identities: Sequence[Any] = ()
) -> ReplayedJournal:
    """Bring a restored database forward with the journal of the one that was backed up.

    Args:
        postgres: the restored database, at the current schema. No journal is kept of it afterwards.
        target: the folder of the backups.
        until: the moment to stop at; None for everything.
        identities: of `encrypt.read_identities`; needed where the journal is encrypted.

    Returns:
        What was added. All of it, or in case of an error nothing.

    Raises:
        IntegrityError: an entry was edited or is missing; the message says up to which one the journal is sound.
        ConfigurationError: it is encrypted and no identity fits.
    """
    with connect(postgres, application_name="retail-brain replay") as conn:
        state = store.journal_state(conn)
        if state is None:
            return ReplayedJournal(rows={})
        store.end_journal(conn)
        folder = target / FOLDER / str(state.timeline)
        found = _replay(conn, _entries_after(target, state, until), identities)
        found = replace(found, until=_reached(folder, state, until, found))
        if found.entries == 0 and not (target / FOLDER / str(state.timeline)).is_dir() and state.entries:
            found = replace(found, warnings=("the journal of this backup is not there; only the backup was restored",))
        known = known_deliveries(conn)
    files, warnings = delivered.list_files(target / FOLDER / delivered.FOLDER, identities)
    warnings += tuple(
        f"{name} beside the journal is no part of it, and was passed over" for name in strays(target / FOLDER / str(state.timeline))
    )  # fmt: skip
    lost = [file for file in files if file.sha256 not in known and _was_there(file, until)]
    return replace(found, unpublished=tuple(lost), warnings=(*found.warnings, *warnings))


def _was_there(file: DeliveredFile, until: datetime | None) -> bool:
    return until is None or not file.copied_at or _moment(file.copied_at) <= until


def hand_back(
    target: Path, files: Sequence[DeliveredFile], folder: Path, *, identities: Sequence[Any] = ()
) -> list[Path]:
    """Give back delivered files that no run has published, so that a run can take them again.

    Args:
        target: the folder of the backups.
        files: which, of `replay_journal`.
        folder: where they go.
        identities: where they are encrypted.

    Raises:
        IntegrityError: the bytes of one are not those that were delivered.
        ConfigurationError: no identity fits.
        ResourceError: the folder cannot be written.
    """
    return fetch_files(target / FOLDER / delivered.FOLDER, files, folder, identities=identities)


def _entries_after(target: Path, state: JournalState, until: datetime | None) -> Iterator[Entry]:
    """Yield the entries that the backup does not hold, up to a moment.

    Raises:
        IntegrityError: the journal does not go on where the backup ends.
    """
    expected = state.entries
    for entry in read_journal(target / FOLDER / str(state.timeline), until=until):
        if entry.number == state.entries and entry.digest != state.digest:
            raise IntegrityError(
                f"entry {entry.number} of the journal is not the one that the backup knows",
                hint="restore without the journal, or from another copy of the target",
            )
        if entry.number > state.entries:
            if entry.number != expected + 1:
                raise IntegrityError(
                    f"the journal lacks entries {expected + 1} to {entry.number - 1}: they were pruned or lost",
                    hint="use a newer backup: retail-brain backup list",
                )
            expected = entry.number
            yield entry


def _replay(conn: Connection, entries: Iterator[Entry], identities: Sequence[Any]) -> ReplayedJournal:
    count, rows, until, digest = 0, dict[str, int](), None, ""
    with conn.transaction():
        replay = Replay(conn)
        for entry in entries:
            count, until, digest = count + 1, _moment(entry.at), entry.digest
            if entry.kind == "rows":
                table, written = replay.put(entry.body(identities))
                rows[table] = rows.get(table, 0) + written
        finish_replay(conn)
    return ReplayedJournal(entries=count, rows=rows, until=until, digest=digest)


def _reached(folder: Path, state: JournalState, until: datetime | None, found: ReplayedJournal) -> datetime | None:
    """Return up to when everything is there: a shop in which nothing happens writes no entries, and notes that."""
    note = read_reached(folder)
    if note is None or note.digest != (found.digest or state.digest or ""):
        return found.until
    reached = min(note.at, until or note.at).astimezone(UTC)
    return max(reached, found.until or reached)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def prune_journal(target: Path, oldest: datetime) -> int:
    """Remove what no kept backup needs: parts of the journal, journals that ended, delivered files.

    Args:
        target: the folder of the backups. The caller holds it alone.
        oldest: when the oldest kept backup was begun.

    Returns:
        How many files were removed.
    """
    moment, removed = oldest - _MARGIN, 0
    for folder in (target / FOLDER).glob("*"):
        if folder.name == delivered.FOLDER:
            removed += delivered.forget_files(folder, moment.timestamp())
            continue
        for part in parts_before(folder, moment.astimezone(UTC).isoformat()):
            part.unlink()
            removed += 1
    ended = sorted(
        (folder for folder in (target / FOLDER).glob("*") if folder.name != delivered.FOLDER), key=_written_s
    )
    for folder in ended[:-1]:  # the last may still grow: an idle shop writes nothing for weeks
        if _written_s(folder) < moment.timestamp():
            shutil.rmtree(folder)
            removed += 1
    return removed


def _written_s(folder: Path) -> float:
    """Return when a journal was written last, or began, in seconds since 1970."""
    return max((part.stat().st_mtime for part in folder.glob("*.jsonl")), default=folder.stat().st_mtime)

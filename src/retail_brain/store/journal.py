"""What the journal of the backups has to be told: the rows that were touched since its last entry, in one snapshot.

Triggers note the key of every touched row in its own transaction (migration 10). Whoever writes the journal reads the
notes and the rows as they stand in one snapshot, and removes these notes in the same transaction, which is committed
only when the entries are on the disk of the target. Apart from the target, which is the backup room's: here is nothing
but PostgreSQL.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors
from psycopg.rows import class_row

from retail_brain import sql
from retail_brain.errors import LockedError
from retail_brain.store.change import identity_lock
from retail_brain.store.connection import ending
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from retail_brain.store.connection import Connection

JOURNAL_LOCK = 7_242_014_310
"""The advisory lock of whoever writes the journal, or takes the snapshot of a backup."""
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """How far the journal reaches, as PostgreSQL knows it: the columns of `journal_state`."""

    timeline: UUID
    began_at: datetime
    entries: int
    digest: str | None
    part: str | None
    bytes: int
    reached_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many touched rows wait for the journal, and since when the oldest does."""

    rows: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """What the server says of its own archive: archive_mode, its last success and failure, slots that nobody reads."""

    mode: str
    last_archived_time: datetime | None
    last_failed_time: datetime | None
    idle_slots: list[str]


TouchedRow = tuple[str, str, str | None]
"""Table, key as a JSON array, and the row as a JSON object; None where the row is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """An open snapshot of what the journal lacks.

    Attributes:
        conn: the connection, inside the transaction of the snapshot.
        state: how far the journal reaches.
        moment: of the snapshot.
        horizon: the number that the next transaction gets.
        notes: the moments of the notes that wait, the newest of each transaction, in microseconds since 1970.
    """

    conn: Connection
    state: JournalState
    moment: datetime
    horizon: int
    notes: list[int]

    @property
    def is_due(self) -> bool:
        """Whether anything was touched."""
        return bool(self.notes)

    def knows(self, notes: Sequence[int]) -> bool:
        """Say whether notes that a commit of the journal took are all waiting still.

        Args:
            notes: their moments; a commit without any is nobody's.
        """
        row = self.conn.execute(sql.load("store/journal_knows"), {"notes": list(notes)}).fetchone()
        return row is not None and 0 < len(notes) == row[0]

    def rows(self) -> Generator[TouchedRow]:
        """Yield the touched rows, table by table."""
        with self.conn.cursor(name="journal_take") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            yield from cursor.execute(sql.load("store/journal_take"))

    def settle(self, *, entries: int, digest: str | None, part: str | None, size: int) -> None:
        """Note how far the journal reaches now; what this snapshot saw is on the disk of the target.

        Args:
            entries: entries in all.
            digest: digest of the last.
            part: the file that gets the next.
            size: how many bytes of that file are entries.
        """
        mark = {"entries": entries, "digest": digest, "part": part, "bytes": size, "moment": self.moment}
        self.conn.execute(sql.load("store/journal_taken"), mark)


def journal_state(conn: Connection) -> JournalState | None:
    """Return how far the journal reaches; None where none is kept.

    Args:
        conn: a connection.
    """
    try:
        with ending(conn), conn.cursor(row_factory=class_row(JournalState)) as cursor:
            return cursor.execute(sql.load("store/journal_state")).fetchone()
    except errors.UndefinedTable:  # the schema is older than the journal
        return None


def begin_journal(conn: Connection, make_room: Callable[[str], object] = str) -> None:
    """Begin a journal; one that is kept is given up, and a new one begins. What was committed before is not in it.

    Args:
        conn: a connection outside any transaction.
        make_room: makes the room of the timeline of this name in the target; where it fails none begins.

    Raises:
        LockedError: a run is being published.
    """
    with translated(), quiet_journal(conn), conn.transaction():
        identity_lock(conn)
        conn.execute(sql.load("store/journal_begin"))
        state = journal_state(conn)
        assert state is not None
        make_room(str(state.timeline))


def end_journal(conn: Connection) -> None:
    """Keep no journal any more; nothing is noted from now on.

    Args:
        conn: a connection outside any transaction.
    """
    with translated(), quiet_journal(conn), conn.transaction():
        identity_lock(conn)
        conn.execute(sql.load("store/journal_end"))


@contextmanager
def quiet_journal(conn: Connection) -> Iterator[None]:
    """Have nobody else write the journal meanwhile.

    A backup takes its snapshot in here, so that what it says of the journal is neither ahead of its rows nor behind.

    Args:
        conn: a connection outside any transaction.

    Raises:
        LockedError: somebody else writes it for too long.
    """
    key = {"key": JOURNAL_LOCK}
    with translated(), conn.transaction():
        try:
            conn.execute(sql.load("store/journal_lock"), key)
        except errors.LockNotAvailable as error:
            raise LockedError(
                "another command writes the journal, and takes too long", hint="retail-brain backup journal"
            ) from error
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:  # else the server has let go by itself
            with translated(), conn.transaction():
                conn.execute(sql.load("store/journal_unlock"), key)


@contextmanager
def taking(conn: Connection) -> Iterator[Taking | None]:
    """Open the snapshot of what the journal lacks.

    Args:
        conn: a connection outside any transaction.

    Returns:
        What it lacks; None where no journal is kept. When the block ends well, what `settle` said is committed.

    Raises:
        LockedError: somebody else writes the journal for too long.
    """
    if journal_state(conn) is None:
        yield None
        return
    with translated(), quiet_journal(conn), conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        moment = conn.execute(sql.load("store/journal_moment")).fetchone()
        state = journal_state(conn)
        assert moment is not None
        if state is None:  # it ended a moment ago
            yield None
            return
        yield Taking(conn=conn, state=state, moment=moment[0], horizon=moment[1], notes=moment[2])


def waiting_for_journal(conn: Connection) -> Waiting:
    """Return how many touched rows wait for the journal.

    Args:
        conn: a connection.
    """
    with translated(), conn.transaction():
        row = conn.execute(sql.load("store/journal_waiting")).fetchone()
    assert row is not None
    return Waiting(rows=row[0], since=row[1])


def archiving_state(conn: Connection) -> Archiving:
    """Return what the server says of its own archive of the write-ahead log.

    Args:
        conn: a connection.
    """
    with translated(), conn.transaction(), conn.cursor(row_factory=class_row(Archiving)) as cursor:
        row = cursor.execute(sql.load("store/archiving_state")).fetchone()
    assert row is not None
    return row

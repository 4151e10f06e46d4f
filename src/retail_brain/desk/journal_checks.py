"""What `doctor` says of the journal, and of the server's own archive, which can stand beside it.

Apart from the journal's own work, because nothing is changed here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from retail_brain.backup.journal_end import find_end
from retail_brain.errors import RetailBrainError
from retail_brain.model import Check
from retail_brain.pipeline.journaling import known_end, timeline_folder
from retail_brain.store import journal as store

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.store.connection import Connection

_LATE = timedelta(minutes=15)
"""From when on a row that waits is worth a warning; `backup journal` is meant to run every few minutes."""


def check_journal(pg: Connection, config: Configuration) -> Check:
    """Say how old the newest entry of the journal is, whether rows wait for it, and whether its end is as PostgreSQL knows it.

    Args:
        pg: a connection.
        config: the configuration.
    """
    state, hint = store.journal_state(pg), "retail-brain backup journal, every few minutes from cron"
    if state is None:
        if not config.backup.journal:
            return Check(name="journal", outcome="ok", what="switched off by the configuration")
        return Check(name="journal", outcome="ok", what="begins with the first retail-brain backup create")
    waiting = store.waiting_for_journal(pg)
    age = datetime.now(UTC) - (waiting.since or datetime.now(UTC))
    if age > _LATE:
        what = f"{waiting.rows:,} rows wait since {waiting.since:%Y-%m-%d %H:%M} UTC: a disaster would lose them"
        return Check(name="journal", outcome="warning", what=what, hint=hint)
    try:
        find_end(timeline_folder(config, state), known_end(state))
    except RetailBrainError as error:
        return Check(name="journal", outcome="warning", what=error.message, hint=error.hint)
    reached = f"{state.reached_at if waiting.rows else datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return Check(
        name="journal", outcome="ok",
        what=f"holds everything up to {reached}" + (f"; {waiting.rows:,} rows wait" * bool(waiting.rows)),
    )  # fmt: skip


def check_archiving(pg: Connection) -> Check:
    """Say whether the server archives its write-ahead log, and whether that works.

    Args:
        pg: a connection.
    """
    state = store.archiving_state(pg)
    hint = "docs/how-to/journal.md says how the archive and the journal fit"
    if state.idle_slots:
        what = f"nobody reads the replication slot {', '.join(state.idle_slots)}: the server keeps its log for it until the disk is full"
        return Check(name="archive", outcome="warning", what=what, hint=hint)
    if state.mode == "off":
        return Check(
            name="archive", outcome="ok", what="the server archives no write-ahead log; the journal stands alone"
        )
    failed, done = state.last_failed_time, state.last_archived_time
    if failed is not None and (done is None or done < failed):
        what = f"archiving the write-ahead log fails since {failed:%Y-%m-%d %H:%M} UTC"
        return Check(name="archive", outcome="warning", what=what, hint=hint)
    when = f"last at {done:%Y-%m-%d %H:%M} UTC" if done else "not yet"
    return Check(name="archive", outcome="ok", what=f"the write-ahead log is archived ({when})")

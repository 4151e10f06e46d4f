"""Reading PostgreSQL's files before publishing needs them: from one end to the other, while records are matched.

Apart from publishing because it only makes that quicker. A later night changes rows all over large tables, and each of them
waits for a page of the table and one of every index: on ten million records some 750,000 pages, one after the other.
The files as a whole are read in a tenth of that time, and then lie in the system's memory.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from retail_brain import sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from retail_brain.pipeline.stores import Stores

TABLES = ("source_record", "profile", "identity_merge_log", "review_item")
WORTH_BYTES = 512 * 1024
"""For each record that changes it pays to read so much in one go: some ten pages by themselves take as long."""
MEMORY_SHARE = 3
"""At most one part in so many of the machine's memory is filled."""
_PIECE = 1 << 20


def read_ahead(stores: Stores, touched: int) -> threading.Thread | None:
    """Start reading the files that publishing will change, where the server is the embedded one and enough records change.

    Args:
        stores: the open stores.
        touched: how many records change tonight.

    Returns:
        The thread that reads; it ends by itself and with the process. None where reading does not pay.
    """
    if stores.config.postgres.host is not None:
        return None
    with stores.pg.transaction():
        found = stores.pg.execute(sql.load("store/relation_files"), {"tables": list(TABLES)}).fetchall()
    total = sum(size for _path, size in found)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if total > touched * WORTH_BYTES or total > memory // MEMORY_SHARE:
        return None
    from retail_brain.services.folders import service_folders

    data = service_folders(stores.workspace.folder).postgres
    thread = threading.Thread(
        target=_read_all, args=([data / path for path, _size in found],), name="read ahead", daemon=True
    )
    thread.start()
    return thread


def _read_all(files: Iterable[Path]) -> None:
    room = bytearray(_PIECE)
    for first in files:
        number = 0
        part = first
        while part.exists():
            _read(part, room)
            number += 1
            part = first.with_name(f"{first.name}.{number}")


def _read(path: Path, room: bytearray) -> None:
    """Read a file to its end; one that cannot be read, or goes meanwhile, is left to whoever needs it."""
    try:
        with path.open("rb", buffering=0) as file:
            while file.readinto(room):
                pass
    except OSError:
        return

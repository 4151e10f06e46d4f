"""What stood before tonight: the last published generation, from the workspace and, where that is gone, from PostgreSQL.

The workspace's artefacts are used only if they belong to the run that PostgreSQL says was published last and every
byte of them is the one that was written; what is missing is made again, so a night runs the same way on both. Who
belongs together is taken from PostgreSQL whenever a person changed it since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.model import no_progress
from retail_brain.pipeline.layer import make_whole
from retail_brain.store import state as stored

if TYPE_CHECKING:
    import duckdb

    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

IDENTITY = {"crosswalk": "previous_crosswalk", "live_merge": "standing_merge", "review_item": "review_item_before"}
SCORED = {
    "record": "record_before",
    "match_key": "match_key_before",
    "shared_value": "shared_value_before",
    "edge": "edge_before",
    "clash": "clash_before",
}
STATE = (*SCORED, *IDENTITY)
LAYERED = ("record", "match_key", "edge", "delivered_row")
"""Large ones, which a night reads once or twice, from their files, and of which it writes only what changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousState:
    """What stood before tonight.

    Attributes:
        head: the run published last, and how far log and decisions reach.
        folder: its artefacts, on which tonight's build; None before the first run and where everything is scored anew.
    """

    head: stored.PublishedHead
    folder: RunFolder | None = None

    @property
    def run_id(self) -> int | None:
        """The run published last, None before the first."""
        return self.head.run_id

    @property
    def generation(self) -> int:
        """How many runs were published."""
        return self.head.generation

    @property
    def has_edges(self) -> bool:
        """Whether keys and scored pairs are known, so that a night needs to score only what changed."""
        return self.folder is not None


def load_previous(
    stores: Stores, con: duckdb.DuckDBPyConnection, progress: Progress = no_progress, *, scored: bool = True
) -> PreviousState:
    """Load what stood before tonight into DuckDB.

    Args:
        stores: the open stores.
        con: gets decision, decision_new, arrived_record, previous_crosswalk, standing_merge and review_item_before always (empty before
            the first run), after the first run record_before, and with `scored` match_key_before, shared_value_before,
            edge_before and clash_before.
        progress: told when lost artefacts have to be made again.
        scored: keys and scored pairs of before are wanted; False where everything is scored anew.

    Returns:
        What was found.
    """
    head = stored.published_head(stores.pg)
    con.execute(sql.load("pipeline/empty_state"))
    stored.read_decisions(stores.pg, con)
    stored.read_new_decisions(stores.pg, con)
    stored.read_arrivals(stores.pg, con)
    if head.run_id is None:
        return PreviousState(head=head)
    folder: RunFolder | None = stores.workspace.run_folder(head.run_id)
    if not _read(folder, con, SCORED):
        folder = _make_again(stores, con, head, progress) if scored else None
    if folder is None:
        make_whole(con, "record_before")
        stored.read_records(stores.pg, con, table="record_before")
    if folder is None or not (head.untouched_since_publish and _read(folder, con, IDENTITY)):
        stored.read_identity(stores.pg, con)
    return PreviousState(head=head, folder=folder if scored else None)


def _make_again(
    stores: Stores, con: duckdb.DuckDBPyConnection, head: stored.PublishedHead, progress: Progress
) -> RunFolder | None:
    from retail_brain.pipeline.rebuild import rebuild_scored

    folder = rebuild_scored(stores, con, head, progress)
    return folder if folder is not None and _read(folder, con, SCORED) else None


def _read(folder: RunFolder | None, con: duckdb.DuckDBPyConnection, names: dict[str, str]) -> bool:
    return (
        folder is not None
        and folder.complete(tuple(names))
        and folder.are_intact(names)
        and all(
            folder.read(con, name, into=into, as_view=name in LAYERED, checked=False) for name, into in names.items()
        )
    )

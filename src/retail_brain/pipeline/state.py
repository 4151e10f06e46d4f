"""What stood before tonight: the last published generation, from the workspace or, where that is gone, from PostgreSQL.

The workspace's artefacts are used only if they belong to the run that PostgreSQL says was published last and every
byte of them is the one that was written. PostgreSQL is the truth, so the answer is the same either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.store import state as stored

if TYPE_CHECKING:
    import duckdb

    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

STATE = ("record", "match_key", "shared_value", "edge", "clash", "crosswalk", "live_merge", "review_item")
_BEFORE = {
    "record": "record_before",
    "match_key": "match_key_before",
    "shared_value": "shared_value_before",
    "edge": "edge_before",
    "clash": "clash_before",
    "crosswalk": "previous_crosswalk",
    "live_merge": "standing_merge",
    "review_item": "review_item_before",
}

_LEFT_IN_FILES = frozenset({"record", "match_key", "edge"})
"""Large ones, which a night reads once or twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousState:
    """What stood before tonight.

    Attributes:
        run_id: the run published last, None before the first.
        generation: how many runs were published.
        model_id: the model whose scores stand.
        has_edges: scored pairs and keys are known, so a night needs to score only what changed.
        last_merge_id: the highest number in the merge log.
    """

    run_id: int | None
    generation: int
    model_id: str | None
    has_edges: bool
    last_merge_id: int


def load_previous(stores: Stores, con: duckdb.DuckDBPyConnection) -> PreviousState:
    """Load what stood before tonight into DuckDB.

    Args:
        stores: the open stores.
        con: gets decision, previous_crosswalk, standing_merge and review_item_before always (empty before the first run),
            record_before after the first run, and match_key_before, shared_value_before, edge_before and clash_before where the
            workspace has them.

    Returns:
        What was found.
    """
    head = stored.published_head(stores.pg)
    con.execute(sql.load("pipeline/empty_state"))
    stored.read_decisions(stores.pg, con)
    if head.run_id is None:
        return PreviousState(
            run_id=None, generation=0, model_id=None, has_edges=False, last_merge_id=head.last_merge_id
        )
    folder = stores.workspace.run_folder(head.run_id)
    has_edges = head.untouched_since_publish and _read_folder(folder, con)
    if not has_edges:
        stored.read_state(stores.pg, con)
    return PreviousState(
        run_id=head.run_id, generation=head.generation, model_id=head.model_id,
        has_edges=has_edges, last_merge_id=head.last_merge_id,
    )  # fmt: skip


def _read_folder(folder: RunFolder, con: duckdb.DuckDBPyConnection) -> bool:
    return folder.complete(STATE) and all(
        folder.read(con, name, into=into, as_view=name in _LEFT_IN_FILES) for name, into in _BEFORE.items()
    )

"""A lost workspace made again: the scored artefacts of the last published run, from what PostgreSQL keeps.

Apart from loading because it costs as much as scoring everything once. The model and its term frequencies, the values
kept out of matching and the records are all in PostgreSQL, so the same pairs get the same weights as on the first day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError
from retail_brain.pipeline.layer import make_whole, settle
from retail_brain.pipeline.models import load_model
from retail_brain.store import state as stored

if TYPE_CHECKING:
    import duckdb

    from retail_brain.model import Progress
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.state import PublishedHead
    from retail_brain.workspace import RunFolder


def rebuild_scored(
    stores: Stores, con: duckdb.DuckDBPyConnection, head: PublishedHead, progress: Progress
) -> RunFolder | None:
    """Write records, keys, shared values, scored pairs and clashes of the last published run into its folder again.

    Args:
        stores: the open stores.
        con: an engine that holds `decision`.
        head: the run published last.
        progress: told about it.

    Returns:
        The folder; None where its model cannot be used any more, and everything has to be scored anew.
    """
    from retail_brain.matching.clash import find_clashes
    from retail_brain.matching.score import score_all
    from retail_brain.standardise.keys import key_view
    from retail_brain.standardise.shared import find_shared

    assert head.run_id is not None
    settings = stores.config.matching
    try:
        model = load_model(con, stores.workspace, stores.pg, head.model_id or "")
    except ConfigurationError:
        return None
    progress("rebuild", total=2)
    folder = stores.workspace.create_run_folder(head.run_id)
    stored.read_records(stores.pg, con)
    settle(con, "record", folder)
    con.execute("create or replace view live_record as select * exclude (gone) from record where not gone")
    if head.is_revert:  # what is kept says how common values were for the run that was taken back
        find_shared(con, "live_record", settings=settings)
    else:
        stored.read_shared_values(stores.pg, con, "shared_value")
    with key_view(con, "live_record", "match_key"):
        settle(con, "match_key", folder)
    progress("rebuild", done=1, total=2)
    score_all(con, model, settings=settings)
    find_clashes(con, model, settings=settings, decisions="decision")
    for name in ("shared_value", "edge", "clash"):
        folder.write(con, name)
    for name in ("record", "match_key", "shared_value", "edge", "clash"):
        make_whole(con, name)
    folder.note(run_id=head.run_id, finished=True)
    progress("rebuild", done=2, total=2)
    return folder

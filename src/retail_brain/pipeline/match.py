"""From delivered rows to scored pairs: standardise, find what changed, choose the model, score.

One function a step, in the order of the night. Each reads and writes DuckDB tables; what must outlive the command is
written to the run's folder by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import has_table, quote_identifier
from retail_brain.model import no_progress
from retail_brain.pipeline.changes import ChangeResult, apply_changes, hash_records, take_arrivals
from retail_brain.pipeline.layer import make_whole, renew, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.matching.model import Model
    from retail_brain.model import Progress
    from retail_brain.pipeline.state import PreviousState
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

RESCORE_ALL_SHARE = 0.3
"""Above this share of changed keys, scoring everything is quicker than scoring the changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreResult:
    """How many records were scored tonight, how many pairs at or above the review threshold that gave, and whether that was all.

    `complete` is False where only changed records were scored and the edges of the others stand.
    """

    records: int
    pairs: int
    complete: bool = True


def standardise(
    con: duckdb.DuckDBPyConnection, config: Configuration, full_sources: tuple[str, ...], folder: RunFolder
) -> ChangeResult:
    """Turn delivered rows into the table of all records, and say what changed.

    Args:
        con: has what `load_previous` left.
        config: the configuration.
        full_sources: sources that delivered a full snapshot tonight.
        folder: of the run, with the delivered rows in the order of their keys; where a first run leaves its records.
    """
    from retail_brain.standardise.values import standardised_rows

    first = not has_table(con, "record_before")
    folder.number(con, "delivered_row", "delivered_numbered")
    with standardised_rows(
        con, source_table="delivered_numbered", sources=config.sources, home_region=config.home_region,
        carried=("delivery_id", "record_no"),
    ):  # fmt: skip
        hash_records(con, first=first)
        if first:
            settle(con, "record", folder)
        else:
            take_arrivals(con)
    shares = {name: config.sources[name].max_loss_share for name in full_sources}
    changes = apply_changes(con, max_loss_share=shares, numbered=first)
    con.execute("create or replace view live_record as select * exclude (gone) from record where not gone")
    return changes


def build_keys(
    con: duckdb.DuckDBPyConnection, config: Configuration, previous: PreviousState, folder: RunFolder | None = None
) -> None:
    """Find placeholders and shared values, and make the keys of every live record.

    Args:
        con: has live_record and, where `previous.has_edges`, match_key_before and shared_value_before.
        config: the configuration.
        previous: whether the keys of the night before can be taken over for records that did not change.
        folder: of the run; where keys that are made for all records are left. They stay in memory where it is None.
    """
    from retail_brain.standardise.keys import build_keys as build
    from retail_brain.standardise.keys import key_view
    from retail_brain.standardise.shared import find_shared, renew_shared

    if not previous.has_edges:
        find_shared(con, "live_record", settings=config.matching)
        make_whole(con, "match_key")
        if folder is None:
            build(con, "live_record", settings=config.matching)
            return
        with key_view(con, "live_record", "match_key"):
            settle(con, "match_key", folder)
        return
    con.execute(sql.load("pipeline/changed_version"))
    renew_shared(con, "live_record", settings=config.matching)
    con.execute(sql.load("pipeline/turned_value"))
    con.execute(sql.load("pipeline/rekeyed_no"))
    con.execute(sql.load("pipeline/rekeyed_record"))
    build(con, "rekeyed_record", into="match_key_tonight", settings=config.matching)
    con.execute(sql.load("pipeline/changed_key"))
    con.execute(sql.load("pipeline/replaced_key"))
    renew(con, "match_key", fresh="match_key_tonight", replaced="replaced_key")


def choose_model(
    con: duckdb.DuckDBPyConnection,
    config: Configuration,
    stores: Stores,
    previous: PreviousState,
    progress: Progress,
) -> Model:
    """Take the model that stands, or train one where there is none for this configuration.

    Returns:
        The model; its term frequencies are in DuckDB.
    """
    from retail_brain.matching.train import train_model
    from retail_brain.pipeline.models import find_model, keep_model, next_model_id

    model = find_model(con, config.matching, stores.workspace, stores.pg)
    if model is not None:
        return model
    model_id = next_model_id(stores.workspace, stores.pg)
    model = train_model(con, settings=config.matching, model_id=model_id, progress=share_of(progress, "train"))
    keep_model(con, config.matching, stores.workspace, model)
    progress("train", done=1000, total=1000, detail="trained")
    return model


def score(
    con: duckdb.DuckDBPyConnection,
    config: Configuration,
    model: Model,
    previous: PreviousState,
    progress: Progress = no_progress,
) -> ScoreResult:
    """Score pairs: all of them with a new model, else only the changed records'."""
    from retail_brain.matching.score import score_all, score_changed

    everything = count(con, "match_key")
    tell = share_of(progress, "match")
    if previous.has_edges and model.model_id == previous.head.model_id:
        changed = count(con, "changed_key")
        if changed <= RESCORE_ALL_SHARE * everything:
            con.execute("create or replace table edge_tonight as from edge_before limit 0")
            if changed:
                score_changed(con, model, keys="match_key_tonight", into="edge_tonight", settings=config.matching)
            con.execute(sql.load("pipeline/replaced_edge"))
            renew(con, "edge", fresh="edge_tonight", replaced="replaced_edge")
            tell("scored", 1.0)
            return ScoreResult(records=changed, pairs=count(con, "edge_tonight"), complete=False)
    make_whole(con, "edge")
    score_all(con, model, settings=config.matching, progress=tell)
    tell("scored", 1.0)
    return ScoreResult(records=everything, pairs=count(con, "edge"))


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows of a table."""
    (rows,) = con.execute(f"select count(*) from {quote_identifier(table)}").fetchone() or (0,)
    return rows


def share_of(progress: Progress, stage: str) -> Callable[[str, float], None]:
    """Return what matching calls to tell a step and its share: progress in thousandths of a stage."""

    def tell(step: str, share: float) -> None:
        progress(stage, done=round(1000 * share), total=1000, detail=step)

    return tell

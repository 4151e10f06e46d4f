"""From scored pairs to profiles: walk the links, give ids, choose values, and say what differs from before.

Apart from scoring because from here on a night looks at the part of the records that it touches. The walk over one
group of linked records does not depend on any other group, so what tonight does not touch is as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.pipeline.layer import make_whole

if TYPE_CHECKING:
    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model
    from retail_brain.pipeline.state import PreviousState


def resolve(
    con: duckdb.DuckDBPyConnection, config: Configuration, model: Model, previous: PreviousState, *, complete: bool
) -> None:
    """Turn edges and decisions into profiles: merges, refusals and the crosswalk.

    Args:
        con: has edge, match_key, changed_record, the decisions and what `load_previous` left; changed_key and
            edge_before, unless everything was scored anew.
        config: the configuration.
        model: says which pairs of records clash.
        previous: what stood before.
        complete: everything was scored anew, and all records are walked; else only those that tonight touches.

    Creates touched_record and touched_before (the records that were walked, and where they stood), merge, refusal,
    profile_alias, crosswalk_tonight (of the walked records) and crosswalk (of all).
    """
    from retail_brain.identity.profile_id import assign_profile_ids
    from retail_brain.identity.resolve import resolve as walk
    from retail_brain.matching.clash import find_clashes

    settings = config.matching
    if complete:
        find_clashes(con, model, settings=settings, decisions="decision")
        _touch_all(con)
    else:
        con.execute(sql.load("pipeline/stirred_record"))
        find_clashes(
            con, model, settings=settings, decisions="decision", touching="stirred_record", before="clash_before"
        )
        _touch_some(con)
    same_model = previous.has_edges and model.model_id == previous.head.model_id
    _find_refused(con, settings, same_model=same_model)
    walk(
        con, settings=settings, decisions="decision", standing="standing_merge", refused="refused_before",
        records="walked_record", edges="touched_edge", values="walked_record",
    )  # fmt: skip
    assign_profile_ids(con, generation=str(previous.generation + 1), previous="touched_before")
    _join_crosswalk(con, complete=complete)


def _touch_all(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("touched_record", "walked_record", "touched_edge", "touched_before", "crosswalk_tonight"):
        make_whole(con, name)
    con.execute("create view touched_record as select record_no from record")
    con.execute("create view walked_record as from match_key")
    con.execute("create view touched_edge as from edge")
    con.execute("create view touched_before as from previous_crosswalk")


def _touch_some(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("touched_record", "walked_record", "touched_edge", "touched_before", "crosswalk_tonight"):
        make_whole(con, name)
        if name != "crosswalk_tonight":
            con.execute(sql.load(f"pipeline/{name}"))


def _find_refused(con: duckdb.DuckDBPyConnection, settings: MatchingSettings, *, same_model: bool) -> None:
    """Create refused_before: links that stay refused. What another model made a link says nothing about tonight's."""
    limit = {"merge_probability": settings.merge_probability}
    if same_model:
        con.execute(sql.load("pipeline/link_before"), limit)
    else:
        con.execute("create or replace table link_before (record_no_l bigint, record_no_r bigint)")
    con.execute(sql.load("pipeline/refused_before"), limit)


def _join_crosswalk(con: duckdb.DuckDBPyConnection, *, complete: bool) -> None:
    """Name the walked part of the crosswalk, and make the whole of it and of what was not walked."""
    if complete:
        con.execute("create view crosswalk_tonight as from crosswalk")
        return
    con.execute("alter table crosswalk rename to crosswalk_tonight")
    con.execute(sql.load("pipeline/crosswalk"))


def survive(con: duckdb.DuckDBPyConnection, config: Configuration, *, everything: bool) -> None:
    """Choose the golden values of the profiles that tonight touched, or of all."""
    from retail_brain.survivorship import survive as choose_values

    make_whole(con, "touched_profile")
    con.execute(sql.load("pipeline/touched_first" if everything else "pipeline/touched_profile"))
    if everything:
        choose_values(
            con, record="live_record", crosswalk="crosswalk", settings=config.survivorship, avoid="shared_value"
        )
        return
    con.execute(
        "create or replace table touched_crosswalk as from crosswalk_tonight semi join touched_profile using (profile_id)"
    )
    con.execute(
        "create or replace table survivor_record as from live_record semi join touched_crosswalk using (record_no)"
    )
    choose_values(
        con, record="survivor_record", crosswalk="touched_crosswalk", settings=config.survivorship, avoid="shared_value"
    )


def find_differences(
    con: duckdb.DuckDBPyConnection, config: Configuration, previous: PreviousState, *, model_id: str
) -> None:
    """Make the tables that `publish` writes to PostgreSQL: only what differs from what stands there."""
    con.execute(sql.load("pipeline/profile_gone"))
    con.execute(sql.load("pipeline/profile_alias_new"))
    first = previous.run_id is None
    con.execute(
        sql.load("pipeline/merge_log_first" if first else "pipeline/merge_log_new"),
        {"last_merge_id": previous.head.last_merge_id, "model_id": model_id},
    )
    make_whole(con, "live_merge")
    con.execute(sql.load("pipeline/live_merge_first" if first else "pipeline/live_merge"))
    limits = {name: getattr(config.matching, name) for name in ("merge_probability", "weak_probability")}
    con.execute(sql.load("pipeline/weak_merge"), limits)
    limits = {name: getattr(config.matching, name) for name in ("merge_probability", "clash_probability")}
    con.execute(sql.load("pipeline/review_item"), limits)
    if not first:
        con.execute(sql.load("pipeline/review_item_kept"))
    prepare_publish(con, first=first)


def prepare_publish(con: duckdb.DuckDBPyConnection, *, first: bool) -> None:
    """Make the views over a matched run that `publish` reads."""
    con.execute(sql.load("pipeline/source_record_first" if first else "pipeline/source_record_upsert"))
    con.execute(sql.load("pipeline/source_record_gone_first" if first else "pipeline/source_record_gone"))
    con.execute("create or replace view profile_upsert as from profile")
    con.execute(sql.load("pipeline/review_item_new"))
    con.execute(sql.load("pipeline/review_item_gone"))

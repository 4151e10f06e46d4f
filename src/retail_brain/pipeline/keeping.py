"""What a run leaves in its folder and when, and what it lets go of.

Apart from the stages because it is one question for all of them: large tables go to their files as soon as they are made and
are read there, the others when the run is matched, and memory is free again for what comes next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.pipeline.layer import keep_table, make_whole
from retail_brain.pipeline.resume import INGESTED, MATCHED, SINCE, differences_of
from retail_brain.pipeline.state import STATE

if TYPE_CHECKING:
    import duckdb

    from retail_brain.pipeline.night import Night

SETTLED = ("record", "match_key", "edge")
"""What is in the run's folder as soon as it is made; where it was made for all records it is read there from then on."""

PASSED = (
    "delivered_row", "record_tonight", "record_fresh", "match_key", "match_key_tonight", "term_frequency", "link_group",
    "record_group", "merge",
)  # fmt: skip
"""What no step needs any more once a run is matched and judged."""


def settle_rest(night: Night, **settled: bool) -> None:
    """Write those of SETTLED that the steps did not leave in the run's folder, because they stand on an earlier run's."""
    for name, done in settled.items():
        if not done:
            keep_table(night.con, name, night.artefacts, night.base)


def release(night: Night) -> None:
    """Let go of what nothing needs any more: publishing, the artefacts and the cache's documents want the memory."""
    for name in (*PASSED, *(SINCE if night.facts["first"] else ())):
        make_whole(night.con, name)


def keep(night: Night, con: duckdb.DuckDBPyConnection, *, to_publish: bool = True) -> None:
    """Write the artefacts of a matched run on which the next night builds.

    Args:
        night: the open night.
        con: a cursor of this thread's own.
        to_publish: write also what publishing needs, so that it can be done, or repeated, by another command.
    """
    if night.kept:
        return
    differences = differences_of(first=night.facts["first"]) if to_publish else ()
    for name in (*STATE, *differences):
        if name not in SETTLED:
            keep_table(con, name, night.artefacts, night.base)
    night.artefacts.note(**night.facts, stage=MATCHED if to_publish else INGESTED, finished=True)
    night.kept = to_publish

"""What tonight's deliveries change: each record is new, changed, returned, unchanged or gone.

Apart from ingest, which knows files and not the past, and from standardise, which knows values and not identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.engine import has_table
from retail_brain.errors import InputError
from retail_brain.model import VALUE_FIELDS
from retail_brain.pipeline.layer import make_whole, renew

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

ACTIONS = ("new", "changed", "returned", "unchanged", "gone")
HASHED = (*VALUE_FIELDS, "updated_at", "attributes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """How many records of each kind a night brings."""

    new: int = 0
    changed: int = 0
    returned: int = 0
    unchanged: int = 0
    gone: int = 0

    @property
    def touched(self) -> int:
        """Records whose values are not what they were."""
        return self.new + self.changed + self.returned + self.gone


def hash_records(con: duckdb.DuckDBPyConnection, *, first: bool) -> None:
    """Add the delivery that each row came in, and 16 hexadecimal digits over all its values.

    Args:
        con: has value_record, which carries delivery_id and record_no, the place of a row in the order of all keys.
        first: nothing was published before, so that this place is the record's lasting number. Makes the view record then,
            so that its rows can go straight to where they are kept; else the table record_tonight.
    """
    values = ", ".join(f"coalesce({name}::varchar, '')" for name in HASHED)
    hashed = f"value.* exclude (carried), carried.delivery_id as delivery_id, md5(concat_ws(chr(31), {values}))[:16] as row_hash"
    if not first:
        make_whole(con, "record_tonight")
        con.execute(f"create table record_tonight as select {hashed} from value_record as value")
        return
    make_whole(con, "record")
    con.execute(
        f"create view record as select carried.record_no as record_no, {hashed}, false as gone from value_record as value"
    )


def take_arrivals(con: duckdb.DuckDBPyConnection) -> None:
    """Count the records that came between the nights as delivered tonight, unless tonight's files tell something newer.

    Args:
        con: has `record_tonight` and `arrived_record`. Gets `arrived_settled` (one row per record that is as it came:
            record_no) and `arrived_link` (one row per link that was decided on when one of them came).
    """
    for name in ("arrived_settled", "arrived_link", "arrived_drop", "arrived_tonight"):
        con.execute(sql.load(f"pipeline/{name}"))


def apply_changes(
    con: duckdb.DuckDBPyConnection, *, max_loss_share: Mapping[str, float], numbered: bool = False
) -> ChangeResult:
    """Compare tonight's records with the ones before and make the table of all records.

    Args:
        con: has `record_tonight`, and `record_before` unless this is the first run. Gets `record` (one row per record
            ever delivered, with record_no and gone) and `record_change` (one row per record delivered or gone:
            record_no, action).
        max_loss_share: for each source that delivered a full snapshot, the share of its records that may vanish.
        numbered: this is the first run, and `record` stands.

    Returns:
        The counts.

    Raises:
        InputError: a full snapshot loses more than its share.
    """
    if numbered or not has_table(con, "record_before"):
        if not numbered:
            make_whole(con, "record")
            con.execute(sql.load("pipeline/record_first"))
        make_whole(con, "record_tonight")
        con.execute("create view record_tonight as select * exclude (record_no, gone) from record")
        (count,) = con.execute("select count(*) from record").fetchone() or (0,)
        con.execute("create or replace table record_change as select record_no, 'new' as action from record")
        con.execute(sql.load("pipeline/changed_record"))
        return ChangeResult(new=count)
    con.execute(sql.load("pipeline/record_change"), {"full_sources": list(max_loss_share)})
    _refuse_losses(con, max_loss_share)
    con.execute(sql.load("pipeline/changed_record"))
    con.execute(sql.load("pipeline/record_fresh"))
    renew(con, "record", fresh="record_fresh", replaced="changed_record")
    counts = dict(con.execute("select action, count(*) from record_change group by action").fetchall())
    return ChangeResult(**counts)


def _refuse_losses(con: duckdb.DuckDBPyConnection, max_loss_share: Mapping[str, float]) -> None:
    query = (
        "select source, count(*) filter (where record_no in (select record_no from record_change where action = 'gone'))"
        " as lost, count(*) as had from record_before where not gone group by source order by source"
    )
    for source, lost, had in con.execute(query).fetchall():
        share = max_loss_share.get(source)
        if share is not None and lost > share * had:
            raise InputError(
                f"{source}: the full snapshot lacks {lost:,} of {had:,} records ({lost / had:.0%});"
                f" at most {share:.0%} may vanish in one night",
                hint=f"deliver the complete file, or raise sources.{source}.max_loss_share for this night",
            )

"""Taking up a run that was cut off, or that waits between two stages.

Apart from the stages because it only reads what they left: a manifest, artefacts with their hashes, and the run's row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.engine import place_sql
from retail_brain.errors import RefusedError
from retail_brain.pipeline.identify import prepare_publish
from retail_brain.pipeline.state import LAYERED, STATE
from retail_brain.store import run as runs

if TYPE_CHECKING:
    import duckdb

    from retail_brain.pipeline.night import Night
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import RunFolder

INGESTED, MATCHED = "ingested", "matched"
INTAKE = ("delivered_row", "delivery_new", "quarantined_row_new")
DIFFERENCES = ("profile", "profile_gone", "profile_alias_new", "merge_log_new")
SINCE = ("record_change", "changed_record", "crosswalk_tonight", "touched_before")
"""Of these a first run has no need: everything is new, and nothing stood before."""
TOLD = ("records", "pairs", "merges", "splits", "refused", "for_review", "profiles", "largest_profile", "model_id")


def write_intake(night: Night) -> None:
    """Leave what was ingested in the run's folder, the delivered rows in the order of their keys."""
    for name in INTAKE:
        if not night.artefacts.is_intact(name):
            night.artefacts.write(night.con, name, order_by=_key_order(night.con) if name == "delivered_row" else None)


def _key_order(con: duckdb.DuckDBPyConnection) -> str:
    """Return the order in which records of a first night are numbered: source, record_id."""
    sources = [source for (source,) in con.execute("select distinct source from delivered_row").fetchall()]
    return f"{place_sql('source', sources)}, record_id"


def differences_of(*, first: bool) -> tuple[str, ...]:
    """Return the artefacts that publishing a matched run needs, besides the state that it leaves."""
    return DIFFERENCES if first else (*DIFFERENCES, *SINCE)


def waiting_run(stores: Stores) -> RunFolder | None:
    """Return the folder of the run that was begun last, if it was neither published nor dropped and can go on."""
    last = next(iter(runs.list_runs(stores.pg, limit=1)), None)
    if last is None or last.status in ("published", "discarded"):
        return None
    folder = stores.workspace.run_folder(last.run_id)
    return folder if folder.manifest.get("stage") else None


def read_intake(night: Night) -> None:
    if not all(night.artefacts.read(night.con, name, as_view=name in LAYERED) for name in INTAKE):
        raise RefusedError(
            f"what run {night.run_id} ingested is damaged in the workspace",
            hint="retail-brain run reads the deliveries again",
        )


def reload(night: Night) -> bool:
    """Take the tables of a matched run from its folder; False where one is damaged, and it is matched again."""
    folder = night.artefacts
    first = bool(folder.manifest["first"])
    names = (*STATE, *differences_of(first=first), *INTAKE)
    if not all(folder.read(night.con, name, as_view=name in LAYERED) for name in names):
        folder.note(stage=INGESTED)
        night.tell(warnings=(*night.result.warnings, "an artefact of the run was damaged; it was matched again"))
        return False
    manifest = night.facts = folder.manifest
    night.kept = True
    night.con.execute("create or replace view live_record as select * exclude (gone) from record where not gone")
    prepare_publish(night.con, first=first)
    night.tell(**{key: manifest["counts"][key] for key in TOLD}, status=manifest["status"])
    if manifest["status"] == "held":
        night.tell(findings=tuple(manifest["counts"]["findings"]))
    return True

"""Which model scores tonight: the one in use, kept with its term frequencies in a folder of the workspace.

A model is trained once and frozen, so that a night weighs a name exactly as the first run did. It is replaced when a
person trains another, or when the configuration asks for other comparisons.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retail_brain.engine import quote_text
from retail_brain.errors import ConfigurationError
from retail_brain.workspace import file_hash, replace_text

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model
    from retail_brain.workspace import Workspace

OUTGROWN = 10
"""A model that learnt from fewer than one in so many of tonight's records is replaced."""

_TERMS = "term_frequency.parquet"
_NOTE = "note.json"
_IN_USE = "in_use"
_TRAINED_BY = {"comparisons", "blocking_rules", "shared_value", "training", "max_pairs_per_record"}


def find_model(
    con: duckdb.DuckDBPyConnection, settings: MatchingSettings, workspace: Workspace, previous_id: str | None
) -> Model | None:
    """Return the model in use, with its term frequencies in DuckDB.

    Args:
        con: has match_key, and gets the table term_frequency.
        settings: the matching section; a model trained for other comparisons or rules is not used, nor one that learnt
            from a tenth of tonight's records.
        workspace: holds the models.
        previous_id: the model of the last published run.

    Returns:
        The model, or None where one has to be trained.
    """
    model_id = model_in_use(workspace) or previous_id
    if model_id is None:
        return None
    if read_note(workspace.models / model_id).get("fingerprint") != fingerprint(settings):
        return None
    try:
        model = load_model(con, workspace, model_id)
    except ConfigurationError:
        return None
    (records,) = con.execute("select count(*) from match_key").fetchone() or (0,)
    return model if records <= OUTGROWN * model.records else None


def load_model(con: duckdb.DuckDBPyConnection, workspace: Workspace, model_id: str) -> Model:
    """Load one model and its term frequencies.

    Args:
        con: gets the table term_frequency.
        workspace: holds the models.
        model_id: which one.

    Raises:
        ConfigurationError: it is missing or damaged.
    """
    from retail_brain.matching.model import Model

    folder = workspace.models / model_id
    terms, note = folder / _TERMS, read_note(folder)
    if not terms.is_file() or note.get("terms_hash") != file_hash(terms):
        raise ConfigurationError(f"model {model_id} is missing or damaged", hint="retail-brain model train")
    if note.get("made_by") != made_by():
        raise ConfigurationError(
            f"model {model_id} was trained by another version of Retail Brain",
            hint="retail-brain model train, then retail-brain run",
        )
    con.execute(f"create or replace table term_frequency as from read_parquet({quote_text(str(terms))})")
    return Model.load(folder)


def keep_model(con: duckdb.DuckDBPyConnection, settings: MatchingSettings, workspace: Workspace, model: Model) -> None:
    """Save a trained model beside the others and use it from now on."""
    folder = workspace.models / model.model_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = folder / f"{_TERMS}.partial"
    con.execute(
        f"copy (from term_frequency order by all) to {quote_text(str(partial))} (format parquet, compression zstd)"
    )
    digest = file_hash(partial)
    partial.replace(folder / _TERMS)
    model.save(folder)
    note = {
        "fingerprint": fingerprint(settings),
        "made_by": made_by(),
        "terms_hash": digest,
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    replace_text(folder / _NOTE, json.dumps(note, indent=1))
    replace_text(workspace.models / _IN_USE, model.model_id)


def next_model_id(workspace: Workspace) -> str:
    """Return a new name: the day and a running number."""
    day = datetime.now(UTC).date().isoformat()
    taken = {path.name for path in workspace.models.iterdir()}
    return next(name for name in (f"{day}-{number}" for number in range(1, 10_000)) if name not in taken)


def model_in_use(workspace: Workspace) -> str | None:
    """Return the name of the model that the next run uses, if one was trained here."""
    try:
        return (workspace.models / _IN_USE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def known_models(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the models of the workspace, oldest first."""
    return tuple(sorted(path.name for path in workspace.models.iterdir() if (path / _NOTE).is_file()))


def read_note(folder: Path) -> dict[str, Any]:
    """Return what is noted beside a model; empty where nothing is."""
    try:
        return json.loads((folder / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def fingerprint(settings: MatchingSettings) -> str:
    """Return a hash of the settings that a model is trained with."""
    return hashlib.sha256((settings.model_dump_json(include=_TRAINED_BY) + made_by()).encode()).hexdigest()


def made_by() -> str:
    """Return a hash of what a model's numbers mean: the comparisons and their levels, and Splink's version."""
    from importlib.metadata import version

    from retail_brain.matching.comparison import COMPARISONS

    return hashlib.sha256(f"{COMPARISONS!r} {version('splink')}".encode()).hexdigest()[:16]

"""Which model scores tonight: the one in use, kept with its term frequencies in a folder of the workspace.

A model is trained once and frozen, so that a night weighs a name exactly as the first run did. It is replaced when a
person trains another, or when the configuration asks for other comparisons. PostgreSQL keeps every model that was
published; the workspace's copy is used where it is that one, and made again where it is missing, damaged or another.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retail_brain.engine import place_sql, quote_text
from retail_brain.errors import ConfigurationError, ResourceError
from retail_brain.store.memory import ModelToKeep, StoredModel, fetch_model, fetch_terms, list_models
from retail_brain.store.state import published_head
from retail_brain.workspace import file_hash, replace_text

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from retail_brain.config.matching import MatchingSettings
    from retail_brain.matching.model import Model
    from retail_brain.store.connection import Connection
    from retail_brain.workspace import Workspace

OUTGROWN = 10
"""A model that learnt from fewer than one in so many of tonight's records is replaced."""

_DOCUMENT = "model.json"
_TERMS = "term_frequency.parquet"
_NOTE = "note.json"
_IN_USE = "in_use"
_TRAINED_BY = {"comparisons", "blocking_rules", "shared_value", "training", "max_pairs_per_record"}


def find_model(
    con: duckdb.DuckDBPyConnection, settings: MatchingSettings, workspace: Workspace, pg: Connection
) -> Model | None:
    """Return the model in use, with its term frequencies in DuckDB.

    Args:
        con: has match_key, and gets the table term_frequency.
        settings: the matching section; a model trained for other comparisons or rules is not used, nor one that learnt
            from a tenth of tonight's records.
        workspace: holds the models.
        pg: a connection outside any transaction.

    Returns:
        The model, or None where one has to be trained.
    """
    model_id = model_in_use(workspace, pg)
    if model_id is None:
        return None
    try:
        if fetch_folder(workspace, pg, model_id)["fingerprint"] != fingerprint(settings):
            return None
        model = load_model(con, workspace, pg, model_id)
    except ConfigurationError:
        return None
    (records,) = con.execute("select count(*) from match_key").fetchone() or (0,)
    return model if records <= OUTGROWN * model.records else None


def load_model(con: duckdb.DuckDBPyConnection, workspace: Workspace, pg: Connection, model_id: str) -> Model:
    """Load one model and its term frequencies.

    Args:
        con: gets the table term_frequency.
        workspace: holds the models; gets this one where it lacks it.
        pg: a connection outside any transaction.
        model_id: which one.

    Raises:
        ConfigurationError: it is missing or damaged, or of another version.
    """
    from retail_brain.matching.model import Model

    note, folder = fetch_folder(workspace, pg, model_id), workspace.models / model_id
    if note["made_by"] != made_by():
        raise ConfigurationError(
            f"model {model_id} was trained by another version of Retail Brain",
            hint="retail-brain model train, then retail-brain run",
        )
    con.execute(f"create or replace table term_frequency as from read_parquet({quote_text(str(folder / _TERMS))})")
    return Model.load(folder)


def fetch_folder(workspace: Workspace, pg: Connection, model_id: str) -> dict[str, Any]:
    """See to it that the workspace holds a model as PostgreSQL knows it, and return what is noted beside it.

    Args:
        workspace: holds the models.
        pg: a connection outside any transaction.
        model_id: which one.

    Raises:
        ConfigurationError: neither has it undamaged.
    """
    folder = workspace.models / model_id
    note, stored = read_note(folder), fetch_model(pg, model_id)
    if _is_intact(folder, note) and (stored is None or stored.model_hash == note["model_hash"]):
        return note
    if stored is None:
        raise ConfigurationError(f"model {model_id} is missing or damaged", hint="retail-brain model train")
    _replace_bytes(folder / _TERMS, fetch_terms(pg, model_id))
    _replace_bytes(folder / _DOCUMENT, stored.document.encode())
    return _write_note(folder, stored.fingerprint, stored.made_by, stored.trained_at)


def unpublished_model(workspace: Workspace, pg: Connection, model_id: str) -> ModelToKeep | None:
    """Return a model for publishing to keep; None where PostgreSQL has it, or the workspace has lost it.

    Args:
        workspace: holds the models.
        pg: a connection outside any transaction.
        model_id: which one.
    """
    folder = workspace.models / model_id
    note, stored = read_note(folder), fetch_model(pg, model_id)
    if not _is_intact(folder, note) or (stored is not None and stored.model_hash == note["model_hash"]):
        return None
    return ModelToKeep(
        model_id=model_id, trained_at=datetime.fromisoformat(note["trained_at"]), fingerprint=note["fingerprint"],
        made_by=note["made_by"], model_hash=note["model_hash"],
        document=(folder / _DOCUMENT).read_text(encoding="utf-8"), terms=(folder / _TERMS).read_bytes(),
    )  # fmt: skip


def keep_model(con: duckdb.DuckDBPyConnection, settings: MatchingSettings, workspace: Workspace, model: Model) -> None:
    """Save a trained model beside the others and use it from now on."""
    from retail_brain.matching.comparison import term_columns

    folder = workspace.models / model.model_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = folder / f"{_TERMS}.partial"
    rows = f"from term_frequency order by {place_sql('column_name', term_columns(model.comparisons))}, value"
    con.execute(f"copy ({rows}) to {quote_text(str(partial))} (format parquet, compression zstd)")
    partial.replace(folder / _TERMS)
    model.save(folder)
    _write_note(folder, fingerprint(settings), made_by(), datetime.now(UTC))
    replace_text(workspace.models / _IN_USE, model.model_id)


def next_model_id(workspace: Workspace, pg: Connection) -> str:
    """Return a new name: the day and a running number."""
    day = datetime.now(UTC).date().isoformat()
    taken = {path.name for path in workspace.models.iterdir()} | {model.model_id for model in list_models(pg)}
    return next(name for name in (f"{day}-{number}" for number in range(1, 10_000)) if name not in taken)


def model_in_use(workspace: Workspace, pg: Connection) -> str | None:
    """Return the name of the model that the next run uses: the one trained here last, or that of the last published run."""
    try:
        return (workspace.models / _IN_USE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return published_head(pg).model_id


def known_models(workspace: Workspace, pg: Connection) -> tuple[StoredModel, ...]:
    """Return the models of PostgreSQL and of the workspace, oldest first; where both have one, PostgreSQL's."""
    found = {model.model_id: model for model in list_models(pg)}
    for folder in sorted(workspace.models.iterdir()):
        note = read_note(folder)
        if folder.name not in found and _is_intact(folder, note):
            found[folder.name] = StoredModel(
                model_id=folder.name, trained_at=datetime.fromisoformat(note["trained_at"]),
                fingerprint=note["fingerprint"], made_by=note["made_by"], model_hash=note["model_hash"],
                document=(folder / _DOCUMENT).read_text(encoding="utf-8"),
            )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda model: (model.trained_at, model.model_id)))


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


def _write_note(folder: Path, settings_hash: str, numbers_hash: str, trained_at: datetime) -> dict[str, Any]:
    """Note beside a model what it was trained with, by what, when, and its hash; a model without a note is none."""
    note = {
        "fingerprint": settings_hash,
        "made_by": numbers_hash,
        "model_hash": _hash(folder),
        "trained_at": trained_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    replace_text(folder / _NOTE, json.dumps(note, indent=1))
    return note


def _is_intact(folder: Path, note: dict[str, Any]) -> bool:
    try:
        return bool(note) and note.get("model_hash") == _hash(folder)
    except OSError:
        return False


def _hash(folder: Path) -> str:
    """Return the hash of a model: over the hashes of its two files."""
    return hashlib.sha256((file_hash(folder / _DOCUMENT) + file_hash(folder / _TERMS)).encode()).hexdigest()


def _replace_bytes(path: Path, content: bytes) -> None:
    """Write a file of a model that came from PostgreSQL; two commands may do so at once."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise ResourceError(f"{path} cannot be written", hint="check the folder's owner and the free disk") from error

"""The manifest of a backup: what was backed up, from which state, and every file with its size and SHA-256.

Apart from making and checking, because both and every restore begin with it. It bears a hash of itself, so that an
edited or damaged one is told from a true one before anything else is believed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 1
"""Raised whenever an older program could not read the manifest rightly."""
_HINT = "use another backup: retail-brain backup list"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table as the dump's snapshot saw it."""

    schema: str
    name: str
    rows: int
    digest: str
    """Order-free hash of all rows: the same on every server that holds the same rows."""
    columns: int
    """Columns that the dump holds; generated ones are left out."""
    file: str
    """The file in dump/ with its rows, without any ending that an encryption adds; empty where the dump holds none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of the backup; its name is relative to the backup's folder."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. Moments are UTC, in ISO 8601."""

    backup_id: str
    started_at: str
    ended_at: str
    program: str
    """Version of Retail Brain."""
    client_version: str
    """Version of pg_dump, such as "18.6"."""
    server_version: str
    database: str
    embedded: bool
    """Whether the server was the embedded one."""
    migration: int
    """Number of the newest applied migration."""
    snapshot: str
    """The exported snapshot's name: of no use later, but in the server's log and in a support case."""
    snapshot_at: str
    """The moment of the snapshot: the state that a restore brings back."""
    snapshot_xmin: int
    """Every transaction below this number had ended: rows of younger or unfinished ones are in the journal."""
    wal_position: str
    """Where the write-ahead log was, or empty where the server does not say."""
    run_id: int | None
    """The run published last."""
    last_merge_id: int
    last_decision_id: int
    seal: str
    """Newest digest of the log's seal; empty before the first."""
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...]
    encrypted: bool = False
    """Whether every file but the manifest is `NAME.age`; `files` then lists the encrypted ones."""
    format: int = FORMAT
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    def table(self, name: str) -> TableEntry | None:
        """Return one of our own tables by its name."""
        return next((entry for entry in self.tables if entry.name == name), None)

    def text(self) -> str:
        """Return the manifest as it stands in its file, with its own hash."""
        body = asdict(self)
        return json.dumps({**body, "digest": _digest(body)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Args:
        folder: the backup's folder.

    Returns:
        A manifest that is as it was written.

    Raises:
        IntegrityError: it is missing, damaged or edited.
        ConfigurationError: a newer program wrote it.
    """
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        raise IntegrityError(f"{folder.name}: {NAME} is missing", hint=_HINT) from None
    except OSError as error:
        raise IntegrityError(f"{folder.name}: {NAME} cannot be read: {error.strerror}", hint=_HINT) from error
    return parse_manifest(folder.name, data)


def parse_manifest(name: str, data: bytes) -> Manifest:
    """Read a manifest that lies elsewhere; see `read_manifest`.

    Args:
        name: what the backup's folder is called.
        data: the bytes of the manifest.
    """
    try:
        body = json.loads(data)
    except ValueError:
        raise IntegrityError(f"{name}: {NAME} is damaged", hint=_HINT) from None
    if not isinstance(body, dict):
        raise IntegrityError(f"{name}: {NAME} is damaged", hint=_HINT)
    made = body.get("format")
    if isinstance(made, int) and made > FORMAT:
        raise ConfigurationError(
            f"{name} was made by a newer Retail Brain ({body.get('program')})",
            hint="install that version, or a newer one",
        )
    digest = body.pop("digest", None)
    if digest != _digest(body):
        raise IntegrityError(f"{name}: {NAME} was edited or damaged", hint=_HINT)
    return _build(name, body)


def _build(name: str, body: dict[str, Any]) -> Manifest:
    try:
        tables = tuple(TableEntry(**entry) for entry in body.pop("tables"))
        files = tuple(FileEntry(**entry) for entry in body.pop("files"))
        manifest = Manifest(**body, tables=tables, files=files)
    except (KeyError, TypeError):
        raise IntegrityError(f"{name}: {NAME} lacks an entry that it should have", hint=_HINT) from None
    if manifest.backup_id != name.removesuffix(".partial"):
        raise IntegrityError(f"{name}: {NAME} is that of {manifest.backup_id}", hint=_HINT)
    outside = [entry.name for entry in files if entry.name.startswith("/") or ".." in entry.name.split("/")]
    if outside:
        raise IntegrityError(f"{name}: {NAME} names a file outside of the backup", hint=_HINT)
    return manifest


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

"""The manifest of a backup: what was backed up, from which state, and every file with its size and SHA-256.

Apart from making and checking, because both and every restore begin with it. It bears a hash of itself, so that an
edited or damaged one is told from a true one before anything else is believed. The hash can be computed anew, so every
entry has to make sense as well: what it names lies in the backup, once, and is of the right kind.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from retail_brain.backup.small_file import read_small
from retail_brain.errors import ConfigurationError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 1
"""Raised whenever an older program could not read the manifest rightly. `format`, `program` and the hash stay as they are."""
_HINT = "use another backup: retail-brain backup list"
_KINDS: dict[str, Any] = {
    "str": str, "int": int, "bool": bool, "int | None": (int, type(None)), "dict[str, str]": dict,
    "tuple[TableEntry, ...]": tuple, "tuple[FileEntry, ...]": tuple,
}  # fmt: skip
_LARGEST = 2**63


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
        return _written({**body, "digest": _digest(body)})


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
        data = read_small(folder / NAME)
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
        body = dict(json.loads(data))
        as_written = data == _written(body).encode()
        digest = body.pop("digest", None)
        is_true = digest == _digest(body)
    except (TypeError, ValueError, RecursionError):
        raise IntegrityError(f"{name}: {NAME} is damaged", hint=_HINT) from None
    made = body.get("format")
    newer = isinstance(made, int) and made > FORMAT
    if not as_written or not is_true:
        maybe = f", or was made by a newer Retail Brain ({body.get('program')!r})" if newer else ""
        raise IntegrityError(f"{name}: {NAME} was edited or damaged{maybe}", hint=_HINT)
    if newer:
        raise ConfigurationError(
            f"{name} was made by a newer Retail Brain ({body.get('program')})",
            hint="install that version, or a newer one",
        )
    return _build(name, body)


def _build(name: str, body: dict[str, Any]) -> Manifest:
    try:
        tables = tuple(_made(TableEntry, entry) for entry in body.pop("tables"))
        files = tuple(_made(FileEntry, entry) for entry in body.pop("files"))
        manifest = _made(Manifest, {**body, "tables": tables, "files": files})
        why = _nonsense(manifest)
    except (KeyError, TypeError, ValueError):
        raise IntegrityError(f"{name}: {NAME} lacks an entry, or has one of another kind", hint=_HINT) from None
    if manifest.backup_id != name.removesuffix(".partial"):
        raise IntegrityError(f"{name}: {NAME} is that of {manifest.backup_id}", hint=_HINT)
    if why:
        raise IntegrityError(f"{name}: {NAME} {why}", hint=_HINT)
    return manifest


def _made(kind: type[Any], entry: dict[str, Any]) -> Any:
    """Return an entry whose values are of the kinds that they should be.

    Raises:
        TypeError: one is not, or an entry lacks or is too many.
        ValueError: a number is no count.
    """
    made = kind(**entry)
    for one in fields(kind):
        value, wanted = getattr(made, one.name), _KINDS[str(one.type)]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise TypeError(one.name)
        if isinstance(value, int) and not 0 <= value < _LARGEST:
            raise ValueError(one.name)
    return made


def _nonsense(manifest: Manifest) -> str:
    """Return what cannot be true of any backup; nothing where all can.

    Raises:
        ValueError: a moment or a version is none.
    """
    moments = [datetime.fromisoformat(text) for text in (manifest.started_at, manifest.ended_at, manifest.snapshot_at)]
    if any(moment.tzinfo is None for moment in moments) or not re.match(r"\d{1,3}\b", manifest.client_version):
        raise ValueError("a moment without a zone, or no version")
    names = [entry.name for entry in manifest.files]
    kept = [table.file for table in manifest.tables if table.file]
    ending = ".age" if manifest.encrypted else ""
    if any(not _is_inside(name) for name in (*names, *kept)):
        return "names a file outside of the backup"
    if twice := _twice(names) or _twice(kept):
        return f"names {twice} twice"
    if lost := next((name for name in kept if name + ending not in names), None):
        return f"does not list {lost}{ending}, which has the rows of a table"
    if manifest.encrypted and (plain := next((name for name in names if not name.endswith(ending)), None)):
        return f"says that the files are encrypted, and {plain} is not"
    return ""


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_plain = str(path) == name and "\0" not in name and name not in (".", NAME, "verified.json")
    return is_plain and not path.is_absolute() and ".." not in path.parts


def _twice(names: list[str]) -> str:
    seen = set[str]()
    return next((name for name in names if name in seen or seen.add(name)), "")  # type: ignore[func-returns-value]


def _written(body: dict[str, Any]) -> str:
    """Return the only text that a manifest is ever written as."""
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

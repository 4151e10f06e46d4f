"""Which files belong to which source.

Apart from reading them: this only looks at names. Files are found by the patterns of the sources, or they are given
and matched with those patterns; one that two sources claim goes to the closer pattern.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from retail_brain.errors import InputError
from retail_brain.ingest.claim import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retail_brain.config.ingest import SourceSettings

_NEVER = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")


def find_deliveries(
    sources: Mapping[str, SourceSettings], base_folder: Path, files: Sequence[Path] | None
) -> tuple[list[tuple[str, Path]], list[InputError]]:
    """Pair every delivered file with its source.

    Args:
        sources: the configured sources by name.
        base_folder: where relative patterns start.
        files: files, or folders whose files are matched by name; None takes what the patterns find.

    Returns:
        (source, file) sorted by source and name, and what is wrong with the files that have no source.
    """
    if files is None:
        paths = {
            path for source in sources.values() for pattern in source.files for path in _glob(base_folder, pattern)
        }
        strict: set[Path] = set()
    else:
        paths, strict = _given(files)
    found: list[tuple[str, Path]] = []
    problems: list[InputError] = []
    for path in sorted(paths, key=str):
        try:
            source = _source_of(path, sources, base_folder if files is None else None)
        except InputError as error:
            problems.append(error)
            continue
        if source is not None:
            found.append((source, path))
        elif path in strict:
            problems.append(_nobodys(path, sources))
    return sorted(found, key=lambda pair: (pair[0], pair[1].name, str(pair[1]))), problems


def _glob(base_folder: Path, pattern: str) -> Iterable[Path]:
    anchor = Path(PurePath(pattern).anchor) if PurePath(pattern).is_absolute() else base_folder
    relative = str(PurePath(pattern).relative_to(anchor)) if PurePath(pattern).is_absolute() else pattern
    return (path for path in anchor.glob(relative) if _is_delivery(path))


def _given(files: Sequence[Path]) -> tuple[set[Path], set[Path]]:
    inside: set[Path] = set()
    named: set[Path] = set()
    for path in files:
        if path.is_dir():
            inside.update(entry for entry in path.iterdir() if _is_delivery(entry))
        else:
            named.add(path)
    return inside | named, named


def _is_delivery(path: Path) -> bool:
    return not path.name.startswith(".") and not path.name.endswith(_NEVER) and (path.is_symlink() or not path.is_dir())


def _source_of(path: Path, sources: Mapping[str, SourceSettings], base_folder: Path | None) -> str | None:
    closeness: dict[str, tuple[bool, int]] = {}
    for name, source in sources.items():
        for pattern in source.files:
            if _matches(path, pattern, base_folder):
                closeness[name] = max(closeness.get(name, (False, -1)), _closeness(pattern))
    if not closeness:
        return None
    best = max(closeness.values())
    names = sorted(name for name, value in closeness.items() if value == best)
    if len(names) > 1:
        raise InputError(
            f"{printable(path.name)} is matched by the sources {' and '.join(names)}",
            hint=f"make the patterns narrower in retail_brain.toml, sources.{names[0]}.files",
        )
    return names[0]


def _matches(path: Path, pattern: str, base_folder: Path | None) -> bool:
    if base_folder is None:
        return fnmatchcase(path.name, PurePath(pattern).name)
    return (
        path in set(_glob(base_folder, pattern))
        if "/" in pattern
        else (path.parent == base_folder and fnmatchcase(path.name, pattern))
    )


def _closeness(pattern: str) -> tuple[bool, int]:
    literal = [c for c in PurePath(pattern).name if c not in "*?[]"]
    return ("*" not in pattern and "?" not in pattern and "[" not in pattern, len(literal))


def _nobodys(path: Path, sources: Mapping[str, SourceSettings]) -> InputError:
    patterns = ", ".join(pattern for source in sources.values() for pattern in source.files)
    return InputError(
        f"{printable(path.name)} belongs to no source",
        hint=f"the sources take {patterns or 'nothing'}; add it in retail_brain.toml, sources.NAME.files",
    )

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
    claims = _by_pattern(sources, base_folder) if files is None else _by_name(sources, files)
    named = set() if files is None else {path for path in files if not path.is_dir()}
    found: list[tuple[str, Path]] = []
    problems: list[InputError] = []
    for path in sorted(claims, key=str):
        try:
            source = _closest(path, claims[path])
        except InputError as error:
            problems.append(error)
            continue
        if source is not None:
            found.append((source, path))
        elif path in named:
            problems.append(_nobodys(path, sources))
    return sorted(found, key=lambda pair: (pair[0], pair[1].name, str(pair[1]))), problems


def _by_pattern(sources: Mapping[str, SourceSettings], base_folder: Path) -> dict[Path, list[tuple[str, str]]]:
    """Return the files that the patterns find, each with the sources and patterns that found it."""
    claims: dict[Path, list[tuple[str, str]]] = {}
    for name, source in sources.items():
        for pattern in source.files:
            whole = PurePath(pattern)
            anchor = Path(whole.anchor) if whole.is_absolute() else base_folder
            relative = str(whole.relative_to(anchor)) if whole.is_absolute() else pattern
            for path in anchor.glob(relative):
                if _is_delivery(path):
                    claims.setdefault(path, []).append((name, pattern))
    return claims


def _by_name(sources: Mapping[str, SourceSettings], files: Sequence[Path]) -> dict[Path, list[tuple[str, str]]]:
    """Return the given files and those in given folders, each with the sources and patterns that fit its name.

    A folder in which no file fits is searched one level deeper.
    """
    patterns = [(name, pattern) for name, source in sources.items() for pattern in source.files]

    def claimed(paths: Iterable[Path]) -> dict[Path, list[tuple[str, str]]]:
        return {path: [(n, p) for n, p in patterns if fnmatchcase(path.name, PurePath(p).name)] for path in paths}

    claims: dict[Path, list[tuple[str, str]]] = {}
    for path in files:
        found = claimed(_inside(path) if path.is_dir() else [path])
        if path.is_dir() and not any(found.values()):
            found = claimed(below for sub in sorted(path.iterdir()) if _is_folder(sub) for below in _inside(sub))
        claims.update(found)
    return claims


def _inside(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _is_delivery(path)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")


def _is_delivery(path: Path) -> bool:
    return not path.name.startswith(".") and not path.name.endswith(_NEVER) and (path.is_symlink() or not path.is_dir())


def _closest(path: Path, claims: Sequence[tuple[str, str]]) -> str | None:
    """Return the source whose pattern says most about a file's name."""
    closeness: dict[str, tuple[bool, int]] = {}
    for name, pattern in claims:
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


def _closeness(pattern: str) -> tuple[bool, int]:
    literal = [c for c in PurePath(pattern).name if c not in "*?[]"]
    return ("*" not in pattern and "?" not in pattern and "[" not in pattern, len(literal))


def _nobodys(path: Path, sources: Mapping[str, SourceSettings]) -> InputError:
    patterns = ", ".join(pattern for source in sources.values() for pattern in source.files)
    return InputError(
        f"{printable(path.name)} belongs to no source",
        hint=f"the sources take {patterns or 'nothing'}; add it in retail_brain.toml, sources.NAME.files",
    )

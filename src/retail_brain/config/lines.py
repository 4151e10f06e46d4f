"""The line of a TOML file on which a key stands.

Python's TOML reader gives no positions, and a message without a line is no help in a file of two hundred. A light
scan is enough: it follows table headers and keys and knows nothing of values.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def line_of(text: str, place: tuple[str, ...]) -> int | None:
    """Return the number of the line that sets a key, or of the nearest table around it.

    Args:
        text: the TOML text.
        place: the path of the key, such as ("sources", "pos", "columns", "email").

    Returns:
        A line number from 1, or None where nothing of the path stands in the text.
    """
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _split(header[1])
            found = table
        elif key := _KEY.match(line):
            found = (*table, *_split(key[1]))
        else:
            continue
        depth = _shared(found, place)
        if depth == len(found) and depth and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))

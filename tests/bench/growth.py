"""How seconds and memory grow with the number of records: a first night at each size, one table and one picture.

    python tests/bench/growth.py --generator GENERATE.py [--sizes 1e6 3e6 1e7] [--svg docs/growth.svg]

GENERATE.py OUT --records N writes OUT/night1/ (CSV exports) and OUT/truth1.parquet. Data is made and deleted size by
size, in the folder for temporary files (TMPDIR says which). Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speed import run_product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH, _HEIGHT, _LEFT, _FOOT, _HEAD, _INSET = 360, 240, 56, 44, 30, 24
_STYLE = "text{font:12px system-ui,sans-serif;fill:#444}.t{font-weight:600;fill:#222}.g{stroke:#ddd}.l{fill:none;stroke:#2563a8;stroke-width:2}.p{fill:#2563a8}"


def main() -> None:
    """Measure size by size, print a row as soon as it is there, and draw the picture at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--sizes", nargs="+", type=lambda text: int(float(text)), default=[10**6, 3 * 10**6, 10**7])
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--json", type=Path, help="keep what was measured, and go on from what is there")
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    if arguments.json and arguments.json.is_file():
        found = json.loads(arguments.json.read_text(encoding="utf-8"))
    print(
        "| records | first night, s | s per million | peak memory, MiB | scratch disk, MiB | workspace, MiB | F1 |\n"
        + "| --- " * 7
        + "|"
    )
    for row in found:
        _tell(row)
    for size in (size for size in sorted(arguments.sizes) if size not in {row["size"] for row in found}):
        found.append({"size": size, **measure(arguments.generator, size)})
        _tell(found[-1])
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if arguments.svg:
        arguments.svg.write_text(draw(found), encoding="utf-8")


def measure(generator: Path, size: int) -> dict[str, Any]:
    """Make data of one size, run a first night on it, and delete both."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-growth-") as name:
        command = [sys.executable, str(generator.absolute()), name, "--records", str(size)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        done = run_product(Path(name), nights=False)
    first = done["first"]
    return {
        "records": sum(file["accepted"] for file in first["files"]), "seconds": first["wall_seconds"],
        "peak_mib": first["peak_mib"], "scratch_mib": first["scratch_mib"], "disk_mib": first["disk_mib"], "f1": done["scores"]["f1"],
        "stages": first["seconds"],
    }  # fmt: skip


def _per_million(row: dict[str, Any]) -> float:
    return row["seconds"] / row["records"] * 1e6


def _tell(row: dict[str, Any]) -> None:
    print(
        f"| {row['records']:,} | {row['seconds']:,.1f} | {_per_million(row):.1f} | {row['peak_mib']:,} | {row['scratch_mib']:,} | {row['disk_mib']:,} | {row['f1']:.4f} |",
        flush=True,
    )


def draw(rows: Sequence[dict[str, Any]]) -> str:
    """Return a picture of seconds per million and of peak memory over the number of records, both from zero."""
    left = _panel(rows, "seconds per million records", _per_million)
    right = _panel(rows, "peak memory of the process, GiB", lambda row: row["peak_mib"] / 1024)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Seconds per million records and peak memory, over the number of records"><style>{_STYLE}</style>'
        f'<rect width="{2 * _WIDTH}" height="{_HEIGHT}" fill="#fff"/>{left}<g transform="translate({_WIDTH} 0)">{right}</g></svg>\n'
    )


def _panel(rows: Sequence[dict[str, Any]], title: str, value: Callable[[dict[str, Any]], float]) -> str:
    least, most = (pick(row["records"] for row in rows) for pick in (min, max))
    span = math.log(most / least) or 1.0
    top = _round_up(max(value(row) for row in rows))
    room, floor = _WIDTH - _LEFT - 20, _HEIGHT - _FOOT
    places = [
        (
            _LEFT + _INSET + math.log(row["records"] / least) / span * (room - 2 * _INSET),
            floor - value(row) / top * (floor - _HEAD),
            row,
        )
        for row in sorted(rows, key=lambda row: row["records"])
    ]
    parts = [f'<text class="t" x="{_LEFT}" y="18">{title}</text>']
    for step in range(5):
        y = floor - step / 4 * (floor - _HEAD)
        parts.append(f'<line class="g" x1="{_LEFT}" x2="{_LEFT + room}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{top * step / 4:g}</text>')
    parts.append(f'<polyline class="l" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)}"/>')
    for x, y, row in places:
        parts.append(f'<circle class="p" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{value(row):.3g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{_size(row["records"])}</text>')
    parts.append(
        f'<text x="{_LEFT + room / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">records, logarithmic scale</text>'
    )
    return "".join(parts)


def _round_up(value: float) -> float:
    """Return a round number that is at least a tenth above a value."""
    size = 1e-3
    while True:
        for digit in (1, 2, 4, 6, 8):
            if digit * size >= value * 1.1:
                return digit * size
        size *= 10


def _size(records: int) -> str:
    return f"{records / 1e6:.0f} M" if records >= 950_000 else f"{records / 1e3:.0f} k"


if __name__ == "__main__":
    main()

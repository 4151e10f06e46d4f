"""Undo on a million records: 200 random rollbacks, then two nights; how long one takes; 1,000 merges explained.

    python tests/bench/undo.py FOLDER      FOLDER/night1, night2 and night3 as generate.py makes them

Prints one Markdown table. Everything happens in a temporary folder with embedded servers of its own, stopped at the end.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

PROGRAM = (sys.executable, "-c", "import sys; from retail_brain_cli.main import main; sys.exit(main(sys.argv[1:]))")
ROLLBACKS, TIMED, EXPLAINED = 200, 50, 1_000
_BEGIN = "import json, sys, time; from pathlib import Path; from retail_brain.config.file import load_configuration; config = load_configuration(Path('retail_brain.toml')); figures = []\n"
UNDO = (
    _BEGIN
    + """
from retail_brain.desk.unmerge import Selection, unmerge
for number in json.load(sys.stdin):
    started = time.perf_counter()
    done = unmerge(config, Selection(merge_ids=(number,)), reason="bench")
    assert done.status == "undone", done
    figures.append(time.perf_counter() - started)
print(json.dumps(figures))
"""
)
EXPLAIN = (
    _BEGIN
    + """
from retail_brain.desk.explain import explain
for number in json.load(sys.stdin):
    found = explain(config, str(number))
    assert abs(found.match_weight - sum(line.weight_bits for line in found.lines)) < 1e-5, number
    figures.append(abs(found.match_weight - found.stored_weight))
print(json.dumps(figures))
"""
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.absolute()
    with tempfile.TemporaryDirectory(prefix="retail-brain-undo-") as name:
        folder = Path(name)
        for path in sorted((data / "night1").iterdir()):
            shutil.copy(path, folder)
        _call(folder, "init", ".")
        try:
            _print(_measure(folder, data))
        finally:
            _call(folder, "services", "stop")


def _measure(folder: Path, data: Path) -> dict[str, Any]:
    _call(folder, "run", "--json")
    before = _crosswalk(folder)
    chosen = random.Random(7).sample(_merges(folder), ROLLBACKS)
    seconds = []
    for merge in chosen[:TIMED]:
        started = time.perf_counter()
        _call(folder, "merge", "rollback", merge["merge_id"], "--reason", "bench", "--yes", "--json")
        seconds.append(time.perf_counter() - started)
    numbers = [int(merge["merge_id"]) for merge in chosen[TIMED:]]
    inside = _in_process(folder, UNDO, numbers)
    after = _crosswalk(folder)
    touched = {before[record] for merge in chosen for record in (merge["left"], merge["right"])}
    others = sum(profile != after[record] for record, profile in before.items() if profile not in touched)
    pairs = [(merge["left"], merge["right"]) for merge in chosen]
    nights = []
    for night in ("night2", "night3"):
        _call(folder, "run", "--from", str(data / night), "--json")
        now = _crosswalk(folder)
        nights.append(sum(now[left] == now[right] for left, right in pairs if left in now and right in now))
    _call(folder, "merge", "verify")
    explained = random.Random(11).sample(_merges(folder), EXPLAINED)
    return {
        "seconds": seconds, "inside": inside[-TIMED:], "others": others,
        "together": sum(after[left] == after[right] for left, right in pairs), "nights": nights,
        "difference": max(_in_process(folder, EXPLAIN, [int(merge["merge_id"]) for merge in explained])),
    }  # fmt: skip


def _in_process(folder: Path, code: str, numbers: list[int]) -> list[float]:
    """Run a snippet that turns merge numbers into one figure each, all in one process."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, input=json.dumps(numbers), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout)


def _merges(folder: Path) -> list[dict[str, str]]:
    """Return the live merges as rows of the export, with their records as left and right."""
    _call(folder, "export", "merges", "--to", "merges.csv")
    with (folder / "merges.csv").open(encoding="utf-8", newline="") as file:
        return [
            row | {side: f"{row[f'source_{side[0]}']}:{row[f'record_id_{side[0]}']}" for side in ("left", "right")}
            for row in csv.DictReader(file)
            if row["kind"] == "merge" and not row["undone_by"]
        ]


def _crosswalk(folder: Path) -> dict[str, str]:
    _call(folder, "export", "crosswalk", "--to", "crosswalk.csv")
    with (folder / "crosswalk.csv").open(encoding="utf-8", newline="") as file:
        return {f"{row['source']}:{row['record_id']}": row["profile_id"] for row in csv.DictReader(file)}


def _call(folder: Path, *arguments: str) -> Any:
    done = subprocess.run([*PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout) if "--json" in arguments else {}


def _print(found: dict[str, Any]) -> None:
    rows = {
        f"{ROLLBACKS} rollbacks: pairs still together": found["together"],
        "records of other profiles that moved": found["others"],
        "pairs together again after a second and a third night": " and ".join(map(str, found["nights"])),
        f"one rollback, process start included, median of {TIMED}, s": f"{median(found['seconds']):.2f}",
        "the same, 95 % under, s": f"{quantiles(found['seconds'], n=20)[-1]:.2f}",
        f"one rollback inside a process, 95 % of {TIMED} under, s": f"{quantiles(found['inside'], n=20)[-1]:.2f}",
        f"{EXPLAINED:,} explained: largest difference from the stored weight, bits": found["difference"],
    }
    print("| what | found |\n| --- | --- |")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()

"""Measure a first night, a night with nothing new and a second night, beside a bare script on the same data and servers.

    python tests/bench/speed.py DATA [--floor FLOOR.py] [--rounds 3]

DATA holds night1/, night2/ (five CSV exports each) and truth1.parquet. FLOOR.py takes DATA, --postgres and --redis and
prints one JSON object with seconds per stage. Product and floor run one after the other, in turn, on the same embedded
servers. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.services import find_services

PROGRAM = [sys.executable, "-c", "from retail_brain_cli.main import run; run()"]
STAGES = ("ingest", "standardise", "train", "match", "resolve", "survive", "audit", "publish", "warm", "report")


def main() -> None:
    """Measure in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--floor", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    product, floor = [], []
    for _ in range(arguments.rounds):
        product.append(_product(arguments.data))
        if arguments.floor:
            floor.append(_floor(arguments.data, arguments.floor))
    _print(product, floor)


def _product(data: Path) -> dict[str, Any]:
    """One first night, one with nothing new and one second night in a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-speed-") as name:
        folder = Path(name)
        for path in sorted((data / "night1").iterdir()):
            shutil.copy(path, folder)
        try:
            _call(folder, "init", ".")
            _call(folder, "services", "start")
            first = _call(folder, "run", "--json")
            truth = str((data / "truth1.parquet").absolute())
            scores = _call(folder, "model", "evaluate", "--truth", truth, "--json")
            nothing = _call(folder, "run", "--json")
            second = _call(folder, "run", "--from", str((data / "night2").absolute()), "--json")
        finally:
            _call(folder, "services", "stop")
    return {"first": first, "scores": scores, "nothing": nothing, "second": second}


def _floor(data: Path, script: Path) -> dict[str, Any]:
    """The bare script on embedded servers of its own."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-floor-") as name:
        folder = Path(name)
        (folder / "retail_brain.toml").write_text(
            '[sources.none]\nfiles = ["none.csv"]\n[sources.none.columns]\nrecord_id = "id"\n'
        )
        try:
            _call(folder, "services", "start")
            found = find_services(folder / ".retail-brain", postgres=PostgresSettings(), redis=RedisSettings())
            postgres = f"host={found.postgres.host} dbname={found.postgres.dbname} user={found.postgres.user}"
            command = [
                sys.executable,
                str(script),
                str(data),
                "--postgres",
                postgres,
                "--redis",
                f"unix://{found.redis.socket_path}",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        finally:
            _call(folder, "services", "stop")
    return json.loads(done.stdout)


def _call(folder: Path, *arguments: str) -> Any:
    """Run one command and add the wall-clock seconds and the peak memory (MiB) of its process to its JSON."""
    timed = "import resource, subprocess, sys, time; t = time.perf_counter(); c = subprocess.run(sys.argv[1:]).returncode; print('\\n#', time.perf_counter() - t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024); sys.exit(c)"
    done = subprocess.run(
        [sys.executable, "-c", timed, *PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    text, _, figures = done.stdout.rpartition("\n#")
    if "--json" not in arguments:
        return {}
    wall, peak = figures.split()
    return {**json.loads(text), "wall_seconds": float(wall), "peak_mib": int(peak)}


def _print(product: list[dict[str, Any]], floor: list[dict[str, Any]]) -> None:
    first = [one["first"] for one in product]
    print("| stage | seconds, median |\n| --- | --- |")
    for stage in STAGES:
        print(f"| {stage} | {median(one['seconds'].get(stage, 0.0) for one in first):.1f} |")
    rows = {
        "first night, process": median(one["wall_seconds"] for one in first),
        "nothing new, process": median(one["nothing"]["wall_seconds"] for one in product),
        "second night, process": median(one["second"]["wall_seconds"] for one in product),
        "second night / first night": median(
            one["second"]["wall_seconds"] / one["first"]["wall_seconds"] for one in product
        ),
        "peak memory, MiB": max(one["peak_mib"] for one in first),
        "peak memory of the second night, MiB": max(one["second"]["peak_mib"] for one in product),
        "precision": median(one["scores"]["precision"] for one in product),
        "recall": median(one["scores"]["recall"] for one in product),
    }
    if floor:
        rows["floor, its stages"] = median(one["total_seconds"] for one in floor)
        rows["first night / floor"] = rows["first night, process"] / rows["floor, its stages"]
        rows["floor peak memory, MiB"] = max(one["peak_mib"] for one in floor)
    for name, value in rows.items():
        print(f"| **{name}** | {value:,.3f} |")


if __name__ == "__main__":
    main()

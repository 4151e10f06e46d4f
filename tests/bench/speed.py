"""Measure a first night, a night with nothing new and a second night, beside a bare script on the same data and servers.

    python tests/bench/speed.py DATA [--floor FLOOR.py] [--rounds 3] [--json FILE]

DATA holds night1/, night2/ (five CSV exports each) and truth1.parquet. FLOOR.py takes DATA, --postgres and --redis and
prints one JSON object with seconds per stage. Product and floor run one after the other, in turn, on the same embedded
servers. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from watch import call, watch

from retail_brain.config.services import PostgresSettings, RedisSettings
from retail_brain.services import find_services

STAGES = ("ingest", "standardise", "train", "match", "resolve", "survive", "audit", "publish", "warm", "report")


def main() -> None:
    """Measure in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--floor", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    arguments = parser.parse_args()
    product, floor = [], []
    for _ in range(arguments.rounds):
        product.append(run_product(arguments.data))
        if arguments.floor:
            floor.append(run_floor(arguments.data, arguments.floor))
    if arguments.json:
        arguments.json.write_text(json.dumps({"product": product, "floor": floor}, indent=1), encoding="utf-8")
    _print(product, floor)


def run_product(data: Path, *, nights: bool = True) -> dict[str, Any]:
    """One first night in a fresh folder; with `nights`, one with nothing new and a second night after it."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-speed-") as name:
        folder = Path(name)
        for path in sorted((data / "night1").iterdir()):
            shutil.copy(path, folder)
        try:
            call(folder, "init", ".")
            call(folder, "services", "start")
            found = {"first": call(folder, "run", "--json")}
            truth = str((data / "truth1.parquet").absolute())
            found["scores"] = call(folder, "model", "evaluate", "--truth", truth, "--json")
            if nights:
                found["nothing"] = call(folder, "run", "--json")
                found["second"] = call(folder, "run", "--from", str((data / "night2").absolute()), "--json")
        finally:
            call(folder, "services", "stop")
    return found


def run_floor(data: Path, script: Path) -> dict[str, Any]:
    """The bare script on embedded servers of its own."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-floor-") as name:
        folder = Path(name)
        (folder / "retail_brain.toml").write_text(
            '[sources.none]\nfiles = ["none.csv"]\n[sources.none.columns]\nrecord_id = "id"\n'
        )
        try:
            call(folder, "services", "start")
            found = find_services(folder / ".retail-brain", postgres=PostgresSettings(), redis=RedisSettings())
            postgres = f"host={found.postgres.host} dbname={found.postgres.dbname} user={found.postgres.user}"
            redis = f"unix://{found.redis.socket_path}"
            words = (str(script.absolute()), str(data.absolute()), "--postgres", postgres, "--redis", redis)
            done = watch([sys.executable, *words], cwd=folder)
        finally:
            call(folder, "services", "stop")
    if done.code:
        raise SystemExit(f"the floor ended with {done.code}:\n{done.err[-2000:]}")
    return {**json.loads(done.out), "wall_seconds": done.seconds}


def _print(product: list[dict[str, Any]], floor: list[dict[str, Any]]) -> None:
    first = [one["first"] for one in product]
    print("| stage | seconds, median |\n| --- | --- |")
    for stage in STAGES:
        print(f"| {stage} | {median(one['seconds'].get(stage, 0.0) for one in first):.1f} |")
    rows = _rows(product)
    if floor:
        rows["floor, its stages"] = median(one["total_seconds"] for one in floor)
        rows["first night / floor"] = rows["first night, process"] / rows["floor, its stages"]
        rows["floor peak memory, MiB"] = max(one["peak_mib"] for one in floor)
        rows["floor F1"] = median(one["f1"] for one in floor)
    print("\n| what | found |\n| --- | --- |")
    for name, value in rows.items():
        print(f"| **{name}** | {value:,} |" if isinstance(value, int) else f"| **{name}** | {value:,.3f} |")
    print("\n| table | rows written, first night | second night |\n| --- | --- | --- |")
    written = (product[-1]["first"]["written"], product[-1]["second"]["written"])
    for table in sorted(written[0].keys() | written[1].keys()):
        print(f"| {table} | {written[0].get(table, 0):,} | {written[1].get(table, 0):,} |")


def _rows(product: list[dict[str, Any]]) -> dict[str, Any]:
    first, second = ([one[night] for one in product] for night in ("first", "second"))
    return {
        "records": sum(file["accepted"] for file in first[0]["files"]),
        "first night, process": median(one["wall_seconds"] for one in first),
        "nothing new, process": median(one["nothing"]["wall_seconds"] for one in product),
        "second night, process": median(one["wall_seconds"] for one in second),
        "second night / first night": median(
            one["second"]["wall_seconds"] / one["first"]["wall_seconds"] for one in product
        ),
        "records of the second night": sum(file["accepted"] for file in second[0]["files"]),
        "rows written by the second night": sum(second[-1]["written"].values()),
        "peak memory, MiB": max(one["peak_mib"] for one in first),
        "peak memory of the second night, MiB": max(one["peak_mib"] for one in second),
        "scratch disk at its peak, MiB": max(one["scratch_mib"] for one in (*first, *second)),
        "all of the workspace at its peak, with PostgreSQL, MiB": max(one["disk_mib"] for one in (*first, *second)),
    } | {name: median(one["scores"][name] for one in product) for name in ("precision", "recall", "f1")}


if __name__ == "__main__":
    main()

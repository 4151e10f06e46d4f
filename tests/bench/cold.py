"""How long a look-up takes from the shell: the whole process, imports included, with the servers running.

    python tests/bench/cold.py [--shop FOLDER] [--calls 50]

FOLDER holds a retail_brain.toml whose run is published; without it the sample data is run in a temporary folder. Prints
Markdown. CPU seconds tell more than seconds where others use the machine as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from watch import PROGRAM, call

SAMPLE = Path(__file__).parents[2] / "sample_data"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--calls", type=int, default=50)
    arguments = parser.parse_args()
    if arguments.shop:
        _print(arguments.shop, arguments.calls)
        return
    with tempfile.TemporaryDirectory(prefix="retail-brain-cold-") as name:
        folder = Path(name)
        for path in SAMPLE.iterdir():
            if path.suffix != ".md" and path.name != "truth.csv":
                shutil.copy(path, folder)
        try:
            call(folder, "init", ".")
            call(folder, "run", "--json")
            _print(folder, arguments.calls)
        finally:
            call(folder, "services", "stop")


def _print(folder: Path, calls: int) -> None:
    (merge,) = call(folder, "merge", "list", "--limit", "1", "--json")["entries"]
    profile = call(folder, "profile", "show", merge["left"], "--json")
    number = str(merge["merge_id"])
    commands = {
        "profile show": ("profile", "show", profile["profile_id"]),
        "profile search": ("profile", "search", *profile["values"].get("email", merge["left"]).split()),
        "merge show": ("merge", "show", number),
        "merge rollback --dry-run": ("merge", "rollback", number, "--dry-run"),
        "--version": ("--version",),
        "--help": ("--help",),
    }
    print(
        f"| command, {calls} calls | p50, ms | p95, ms | CPU p50, ms | CPU p95, ms |\n| --- | --- | --- | --- | --- |"
    )
    for name, words in commands.items():
        wall, cpu = zip(*(_once(folder, words) for _ in range(calls + 1)), strict=True)
        shown = [f"{1000 * f:.0f}" for figures in (wall[1:], cpu[1:]) for f in (median(figures), _p95(figures))]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)


def _once(folder: Path, words: tuple[str, ...]) -> tuple[float, float]:
    """Run one command; return its seconds, and its seconds of CPU."""
    started = time.perf_counter()
    process = subprocess.Popen([*PROGRAM, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    with process.stderr as stderr:
        if process.returncode:
            sys.exit(f"{' '.join(words)} ended with {process.returncode}:\n{stderr.read().decode()[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime


def _p95(figures: tuple[float, ...]) -> float:
    return quantiles(figures, n=20)[-1]


if __name__ == "__main__":
    main()

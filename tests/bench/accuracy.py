"""Measure accuracy on data sets with truth: `init`, `run`, `model evaluate`, nothing configured by hand.

    python tests/bench/accuracy.py FOLDER [SET ...]

FOLDER holds one folder a set: SET/exports/*.csv and SET/truth.csv (source, record_id, person_id). Prints one Markdown
row a set. Embedded servers are started in a temporary folder and stopped again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from retail_brain_cli.main import run; run()"]
HEAD = "| set | records | profiles | precision | recall | F1 | B-cubed F1 | seconds |\n| --- | --- | --- | --- | --- | --- | --- | --- |"


def measure(exports: Path, truth: Path) -> dict[str, float]:
    """Run the whole path on one set in a folder of its own and return its scores."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-accuracy-") as name:
        folder = Path(name)
        for path in exports.iterdir():
            shutil.copy(path, folder)
        try:
            _call(folder, "init", ".")
            night = _call(folder, "run", "--json")
            scores = _call(folder, "model", "evaluate", "--truth", str(truth.absolute()), "--json")
        finally:
            _call(folder, "services", "stop")
    records = sum(file["accepted"] for file in night["files"])
    return {**scores, "records": records, "profiles": night["profiles"], "seconds": sum(night["seconds"].values())}


def _call(folder: Path, *arguments: str) -> dict:
    done = subprocess.run([*PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout) if "--json" in arguments else {}


def main() -> None:
    """Measure every set of the folder, or the named ones."""
    folder, *names = sys.argv[1:]
    sets = sorted(
        path for path in Path(folder).iterdir() if (path / "exports").is_dir() and (not names or path.name in names)
    )
    print(HEAD)
    for path in sets:
        found = measure(path / "exports", path / "truth.csv")
        shown = [f"{found[key]:.4f}" for key in ("precision", "recall", "f1", "bcubed_f1")]
        print(
            f"| {path.name} | {found['records']:,} | {found['profiles']:,} | {' | '.join(shown)} | {found['seconds']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

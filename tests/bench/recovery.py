"""Losing everything and getting it back, at any size: a night, rollbacks, joins, rulings, a backup, more of them, the loss, the restore.

    python tests/bench/recovery.py FOLDER [--changes 200]

FOLDER holds night1 as `synth` or generate.py makes it. Everything happens in a temporary folder with servers of its own. Checks that every
table is equal by count and hash, that the next run changes nothing and that ids resolve; prints seconds by phase as a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from watch import PROGRAM

from retail_brain.config.file import load_configuration
from retail_brain.desk.session import open_desk
from retail_brain.services import ensure_services
from retail_brain.store.connection import connect
from retail_brain.store.fingerprint import fingerprints, list_tables
from retail_brain.store.sample import sample_keys

MOVED = ("cache_state", "cache_outbox", "lease", "journal_state", "journal_touched")


def main() -> None:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--changes", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retail-brain-recovery-") as name:
        folder = Path(name)
        try:
            _measure(folder, asked.data.absolute(), asked.changes)
        finally:
            _call(folder, "services", "stop")


def _measure(folder: Path, data: Path, changes: int) -> None:
    for path in sorted((data / "night1").iterdir()):
        shutil.copy(path, folder)
    _call(folder, "init", ".")
    _call(folder, "run", "--json")
    _decide(folder, changes // 2, seed=1)
    backup_id = _call(folder, "backup", "create", "--json")["backup_id"]
    _decide(folder, changes - changes // 2, seed=2)
    before, keys = _state(folder), _keys(folder)
    _call(folder, "services", "stop")
    shutil.rmtree(folder / ".retail-brain")
    started = time.perf_counter()
    told = _call(folder, "backup", "restore", backup_id, "--json")
    seconds = time.perf_counter() - started
    after = _state(folder)
    wrong = [name for name in before if name not in MOVED and before[name] != after[name]]
    assert not wrong, wrong
    assert not told["warnings"], told["warnings"]
    with open_desk(load_configuration(folder / "retail_brain.toml")) as desk:
        for key in keys:
            desk.profile(key)
    night = _call(folder, "run", "--json")
    assert night["status"] == "nothing new", night
    assert {name: _state(folder)[name] for name in after if name not in MOVED} == {
        n: after[n] for n in after if n not in MOVED
    }
    _call(folder, "doctor")
    drill = _call(folder, "backup", "drill", "--json")
    _print(told, seconds, drill)


def _decide(folder: Path, count: int, *, seed: int) -> None:
    """Undo merges that stand and join others, as people would, one after the other."""
    from retail_brain.desk.join import join_records
    from retail_brain.desk.unmerge import Selection, unmerge

    config, draw = load_configuration(folder / "retail_brain.toml"), random.Random(seed)
    entries = _call(folder, "merge", "list", "--live", "--limit", "10000", "--json")["entries"]
    chosen = draw.sample(entries, min(count + count // 5 * 2, len(entries)))
    joined, undone = chosen[: count // 5 * 2], chosen[count // 5 * 2 :]
    for entry in undone:
        unmerge(config, Selection(merge_ids=(entry["merge_id"],)), reason="bench")
    for one, other in zip(joined[::2], joined[1::2], strict=True):
        join_records(config, one["left"], other["left"], reason="bench")


def _state(folder: Path) -> dict[str, tuple[int, str]]:
    with connect(_postgres(folder)) as conn:
        return {one.name: (one.rows, one.digest) for one in fingerprints(conn, list_tables(conn))}


def _keys(folder: Path) -> list[str]:
    with connect(_postgres(folder)) as conn:
        return sample_keys(conn, 2_000)


def _postgres(folder: Path) -> Any:
    config = load_configuration(folder / "retail_brain.toml")
    found = ensure_services(config.workspace_folder, config.services, postgres=config.postgres, redis=config.redis)
    return found.postgres


def _call(folder: Path, *words: str) -> Any:
    done = subprocess.run(
        [*PROGRAM, *words], cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (words, done.returncode, done.stderr[-2_000:])
    return json.loads(done.stdout) if "--json" in words else None


def _print(told: dict[str, Any], seconds: float, drill: dict[str, Any]) -> None:
    names = list(dict.fromkeys([*told["seconds"], *drill["seconds"]]))
    print(
        f"\n{told['rows']:,} rows in {told['tables']} tables, {sum(told['replayed'].values()):,} rows from the journal;"
    )
    print(f"restore {seconds:.1f} s in all; drill: RTO {drill['rto_s']:.1f} s, RPO {drill['rpo_s']:.1f} s\n")
    print("| phase | restore, s | drill, s |\n| --- | --- | --- |")
    for name in names:
        print(f"| {name} | {told['seconds'].get(name, 0):.1f} | {drill['seconds'].get(name, 0):.1f} |")


if __name__ == "__main__":
    main()

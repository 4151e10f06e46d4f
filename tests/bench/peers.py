"""Retail Brain, the bare script and other libraries on the same data on the same machine: one table.

    python tests/bench/peers.py DATA [--floor FLOOR.py] [--peers goldenmatch dedupe recordlinkage] [--limit-minutes 30]
        [--limit-mib 16384]

DATA holds night1/ (five CSV exports) and truth1.parquet. Each library is installed, in its newest version, into an
environment of its own in a temporary folder (--environments FOLDER keeps them for the next time), and used in the way
that it recommends for data without labels; the scripts stand in peers/. One after the other, each with a limit of time and of memory.
Seconds are those of the whole process: from the files to a file that says which record is of which person; for Retail
Brain and the bare script to published profiles and a filled cache. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

import duckdb
from speed import run_floor, run_product
from watch import watch

SCRIPTS = Path(__file__).parent / "peers"
PACKAGES = {
    "goldenmatch": ("goldenmatch",),
    "dedupe": ("dedupe", "BTrees<6.5"),  # 6.5 took away a method that dedupe 3.0.3 calls
    "recordlinkage": ("recordlinkage",),
}
HOW = {
    "Retail Brain": "init, run",
    "bare script": "Splink, psycopg, redis-py",
    "goldenmatch": "nothing configured",
    "dedupe": "active learning, {labels} pairs answered by the truth",
    "recordlinkage": "blocks, Jaro-Winkler, ECM classifier",
}
SCORE = """
with joined as (
  select f.cluster, t.person_id from read_csv($found, all_varchar = true) f
  join read_parquet($truth) t on t.source = f.source and t.record_id = f.record_id),
cell as (select sum(n * (n - 1) / 2) v from (select count(*) n from joined group by cluster, person_id)),
said as (select sum(n * (n - 1) / 2) v from (select count(*) n from joined group by cluster)),
real as (select sum(n * (n - 1) / 2) v from (select count(*) n from read_parquet($truth) group by person_id))
select coalesce(cell.v / said.v, 1), cell.v / real.v from cell, said, real
"""


def main() -> None:
    """Measure one after the other and print a row for each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--floor", type=Path)
    parser.add_argument("--peers", nargs="*", choices=sorted(PACKAGES), default=sorted(PACKAGES))
    parser.add_argument("--limit-minutes", type=float, default=30)
    parser.add_argument("--limit-mib", type=int, default=16_384)
    parser.add_argument("--labels", type=int, default=100, help="pairs that are answered for dedupe")
    parser.add_argument("--environments", type=Path, help="where the libraries are installed, and kept")
    parser.add_argument("--without-product", action="store_true")
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    print(
        "| | version | how | seconds | peak memory, MiB | precision | recall | F1 |\n" + "| --- " * 8 + "|", flush=True
    )
    if not arguments.without_product:
        _tell("Retail Brain", found, _product(arguments.data), arguments.labels)
    if arguments.floor:
        _tell("bare script", found, _floor(arguments.data, arguments.floor), arguments.labels)
    with tempfile.TemporaryDirectory(prefix="retail-brain-peers-") as name:
        place = (arguments.environments or Path(name)).absolute()
        for peer in arguments.peers:
            _tell(peer, found, _peer(peer, arguments, place, Path(name)), arguments.labels)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _product(data: Path) -> dict[str, Any]:
    from retail_brain import __version__

    done = run_product(data, nights=False)
    first = done["first"]
    scores = {name: done["scores"][name] for name in ("precision", "recall")}
    return {"version": __version__, "seconds": first["wall_seconds"], "peak_mib": first["peak_mib"], **scores}


def _floor(data: Path, script: Path) -> dict[str, Any]:
    done = run_floor(data, script)
    return {"version": "", "seconds": done["wall_seconds"], **{k: done[k] for k in ("peak_mib", "precision", "recall")}}


def _peer(name: str, arguments: argparse.Namespace, place: Path, folder: Path) -> dict[str, Any]:
    """Install one library, use it, and hold what it found against the truth."""
    python = _install(name, place / name)
    version = subprocess.run(
        [python, "-c", f"from importlib.metadata import version; print(version({name!r}))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    truth, out, labelled = (folder / f"{name}.{kind}" for kind in ("truth.parquet", "csv", "truth.csv"))
    with duckdb.connect() as con:
        con.read_parquet(str(arguments.data / "truth1.parquet")).write_parquet(str(truth))
        con.read_parquet(str(truth)).write_csv(str(labelled), header=True)
    words = [str(SCRIPTS / f"use_{name}.py"), str((arguments.data / "night1").absolute()), str(out), str(labelled)]
    limit_s = arguments.limit_minutes * 60
    done = watch([python, *words, str(arguments.labels)], cwd=folder, limit_s=limit_s, limit_mib=arguments.limit_mib)
    found = {"version": version, "seconds": done.seconds, "peak_mib": done.peak_mib}
    if done.stopped:
        return {**found, "failed": done.stopped}
    if done.code:
        lines = done.err.strip().splitlines()
        return {**found, "failed": f"ended with {done.code}: {lines[-1][:100] if lines else ''}"}
    with duckdb.connect() as con:
        row = con.execute(SCORE, {"found": str(out), "truth": str(truth)}).fetchone()
    assert row is not None
    return {**found, "precision": row[0], "recall": row[1]}


def _install(name: str, place: Path) -> str:
    """Make an environment with the newest version of a library, unless it is there, and return its Python."""
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES[name]]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} cannot be installed:\n{done.stderr[-2000:]}")
    return str(python)


def _tell(name: str, found: dict[str, dict[str, Any]], one: dict[str, Any], labels: int) -> None:
    found[name] = one
    start = f"| {name} | {one['version']} | {HOW[name].format(labels=labels)} | "
    if "failed" in one:
        print(f"{start}{one['failed']} | {one['peak_mib']:,} | | | |", flush=True)
        return
    precision, recall = one["precision"], one["recall"]
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    print(
        f"{start}{one['seconds']:,.1f} | {one['peak_mib']:,} | {precision:.4f} | {recall:.4f} | {f1:.4f} |", flush=True
    )


if __name__ == "__main__":
    main()

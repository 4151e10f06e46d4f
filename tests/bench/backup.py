"""What a backup costs: `backup create`, decoded and verified, in turn with a bare `pg_dump -Fd -j2` of the same database.

    python tests/bench/backup.py FOLDER... [--rounds 3]

Each FOLDER holds night1 as generate.py makes it, which is run in a temporary folder with servers of its own, or a configuration
(retail_brain.toml) whose night was run. Prints one Markdown table: medians, and the share of the bare dump's seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from watch import PROGRAM, watch

from retail_brain.config.file import find_configuration, load_configuration
from retail_brain.services import ensure_services
from retail_brain.services.binaries import find_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watch import Watched

BARE, PLAIN, CREATE, FILES, DECODE, RESTORE = (
    "bare `pg_dump -Fd -j2`", "the same at the level of `create`, `-Z2`", "`backup create`", "`backup verify`", "`backup verify --decode`", "`backup verify --restore`",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One command, once."""

    seconds: float
    peak_mib: int
    size_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for data in asked.data:
        with _shop(data.absolute()) as shop, tempfile.TemporaryDirectory(dir=shop, prefix="bench-") as scratch:
            _measure(shop, Path(scratch), asked.rounds)


@contextmanager
def _shop(data: Path) -> Iterator[Path]:
    """Give a folder with a configuration whose night was run."""
    if (data / "retail_brain.toml").is_file():
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="retail-brain-backup-") as name:
        folder = Path(name)
        for path in sorted((data / "night1").iterdir()):
            shutil.copy(path, folder)
        _call(folder, "init", ".")
        try:
            _call(folder, "run")
            yield folder
        finally:
            _call(folder, "services", "stop")


def _measure(shop: Path, scratch: Path, rounds: int) -> None:
    took: dict[str, list[Took]] = {name: [] for name in (BARE, PLAIN, CREATE, FILES, DECODE, RESTORE)}
    untried = _without_trial(shop)
    for _ in range(rounds):
        took[BARE].append(_dump(shop, scratch))
        made = _call(shop, "backup", "create", "--config", str(untried))
        told = json.loads(made.out)
        took[CREATE].append(Took(seconds=made.seconds, peak_mib=made.peak_mib, size_mb=told["size"] / 1e6))
        took[PLAIN].append(_dump(shop, scratch, "-Z2"))
        for name, words in ((FILES, ()), (DECODE, ("--decode",)), (RESTORE, ("--restore",))):
            checked = _call(shop, "backup", "verify", told["backup_id"], *words)
            took[name].append(Took(seconds=checked.seconds, peak_mib=checked.peak_mib, size_mb=told["size"] / 1e6))
        shutil.rmtree(told["path"])
    floor = median(one.seconds for one in took[BARE])
    print(f"\n{told['rows']:,} rows, {rounds} rounds; the last `create` by phase: {told['seconds']}\n")
    print("| what | seconds | of the bare dump | MiB | MB written |\n| --- | ---: | ---: | ---: | ---: |")
    for name, found in took.items():
        seconds, peak = median(one.seconds for one in found), max(one.peak_mib for one in found)
        print(f"| {name} | {seconds:.1f} | {seconds / floor:.2f} | {peak:,} | {found[-1].size_mb:,.0f} |")


def _without_trial(shop: Path) -> Path:
    """Write a configuration beside the shop's own with which `create` restores nothing: that is measured for itself."""
    path = shop / "untried.toml"
    text = find_configuration(shop).read_text(encoding="utf-8")
    lines = text.replace("[backup]\n", '[backup]\nrestore_check = "never"\n')
    path.write_text(lines if lines != text else f'{text}\n[backup]\nrestore_check = "never"\n', encoding="utf-8")
    return path


def _dump(shop: Path, scratch: Path, *options: str) -> Took:
    """Dump the database with pg_dump alone."""
    config = load_configuration(find_configuration(shop))
    place = ensure_services(config.workspace_folder, config.services, postgres=config.postgres, redis=config.redis)
    target, program = scratch / "bare", find_binaries().postgres("pg_dump")
    address = (
        "-h",
        place.postgres.host,
        "-p",
        str(place.postgres.port),
        "-U",
        place.postgres.user,
        place.postgres.dbname,
    )
    done = watch([str(program), "-Fd", "-j2", *options, "-f", str(target), *address], cwd=shop)
    assert done.code == 0, done.err
    size = sum(path.stat().st_size for path in target.iterdir())
    shutil.rmtree(target)
    return Took(seconds=done.seconds, peak_mib=done.peak_mib, size_mb=size / 1e6)


def _call(folder: Path, *words: str) -> Watched:
    done = watch([*PROGRAM, *words, *(() if words[0] == "init" else ("--json",))], cwd=folder)
    assert done.code == 0, done.err
    return done


if __name__ == "__main__":
    main()

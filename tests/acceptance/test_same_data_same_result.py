"""The crosswalk does not depend on threads, on the order of rows, or on how a source cuts and names its files."""

from __future__ import annotations

import gzip
import random
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from townsfolk import assert_conserved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Shop


@pytest.fixture(scope="module")
def exports(make_shop: Callable[[str], Shop]) -> Path:
    """Made-up exports of about 3,000 records."""
    shop = make_shop("synth")
    shop.must("synth", ".", "--records", "3000", "--seed", "5")
    (shop.folder / "truth.csv").rename(shop.folder.parent / "truth_of_synth.csv")
    return shop.folder


def set_up(make_shop: Callable[[str], Shop], exports: Path, threads: int) -> Shop:
    shop = make_shop(f"threads {threads}")
    for path in exports.iterdir():
        shutil.copy(path, shop.folder)
    shop.must("init", ".")
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[resources]\nthreads = {threads}\n")
    return shop


def cut_and_shuffle(folder: Path) -> None:
    """Deliver each source's rows in another order, the CSV ones in two files whose names sort the other way round."""
    chance = random.Random(7)
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")]):
        packed = path.name.endswith(".gz")
        text = (gzip.decompress(path.read_bytes()) if packed else path.read_bytes()).decode("utf-8")
        header, *lines = text.splitlines(keepends=True)
        chance.shuffle(lines)
        half, stem = len(lines) // 3, path.name.partition(".")[0]
        path.unlink()
        for suffix, part in (("_2", lines[:half]), ("_1", lines[half:])):
            content = "".join([header, *part]).encode()
            name = f"{stem}{suffix}.csv{'.gz' if packed else ''}"
            (folder / name).write_bytes(gzip.compress(content) if packed else content)


def test_threads_row_order_and_files_change_nothing(make_shop: Callable[[str], Shop], exports: Path) -> None:
    plain, other = set_up(make_shop, exports, 1), set_up(make_shop, exports, 2)
    cut_and_shuffle(other.folder)
    nights = [shop.must("run") for shop in (plain, other)]
    for night in nights:
        assert_conserved(night)
    told = ("records", "pairs", "merges", "refused", "for_review", "profiles", "largest_profile")
    assert {name: nights[0][name] for name in told} == {name: nights[1][name] for name in told}
    assert plain.crosswalk() == other.crosswalk()
    assert len(plain.crosswalk()) > 2500
    for what in ("crosswalk", "profiles", "merges"):
        files = []
        for shop in (plain, other):
            shop.must("export", what, "--to", f"{what}.csv")
            files.append(without_times((shop.folder / f"{what}.csv").read_text(encoding="utf-8")))
        assert files[0] == files[1], what


def without_times(text: str) -> str:
    """Return a file without the moment at which a row was logged."""
    return re.sub(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+(\+00)?", "", text)

"""A part of a library that is put off is loaded when something in it is asked for, and behaves as ever from then on."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from retail_brain.putoff import put_off

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_loaded_at_its_first_use_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "twohalves"
    package.mkdir()
    (package / "__init__.py").write_text("from twohalves import heavy\nloaded = []\n")
    (package / "heavy.py").write_text("import twohalves\ntwohalves.loaded.append(1)\nvalue = 3\n")
    (package / "small.py").write_text("from twohalves.heavy import value\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    put_off("twohalves.heavy")
    import twohalves  # type: ignore[import-not-found]

    assert twohalves.loaded == []
    import twohalves.small  # type: ignore[import-not-found]

    assert (twohalves.heavy.value, twohalves.small.value, twohalves.loaded) == (3, 3, [1])
    assert not hasattr(twohalves.heavy, "nothing")


def test_what_is_not_there_or_is_loaded_is_left_alone() -> None:
    put_off("json.nothing_of_that_name")
    put_off("no_such_package.part")
    put_off("json.decoder")

    assert "json.nothing_of_that_name" not in sys.modules
    assert sys.modules["json.decoder"].JSONDecoder


def test_the_cache_works_without_the_half_of_redis_that_nobody_uses() -> None:
    script = "import sys, retail_brain.cache, redis; print('redis.asyncio.client' in sys.modules); print(redis.asyncio.Redis.__module__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "redis.asyncio.client"]

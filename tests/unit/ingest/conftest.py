from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from night_of_files import Night

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    folder, scratch = tmp_path / "exports", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute("set preserve_insertion_order = false")
    yield Night(con, folder, scratch)
    con.close()

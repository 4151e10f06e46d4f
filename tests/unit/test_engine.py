"""Engines of one process: each has a scratch folder of its own, and nothing of it stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.config.resources import ResourceSettings
from retail_brain.engine import open_engine, place_sql

SMALL = ResourceSettings(threads=1, memory_limit_mb=256)


def scratch_of(con) -> Path:
    return Path(con.execute("select current_setting('temp_directory')").fetchall()[0][0])


def test_an_engine_that_closes_leaves_the_scratch_folder_of_another_alone(tmp_path):
    place = tmp_path / "scratch" / "1"
    with open_engine(SMALL, place) as one:
        with open_engine(SMALL, place) as two:
            assert scratch_of(one) != scratch_of(two)
            assert scratch_of(two).is_dir()
        assert scratch_of(one).is_dir()
    assert not place.exists()


def test_engines_opened_at_once_get_in_nobodys_way(tmp_path):
    place = tmp_path / "scratch" / "1"

    def used(_number: int) -> int:
        with open_engine(SMALL, place) as con:
            assert scratch_of(con).is_dir()
            return con.execute("select 1").fetchall()[0][0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(used, range(24))) == [1] * 24
    assert not place.exists()


def test_what_a_process_of_the_same_number_left_is_gone_when_the_first_engine_opens(tmp_path):
    place = tmp_path / "scratch" / "1"
    place.mkdir(parents=True)
    (place / "left").write_text("of a killed run")
    with open_engine(SMALL, place):
        assert not (place / "left").exists()


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=4), unique=True, max_size=6))
def test_places_sort_as_their_texts_do(texts: list[str]) -> None:
    storable = [text for text in texts if "\0" not in text and text.isprintable()]
    with duckdb.connect() as con:
        con.execute("create table word as select unnest($1::varchar[]) as name", [storable])
        by_text = con.execute("select name from word order by name").fetchall()
        assert con.execute(f"select name from word order by {place_sql('name', storable)}").fetchall() == by_text

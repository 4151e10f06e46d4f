"""Mistakes in a configuration are told with their lines."""

from __future__ import annotations

from retail_brain.config.lines import line_of

TEXT = """home_region = "US"

[sources.pos]
files = ["pos.csv"]

[sources.pos.columns]
record_id = "id"
e_mail = "mail"
"""


def test_a_key_in_a_nested_table_is_found_on_its_line() -> None:
    assert line_of(TEXT, ("sources", "pos", "columns", "e_mail")) == 8


def test_a_key_that_is_missing_is_told_at_the_table_that_lacks_it() -> None:
    assert line_of(TEXT, ("sources", "pos", "columns", "phone")) == 6


def test_a_top_level_key_is_found() -> None:
    assert line_of(TEXT, ("home_region",)) == 1


def test_a_place_that_stands_nowhere_has_no_line() -> None:
    assert line_of(TEXT, ("audit", "enabled")) is None

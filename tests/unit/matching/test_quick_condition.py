"""What DuckDB is given in place of a condition says the same of every pair, and is the quicker way where it should be."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_brain.matching.comparison import COMPARISONS
from retail_brain.matching.linker import quick_sql

CON = duckdb.connect()
_WORD = st.text(st.sampled_from("abcd1@."), max_size=9)


@st.composite
def _pair(draw: st.DrawFn) -> tuple[str, str]:
    """Draw two words of which the second is the first with up to four slips, or any other."""
    first = draw(_WORD)
    if draw(st.booleans()):
        return first, draw(_WORD)
    second = list(first)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(second)))
        kind = draw(st.sampled_from(["drop", "add", "swap"]))
        if kind == "drop":
            del second[place : place + 1]
        elif kind == "add":
            second.insert(place, draw(st.sampled_from("abcd1@.")))
        else:
            second[place : place + 2] = reversed(second[place : place + 2])
    return first, "".join(second)


@pytest.mark.parametrize("most", ["0", "1", "2", "case when least(length(a), length(b)) >= 7 then 2 else 1 end"])
@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(_pair(), min_size=200, max_size=200))
def test_few_edits_are_few_edits_either_way(most: str, pairs: list[tuple[str, str]]) -> None:
    condition = f"damerau_levenshtein(a, b) <= {most}"
    quick = quick_sql(condition)
    assert "damerau" in quick
    assert quick != condition
    unequal = (
        f"select a, b from (select unnest($1) as a, unnest($2) as b) where ({condition}) is distinct from ({quick})"
    )
    left, right = (list(side) for side in zip(*pairs, strict=True))
    assert CON.execute(unequal, [left, right]).fetchall() == []


def test_names_and_addresses_of_mail_are_compared_the_quick_way() -> None:
    told = {one.name: " ".join(quick_sql(level.condition) for level in one.levels) for one in COMPARISONS}
    for name in ("given_name", "family_name", "email", "phone"):
        plain, quick = told[name].count(" levenshtein(") + told[name].count("(levenshtein("), "damerau" in told[name]
        assert (plain >= 2, quick) == (True, True), name

"""How a name is searched: folded, and with neighbouring letters swapped."""

from __future__ import annotations

import pytest

from retail_brain.store.search import fold_name
from retail_brain.store.similar import least_alike, swapped_letters


def test_a_name_is_searched_without_accents_and_punctuation() -> None:
    assert fold_name("O'Hára-Núñez ") == "ohara nunez"
    assert fold_name("  ") is None


def test_every_slip_of_two_neighbouring_letters_is_tried_once() -> None:
    assert swapped_letters("metha") == ["emtha", "mehta", "metah", "mteha"]
    assert swapped_letters("aa") == []


def trigrams(name: str) -> set[str]:
    """As pg_trgm takes them: two blanks before, one behind."""
    padded = f"  {name} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


@pytest.mark.parametrize("name", ["anna", "smith", "miller", "schmidt", "robinson", "featherstone"])
def test_a_name_with_a_wrong_letter_is_near_enough(name: str) -> None:
    for place in range(len(name)):
        typed = f"{name[:place]}x{name[place + 1 :]}"
        shared, both = trigrams(name) & trigrams(typed), trigrams(name) | trigrams(typed)
        if len(shared) / len(both) > least_alike(
            typed, wide=True
        ):  # in a short name the database sees no likeness at all
            assert len(shared) / len(both) > least_alike(typed, wide=False)


def test_long_names_need_not_be_looked_at_from_afar() -> None:
    assert [least_alike("x" * letters, wide=True) for letters in (1, 5, 20)] == [0.3, 0.3, 0.3]
    assert least_alike("x", wide=False) > 0.8
    assert least_alike("x" * 20, wide=False) == 0.5

"""How a name is searched: folded, and with neighbouring letters swapped."""

from __future__ import annotations

from retail_brain.store.search import fold_name, swapped_letters


def test_a_name_is_searched_without_accents_and_punctuation() -> None:
    assert fold_name("O'Hára-Núñez ") == "ohara nunez"
    assert fold_name("  ") is None


def test_every_slip_of_two_neighbouring_letters_is_tried_once() -> None:
    assert swapped_letters("metha") == ["emtha", "mehta", "metah", "mteha"]
    assert swapped_letters("aa") == []
    assert swapped_letters(None) == []

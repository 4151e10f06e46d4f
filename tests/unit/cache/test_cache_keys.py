from __future__ import annotations

from retail_brain.cache.keys import CacheState, document_of, generation_of, new_space, read_pointer


def test_two_warms_of_one_generation_never_share_a_space() -> None:
    assert new_space(7) != new_space(7)
    assert generation_of(new_space(7)) == 7


def test_a_name_that_is_no_space_has_no_generation() -> None:
    assert generation_of("something-else") == -1


def test_a_document_is_read_with_and_without_a_number_before_it() -> None:
    assert document_of(b'{"a": 1}') == b'{"a": 1}'
    assert document_of(b'12 {"a": 1}') == b'{"a": 1}'


def test_a_number_without_a_document_is_a_profile_that_is_gone() -> None:
    assert document_of(b"12 ") is None
    assert document_of(None) is None


def test_a_damaged_pointer_is_an_empty_cache() -> None:
    assert read_pointer({}) == CacheState()
    assert read_pointer({b"generation": b"x", b"space": b"s", b"keys": b"1", b"warmed_at": b"1"}) == CacheState()


def test_a_cache_is_current_until_half_of_its_expiry_has_passed() -> None:
    state = CacheState(generation=3, space="3-a", keys=1, warmed_at=1_000)
    assert state.is_current(3, now=1_000 + 86_400, expiry_days=4)
    assert not state.is_current(3, now=1_000 + 3 * 86_400, expiry_days=4)
    assert not state.is_current(4, now=1_000, expiry_days=4)

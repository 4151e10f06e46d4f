"""Personal names split into given, middle and family name and suffix, in whatever column they were delivered.

Apart from the SQL of values, which passes plain names by itself; what comes here is distinct and odd: a full name in
one column, "Last, First", titles, suffixes inside another column, names in other scripts. Spelling and capitals stay as
delivered: folding is for keys.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from retail_brain.standardise.name_words import (
    COMPOUND_FAMILIES,
    ENDINGS,
    HONOURS,
    LINKS,
    NOTHING,
    NOTHING_ALONE,
    PARTICLES,
    PATRONYMICS,
    SUFFIXES,
    TITLES,
)

_NICKNAME = re.compile(r"[\"“„][^\"“”„]{1,40}[\"”“]|\([^()]{1,60}\)|\[[^\[\]]{1,60}\]|(?<=\s)'[^']{1,40}'(?=\s)")
_EAST_ASIAN = re.compile(r"[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff\U00020000-\U0002ffff]")
_KATAKANA = re.compile(r"[\u30a0-\u30ff\u30fb·・=＝\s]+")
_KHMER = re.compile(r"[\u1780-\u17ff]")
_MOST_PASSES = 6


class Name(NamedTuple):
    """A name in its parts; None where a part is not known."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    suffix: str | None = None


def standardise_name(name: Name, *, full: str | None = None, native: str | None = None) -> Name:
    """Bring a name into its parts.

    Args:
        name: the parts as delivered, white space already collapsed.
        full: the whole name as delivered; used where the given or the family name is missing.
        native: the whole name in the person's own script; used where nothing else is there.

    Returns:
        The parts: titles, honours and quoted nicknames removed, suffixes in their own part ("Jr", "Sr", "II"),
        "N/A" and the like as None. Standardising the result again changes nothing.
    """
    if any(name):
        name = _settle(name)
    for whole in (full, native):
        if whole is None or (name.given and name.family):
            continue
        split = split_name(whole)
        if not (name.given or name.family):
            name = Name(split.given, split.middle or name.middle, split.family, name.suffix or split.suffix)
        elif whole is full and split.given and split.family:
            name = _fill(name, split)
    return _settle(name)


def split_name(whole: str) -> Name:
    """Split a whole name: "Last, First Middle", "First Middle Last", or family name first where its script has it so."""
    whole = _NICKNAME.sub(" ", whole).strip()
    if not whole or _is_nothing(whole):
        return Name()
    head, comma, tail = (part.strip() for part in _comma(whole))
    if comma:
        tail_words, suffix = _take_suffix(tail.replace(",", " ").split(), spare=0)
        if not tail_words:
            inner = split_name(head)
            return inner._replace(suffix=suffix or inner.suffix)
        head_words, head_suffix = _take_suffix(head.split(), spare=1)
        given, *middle = _without_titles(tail_words)
        return Name(given, _join(middle), _join(_without_titles(head_words)), suffix or head_suffix)
    if _EAST_ASIAN.search(whole):
        return _split_east_asian(whole)
    return _split_in_order(whole.split())


def _comma(whole: str) -> tuple[str, str, str]:
    for sign in (",", "،", "，", ";"):
        if sign in whole:
            return whole.partition(sign)
    return whole, "", ""


def _split_in_order(words: list[str]) -> Name:
    words, suffix = _take_suffix(_without_titles(words), spare=2)
    if len(words) < 2:
        return Name(family=_join(words), suffix=suffix)
    if len(words) == 3 and words[2].lower().endswith(PATRONYMICS) and not words[1].lower().endswith(PATRONYMICS):
        return Name(words[1], words[2], words[0], suffix)
    if _KHMER.search(words[0]):
        return Name(_join(words[1:]), None, words[0], suffix)
    start = len(words) - 1
    while start > 1 and (_plain(words[start - 1]) in PARTICLES or _links(words, start)):
        start -= 1
    return Name(words[0], _join(words[1:start]), _join(words[start:]), suffix)


def _links(words: list[str], start: int) -> bool:
    """Say whether the family name goes on to the left of a linking word, or with it."""
    if _plain(words[start - 1]) in LINKS and not words[start - 1].isupper():
        return start > 2
    return _plain(words[start]) in LINKS and not words[start].isupper()


def _split_east_asian(whole: str) -> Name:
    words = re.split(r"[\s·・=＝]+", whole)
    if len(words) > 1:
        foreign = bool(re.search(r"[·・=＝]", whole)) or bool(_KATAKANA.fullmatch(whole))
        given, family = (words[:-1], words[-1]) if foreign else (words[1:], words[0])
        return Name(_join(given), None, family)
    if _KATAKANA.fullmatch(whole) or len(whole) == 1 or len(whole) > 5:
        return Name(family=whole)
    length = 2 if len(whole) >= 4 or (len(whole) == 3 and whole[:2] in COMPOUND_FAMILIES) else 1
    return Name(whole[length:], None, whole[:length])


def _fill(name: Name, split: Name) -> Name:
    """Take the missing half from the whole name, unless the half that is there says otherwise."""
    if name.given and _plain(name.given) == _plain(split.family or ""):
        return name
    return Name(
        name.given or split.given, name.middle or split.middle, name.family or split.family, name.suffix or split.suffix
    )


def _settle(name: Name) -> Name:
    for _ in range(_MOST_PASSES):
        tidied = _tidy(name)
        if tidied == name:
            break
        name = tidied
    return name


def _tidy(name: Name) -> Name:
    given, family = _part(name.given), _part(name.family)
    middle = _part(name.middle)
    suffix = _suffix(name.suffix)
    if not given and family and "," in family:
        split = split_name(family)
        given, middle, family, suffix = split.given, middle or split.middle, split.family, suffix or split.suffix
    elif not family and given and "," in given:
        split = split_name(given)
        given, middle, family, suffix = split.given, middle or split.middle, split.family, suffix or split.suffix
    family_words, family_suffix = _take_suffix(_words(family, titles=True), spare=1)
    given_words, given_suffix = _take_suffix(_words(given, titles=True), spare=1, first=not (suffix or family_suffix))
    suffix = suffix or family_suffix or given_suffix
    if middle is None and len(given_words) > 1 and _is_initial(given_words[-1]) and not _is_initial(given_words[0]):
        middle = given_words.pop()
    given, family = _join(given_words), _join(family_words)
    if given is None or family is None:
        given, family = _unless_alone(given), _unless_alone(family)
    return Name(given, _join(_words(middle, titles=False)), family, suffix)


def _part(text: str | None) -> str | None:
    if text is None:
        return None
    text = " ".join(_NICKNAME.sub(" ", text).split()).strip(' ,;*"')
    return None if _is_nothing(text) else text


def _is_nothing(text: str) -> bool:
    return text in ("nan", "NaN") or text.lower() in NOTHING or not any(map(str.isalpha, text))


def _unless_alone(text: str | None) -> str | None:
    return None if text is not None and text.lower() in NOTHING_ALONE else text


def _suffix(text: str | None) -> str | None:
    if text is None:
        return None
    plain = _plain(text.replace(",", ""))
    if plain in HONOURS or (_is_nothing(text) and plain not in SUFFIXES):
        return None
    return SUFFIXES.get(plain, text.strip(" ,"))


def _words(text: str | None, *, titles: bool) -> list[str]:
    """Return the words of a part; a single letter loses its dot, a title its place."""
    words = [word.rstrip(".") if len(word) == 2 and word[0].isalpha() else word for word in (text or "").split()]
    if not titles:
        return words
    if len(words) == 1 and _plain(words[0]) in {"mr", "mrs", "ms", "miss", "mx"}:
        return []
    return _without_titles(words)


def _without_titles(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) - 1 and (_plain(words[start]) in TITLES or words[start] in "&+"):
        start += 1
    return words[start:]


def _take_suffix(words: list[str], *, spare: int, first: bool = True) -> tuple[list[str], str | None]:
    """Take suffixes and honours from the end of a name, leaving at least some words of it.

    Args:
        words: the words of a name or of one part.
        spare: how many words must be left.
        first: whether a last "I" is the first of his name; an initial where the suffix is known already.
    """
    suffix = None
    while len(words) > spare and (plain := _plain(words[-1].strip(","))) in ENDINGS:
        if plain == "i" and (not first or suffix or words[-1] != "I"):
            break
        if words[-1] == "Md":  # Mohammed
            break
        suffix = SUFFIXES.get(plain, suffix)
        words = words[:-1]
    return words, suffix


def _is_initial(word: str) -> bool:
    bare = word.rstrip(".")
    return len(bare) == 1 and bare.isalpha() and not _EAST_ASIAN.match(bare)


def _plain(word: str) -> str:
    return word.lower().replace(".", "")


def _join(words: list[str]) -> str | None:
    return " ".join(words) or None

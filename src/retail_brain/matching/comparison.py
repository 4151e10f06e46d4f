"""What is compared and how: the comparisons, their levels, and which of them are a person's own.

Apart from the model because these are conditions on keys, the same for every model; a model only holds what was
learnt about each level. Levels are listed best first; Splink numbers them downwards, so that the last one, "differs",
is level 0 and "nothing to say" is -1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One graded outcome of a comparison."""

    label: str
    condition: str
    term_column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How one field is compared.

    `columns` are the keys it looks at: a blocking rule on one of them says nothing about this comparison.
    `personal` marks what a person does not share with the household; of these, `namesake` marks what two people of one
    home agree on only as strangers do, but for a few namesakes and twins. What is learnt about a `fixed` one is too
    little and too one-sided (only namesakes have a suffix): its shares are those of the default model.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    null_condition: str
    levels: tuple[Level, ...]
    personal: bool = False
    namesake: bool = False
    fixed: bool = False


def _missing(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


_HALF_SWAPPED = (
    "(given_key_l <> given_key_r and ((given_key_l = family_key_r and jaro_winkler_similarity(family_key_l, given_key_r) >= 0.8)"
    " or (family_key_l = given_key_r and jaro_winkler_similarity(given_key_l, family_key_r) >= 0.8)))"
)
_TWO_NAMES = "given_forms_l is not null and given_forms_r is not null"
_NO_PLACE = f"({_missing('address_key')} and {_missing('postal_key')} and {_missing('city_key')})"


def _close(column: str) -> str:
    shorter = f"least(length({column}_l), length({column}_r))"
    return f"{shorter} >= 4 and abs(length({column}_l) - length({column}_r)) <= 2 and jaro_winkler_similarity({column}_l, {column}_r) >= 0.75 and damerau_levenshtein({column}_l, {column}_r) <= case when {shorter} >= 7 then 2 else 1 end"


def _few_edits(column: str) -> str:
    """The similarity is much cheaper than the distance, and rules most pairs out."""
    return (
        f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.8 and damerau_levenshtein({column}_l, {column}_r) <= 2"
    )


_NAMESAKE_MAIL = "(email_local_l is null and email_local_r is null and email_key_l <> email_key_r and split_part(email_key_l, '@', 1) = split_part(email_key_r, '@', 1))"
"""Two addresses with one local part that is but the person's name (`email_local` is NULL for these), at two providers:
every John Smith has one, so it says nothing that the names did not say already."""
_OTHER_NUMBER = "regexp_replace(email_key_l, '[0-9]', '', 'g') = regexp_replace(email_key_r, '[0-9]', '', 'g')"
"""What two addresses with different numbers in them have in common: a provider gives john.smith2 to the next John Smith."""


def _part(column: str, length: int, *, tail: bool) -> str:
    ends: tuple[str, ...] = (f"starts_with({column}_l, {column}_r)", f"starts_with({column}_r, {column}_l)")
    if tail:
        ends += (f"ends_with({column}_l, {column}_r)", f"ends_with({column}_r, {column}_l)")
    return f"least(length({column}_l), length({column}_r)) >= {length} and ({' or '.join(ends)})"


_INITIAL = "least(length(given_key_l), length(given_key_r)) = 1 and given_initial_l = given_initial_r"
_PARTS = "(birth_text_l[1:4] = birth_text_r[1:4])::int + (birth_text_l[5:6] = birth_text_r[5:6])::int + (birth_text_l[7:8] = birth_text_r[7:8])::int"
_SLIP = f"({_PARTS} >= 2 and damerau_levenshtein(birth_text_l, birth_text_r) <= 1) or birth_text_l = birth_text_r[1:4] || birth_text_r[7:8] || birth_text_r[5:6]"
_NEAR_ADDRESS = (
    "(house_key_l = house_key_r and jaro_winkler_similarity(street_key_l, street_key_r) >= 0.86)"
    " or jaro_winkler_similarity(address_key_l, address_key_r) >= 0.94"
    " or (house_key_l = house_key_r and least(length(street_key_l), length(street_key_r)) >= 4"
    " and (starts_with(street_key_l, street_key_r) or starts_with(street_key_r, street_key_l)))"
)

COMPARISONS = (
    Comparison(
        name="given_name",
        label="first name",
        columns=("given_key", "given_forms", "given_root", "given_initial", "name_pair"),
        null_condition=_missing("given_key"),
        personal=True,
        namesake=True,
        levels=(
            Level(label="swapped with the last name", condition=_HALF_SWAPPED),
            Level(label="same", condition=_same("given_key"), term_column="given_key"),
            Level(
                label="nickname or variant",
                condition="list_has_any(given_forms_l, given_forms_r)",
                term_column="given_root",
            ),
            Level(label="initial", condition=_INITIAL),
            Level(label="another name", condition=_TWO_NAMES),
            Level(label="typing error", condition=_close("given_key")),
            Level(label="first part", condition=_part("given_key", 2, tail=False)),
            Level(label="alike", condition="jaro_winkler_similarity(given_key_l, given_key_r) >= 0.8"),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="family_name",
        label="last name",
        columns=("family_key", "family_initial", "family_code", "name_pair"),
        null_condition=f"{_missing('family_key')} or {_HALF_SWAPPED}",
        levels=(
            Level(label="same", condition=_same("family_key"), term_column="family_key"),
            Level(label="typing error", condition=_close("family_key")),
            Level(label="part of a double name", condition=_part("family_key", 2, tail=True)),
            Level(label="alike", condition="jaro_winkler_similarity(family_key_l, family_key_r) >= 0.8"),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="middle_name",
        label="middle name",
        columns=("middle_key",),
        null_condition=_missing("middle_key"),
        personal=True,
        namesake=True,
        levels=(
            Level(
                label="same or initial",
                condition="starts_with(middle_key_l, middle_key_r) or starts_with(middle_key_r, middle_key_l)",
            ),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="name_suffix",
        label="Jr, Sr",
        columns=("suffix_key",),
        null_condition=_missing("suffix_key"),
        personal=True,
        fixed=True,
        levels=(Level(label="same", condition=_same("suffix_key")), Level(label="different", condition="ELSE")),
    ),
    Comparison(
        name="gender",
        label="gender",
        columns=("gender_key",),
        null_condition=_missing("gender_key"),
        levels=(Level(label="same", condition=_same("gender_key")), Level(label="different", condition="ELSE")),
    ),
    Comparison(
        name="date_of_birth",
        label="date of birth",
        columns=("birth_date", "birth_text"),
        null_condition=_missing("birth_text"),
        personal=True,
        namesake=True,
        levels=(
            Level(label="same", condition=_same("birth_text")),
            Level(label="one slip, or day and month swapped", condition=_SLIP),
            Level(label="two parts same", condition=f"{_PARTS} >= 2"),
            Level(
                label="within a month, or two slips",
                condition=f"abs(birth_date_l - birth_date_r) <= 31 or ({_PARTS} >= 1 and damerau_levenshtein(birth_text_l, birth_text_r) <= 2)",
            ),
            Level(label="different", condition="abs(birth_date_l - birth_date_r) < 4748"),
            Level(label="half a generation apart", condition="ELSE"),
        ),
    ),
    Comparison(
        name="email",
        label="e-mail",
        columns=("email_key", "email_local"),
        null_condition=f"{_missing('email_key')} or {_NAMESAKE_MAIL}",
        levels=(
            Level(label="same", condition=_same("email_key"), term_column="email_key"),
            Level(label="same before the @", condition=_same("email_local"), term_column="email_local"),
            Level(label="typing error", condition=f"{_few_edits('email_key')} and not {_OTHER_NUMBER}"),
            Level(
                label="alike",
                condition=f"jaro_winkler_similarity(email_key_l, email_key_r) >= 0.92 and not {_OTHER_NUMBER}",
            ),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="phone",
        label="phone",
        columns=("phone_key", "phone_tail"),
        null_condition=_missing("phone_key"),
        levels=(
            Level(label="same", condition=_same("phone_key"), term_column="phone_key"),
            Level(label="same last seven digits", condition=_same("phone_tail")),
            Level(label="typing error", condition=_few_edits("phone_key")),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="place",
        label="address",
        columns=("address_key", "house_key", "street_key", "postal_key", "city_key"),
        null_condition=_NO_PLACE,
        levels=(
            Level(label="same address", condition=_same("address_key"), term_column="address_key"),
            Level(label="nearly the same address", condition=_NEAR_ADDRESS),
            Level(
                label="same postcode, no address on one side",
                condition=f"{_same('postal_key')} and {_missing('address_key')}",
                term_column="postal_key",
            ),
            Level(label="same postcode, another address", condition=_same("postal_key"), term_column="postal_key"),
            Level(label="same city", condition=_same("city_key"), term_column="city_key"),
            Level(label="elsewhere", condition="ELSE"),
        ),
    ),
    Comparison(
        name="loyalty_id",
        label="loyalty number",
        columns=("loyalty_key",),
        null_condition=_missing("loyalty_key"),
        personal=True,
        namesake=True,
        levels=(
            Level(label="same", condition=_same("loyalty_key")),
            Level(label="typing error", condition="damerau_levenshtein(loyalty_key_l, loyalty_key_r) <= 1"),
            Level(label="different", condition="ELSE"),
        ),
    ),
    Comparison(
        name="national_id",
        label="national number",
        columns=("national_key",),
        null_condition=_missing("national_key"),
        personal=True,
        namesake=True,
        levels=(
            Level(label="same", condition=_same("national_key")),
            Level(label="typing error", condition="damerau_levenshtein(national_key_l, national_key_r) <= 1"),
            Level(label="different", condition="ELSE"),
        ),
    ),
)


def chosen_comparisons(names: tuple[str, ...]) -> tuple[Comparison, ...]:
    """Return the comparisons of a configuration in the model's order."""
    return tuple(comparison for comparison in COMPARISONS if comparison.name in names)


def term_columns(comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    """Return the key columns whose term frequencies are needed, in a fixed order."""
    found = {level.term_column for comparison in comparisons for level in comparison.levels if level.term_column}
    return tuple(sorted(found))


def compared_columns(comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    """Return the key columns that the conditions of the levels look at, in a fixed order."""
    conditions = [
        condition
        for one in comparisons
        for condition in (one.null_condition, *(level.condition for level in one.levels))
    ]
    return tuple(sorted({column for condition in conditions for column in re.findall(r"\b(\w+)_l\b", condition)}))


def level_number(name: str, label: str) -> int:
    """Return the number of a level, counted from 0, the last one in the list.

    Args:
        name: the comparison.
        label: the level's label.
    """
    levels = next(comparison for comparison in COMPARISONS if comparison.name == name).levels
    return next(number for number, level in enumerate(reversed(levels)) if level.label == label)

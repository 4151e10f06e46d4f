"""Evidence that stands alone: how much names, or a birthday, lose where nothing else agrees.

Apart from the weights of levels because it is about evidence that a sum of weights takes for independent and that is
not. Scoring takes these bits off in SQL, explaining does in Python, from the same levels and weights.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from retail_brain.matching.comparison import level_number

if TYPE_CHECKING:
    from retail_brain.matching.model import Model

NAMES_ALONE_BITS = 1.0
"""Given names and surnames go together: they come from one language, one region, one fashion. Two Haoran Xus or two David
Millers are more common than the two names, counted apart, would have it. So where names are all that two records have in
common (a shared or placeholder value is not in the keys, so it counts for nothing), rarity has to win that much more;
each bit of anything else that agrees, be it a middle initial, fills one bit of the gap."""
FEW_RECORDS = 1000
FEW_RECORDS_BITS = 0.25
"""Added for each halving below that: how rare a name is in the world cannot be counted on a few records."""
VARIANT_BITS = 3.5
"""A nickname, an initial or a typing error is a guess on top of the names: where nothing else agrees, Andrew and Andy Anderson
on the switchboard's e-mail are two people as often as one."""
SWAP_BITS = 5.0
"""So is first and last name the other way round, the more as many names serve as both: Jay Cole and Cole Jay."""
SIBLING_BITS = 8.0
"""Twins share surname and birthday, and parents like names that sound alike (Darla, Darlene, Darletta). A first name that is
not the same, nor a nickname, an initial or a typing error, needs more beside it than surname and birthday."""
BACKING = ("middle_name", "email", "phone", "place", "loyalty_id", "national_id")
SAME = level_number("given_name", "same")
SWAPPED = level_number("given_name", "swapped with the last name")
UNLIKE = level_number("given_name", "alike")


def alone_sql(model: Model) -> str:
    """Return the bits to take off a pair, from the columns level_NAME and bits_NAME (rarity included) of each comparison."""
    if "given_name" not in model.shares:
        return "0.0"
    backing = " + ".join(["0.0"] + [f"greatest(bits_{name}, 0.0)" for name in model.shares_order if name in BACKING])
    birthday = "greatest(bits_date_of_birth, 0.0)" if "date_of_birth" in model.shares else "0.0"
    return (
        f"(case when level_given_name < 0 then 0.0 when level_given_name <= {UNLIKE} then greatest({SIBLING_BITS!r} - ({backing}), 0.0)"
        f" else greatest(case level_given_name when {SAME} then {_same_name_bits(model)!r} when {SWAPPED} then {SWAP_BITS!r} else {VARIANT_BITS!r} end - ({backing}) - {birthday}, 0.0) end)"
    )


def alone_bits(model: Model, levels: dict[str, int], bits: dict[str, float]) -> float:
    """Return the bits to take off a pair: what `alone_sql` says of one row.

    Args:
        model: the model that scored the pair.
        levels: the level of each comparison of the model.
        bits: its weight, rarity included.
    """
    given = levels.get("given_name", -1)
    if given < 0:
        return 0.0
    backing = sum(max(value, 0.0) for name, value in bits.items() if name in BACKING)
    if given <= UNLIKE:
        return max(SIBLING_BITS - backing, 0.0)
    wanted = {SAME: _same_name_bits(model), SWAPPED: SWAP_BITS}.get(given, VARIANT_BITS)
    return max(wanted - backing - max(bits.get("date_of_birth", 0.0), 0.0), 0.0)


def _same_name_bits(model: Model) -> float:
    return round(NAMES_ALONE_BITS + FEW_RECORDS_BITS * log2(FEW_RECORDS / min(max(model.records, 1), FEW_RECORDS)), 6)

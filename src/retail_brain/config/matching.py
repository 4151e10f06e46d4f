"""The `matching` section of the configuration: what is compared, what is looked up, and where the lines are drawn.

Apart from the other sections because it is the one that people tune; matching, identity and standardise read it, and
nothing else does.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

ComparisonName = Literal[
    "given_name",
    "family_name",
    "middle_name",
    "name_suffix",
    "gender",
    "date_of_birth",
    "email",
    "phone",
    "place",
    "loyalty_id",
    "national_id",
]
COMPARISON_NAMES: tuple[ComparisonName, ...] = get_args(ComparisonName)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BlockingRule(_Section):
    """What a pair must share to be compared at all."""

    columns: tuple[str, ...] = Field(min_length=1, description="columns of match_key that must all be equal")
    when_affordable: bool = Field(
        default=False,
        description="leave the rule out where it would make more than max_pairs_per_record pairs per record",
    )


def _rule(*columns: str, when_affordable: bool = False) -> BlockingRule:
    return BlockingRule(columns=columns, when_affordable=when_affordable)


DEFAULT_RULES = (
    _rule("national_key"),
    _rule("loyalty_key"),
    _rule("email_key"),
    _rule("phone_key"),
    _rule("family_code", "birth_date"),
    _rule("given_initial", "birth_date", when_affordable=True),
    _rule("given_root", "birth_date", when_affordable=True),
    _rule("given_root", "family_key", "postal_key"),
    _rule("given_root", "family_code", "city_key"),
    _rule("birth_date", "postal_key", when_affordable=True),
    _rule("address_key", "given_initial"),
    _rule("address_key", "family_code"),
    _rule("given_root", "family_code", when_affordable=True),
    _rule("name_pair", when_affordable=True),
    _rule("email_local", when_affordable=True),
    _rule("phone_tail", "given_initial", when_affordable=True),
    _rule("birth_date", when_affordable=True),
    _rule("family_code", when_affordable=True),
    _rule("given_key", when_affordable=True),
    _rule("house_key", "postal_key", "family_initial", when_affordable=True),
    _rule("birth_year", "given_initial", when_affordable=True),
)


class SharedValueSettings(_Section):
    """When a value that stands on many records says nothing about who they are."""

    max_people: int = Field(
        default=5, ge=2, description="more different people than this behind an e-mail, phone or number make it shared"
    )
    max_families: int = Field(
        default=3,
        ge=2,
        description="more different surnames than this behind an e-mail, phone or number make it shared",
    )
    date_spike: float = Field(
        default=12.0,
        gt=1,
        description="a date of birth this many times more frequent than the average date is a placeholder",
    )


class BoundSettings(_Section):
    """How many different values of an identifier one profile may hold; 0 sets no bound.

    A link that would bring more together is refused and goes to review. Values that are kept out of matching do not
    count, and what a must-link joins is counted apart. The defaults leave room for typing errors.
    """

    loyalty_id: int = Field(default=1, ge=0, description="different loyalty numbers in a profile")
    national_id: int = Field(default=4, ge=0, description="different national numbers in a profile")
    date_of_birth: int = Field(default=5, ge=0, description="different dates of birth in a profile")
    email: int = Field(default=0, ge=0, description="different e-mail addresses in a profile")
    phone: int = Field(default=0, ge=0, description="different phone numbers in a profile")


class TrainingSettings(_Section):
    """How much data a model learns from, and how far it trusts the shipped default model."""

    random_pairs: int = Field(default=250_000, ge=1_000, description="pairs drawn to learn how often strangers agree")
    blocked_pairs: int = Field(
        default=500_000,
        ge=1_000,
        description="pairs sampled from the blocking rules to learn how one person's records differ",
    )
    prior_strength: float = Field(
        default=300.0, gt=0, description="pairs that the default model counts for in each comparison"
    )
    max_iterations: int = Field(default=200, ge=1, description="steps of learning at most")
    tolerance: float = Field(default=1e-5, gt=0, description="learning ends when no share moves by more")
    seed: int = Field(default=1, ge=0, description="draws another sample; the same seed gives the same model")


class MatchingSettings(_Section):
    """Everything that decides who is one person."""

    merge_probability: float = Field(default=0.8, gt=0, lt=1, description="links at or above it join records")
    review_probability: float = Field(
        default=0.1, gt=0, lt=1, description="pairs between it and merge_probability are shown for review"
    )
    weak_probability: float = Field(
        default=0.95,
        gt=0,
        lt=1,
        description="a merge below it is shown for review where nothing else holds two groups of records together",
    )
    clash_probability: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="two records whose own details make it less likely than this that one person stands behind them are kept apart",
    )
    comparisons: tuple[ComparisonName, ...] = Field(
        default=COMPARISON_NAMES, min_length=1, description="what of two records is compared"
    )
    blocking_rules: tuple[BlockingRule, ...] = Field(
        default=DEFAULT_RULES, min_length=1, description="what two records must share to be compared"
    )
    max_pairs_per_record: float = Field(
        default=1.0, gt=0, description="budget of one rule that is marked when_affordable"
    )
    affordable_pairs: int = Field(
        default=200_000, ge=0, description="a rule that is marked when_affordable may always make this many pairs"
    )
    max_pairs: int = Field(
        default=2_000_000_000, ge=1, description="more pairs than this from one rule and matching is refused"
    )
    max_block_records: int = Field(
        default=20_000, ge=2, description="more records than this under one value of a rule and matching is refused"
    )
    bounds: BoundSettings = BoundSettings()
    shared_value: SharedValueSettings = SharedValueSettings()
    training: TrainingSettings = TrainingSettings()

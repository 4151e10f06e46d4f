"""The configuration of survivorship: which record's value becomes the golden one, field by field.

Apart from the stage that obeys it, so that the command line can show and check the rules without DuckDB.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from retail_brain.model import VALUE_FIELDS

Rule = Literal["newest", "most_frequent", "longest"] | tuple[str, ...]
"""How the value of a field is chosen; a tuple of sources means that the first source that has a value gives it."""

GOLDEN_FIELDS = VALUE_FIELDS
ADDRESS_FIELDS = ("address", "city", "region", "postal_code", "country")

_DEFAULT_RULES: dict[str, Rule] = {
    "given_name": "most_frequent",
    "middle_name": "most_frequent",
    "family_name": "most_frequent",
    "gender": "most_frequent",
    "date_of_birth": "most_frequent",
}


class SurvivorshipSettings(BaseModel):
    """Rules that choose each value of a profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Rule = Field(
        default="newest",
        description=(
            'Rule of every field without one of its own: "newest", "most_frequent", "longest", or a list of sources, '
            "best first. Ties go to the newest record, then to source_priority, then to the older record number."
        ),
    )
    rules: dict[str, Rule] = Field(
        default_factory=dict,
        description=(
            'Rule per field, such as email = ["crm", "loyalty"]. Names, gender and date of birth are most_frequent '
            'unless given here. "address" rules address, city, region, postal_code and country, which always come '
            "from one record."
        ),
    )
    source_priority: tuple[str, ...] = Field(
        default=(),
        max_length=250,
        description="Sources, best first, that break a tie between records of the same time; others come last.",
    )
    keep_placeholders: bool = Field(
        default=False,
        description="Let a placeholder such as test@test.com become golden when a profile has nothing better.",
    )

    @field_validator("rules")
    @classmethod
    def _known_fields(cls, rules: dict[str, Rule]) -> dict[str, Rule]:
        ruled = [field for field in GOLDEN_FIELDS if field not in ADDRESS_FIELDS[1:]]
        unknown = sorted(set(rules) - set(ruled))
        if unknown:
            message = f"no rule can be set for {', '.join(unknown)}; fields: {', '.join(ruled)}"
            raise ValueError(message)
        return rules

    def rule_for(self, field: str) -> Rule:
        """Return the rule that holds for a field."""
        own = self.rules.get("address" if field in ADDRESS_FIELDS else field)
        if own is not None:
            return own
        return _DEFAULT_RULES.get(field, self.default) if "default" not in self.model_fields_set else self.default

"""What a source may say about the spelling of its values.

Apart from the room that uses it, so that the configuration can be checked before any engine is loaded.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SourceValueSettings(BaseModel):
    """How the values of one source are to be read where they do not say it themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date_order: Literal["mdy", "dmy", "ymd"] | None = Field(
        default=None, description="order of day, month and year; found from the source's own dates when not given"
    )
    phone_region: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        description="two-letter country of numbers without a country code; home_region when not given",
    )

"""The sources and the limits of ingesting: what a file of each system looks like and which column means what.

One `SourceSettings` for each system that delivers records, one `IngestSettings` for all of them. The names of the
delivered fields are here too, because a configuration may map nothing else.
"""

from __future__ import annotations

import codecs
from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DELIVERED_FIELDS: tuple[str, ...] = (
    "full_name", "given_name", "middle_name", "family_name", "name_suffix", "native_name", "gender", "email", "phone",
    "date_of_birth", "address", "city", "region", "postal_code", "country", "loyalty_id", "national_id", "updated_at",
)  # fmt: skip
"""The fields that a source may deliver besides the record id, in the order of the table `delivered_row`."""

Columns = dict[str, str | tuple[str, ...]]


class SourceSettings(BaseModel):
    """One system that delivers records: its files, their shape, and what their columns mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[str, ...] = Field(
        min_length=1, description="file names or patterns such as pos*.csv, relative to the configuration file"
    )
    delivery: Literal["delta", "full"] = Field(
        default="delta", description="delta: new and changed records; full: every record, so that a missing one is gone"
    )
    max_loss_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="largest share of its records that a full delivery may lose; one that loses more is refused",
    )
    format: Literal["csv", "parquet"] = Field(default="csv", description="csv (also packed as .gz or .zst) or parquet")
    delimiter: str = Field(
        default=",", min_length=1, max_length=1, description="character between two fields of a CSV file"
    )
    encoding: str = Field(
        default="utf-8", description="character encoding of a CSV file; a byte order mark in the file wins"
    )
    quote: str = Field(
        default='"', max_length=1, description="character around fields that hold a delimiter; empty for none"
    )
    header: bool = Field(
        default=True, description="whether the first line names the columns; without one they are column_1, column_2 …"
    )
    date_order: Literal["mdy", "dmy", "ymd"] | None = Field(
        default=None, description="order of day, month and year where a date does not say"
    )
    phone_region: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="two-letter country of phone numbers without a country code"
    )
    columns: Columns = Field(
        description="field = column, or a list of columns that are joined by a blank; record_id is needed"
    )
    fallback: Columns = Field(
        default_factory=dict, description="field = column(s) that are read where the field's own columns are empty"
    )
    pass_through: tuple[str, ...] = Field(
        default=(), description="columns that are kept with the record and not looked into"
    )

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if not pattern.strip() or ".." in PurePath(pattern).parts or "\0" in pattern:
                raise ValueError("a pattern names files in or below its folder, without ..")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError("no such encoding") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_byte(cls, value: str) -> str:
        if value in {"\n", "\r", "\0"} or not value.isascii():
            raise ValueError("must be one ASCII character, not a line break")
        return value

    @model_validator(mode="after")
    def _known_fields(self) -> SourceSettings:
        unknown = [name for name in (*self.columns, *self.fallback) if name not in ("record_id", *DELIVERED_FIELDS)]
        if unknown:
            raise ValueError(f"no such field: {', '.join(unknown)}; there are record_id, {', '.join(DELIVERED_FIELDS)}")
        if not _listed(self.columns.get("record_id", ())):
            raise ValueError("columns.record_id is needed: the column that names a record for ever")
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self

    def columns_of(self, field: str) -> tuple[str, ...]:
        """Return the delivered columns that a field is joined from."""
        return _listed(self.columns.get(field, ()))

    def fallback_of(self, field: str) -> tuple[str, ...]:
        """Return the delivered columns that stand in where the field's own are empty."""
        return _listed(self.fallback.get(field, ()))


class IngestSettings(BaseModel):
    """Limits that keep a broken or hostile file from doing harm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fresh_s: float = Field(
        default=2.0,
        ge=0,
        description="a file changed less than this many seconds ago is looked at twice before it is read",
    )
    settle_s: float = Field(
        default=0.1,
        ge=0,
        description="seconds between the two looks at such a file; if it moved it waits for the next run",
    )
    max_field_characters: int = Field(
        default=65_536, ge=100, le=131_072, description="a row with a longer field is quarantined"
    )
    max_row_bytes: int = Field(default=1_048_576, ge=1_000, description="a longer row is quarantined")
    max_columns: int = Field(default=500, ge=1, description="a file with more columns is refused")
    max_unpacked_bytes: int = Field(
        default=50_000_000_000, ge=1_000, description="a packed file that grows beyond this is refused"
    )
    max_unpacked_ratio: float = Field(
        default=100.0, ge=1, description="a packed file that grows by more than this factor (beyond 10 MB) is refused"
    )
    max_quarantined_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="a file of 100 rows or more is refused when a larger share of them would be quarantined",
    )


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)

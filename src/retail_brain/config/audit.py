"""The configuration of the audit gate: how far a run may be from the usual before a person has to look at it.

Apart from the gate so that its bounds can be read and checked without any table. Every ratio has a least count beside
it, because small data swings by itself and must not be held for nothing.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """Bounds of the audit before publishing; a run outside any of them is held."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Measure and judge every run; false publishes whatever was found.")
    history_runs: int = Field(default=14, ge=1, le=400, description="Published runs that say what is usual.")
    pairs_ratio: float = Field(
        default=8.0, gt=1, description="Pairs per scored record, as a multiple of the usual, above which a run is held."
    )
    pairs_least: int = Field(default=20_000, ge=0, description="Pairs below which their number is never a reason.")
    largest_profile_records: int = Field(
        default=250, ge=2, description="Records in the largest profile above which a run is held, the first included."
    )
    largest_profile_ratio: float = Field(
        default=3.0, gt=1, description="Largest profile, as a multiple of the usual, above which a run is held."
    )
    largest_profile_least: int = Field(
        default=40, ge=2, description="Largest profile below which its growth is never a reason."
    )
    changed_share: float = Field(
        default=0.3, gt=0, le=1, description="Share of the profiles before that a night may change or end."
    )
    changed_least: int = Field(
        default=2_000, ge=0, description="Changed profiles below which their share is no reason."
    )
    merges_ratio: float = Field(
        default=8.0, gt=1, description="New merges or splits, as a multiple of the usual, above which a run is held."
    )
    merges_least: int = Field(default=2_000, ge=0, description="New merges below which their number is no reason.")
    splits_least: int = Field(default=500, ge=0, description="Splits below which their number is no reason.")
    completeness_drop: float = Field(
        default=0.25, gt=0, le=1, description="Drop of the filled share of a source's field against its last delivery."
    )
    one_value_share: float = Field(
        default=0.1, gt=0, le=1, description="Share of a source's rows on which one identifier value may stand."
    )
    one_value_ratio: float = Field(
        default=5.0, gt=1, description="That share, as a multiple of the one before, above which a run is held."
    )
    one_value_first_share: float = Field(
        default=0.5, gt=0, le=1, description="That share on the first delivery of a source, when nothing is usual yet."
    )
    rows_least: int = Field(
        default=500, ge=1, description="Rows of a source below which neither completeness nor one value is a reason."
    )
    fan_out_ratio: float = Field(
        default=5.0, gt=1, description="Profiles behind one identifier value, as a multiple of the usual, to be held."
    )
    fan_out_least: int = Field(default=200, ge=2, description="Profiles behind one value below which it is no reason.")
    rewritten_share: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Share of a source's known records on which a field may have another value.",
    )
    rewritten_birth_share: float = Field(
        default=0.25, gt=0, le=1, description="The same for dates of birth, which hardly ever change."
    )
    twin_share: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Share of a source's new records that may be of people whom it knows by another record id.",
    )
    share_rise: float = Field(
        default=0.3, gt=0, le=1, description="Rise of such a share above the source's last delivery that passes."
    )
    affected_least: int = Field(default=100, ge=1, description="Rows below which none of these is a reason.")
    swapped_share: float = Field(
        default=0.3, gt=0, le=1, description="Share of rows whose given name and surname may look swapped."
    )
    known_shapes_share: float = Field(
        default=0.9, gt=0, le=1, description="A number is judged by its shape where its common shapes cover this share."
    )
    new_shape_share: float = Field(
        default=0.3, gt=0, le=1, description="Share of a number's values that may have a shape not seen before."
    )
    copies_least: int = Field(
        default=20, ge=2, description="Records alike in name and all identifiers below which they are no reason."
    )
    damaged_share: float = Field(
        default=0.01, gt=0, le=1, description="Share of rows that may hold letters in a wrong encoding."
    )
    damaged_least: int = Field(default=20, ge=1, description="Such rows below which they are no reason.")

"""The targets that a load test is held against: a TOML file whose every key may be left out, or the promise."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


class LatencyTargets(BaseModel):
    """The most that a percentile of each kind of request may be, in milliseconds from when it was due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: float | None = Field(default=None, gt=0)
    search: float | None = Field(default=None, gt=0)
    resolve: float | None = Field(default=None, gt=0)
    ingest: float | None = Field(default=None, gt=0)


class ServingTargets(BaseModel):
    """What must hold in every phase of the load."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    error_rate: float | None = Field(default=None, ge=0, le=1)
    torn_reads: int | None = Field(default=None, ge=0)
    cache_hits: float | None = Field(default=None, ge=0, le=1)
    peak_memory_mb: float | None = Field(default=None, gt=0)


class AccuracyTargets(BaseModel):
    """The least that the profiles' accuracy must be, by pairs of records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    precision: float | None = Field(default=None, ge=0, le=1)
    recall: float | None = Field(default=None, ge=0, le=1)
    f1: float | None = Field(default=None, ge=0, le=1)


class NightTargets(BaseModel):
    """The most that the nights may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_s: float | None = Field(default=None, gt=0)
    second_s: float | None = Field(default=None, gt=0)
    second_share: float | None = Field(default=None, gt=0)
    peak_memory_mb: float | None = Field(default=None, gt=0)


class GeneratorTargets(BaseModel):
    """How well the load test itself must have kept its schedule, for its figures to count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lag_p99_ms: float | None = Field(default=None, gt=0)


class Targets(BaseModel):
    """Everything that a load test is held against; what is not named is measured and not judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="targets", min_length=1, max_length=60)
    p50_ms: LatencyTargets = LatencyTargets()
    p95_ms: LatencyTargets = LatencyTargets()
    p99_ms: LatencyTargets = LatencyTargets()
    max_ms: LatencyTargets = LatencyTargets()
    serving: ServingTargets = ServingTargets()
    accuracy: AccuracyTargets = AccuracyTargets()
    night: NightTargets = NightTargets()
    generator: GeneratorTargets = GeneratorTargets()


def read_targets(path: Path | None) -> Targets:
    """Read targets.

    Args:
        path: a TOML file; None for the promise.

    Raises:
        ConfigurationError: it cannot be read, or it holds mistakes.
    """
    name = path.name if path else "targets.toml"
    try:
        text = (path or files(__name__.rpartition(".")[0]).joinpath("targets.toml")).read_text(encoding="utf-8")
        return Targets.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} cannot be read", hint="it must be a UTF-8 text file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name} is not valid TOML: {error}") from error
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg'].lower()}"
            for mistake in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise ConfigurationError(f"{name}: {told}", hint="configs/loadtest/promise.toml has every key") from None

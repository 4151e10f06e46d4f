"""What of the machine a run may use."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field


class ResourceSettings(BaseModel):
    """Threads and memory of the engine, and how far a run gives way to others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int = Field(
        default_factory=lambda: len(os.sched_getaffinity(0)),
        ge=1,
        le=256,
        description="threads of DuckDB; the default is the number of cores",
    )
    memory_limit_mb: int = Field(
        default=6000, ge=256, description="memory that DuckDB may use before it spills to disk, in MB"
    )
    nice: int = Field(
        default=10,
        ge=0,
        le=19,
        description="how far a run, and what PostgreSQL does for it, gives way to readers where processors are short; 0 not at all",
    )


class WorkspaceSettings(BaseModel):
    """Where the artefacts of runs are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(default=".retail-brain", description="workspace folder, relative to the configuration file")
    keep_runs: int = Field(default=2, ge=1, description="how many published runs keep their artefacts")

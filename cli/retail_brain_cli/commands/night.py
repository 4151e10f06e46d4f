"""The stages of the night by themselves. `run` is the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

Deliveries = Annotated[
    list[Path] | None,
    typer.Option(
        "--from", metavar="PATH", exists=False,
        help="Take tonight's deliveries from this file or folder; file names are held against the sources' patterns. May be given again.",
    ),
]  # fmt: skip


def ingest(files: Deliveries = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Read tonight's deliveries: accept, quarantine, or recognise as known. Nothing is published."""
    from retail_brain.pipeline.night import run_night

    settings = configuration(config)
    with progress() as tell:
        result = run_night(settings, files=files, progress=tell, last="ingest")
    show(result, as_json=as_json)


def match(config: ConfigFile = None, as_json: Json = False) -> None:
    """Standardise, score and resolve the records that were ingested. Nothing is published."""
    _continue(config, "match", as_json=as_json)


def publish(config: ConfigFile = None, as_json: Json = False) -> None:
    """Publish the matched run into PostgreSQL: readers see all of it or nothing."""
    _continue(config, "publish", as_json=as_json)


def warm(config: ConfigFile = None, as_json: Json = False) -> None:
    """Bring Redis up to date with PostgreSQL; a whole new generation where it is empty."""
    _continue(config, "warm", as_json=as_json)


def _continue(config: Path | None, stage: str, *, as_json: bool) -> None:
    from retail_brain.pipeline.night import continue_night

    settings = configuration(config)
    with progress() as tell:
        result = continue_night(settings, stage=stage, progress=tell)
    show(result, as_json=as_json)
    leave_if_held(result.status)


def leave_if_held(status: str) -> None:
    """End with exit code 5 where the audit gate held the run."""
    if status == "held":
        raise typer.Exit(5)

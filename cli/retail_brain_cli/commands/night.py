"""The stages of the night by themselves. `run` is the whole job."""

from __future__ import annotations

import sys
from collections import Counter
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retail_brain.errors import ConfigurationError
from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show, show_line
from retail_brain_cli.progress import progress

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration

Deliveries = Annotated[
    list[Path] | None,
    typer.Option(
        "--from", metavar="PATH", exists=False,
        help="Take tonight's deliveries from this file or folder; file names are held against the sources' patterns. May be given again.",
    ),
]  # fmt: skip


Record = Annotated[
    str | None,
    typer.Option(
        "--record", metavar="JSON",
        help='Take in one record now: {"source": "pos", "record": {...}} with the columns of the source\'s files, or the fields of a record. - reads one from each line of standard input.',
    ),
]  # fmt: skip


def ingest(
    files: Deliveries = None, record: Record = None, config: ConfigFile = None, as_json: Json = False
) -> None:  # fmt: skip
    """Read tonight's deliveries: accept, quarantine, or recognise as known. Nothing is published.

    With --record a single record is taken in at once, between two nights: it joins its profile, or is a new one.
    """
    if record is not None:
        _ingest_records(record, files, config, as_json=as_json)
        return
    from retail_brain.pipeline.night import run_night

    settings = configuration(config)
    with progress() as tell:
        result = run_night(settings, files=files, progress=tell, last="ingest")
    show(result, as_json=as_json)


def _ingest_records(record: str, files: list[Path] | None, config: Path | None, *, as_json: bool) -> None:
    """Take in one record, or those on standard input: one result a line, and a summary on stderr."""
    from retail_brain.desk.arrivals import ingest_lines, ingest_record

    if files:
        raise ConfigurationError("--record and --from exclude each other")
    settings = configuration(config)
    if record != "-":
        show(ingest_record(settings, record), as_json=as_json)
        return
    counts: Counter[str] = Counter()
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(
            encoding="utf-8", errors="surrogateescape"
        )  # a line that is no UTF-8 is refused, the others are not
    for result in ingest_lines(settings, sys.stdin):
        counts[result.status] += 1
        show_line(result, as_json=as_json)
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    sys.stderr.write(f"{counts.total():,} records: {told}\n" if counts else "no record\n")
    if counts["refused"]:
        raise typer.Exit(3)


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
    place_those_who_waited(settings)
    leave_if_held(result.status)


def place_those_who_waited(settings: Configuration) -> None:
    """Give the records their place that came during the run, and say on stderr which cannot be taken in any more."""
    from retail_brain.desk.arrivals import place_waiting

    refused = [result for result in place_waiting(settings) if result.status == "waiting"]
    for source in sorted({result.source for result in refused}):
        reasons = [result.warnings[0] for result in refused if result.source == source]
        sys.stderr.write(
            f"warning: {len(reasons):,} records of {source} that came during the run go on waiting: {reasons[0]}\n"
        )


def leave_if_held(status: str) -> None:
    """End with exit code 5 where the audit gate held the run."""
    if status == "held":
        raise typer.Exit(5)

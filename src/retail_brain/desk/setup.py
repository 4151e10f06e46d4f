"""Getting started: a configuration written for the exports of a folder, and synthetic exports to try it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.config.file import FILE_NAME
from retail_brain.config.matching import MatchingSettings
from retail_brain.desk.result import InitResult, InitSource, SynthResult
from retail_brain.errors import ConfigurationError, InputError
from retail_brain.model import Progress, no_progress
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retail_brain.ingest.recognise import RecognisedSource

_MAX_SYNTH_RECORDS = 100_000_000
_MAX_SYNTH_NIGHTS = 30

_TOP = """\
# The country whose phone numbers and date order are assumed where a value does not say.
home_region = "US"
"""
_OTHER_SECTIONS = """\
# [matching]
# merge_probability = {merge}      # links at or above it join records
# review_probability = {review}      # pairs between the two wait for a person
#
# [survivorship]
# source_priority = []            # sources, best first, where records are equally new
#
# [workspace]
# folder = ".retail-brain"        # artefacts, models and the embedded servers
#
# [resources]
# memory_limit_mb = 6000          # what the engine may use before it spills to disk
# threads = 2                     # the number of cores by default
#
# External servers: set POSTGRES_HOST, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD and REDIS_HOST in the environment.
"""


def initialise(folder: Path, *, force: bool = False) -> InitResult:
    """Look at the exports in a folder and write a commented configuration beside them.

    Args:
        folder: holds CSV or Parquet files.
        force: replace a configuration that is there.

    Returns:
        What was recognised, what was passed through, and what to look at again.

    Raises:
        ConfigurationError: there is a configuration already.
        InputError: there is no such folder, or no export in it.
    """
    import duckdb

    from retail_brain.ingest.recognise import recognise
    from retail_brain.ingest.render import render_configuration

    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", hint="name the folder that holds your exports")
    path = folder / FILE_NAME
    if path.exists() and not force:
        raise ConfigurationError(f"{path} is there already", hint="--force replaces it")
    with duckdb.connect() as con:
        recognition = recognise(folder, con)
    text = render_configuration(recognition, top=_TOP, other_sections=_other_sections())
    replace_text(path, text)
    return InitResult(
        path=str(path), folder=str(folder), sources=tuple(_describe(source) for source in recognition.sources),
        left_out=tuple(f"{name}: {reason}" for name, reason in recognition.left_out),
    )  # fmt: skip


def _other_sections() -> str:
    defaults = MatchingSettings()
    return _OTHER_SECTIONS.format(merge=defaults.merge_probability, review=defaults.review_probability)


def _describe(source: RecognisedSource) -> InitSource:
    findings = source.mapping.findings
    return InitSource(
        name=source.name,
        files=source.patterns,
        recognised=tuple(f"{field} = {' + '.join(columns)}" for field, columns in source.mapping.columns.items()),
        passed_through=source.mapping.pass_through,
        unsure=tuple(f"{finding.column}: {finding.unsure}" for finding in findings if finding.unsure),
    )


def synthesise(
    out: Path,
    *,
    records: str,
    seed: int,
    nights: int = 1,
    noise: Sequence[str] = (),
    progress: Progress = no_progress,
) -> SynthResult:
    """Write synthetic exports of five sources with their truth.

    Args:
        out: the folder to write to.
        records: about how many; "1e6" is understood.
        seed: the same seed gives the same files.
        nights: how many nights; those after the first lie in folders of their own.
        noise: NAME=SHARE, files of such lines, or "none"; later ones win.
        progress: told how many files are written.

    Raises:
        ConfigurationError: the number, the nights or the noise make no sense.
        ResourceError: memory or disk ran out.
    """
    from retail_brain.synth import NoiseSettings, write_exports

    try:
        wanted = int(float(records))
    except (ValueError, OverflowError):
        wanted = 0
    if not 1 <= wanted <= _MAX_SYNTH_RECORDS:
        raise ConfigurationError(f"the number of records must lie between 1 and {_MAX_SYNTH_RECORDS:,}")
    if not 1 <= nights <= _MAX_SYNTH_NIGHTS:
        raise ConfigurationError(f"the number of nights must lie between 1 and {_MAX_SYNTH_NIGHTS}")
    settings = NoiseSettings.parse(noise)
    written = write_exports(out, records=wanted, seed=seed, nights=nights, noise=settings, progress=progress)
    return SynthResult(
        folder=str(out), records=written.records, persons=written.people, nights=nights, files=written.rows
    )

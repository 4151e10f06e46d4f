"""Getting started, and data in and out: demo, init, synth, export, quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from retail_brain_cli.options import ConfigFile, Json, Limit, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

quarantine = typer.Typer(help="Rows that were not accepted, with file, line and reason.", no_args_is_help=True)
export = typer.Typer(help="Write the crosswalk, the profiles or the merges to a file.", no_args_is_help=True)

Target = Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write: .parquet or .csv.")]
Raw = Annotated[
    bool, typer.Option("--raw", help="CSV: leave cells that a spreadsheet would take for formulas as they are.")
]
NOISE_NAMES = (
    "missing, typing_errors, date_errors, nicknames, initials, swapped_names, placeholders, shared_values, "
    "exact_duplicates, corrections, second_records, twins, juniors, moves, married_names, new_phones, new_emails, "
    "recycled_phones, household_phones, household_emails, night_new, night_corrected, night_late, night_vanished, "
    "rows_with_too_many_fields, rows_with_bad_bytes"
)


def demo(as_json: Json = False) -> None:
    """Do the main job on sample data with embedded servers, and show what came out."""
    from retail_brain.pipeline.demo import run_demo

    with progress() as tell:
        result = run_demo(Path.cwd(), progress=tell)
    show(result, as_json=as_json)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder that holds your exports.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Look at the exports in a folder and write a commented retail_brain.toml beside them."""
    from retail_brain.desk.setup import initialise

    show(initialise(folder, force=force), as_json=as_json)


def synth(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write to.")],
    records: Annotated[str, typer.Option(metavar="N", help="About how many records; 1e6 is understood.")] = "10000",
    nights: Annotated[int, typer.Option(metavar="N", help="How many nights; several go to OUT/night1, OUT/night2 and so on.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same files.")] = 0,
    noise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SHARE", help=f"How often something goes wrong, or a .toml file of such lines, or none. May be given again. Names: {NOISE_NAMES}."),
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Write synthetic exports of five sources with their truth, of any size."""
    from retail_brain.desk.setup import synthesise

    with progress() as tell:
        result = synthesise(out, records=records, nights=nights, seed=seed, noise=noise or (), progress=tell)
    show(result, as_json=as_json)


@quarantine.command("list")
def list_quarantine(
    source: Annotated[str | None, typer.Option(help="Only rows of this source.")] = None,
    with_rows: Annotated[bool, typer.Option("--with-rows", help="Show the rows themselves: customers' data.")] = False,
    config: ConfigFile = None, limit: Limit = 100, as_json: Json = False,
) -> None:  # fmt: skip
    """List quarantined rows, newest first."""
    from retail_brain.desk.history import list_quarantined

    show(list_quarantined(configuration(config), source=source, with_rows=with_rows, limit=limit), as_json=as_json)


@export.command()
def crosswalk(to: Target, raw: Raw = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Write which record belongs to which profile: source, record_id, profile_id."""
    _export("crosswalk", to, config, raw=raw, as_json=as_json)


@export.command()
def profiles(to: Target, raw: Raw = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Write every profile with its golden values."""
    _export("profiles", to, config, raw=raw, as_json=as_json)


@export.command()
def merges(to: Target, raw: Raw = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Write the merge log: every merge and split with its evidence."""
    _export("merges", to, config, raw=raw, as_json=as_json)


def _export(
    what: Literal["crosswalk", "profiles", "merges"], to: Path, config: Path | None, *, raw: bool, as_json: bool
) -> None:
    from retail_brain.desk.export import export as write

    show(write(configuration(config), what, to, raw=raw), as_json=as_json)

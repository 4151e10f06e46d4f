"""The demo: what a newcomer runs first. The main job on sample data, with embedded servers, from nothing.

It does what a user would do: copy exports into a folder, `init`, `run`, `model evaluate`, look customers up. The folder
lies in the workspace's place and is the demo's own, so it is made anew each time.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.config.file import DEMO_FOLDER, load_configuration
from retail_brain.errors import ConfigurationError
from retail_brain.model import Progress, no_progress
from retail_brain.pipeline.result import DemoResult

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.desk.result import ProfileResult

_EXAMPLES = 3


def run_demo(place: Path, progress: Progress = no_progress) -> DemoResult:
    """Run the demo in a folder below `place`.

    Args:
        place: the current folder; everything goes into `.retail-brain/demo` below it.
        progress: told how far each stage is.

    Returns:
        The night, its accuracy, three customers and what to try next.

    Raises:
        RetailBrainError: one of the kinds in `errors`.
    """
    from retail_brain.desk.model import evaluate
    from retail_brain.desk.setup import initialise
    from retail_brain.pipeline.night import run_night

    folder = place / DEMO_FOLDER
    _start_anew(folder)
    _fill(folder)
    configuration = load_configuration(Path(initialise(folder).path))
    night = run_night(configuration, progress=progress)
    scores = evaluate(configuration, folder / "truth.csv", worst=0)
    examples = _examples(configuration)
    return DemoResult(
        night=night, precision=scores.precision, recall=scores.recall, examples=examples,
        try_next=_try_next(examples), folder=str(folder),
    )  # fmt: skip


def _start_anew(folder: Path) -> None:
    from retail_brain.services import stop_services

    if not folder.exists():
        return
    configuration = folder / "retail_brain.toml"
    if configuration.is_file():
        known = load_configuration(configuration)
        stop_services(known.workspace_folder, known.services)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise ConfigurationError(f"{folder} cannot be removed", hint="it belongs to another user")


def _fill(folder: Path) -> None:
    """Put the sample exports into the folder: the ones of the source tree, or made anew where there is none."""
    folder.mkdir(parents=True, mode=0o700)
    samples = Path(__file__).parents[3] / "sample_data"
    if samples.is_dir():
        for path in samples.iterdir():
            if path.suffix in (".csv", ".gz", ".parquet"):
                shutil.copyfile(path, folder / path.name)
        return
    from retail_brain.synth import write_sample

    write_sample(folder)


def _examples(configuration: Configuration) -> tuple[ProfileResult, ...]:
    """Three customers worth looking at: known to several sources under several spellings."""
    from retail_brain.desk.lookup import find_interesting, find_profile

    return tuple(find_profile(configuration, key) for key in find_interesting(configuration, limit=_EXAMPLES))


def _try_next(examples: tuple[ProfileResult, ...]) -> tuple[str, ...]:
    first = examples[0] if examples else None
    name = (
        (first.values.get("given_name", "") + " " + first.values.get("family_name", "")).strip().lower()
        if first
        else "maria"
    )
    misspelt = name[:-3] + name[-2] + name[-3] + name[-1] if len(name) > 5 else name
    pair = " ".join(first.records[:2]) if first else "pos:1 crm:2"
    return (
        f'retail-brain profile search "{misspelt}"',
        f"retail-brain merge explain {pair}",
        "retail-brain init ~/my-exports",
    )

"""Models: trained, listed, shown, measured against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retail_brain_cli.options import ConfigFile, Json, Limit, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

app = typer.Typer(help="The matching model, and how good it is.", no_args_is_help=True)

ModelId = Annotated[str | None, typer.Argument(metavar="[MODEL]", help="A model; by default the one in use.")]


@app.command()
def train(config: ConfigFile = None, as_json: Json = False) -> None:
    """Train a new model on all published records; the next run scores everything with it."""
    from retail_brain.desk.model import train_model

    settings = configuration(config)
    with progress() as tell:
        result = train_model(settings, progress=tell)
    show(result, as_json=as_json)


@app.command("list")
def list_models(config: ConfigFile = None, as_json: Json = False) -> None:
    """List the models of the workspace and the one that ships."""
    from retail_brain.desk.model import list_models as find

    show(find(configuration(config)), as_json=as_json)


@app.command("show")
def show_model(
    model_id: ModelId = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the match weights as a picture that opens offline.")] = None,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the match weight of every level of every comparison."""
    from retail_brain.desk.model import show_model as find

    show(find(configuration(config), model_id, html=html), as_json=as_json)


@app.command()
def evaluate(
    truth: Annotated[Path, typer.Option("--truth", metavar="FILE", help="CSV or Parquet: source, record_id, person_id.")],
    config: ConfigFile = None, limit: Limit = 10, as_json: Json = False,
) -> None:  # fmt: skip
    """Measure the published profiles against a truth: precision, recall and the worst errors."""
    from retail_brain.desk.model import evaluate as measure

    show(measure(configuration(config), truth, worst=limit), as_json=as_json)

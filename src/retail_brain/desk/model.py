"""Models and their quality: train another, list them, show what each level weighs, measure against a truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from retail_brain.engine import open_engine, quote_text
from retail_brain.errors import ConfigurationError, InputError
from retail_brain.model import Progress, no_progress
from retail_brain.pipeline import models
from retail_brain.pipeline.stores import open_stores
from retail_brain.pipeline.weights import ModelResult, describe_model
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.matching.evaluate import EvaluationResult

SHIPPED = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """One model: how many records it learnt from (0: the shipped one), and whether the next run uses it."""

    model_id: str
    records: int
    trained_at: str | None
    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelListResult:
    """The trained models, oldest first, behind the shipped one."""

    models: tuple[ModelSummary, ...]


def train_model(config: Configuration, progress: Progress = no_progress) -> ModelResult:
    """Train a model on all published records; the next run scores everything with it.

    Raises:
        InputError: nothing was published yet.
        LockedError: a run is at work.
    """
    from retail_brain.matching.train import train_model as train
    from retail_brain.pipeline import match as steps
    from retail_brain.pipeline.state import load_previous

    with (
        open_stores(config, progress) as stores,
        stores.workspace.lock("retail-brain model train"),
        open_engine(config.resources, stores.workspace.scratch) as con,
    ):
        previous = load_previous(stores, con, scored=False)
        if previous.run_id is None:
            raise InputError("nothing was published yet", hint="retail-brain run trains the first model by itself")
        con.execute("create or replace view live_record as select * exclude (gone) from record_before where not gone")
        steps.build_keys(con, config, previous)
        model_id = models.next_model_id(stores.workspace, stores.pg)
        model = train(con, settings=config.matching, model_id=model_id, progress=steps.share_of(progress, "train"))
        models.keep_model(con, config.matching, stores.workspace, model)
    return describe_model(model)


def list_models(config: Configuration) -> ModelListResult:
    """List the models that could be used."""
    from retail_brain.matching.model import Model, default_model

    with open_stores(config) as stores:
        in_use = models.model_in_use(stores.workspace, stores.pg)
        known = models.known_models(stores.workspace, stores.pg)
    shipped = ModelSummary(model_id=SHIPPED, records=default_model().records, trained_at=None, in_use=False)
    trained = (
        ModelSummary(
            model_id=model.model_id,
            records=Model.from_text(model.document).records,
            trained_at=model.trained_at.isoformat(timespec="seconds"),
            in_use=model.model_id == in_use,
        )
        for model in known
    )
    return ModelListResult(models=(shipped, *trained))


def show_model(config: Configuration, model_id: str | None, *, html: Path | None = None) -> ModelResult:
    """Show what every level of every comparison weighs.

    Args:
        config: the configuration.
        model_id: a model; by default the one in use, or the shipped one before the first run.
        html: where to write the picture.

    Raises:
        ConfigurationError: there is no such model.
    """
    from retail_brain.matching.model import Model, default_model

    with open_stores(config) as stores:
        chosen = model_id or models.model_in_use(stores.workspace, stores.pg) or SHIPPED
        known = {found.model_id: found for found in models.known_models(stores.workspace, stores.pg)}
    if chosen != SHIPPED and chosen not in known:
        raise ConfigurationError(f"there is no model {chosen}", hint="retail-brain model list")
    model = default_model() if chosen == SHIPPED else Model.from_text(known[chosen].document)
    if html is not None:
        from retail_brain.report import render_weights

        replace_text(html, render_weights(asdict(describe_model(model))))
    return describe_model(model, html=str(html) if html else None)


def evaluate(config: Configuration, truth: Path, *, worst: int = 10) -> EvaluationResult:
    """Measure the published profiles against a truth.

    Args:
        config: the configuration.
        truth: CSV or Parquet: source, record_id, person_id.
        worst: how many of the worst errors to list.

    Raises:
        InputError: the truth cannot be read.
    """
    from retail_brain.matching.evaluate import evaluate as measure
    from retail_brain.store.export import read_export

    with open_stores(config) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        _read_truth(con, truth)
        read_export(stores.pg, con, "crosswalk", table="crosswalk")
        return measure(con, "crosswalk", "truth", worst=worst)


def _read_truth(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    import duckdb

    quoted = quote_text(str(path))
    reader = (
        f"read_parquet({quoted})"
        if path.suffix in (".parquet", ".pq")
        else f"read_csv({quoted}, header = true, all_varchar = true)"
    )
    wanted = "source::varchar as source, record_id::varchar as record_id, person_id::varchar as person_id"
    try:
        con.execute(f"create or replace table truth as select {wanted} from {reader}")
    except duckdb.Error as error:
        raise InputError(
            f"{path.name} cannot be read as a truth", hint="it needs the columns source, record_id, person_id"
        ) from error

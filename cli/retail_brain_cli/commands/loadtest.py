"""The load test: latency and throughput against targets, with a night at work beside the load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retail_brain.errors import ConfigurationError
from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show
from retail_brain_cli.progress import progress

MISSED = 5


def loadtest(
    records: Annotated[str, typer.Option(metavar="N", help="About how many records are made; 10e6 is understood.")] = "100000",
    data: Annotated[Path | None, typer.Option("--data", metavar="FOLDER", help="Take these exports instead: night1, night2 … with truth.csv beside them, as synth writes them, or one night's files.")] = None,
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="What must hold, in TOML.", show_default="the promise: configs/loadtest/promise.toml")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report with its pictures to this file.")] = None,
    seconds: Annotated[float, typer.Option(help="How long each phase of the load lasts at least; a phase with a night at work lasts until that has ended.")] = 20.0,
    longest: Annotated[float, typer.Option(help="How many seconds a phase may last at most.")] = 900.0,
    rate: Annotated[float, typer.Option(help="Requests a second, all clients together.")] = 50.0,
    clients: Annotated[int, typer.Option(help="Processes that make the requests.")] = 4,
    mix: Annotated[str, typer.Option(help="Shares of the kinds of requests.")] = "profile=55,search=20,resolve=15,ingest=10",
    checks: Annotated[str, typer.Option(metavar="N", help="Transactions in which a profile is held against its records and merges; 1e6 is understood.")] = "2000",
    phases: Annotated[str | None, typer.Option(metavar="NAMES", help="Only these phases: quiet, publish, cold, no-redis; with --no-nights serve, no-redis.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data and the same requests.")] = 0,
    workspace: Annotated[Path | None, typer.Option("--workspace", metavar="FOLDER", help="Make everything in this folder and keep it; by default a folder that is deleted at the end.")] = None,
    no_nights: Annotated[bool, typer.Option("--no-nights", help="Serve what the configuration's workspace has published: no data is made and no night is run.")] = False,
    writes: Annotated[bool, typer.Option("--writes", help="With --no-nights: take made-up records in, too. Otherwise that workspace is only read.")] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Load-test a workspace of its own: nights, then requests at a fixed rate while nights are published; held against targets."""
    from retail_brain.loadtest.plan import LoadPlan, read_count
    from retail_brain.loadtest.run import run_loadtest
    from retail_brain.loadtest.schedule import parse_mix
    from retail_brain.loadtest.target import read_targets

    if config is not None and not no_nights:
        raise ConfigurationError(
            "a load test makes a workspace of its own", hint="--no-nights serves the configured one"
        )
    plan = LoadPlan(
        records=read_count(records, "records"), data=data, workspace=workspace,
        serve=configuration(config) if no_nights else None, writes=writes, seconds=seconds, longest_s=max(longest, seconds),
        rate=rate, clients=clients, mix=parse_mix(mix), checks=read_count(checks, "checks"),
        phases=tuple(name.strip() for name in phases.split(",")) if phases else None, seed=seed,
    )  # fmt: skip
    targets = read_targets(target)
    with progress() as tell:
        result = run_loadtest(plan, targets, html=html, progress=tell)
    show(result, as_json=as_json)
    if not result.met:
        raise typer.Exit(MISSED)

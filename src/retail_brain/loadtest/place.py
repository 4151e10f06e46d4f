"""Where a load test takes place: a workspace of its own with its data and servers, all of it gone afterwards."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, InputError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.plan import LoadPlan
    from retail_brain.model import Progress

NIGHTS = 5
"""The nights that are made: two before the load, and one for each phase in which a night is at work."""
MORE_NIGHTS = 4
"""Those made for a phase that only checks."""

_FILE = "retail_brain.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The workspace: its configuration, the deliveries of each night, the truth where there is one."""

    folder: Path
    config: Configuration
    nights: tuple[Path, ...]
    truth: Path | None
    made_seconds: float


@contextmanager
def own_place(plan: LoadPlan, progress: Progress) -> Iterator[Place]:
    """Make a workspace with data, and clean up at the end, whatever happens.

    Args:
        plan: says which data, and where.
        progress: told while data is made.

    Raises:
        ConfigurationError: the workspace's folder holds something.
        InputError: there are no exports in the data folder.
        RefusedError: the configured PostgreSQL or Redis holds profiles.
    """
    from retail_brain.services import stop_services

    folder = _folder(plan)
    config: Configuration | None = None
    try:
        config = _servers(plan, folder)
        _refuse_full(config)
        config, nights, truth, seconds = _prepare(plan, folder, progress)
        yield Place(folder=folder, config=config, nights=nights, truth=truth, made_seconds=seconds)
    finally:
        with _unhurried():
            if config is not None:
                stop_services(config.workspace_folder, config.services)
            if plan.workspace is None:
                shutil.rmtree(folder, ignore_errors=True)


def _folder(plan: LoadPlan) -> Path:
    if plan.workspace is None:
        return Path(tempfile.mkdtemp(prefix="retail-brain-loadtest-"))
    folder = plan.workspace.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty", hint="--workspace names a folder that is to be made")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _servers(plan: LoadPlan, folder: Path) -> Configuration:
    """Return a configuration that names the servers, before anything is made; its sources do not matter."""
    given = plan.data / _FILE if plan.data is not None else folder / _FILE
    path = folder / _FILE
    path.write_text(given.read_text(encoding="utf-8") if given.is_file() else "", encoding="utf-8")
    return _load(path)


def _load(path: Path) -> Configuration:
    """Read a configuration, whose workspace lies beside it, wherever it says that it lies."""
    from retail_brain.config.file import load_configuration

    config = load_configuration(path)
    return config.model_copy(update={"workspace": config.workspace.model_copy(update={"folder": ".retail-brain"})})


def _prepare(
    plan: LoadPlan, folder: Path, progress: Progress
) -> tuple[Configuration, tuple[Path, ...], Path | None, float]:
    data, seconds = plan.data, 0.0
    if data is None:
        from retail_brain.synth import write_exports

        data = folder / "data"
        progress("synth", total=1, detail=f"{plan.records:,} records")
        seconds = write_exports(
            data, records=plan.records, seed=plan.seed, nights=NIGHTS + MORE_NIGHTS * plan.checks_alone
        ).seconds
        progress("synth", done=1, total=1, detail=f"{plan.records:,} records")
    nights = _nights(data.absolute())
    known = [night / "truth.csv" for night in nights[1:2]] + [data / "truth.csv", data / "truth.parquet"]
    truth = next((path for path in known if path.is_file()), None)
    path = folder / _FILE
    path.write_text(_configuration(data, nights[0]), encoding="utf-8")
    return _load(path), nights, truth.absolute() if truth else None, seconds


def _nights(data: Path) -> tuple[Path, ...]:
    """Return the folders of the nights in their order: night1, night2 …, or the folder itself."""
    numbered = {
        int(found[1]): path
        for path in data.iterdir()
        if path.is_dir() and (found := re.fullmatch(r"night[-_ ]?(\d+)", path.name))
    }
    return tuple(numbered[number] for number in sorted(numbered)) or (data,)


def _configuration(data: Path, first: Path) -> str:
    """Return the text of the configuration that lies beside the data, or one for what is recognised there."""
    import duckdb

    from retail_brain.ingest.recognise import recognise
    from retail_brain.ingest.render import render_configuration

    for path in (data / _FILE, first / _FILE):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    with duckdb.connect() as con:
        recognition = recognise(first, con)
    if not recognition.sources:
        raise InputError(f"{first} holds no exports", hint="night1, night2 … with CSV or Parquet files, or such files")
    return render_configuration(recognition)


def _refuse_full(config: Configuration) -> None:
    """Refuse to run made-up nights into servers that somebody uses. Nothing is changed in them.

    Raises:
        RefusedError: the configured PostgreSQL has published profiles, or the configured Redis holds some.
    """
    hint = "name an empty database and an empty Redis, or serve what is there: loadtest --no-nights"
    if config.postgres.host is not None and _has_profiles(config):
        raise RefusedError(
            "the configured PostgreSQL holds profiles, and a load test would add made-up people to them", hint=hint
        )
    if config.redis.host is not None:
        from retail_brain.cache.state import cache_state
        from retail_brain.services.external import redis_address

        if cache_state(redis_address(config.redis), config.cache).generation is not None:
            raise RefusedError(
                "the configured Redis holds profiles, and a load test would put made-up ones in their place", hint=hint
            )


def _has_profiles(config: Configuration) -> bool:
    from retail_brain.pipeline.stores import open_stores

    with open_stores(config, migrate=False) as stores:
        try:
            return stores.has_published
        except ConfigurationError:  # no table of ours yet
            return False


@contextmanager
def _unhurried() -> Iterator[None]:
    """Let a second Ctrl-C not interrupt the cleaning up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

"""The checks of this project, one session each. Everything runs in the environment that nox itself runs in, so that
what is checked is what is installed; `build` alone makes a clean one.

    nox                 everything that CI runs
    nox -s tests        one of them
    nox -s external     by hand: against the PostgreSQL and Redis of the operating system
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "docs", "build", "tests"]

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
"""nox looks programs up here: those of its own environment come first, however it was called."""


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, and versions that fit one another."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("python", "-m", "pip", "check", "--disable-pip-version-check")


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Which room may know which."""
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """The generated references are the ones that the code makes today."""
    session.run("python", "docs/generate.py", "--check")


@nox.session
def build(session: nox.Session) -> None:
    """The wheel, installed into a clean environment, does the whole demo with nothing of the source tree around it."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-build-") as folder:
        session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, silent=True)
        session.run("python", "-m", "venv", f"{folder}/clean")
        python, command = f"{folder}/clean/bin/python", f"{folder}/clean/bin/retail-brain"
        pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        session.run(*pip, "--require-hashes", "-r", ".ci/run.lock")
        (wheel,) = Path(folder).glob("*.whl")
        session.run(*pip, "--no-deps", str(wheel))
        with session.chdir(folder):
            session.run(command, "--version")
            try:
                session.run(command, "demo", silent=True)
            finally:
                session.run(command, "services", "stop", silent=True)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite against real servers; the tests of one file stay together, because they share its shop."""
    session.run("pytest", *(session.posargs or ["-q", "-n", "2", "--dist", "loadfile"]))


@nox.session
def laws(session: nox.Session) -> None:
    """By hand: ten thousand random graphs, and a hundred thousand operations (or as many as are named) on the real thing and
    on the naive model of identity, in pieces of at most ten thousand with seeds of their own."""
    operations = int(session.posargs[0]) if session.posargs else 100_000
    session.run("pytest", "-x", "-q", "tests/unit/identity/test_forest_graphs.py", env={"LAWS_GRAPHS": "10000"})
    for piece, begun in enumerate(range(0, operations, 10_000), start=1):
        limits = {"LAWS_OPERATIONS": str(min(10_000, operations - begun)), "LAWS_SEED": str(piece)}
        session.run("pytest", "-x", "-q", "-rP", "-n", "2", "tests/integration/laws", env=limits)


@nox.session
def hour(session: nox.Session) -> None:
    """Destroy a busy server at 20 random moments, or as many as `-- N` says, and look for what was acknowledged."""
    rounds = session.posargs[0] if session.posargs else "20"
    session.run("pytest", "-x", "-q", "-rP", "tests/acceptance/test_hour.py", env={"HOUR_ROUNDS": rounds})


@nox.session
def damage(session: nox.Session) -> None:
    """By hand: every kind of damage to every kind of file, ten thousand random bits flipped in backups, one at a time, no false
    alarm on fifty good ones, the disk full and the process killed at every step, and canaries for what is secret."""
    damages = ("backup_damage", "backup_manifest_damage", "backups")
    others = ("backup_kills", "restore_kills", "restore_full_disk", "backup_secrets")
    tests = (f"tests/acceptance/test_{name}.py" for name in (*damages, *others))
    limits = {"DAMAGE_FLIPS": "10000", "DAMAGE_GOOD": "50", "DAMAGE_WHOLE": "1"}
    session.run("pytest", "-x", "-q", "-n", "2", *tests, env=limits)


@nox.session
def bench(session: nox.Session) -> None:
    """By hand: the product and a bare script on the same files in turn, publishing and warming against the bare tools, and
    the start of a command: `nox -s bench -- DATA --floor FLOOR.py --rounds 3`. DATA holds night1, night2 and truth1.parquet.
    With `--generator GENERATE.py --sizes 1e6 3e6 1e7` also how it grows, with `--peers` also other libraries.
    """
    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument("data")
    parser.add_argument("--floor")
    parser.add_argument("--rounds", default="3")
    parser.add_argument("--generator")
    parser.add_argument("--sizes", nargs="+", default=["1e6", "3e6", "1e7"])
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args(session.posargs)
    floor = ("--floor", asked.floor) if asked.floor else ()
    session.run("python", "tests/bench/speed.py", asked.data, *floor, "--rounds", asked.rounds)
    session.run("python", "tests/bench/rates.py", asked.data, "--rounds", asked.rounds)
    session.run("python", "tests/bench/cold.py")
    if asked.generator:
        sizes = ("--sizes", *asked.sizes, "--svg", "docs/growth.svg")
        session.run("python", "tests/bench/growth.py", "--generator", asked.generator, *sizes)
    if asked.peers:
        session.run("python", "tests/bench/peers.py", asked.data, *floor)


@nox.session
def loadtest(session: nox.Session) -> None:
    """By hand: the load test, small, or as asked: `nox -s loadtest -- --records 10e6 --target configs/loadtest/ten_million.toml`.

    The report is written to loadtest.html in the current folder, and the figures to loadtest.json.
    """
    small = ("--records", "20000", "--seconds", "10")
    report = ("--html", "loadtest.html", "--json")
    patience = {"interrupt_timeout": 120.0, "terminate_timeout": 120.0}  # it stops its servers before it ends
    with Path("loadtest.json").open("w", encoding="utf-8") as figures:
        words = ("retail-brain", "loadtest", *(session.posargs or small), *report)
        session.run(*words, stdout=figures, stderr=sys.stderr, **patience)


@nox.session
def external(session: nox.Session) -> None:
    """By hand: the same crosswalk with the PostgreSQL and Redis of the operating system, in the clear and with TLS."""
    script = "tests/acceptance/external.py"
    for options in [session.posargs] if session.posargs else [[], ["--tls"], ["--tests"]]:
        session.run("python", script, *options)


@nox.session
def screens(session: nox.Session) -> None:
    """By hand: run the commands that the pages show and put their output in place."""
    session.run("python", "docs/screens.py", *session.posargs)


@nox.session
def relock(session: nox.Session) -> None:
    """By hand, with uv: resolve the pinned versions again."""
    session.run(".ci/relock", *session.posargs, external=True)

"""The checks of this project, one session each. Everything runs in the environment that nox itself runs in,
so that what is checked is what is installed; `build` alone makes a clean one.

    nox                 everything that CI runs
    nox -s tests        one of them
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "docs", "tests", "build"]

BIN = Path(shutil.which("nox") or "nox").parent
ENVIRONMENT = {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


@nox.session
def lint(session: nox.Session) -> None:
    """Style and spelling."""
    session.run("ruff", "check", ".", env=ENVIRONMENT)
    session.run("ruff", "format", "--check", ".", env=ENVIRONMENT)
    session.run("codespell", env=ENVIRONMENT)


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    session.run("mypy", env=ENVIRONMENT)


@nox.session
def imports(session: nox.Session) -> None:
    """Which room may know which."""
    session.run("lint-imports", env=ENVIRONMENT)


@nox.session
def docs(session: nox.Session) -> None:
    """The generated references are the ones that the code makes today."""
    session.run("python", "docs/generate.py", "--check", env=ENVIRONMENT)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite against real servers."""
    session.run("pytest", *(session.posargs or ["-q", "-n", "2"]), env=ENVIRONMENT)


@nox.session
def build(session: nox.Session) -> None:
    """The wheel, installed into a clean environment, answers."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-build-") as folder:
        session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, env=ENVIRONMENT, silent=True)
        session.run("python", "-m", "venv", f"{folder}/clean", env=ENVIRONMENT)
        python = f"{folder}/clean/bin/python"
        session.run(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", ".ci/run.lock", env=ENVIRONMENT)
        (wheel,) = Path(folder).glob("*.whl")
        session.run(python, "-m", "pip", "install", "-q", "--no-deps", str(wheel), env=ENVIRONMENT)
        session.run(f"{folder}/clean/bin/retail-brain", "--version", env=ENVIRONMENT)


@nox.session
def relock(session: nox.Session) -> None:
    """By hand: resolve the pinned versions again."""
    session.run(".ci/relock", *session.posargs, env=ENVIRONMENT, external=True)

"""Asking before something is done that cannot be taken back by the same command."""

from __future__ import annotations

import sys

import typer

from retail_brain.errors import ConfigurationError


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; without one, `--yes` must have been given.

    Raises:
        ConfigurationError: no terminal and no `--yes`; nothing was changed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("this needs --yes where there is no terminal to ask on", hint="nothing was changed")
    if not typer.confirm(question, default=False, err=True):
        raise typer.Exit(0)

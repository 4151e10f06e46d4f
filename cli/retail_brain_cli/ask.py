"""Asking a person: before something is done that cannot be taken back by the same command, and for one key."""

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
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(0)


def need_terminal(instead: str) -> None:
    """Refuse to ask where nobody can answer.

    Args:
        instead: what to do without a terminal.

    Raises:
        ConfigurationError: stdin or stdout is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError("this asks on a terminal, and there is none", hint=f"without one: {instead}")


def ask_key(keys: str) -> str:
    """Wait for one of some keys, without Return, and return it in lower case; "\n" for Return.

    What was typed before the question stood on the screen answers nothing. Control-D is "q".
    """
    import termios

    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    while True:
        try:
            key = typer.getchar().lower().replace("\r", "\n")
        except EOFError:
            return "q"
        if len(key) == 1 and key in keys:
            return key

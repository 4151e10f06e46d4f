"""One result, two views: JSON for programs, a screen for people.

Each operation of the library returns a frozen dataclass. `show` prints it; a screen is registered for its type by the
modules in `screens`. stdout is data and nothing else; whatever is said on the way goes to stderr.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from datetime import date, datetime
from functools import singledispatch
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from retail_brain.model import NotJournaled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNESCAPED = re.compile(r"[\x7f-\x9f]")  # control characters that JSON lets through
_LIKELY = {
    "retail_brain.desk.result": ("people", "merges", "night"),
    "retail_brain.desk.arrival_result": ("arrival",),
    "retail_brain.desk.arrivals": ("arrival",),
    "retail_brain.desk.merge_result": ("explain",),
    "retail_brain.desk.change_result": ("changes",),
    "retail_brain.desk.review_result": ("review",),
    "retail_brain.backup.key": ("offsite",),
    "retail_brain.desk.backup_result": ("backups",),
    "retail_brain.desk.offsite": ("offsite",),
    "retail_brain.desk.restore_result": ("recovery",),
    "retail_brain.backup.drill": ("recovery",),
    "retail_brain.pipeline.journaling": ("journal",),
    "retail_brain.pipeline.result": ("night",),
}
"""The modules of `screens` that most likely draw the results of a module, the likeliest first."""


_waiting: list[str] = []
"""Warnings of this command that work stands and its copy beside the backups is not there yet."""


def note_warnings(warnings: Iterable[str]) -> None:
    """Remember which of a result's warnings end the command with an exit code of its own.

    Args:
        warnings: what a person should know.
    """
    _waiting.extend(one for one in warnings if isinstance(one, NotJournaled))


def take_waiting() -> list[str]:
    """Return those warnings, and forget them."""
    found = list(dict.fromkeys(_waiting))
    _waiting.clear()
    return found


def show(result: Any, *, as_json: bool) -> None:
    """Print a result on stdout.

    Args:
        result: a result of the library, or a list of them.
        as_json: one JSON document instead of a screen.
    """
    if as_json:
        note_warnings(getattr(result, "warnings", ()))
        text = json.dumps(to_plain(result), ensure_ascii=False, indent=2)
        sys.stdout.write(_UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
        return
    draw(result, make_console())


def show_line(result: Any, *, as_json: bool) -> None:
    """Print one of many results on stdout: as JSON in one line, so that a program can read them as they come."""
    if as_json:
        note_warnings(getattr(result, "warnings", ()))
        text = json.dumps(to_plain(result), ensure_ascii=False)
        sys.stdout.write(_UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
        sys.stdout.flush()
        return
    draw(result, make_console())


def draw(result: Any, console: Console) -> None:
    """Draw a result for a person, on the screen of its type.

    Most commands show one kind of result, so its screen is looked for where it is likely to be; importing all of them
    takes longer than looking a customer up.
    """
    note_warnings(getattr(result, "warnings", ()))
    for name in (*_LIKELY.get(type(result).__module__, ()), "all"):
        if screen.dispatch(type(result)) is screen.dispatch(object):
            import_module(f"retail_brain_cli.screens.{name}")
    screen(result, console)


@singledispatch
def screen(result: Any, console: Console) -> None:
    """Draw a result for a person. Screens for its type are registered by the modules in `screens`."""
    console.print(to_plain(result))


def make_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, 100 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 100
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def to_plain(value: Any) -> Any:
    """Turn a result into what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Path):
        return str(value)
    return value


def clean(text: object) -> str:
    """Return text without control characters, so that no value can drive the terminal."""
    return "" if text is None else _CONTROL.sub("�", str(text))

"""The entry point: runs a command and turns what went wrong into one clear message and an exit code.

Exit codes belong to the command line, not to the errors: the library knows kinds of failure, this table knows numbers.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from retail_brain import errors
from retail_brain_cli.collector import start_quickly
from retail_brain_cli.output import take_waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

EXIT_CODES: dict[type[BaseException], int] = {
    errors.ConfigurationError: 2,
    errors.InputError: 3,
    errors.ServiceError: 4,
    errors.RefusedError: 5,
    errors.IntegrityError: 6,
    errors.LockedError: 7,
    errors.ResourceError: 8,
}
BUG = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after the program's name; those of the process by default.

    Returns:
        The exit code for the scheduler.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # looking for some reads what is known of every package
    logging.getLogger().addHandler(logging.NullHandler())
    take_waiting()
    code = _run(list(sys.argv[1:] if arguments is None else arguments))
    waiting = take_waiting()
    for warning in waiting:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    return EXIT_CODES[errors.ServiceError] if waiting and not code else code


def _run(words: list[str]) -> int:
    from retail_brain_cli.app import make_app

    try:
        _check_text(words)
        make_app(words)(args=words, prog_name="retail-brain")
    except SystemExit as end:
        return _code_of(end)
    except errors.RetailBrainError as error:
        _tell(error.message, error.hint)
        return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), BUG)
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last line of defence: never a traceback on the screen
        return _report_bug(error)
    return 0


def _check_text(words: list[str]) -> None:
    """Refuse words that are not text: no record holds them, and no store takes them.

    Raises:
        ConfigurationError: a word has bytes that are not UTF-8.
    """
    for place, word in enumerate(words, 1):
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise errors.ConfigurationError(
                f"word {place} of the command is not text in UTF-8", hint="is the terminal set to UTF-8?"
            )


def run() -> NoReturn:
    """Run the command of this process and end the process with its exit code."""
    start_quickly()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    code = main()
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        _silence_stdout()
    sys.exit(code)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _code_of(end: SystemExit) -> int:
    if isinstance(end.__context__, BrokenPipeError):  # Typer has caught it, and says 1
        _silence_stdout()
        return 0
    return end.code if isinstance(end.code, int) else 0


def _silence_stdout() -> None:
    """Let what is still to be written go nowhere: its reader, such as `head`, has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str, hint: str | None) -> None:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"  {hint}", file=sys.stderr)  # noqa: T201


def _report_bug(error: Exception) -> int:
    """Write the traceback, without values, to a file and say one line."""
    if isinstance(error, OSError) and error.errno is not None and os.strerror(error.errno) == "No space left on device":
        _tell("the disk is full", "free some space; nothing half-done is visible")
        return EXIT_CODES[errors.ResourceError]
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{type(error).__module__}.{type(error).__name__}", *(f"{f.filename}:{f.lineno} {f.name}" for f in frames)]
    path = Path(os.environ.get("RETAIL_BRAIN_LOG") or "retail_brain_error.log")
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")
        where = f"where it happened is in {path}"
    except OSError:
        where = " <- ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-3:]))
    _tell(f"this is a bug in Retail Brain ({type(error).__name__})", where)
    return BUG

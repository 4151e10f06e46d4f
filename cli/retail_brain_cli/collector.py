"""Python's collector of cyclic garbage, for a program that starts often.

Apart from the entry point because a long command wants it otherwise: what imports make lives as long as the process, and
looking through it again and again takes a tenth of the time of a look-up; a night must not keep what it has let go of.
"""

from __future__ import annotations

import gc

_USUAL = gc.get_threshold()


def start_quickly() -> None:
    """Look for garbage seldom, while a command is loaded and answers."""
    gc.set_threshold(50_000, 20, 50)


def work_long() -> None:
    """Look for garbage as often as Python does by itself."""
    gc.set_threshold(*_USUAL)

"""Working through the review queue on a terminal: two people, one key, the next two.

Each answer is applied at once, so that whoever stops has lost nothing. An answer that cannot be applied (somebody else was
quicker, another decision says otherwise) is told, and the next question comes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from retail_brain.desk.explain import explain
from retail_brain.desk.review import next_question
from retail_brain.desk.ruling import decide
from retail_brain.errors import ConfigurationError, LockedError, RefusedError
from retail_brain.store.failure import DeniedError
from retail_brain_cli.ask import ask_key
from retail_brain_cli.output import draw, make_console, show
from retail_brain_cli.screens.review import EMPTY, count_of, draw_question

if TYPE_CHECKING:
    from rich.console import Console

    from retail_brain.config.file import Configuration
    from retail_brain.desk.review_result import ReviewItem
    from retail_brain.store.review import QuestionFilter

_KEYS = "  [s] same person   [d] different   [w] why   [Enter] skip   [q] quit"
_ANSWERS: dict[str, Literal["same", "different"]] = {"s": "same", "d": "different"}


def ask_on(config: Configuration, wanted: QuestionFilter, *, reason: str, ticket: str | None, by: str | None) -> None:
    """Ask question after question, most at stake first, until none is left or the person has had enough.

    Args:
        config: the configuration.
        wanted: which questions.
        reason: kept with each decision.
        ticket: kept with each decision.
        by: who decides.
    """
    console, told, passed = make_console(), Counter[str](), set[Any]()
    found = next_question(config, wanted)
    total = count_of(found)
    if found.item is None:
        console.print(EMPTY)
        return
    while found.item is not None:
        draw_question(found.item, f"{told.total() + 1} of {total}", console)
        key = _ask(config, found.item, console)
        if key == "q":
            break
        told[_apply(config, found.item, key, console, reason=reason, ticket=ticket, by=by)] += 1
        console.print()
        passed.add(found.about)
        found = next_question(config, wanted, passed=passed)
    order = ("same", "different", "skipped", "not applied")
    counted = ", ".join(f"{told[name]:,} {name}" for name in order if told[name])
    console.print(f"{counted or 'nothing decided'}.   {count_of(found)} still wait")


def _ask(config: Configuration, item: ReviewItem, console: Console) -> str:
    """Wait for an answer; explain the pair where that is asked first."""
    while True:
        console.print(f"\n{_KEYS}")
        key = ask_key("sdwq\n")
        if key != "w":
            return key
        show(explain(config, item.left.key, item.right.key), as_json=False)


def _apply(
    config: Configuration,
    item: ReviewItem,
    key: str,
    console: Console,
    *,
    reason: str,
    ticket: str | None,
    by: str | None,
) -> str:
    """Do what the key says, and return what to count it as."""
    if key not in _ANSWERS:
        return "skipped"
    try:
        result = decide(config, item.left.key, item.right.key, _ANSWERS[key], reason=reason, ticket=ticket, by=by)
    except DeniedError:
        raise
    except (RefusedError, LockedError, ConfigurationError) as error:
        console.print(f"  not applied: {error.message}", style="red")
        if error.hint:
            console.print(f"  {error.hint}", style="dim")
        return "not applied"
    draw(result, console)
    return _ANSWERS[key]

"""A change of profiles, settled: previewed and asked for on a terminal, applied as planned, refused where the state moved."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError, StateMovedError
from retail_brain_cli.ask import confirm
from retail_brain_cli.output import draw, make_console, show

if TYPE_CHECKING:
    from collections.abc import Callable


def settle(
    change: Callable[..., Any], question: str, *, reason: str | None, dry_run: bool, yes: bool, plan: str | None, as_json: bool
) -> None:  # fmt: skip
    """Show a change, ask for it, and apply it.

    Args:
        change: makes the plan with `dry_run`, or applies the plan with the hash `plan` (None: whatever it is now).
        question: what to ask on a terminal.
        reason: why; needed unless nothing is changed.
        dry_run: only show the plan.
        yes: do not ask.
        plan: the hash of the plan to apply.
        as_json: one JSON document instead of a screen.

    Raises:
        ConfigurationError: there is no reason, or no terminal and no `--yes`.
        StateMovedError: the plan is not what it was; the new one was shown.
    """
    if dry_run:
        show(change(dry_run=True), as_json=as_json)
        return
    if not (reason or "").strip():
        raise ConfigurationError("this needs --reason, which is kept with the decision", hint="nothing was changed")
    if not (yes or sys.stdin.isatty()):
        confirm(question, yes=yes)
    if not yes:
        preview = change(dry_run=True)
        if preview.status != "planned":
            show(preview, as_json=as_json)
            return
        draw(preview, make_console(stderr=True))
        confirm(question, yes=yes)
        plan = plan or preview.plan
    result = change(plan=plan)
    show(result, as_json=as_json)
    if result.status == "moved":
        raise StateMovedError(
            "the state has moved since this plan was shown; nothing was changed",
            hint=f"the plan as it is now: --yes --plan {result.plan}",
        )

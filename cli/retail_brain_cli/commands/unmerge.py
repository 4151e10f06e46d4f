"""Undoing merges and joining by hand: shown first, asked for, and applied exactly as shown or not at all."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from retail_brain_cli.options import By, ConfigFile, DryRun, Json, Plan, Ticket, Yes, configuration
from retail_brain_cli.settle import settle

Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision. Needed unless --dry-run.")
]
Record = Annotated[str, typer.Argument(metavar="RECORD", help="SOURCE:RECORD_ID")]


def rollback(
    merge_ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="The number of a merge; see `merge list`.")] = None,
    reason: Reason = None, ticket: Ticket = None, by: By = None,
    run_id: Annotated[int | None, typer.Option("--run", metavar="RUN", help="All standing merges of this run.")] = None,
    identifier: Annotated[str | None, typer.Option("--identifier", metavar="VALUE", help="All standing merges that stand on this phone, e-mail, address or number, however it is written.")] = None,
    model_id: Annotated[str | None, typer.Option("--model", metavar="MODEL", help="All standing merges that this model scored.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="All standing merges found by this blocking rule, as `merge show` tells it.")] = None,
    dry_run: DryRun = False, yes: Yes = False, plan: Plan = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Undo merges for good: records, golden values and ids part again, and the next runs keep them apart."""
    from retail_brain.desk.unmerge import Selection, unmerge

    selection = Selection(
        merge_ids=tuple(merge_ids or ()), run_id=run_id, identifier=identifier, model_id=model_id, blocking_rule=rule
    )
    change = partial(unmerge, configuration(config), selection, reason=reason or "", ticket=ticket, by=by)
    settle(change, "Undo this?", reason=reason, dry_run=dry_run, yes=yes, plan=plan, as_json=as_json)


def join(
    left: Record, right: Record, reason: Reason = None, ticket: Ticket = None, by: By = None,
    dry_run: DryRun = False, yes: Yes = False, plan: Plan = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say that two records are one person: their profiles become one, and the next runs keep it so."""
    from retail_brain.desk.join import join_records

    change = partial(join_records, configuration(config), left, right, reason=reason or "", ticket=ticket, by=by)
    settle(change, "Join these two?", reason=reason, dry_run=dry_run, yes=yes, plan=plan, as_json=as_json)

"""Backups: made, listed, checked, pruned; restoring them stands in `recovery`."""

from __future__ import annotations

from typing import Annotated

import typer

from retail_brain.errors import ConfigurationError, IntegrityError, ServiceError
from retail_brain_cli.commands import journal, offsite, recovery
from retail_brain_cli.commands.trial import refuse_failed_trial, refuse_untried
from retail_brain_cli.options import ConfigFile, DryRun, Identity, Json, Yes, configuration
from retail_brain_cli.output import draw, make_console, show
from retail_brain_cli.progress import progress

app = typer.Typer(help="Backups, and whether they can be restored.", no_args_is_help=True)


@app.command()
def create(
    new_target: Annotated[bool, typer.Option("--new-target", help="The target is a new, empty one: begin a new journal there.")] = False,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Back up the database, its roles, the models and the configuration, decode all of it, restore it to try it, and send a copy off-site."""
    from retail_brain.desk.backups import create_backup
    from retail_brain.desk.offsite import check_offsite, copy_created

    settings = configuration(config)
    check_offsite(settings)
    with progress() as tell:
        result = copy_created(settings, create_backup(settings, new_target=new_target, progress=tell), progress=tell)
    show(result, as_json=as_json)
    refuse_failed_trial(result)
    if result.offsite == "failed":
        raise ServiceError(
            f"the backup is good, its off-site copy is not: {result.offsite_problem}",
            hint="retail-brain backup copy tries again",
        )


@app.command("list")
def list_(
    there: Annotated[bool, typer.Option("--offsite", help="Ask the off-site place which are there.")] = False,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List the backups: age, size, how far each was checked, whether a copy is off-site."""
    from retail_brain.desk.backup_care import list_backups
    from retail_brain.desk.offsite import list_offsite

    settings = configuration(config)
    show(list_offsite(settings) if there else list_backups(settings), as_json=as_json)


@app.command()
def verify(
    backup_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which backup; the newest by default.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    decode: Annotated[bool, typer.Option("--decode", help="Also decompress and parse everything, and count the rows.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Also restore it into a scratch database and hold every table against the manifest.")] = False,
    identity: Identity = None, config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Hold every file of a backup against its manifest."""
    from retail_brain.desk.backup_care import verify_backups
    from retail_brain.desk.restores import verify_by_restoring

    if every and backup_id is not None:
        raise ConfigurationError("either one backup or --all")
    settings = configuration(config)
    with progress() as tell:
        if restore:
            result = verify_by_restoring(settings, backup_id, every=every, identity=identity, progress=tell)
        else:
            result = verify_backups(settings, backup_id, every=every, decode=decode, identity=identity, progress=tell)
    show(result, as_json=as_json)
    if not result.sound:
        bad = [backup.backup_id for backup in result.backups if not backup.sound]
        raise IntegrityError(f"{', '.join(bad)}: not as written", hint="use another backup: retail-brain backup list")
    refuse_untried(result)


@app.command()
def prune(dry_run: DryRun = False, yes: Yes = False, config: ConfigFile = None, as_json: Json = False) -> None:
    """Remove backups that are older than keep_days, while enough newer verified ones are there."""
    from retail_brain.desk.backup_care import prune as remove
    from retail_brain_cli.ask import confirm

    settings = configuration(config)
    planned = remove(settings, dry_run=True)
    goes = len(planned.prune) + len(planned.offsite)
    if dry_run or not goes:
        result = planned
    else:
        if not yes:
            draw(planned, make_console(stderr=True))
        confirm(f"Remove {goes} backups?", yes=yes)
        result = remove(settings)
    show(result, as_json=as_json)
    if result.offsite_problem:
        raise ServiceError(f"off-site copies were not looked at: {result.offsite_problem}")


app.command("journal")(journal.journal)
app.command("copy")(offsite.copy)
app.command("fetch")(offsite.fetch)
app.command("restore")(recovery.restore)
app.command("discard")(recovery.discard)
app.command("drill")(recovery.drill)
app.add_typer(offsite.keys, name="key")

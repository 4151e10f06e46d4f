"""What follows once a restored database is in its place: workspace and cache go with it, delivered files come back, and it is backed up.

Apart from restoring, because nothing here may break off any more: customers are looked up already. A step that fails is told, and the
next one is taken.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import RetailBrainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.desk.recovery import Recovered, Recovery
    from retail_brain.desk.restore_result import RestoreResult
    from retail_brain.pipeline.stores import Stores
    from retail_brain.workspace import Workspace

RETURNED = "returned"
"""The folder of the workspace into which delivered files come back that no run has published."""


def back_to_work(job: Recovery, found: Recovered, result: RestoreResult) -> RestoreResult:
    """Let workspace and cache follow the database: artefacts of runs that it forgot go, models come back, keys are made anew.

    Args:
        job: what was restored.
        found: the database, which is in its place.
        result: what is told so far.

    Returns:
        The same with what came back, and a warning for each thing that did not.
    """
    from retail_brain.pipeline.stores import open_stores

    warnings: list[str] = []
    with _told(warnings, "workspace and cache are as they were"), open_stores(job.config, migrate=False) as stores:
        with _told(warnings, "artefacts of forgotten runs lie in the workspace still"):
            _forget_runs(stores)
        result = _bring_back(job, found, stores.workspace, result, warnings)
        with _told(warnings, "the cache is not warm, until retail-brain warm"):
            result = _warm(job, stores, result)
    return replace(result, warnings=(*result.warnings, *warnings))


def back_up_again(job: Recovery, result: RestoreResult) -> RestoreResult:
    """Make a backup of what was restored: the journal of the lost database does not go on with it, and a new one needs a beginning.

    It is not restored in its turn to try it: somebody waits, and the next night does that.

    Args:
        job: what was restored.
        result: what is told so far.

    Returns:
        The same with the backup's id, or a warning.
    """
    from retail_brain.desk.backups import create_backup

    settings, warnings = job.config.backup.model_copy(update={"restore_check": "never"}), list[str]()
    with _told(warnings, "what is decided from now on is in no journal until retail-brain backup create"):
        made = create_backup(job.config.model_copy(update={"backup": settings}), progress=job.progress)
        job.clock.lap("backup")
        result = replace(result, new_backup=made.backup_id)
    return replace(result, warnings=(*result.warnings, *warnings))


@contextmanager
def _told(warnings: list[str], what: str) -> Iterator[None]:
    """Make a warning of what fails."""
    try:
        yield
    except (RetailBrainError, OSError) as error:
        why = (
            error.message
            if isinstance(error, RetailBrainError)
            else (error.strerror or "input or output failed").lower()
        )
        warnings.append(f"{what}: {why}")


def _forget_runs(stores: Stores) -> None:
    from retail_brain.pipeline.resume import waiting_run

    waiting = waiting_run(stores)
    stores.workspace.forget_runs({int(waiting.path.name)} if waiting is not None else set())


def _bring_back(
    job: Recovery, found: Recovered, workspace: Workspace, result: RestoreResult, warnings: list[str]
) -> RestoreResult:
    """Put models, delivered files and configuration into the workspace."""
    from retail_brain.backup.restore import put_configuration_aside, put_models_back
    from retail_brain.desk.journal import hand_back

    with _told(warnings, "the models did not come back"):
        result = replace(result, models=put_models_back(found.folder, workspace.models))
    job.clock.lap("models")
    returned = workspace.folder / RETURNED
    files: list[Path] = []
    for file in found.journal.unpublished:
        with _told(warnings, f"{file.name} was delivered, is in no published run, and did not come back"):
            files += hand_back(job.config.backup_folder, [file], returned, identities=job.identities)
    result = replace(result, returned=tuple(path.name for path in files), returned_to=str(returned) if files else None)
    configuration = None
    with _told(warnings, "the configuration did not come back"):
        configuration = put_configuration_aside(found.folder, workspace.folder)
    return replace(result, configuration=str(configuration) if configuration else None)


def _warm(job: Recovery, stores: Stores, result: RestoreResult) -> RestoreResult:
    from retail_brain.pipeline.warm import warm_cache

    warmed = warm_cache(stores, progress=job.progress)
    job.clock.lap("warm")
    return replace(result, warmed=warmed.keys, warnings=(*result.warnings, *warmed.warnings))

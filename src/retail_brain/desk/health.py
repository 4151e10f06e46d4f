"""What `doctor` asks the servers: do they answer, is the schema current, do the invariants hold, is the cache current; and whether
there are backups that somebody has recovered from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from retail_brain.errors import RetailBrainError, ServiceError
from retail_brain.model import Check

if TYPE_CHECKING:
    from collections.abc import Callable

    from retail_brain.config.file import Configuration
    from retail_brain.services import ServiceAddresses

_BACKUP_AGE = timedelta(days=2)
_DRILL_AGE = timedelta(days=92)


def questions_about(config: Configuration) -> dict[str, Callable[[], Check]]:
    """Return a question for each server and for what it holds."""
    return {
        "postgresql": lambda: _postgresql(config),
        "schema": lambda: _schema(config),
        "roles": lambda: _roles(config),
        "invariants": lambda: _invariants(config),
        "journal": lambda: _journal(config),
        "archive": lambda: _archive(config),
        "redis": lambda: _redis(config),
        "cache": lambda: _cache(config),
        "backups": lambda: _backups(config),
        "drill": lambda: _drill(config),
    }


def _addresses(config: Configuration) -> ServiceAddresses:
    from retail_brain.services import find_services

    found = find_services(config.workspace_folder, postgres=config.postgres, redis=config.redis)
    if found is None:
        raise ServiceError("the embedded servers are not running", hint="retail-brain services start")
    return found


def _postgresql(config: Configuration) -> Check:
    from retail_brain.store.connection import connect, describe

    address = _addresses(config).postgres
    with connect(address, patience_s=5.0) as conn:
        version = conn.info.server_version
    return Check(
        name="postgresql",
        outcome="ok",
        what=f"PostgreSQL {version // 10_000}.{version % 10_000} at {describe(address)}",
    )


def _schema(config: Configuration) -> Check:
    from retail_brain.store.connection import connect
    from retail_brain.store.migration import migration_status

    with connect(_addresses(config).postgres, patience_s=5.0) as conn:
        missing = [state.name for state in migration_status(conn) if state.applied_at is None]
    if missing:
        return Check(
            name="schema",
            outcome="failed",
            what=f"{len(missing)} migrations are missing",
            hint="retail-brain db migrate",
        )
    return Check(name="schema", outcome="ok", what="up to date")


def _roles(config: Configuration) -> Check:
    from retail_brain.store.connection import connect
    from retail_brain.store.role import role_state

    with connect(_addresses(config).postgres, patience_s=5.0) as conn:
        state = role_state(conn)
    if state.missing:
        what = f"PostgreSQL lacks the roles {', '.join(state.missing)}; only the owner of the tables can work"
        return Check(name="roles", outcome="warning", what=what, hint=state.advice)
    if not state.complete:
        return Check(name="roles", outcome="warning", what="a role has other rights than it should", hint=state.advice)
    return Check(
        name="roles", outcome="ok", what="job, support and readers have the rights that they need, and no more"
    )


def _invariants(config: Configuration) -> Check:
    from retail_brain.store.connection import connect
    from retail_brain.store.invariant import check_invariants

    with connect(_addresses(config).postgres, patience_s=5.0) as conn:
        violations = check_invariants(conn)
    if violations:
        what = "; ".join(f"{violation.rule}: {violation.rows:,}" for violation in violations)
        return Check(
            name="invariants", outcome="failed", what=what, hint="restore the last backup; this should never happen"
        )
    return Check(name="invariants", outcome="ok", what="profiles, merges and aliases fit together")


def _journal(config: Configuration) -> Check:
    from retail_brain.desk.journal_checks import check_journal
    from retail_brain.store.connection import connect

    with connect(_addresses(config).postgres, patience_s=5.0) as conn:
        return check_journal(conn, config)


def _archive(config: Configuration) -> Check:
    from retail_brain.desk.journal_checks import check_archiving
    from retail_brain.store.connection import connect

    with connect(_addresses(config).postgres, patience_s=5.0) as conn:
        return check_archiving(conn)


def _redis(config: Configuration) -> Check:
    from retail_brain.cache import check_redis

    return check_redis(_addresses(config).redis, config.cache)


def _cache(config: Configuration) -> Check:
    from retail_brain.cache import cache_state
    from retail_brain.store.connection import connect
    from retail_brain.store.outbox import cache_generation, count_pending

    addresses = _addresses(config)
    with connect(addresses.postgres, patience_s=5.0) as conn:
        wanted, pending = cache_generation(conn), count_pending(conn)
    state = cache_state(addresses.redis, config.cache)
    if wanted != (state.generation or 0) or pending:
        what = f"behind PostgreSQL ({pending:,} changes wait); answers come from PostgreSQL"
        return Check(name="cache", outcome="warning", what=what, hint="retail-brain warm")
    return Check(name="cache", outcome="ok", what="current")


def _backups(config: Configuration) -> Check:
    from retail_brain.backup.place import list_backups

    backups = list_backups(config.backup_folder)
    if not backups:
        what = f"there is none in {config.backup_folder}"
        if _had_backup(config):
            hint = "mount its disk; where the target is a new one: retail-brain backup create --new-target"
            return Check(name="backups", outcome="warning", what=f"{what}, where a journal began with one", hint=hint)
        return Check(name="backups", outcome="ok", what=what, hint="retail-brain backup create")
    verified = [backup.made_at for backup in backups if backup.is_verified]
    if not verified:
        hint = "retail-brain backup verify --all says why"
        return Check(name="backups", outcome="warning", what=f"none of {len(backups)} is verified", hint=hint)
    age, what = datetime.now(UTC) - verified[-1], f"the newest verified one is of {verified[-1]:%Y-%m-%d %H:%M} UTC"
    if age > _BACKUP_AGE:
        return Check(name="backups", outcome="warning", what=what, hint="retail-brain backup create, every night")
    tried = [backup.made_at for backup in backups if backup.is_verified and backup.verified.level == "restored"]
    if config.backup.restore_check != "never" and (not tried or datetime.now(UTC) - tried[-1] > _BACKUP_AGE):
        told = (
            f"the newest that was restored to try it is of {tried[-1]:%Y-%m-%d}"
            if tried
            else "none was restored to try it"
        )
        hint = "retail-brain backup verify --restore, every night"
        return Check(name="backups", outcome="warning", what=f"{what}; {told}", hint=hint)
    return Check(name="backups", outcome="ok", what=f"{what}, of {len(backups)}")


def _had_backup(config: Configuration) -> bool:
    """Say whether PostgreSQL knows of a journal, which begins with a backup; one that does not answer is told elsewhere."""
    from retail_brain.store.connection import connect
    from retail_brain.store.journal import journal_state

    try:
        with connect(_addresses(config).postgres, patience_s=5.0) as conn:
            return journal_state(conn) is not None
    except RetailBrainError:
        return False


def _drill(config: Configuration) -> Check:
    from retail_brain.backup.drill import last_drill
    from retail_brain.backup.place import list_backups

    held, hint = last_drill(config.backup_folder), "retail-brain backup drill, every quarter"
    if held is None and not list_backups(config.backup_folder):
        return Check(name="drill", outcome="ok", what="there is no backup to recover from yet")
    if held is None:
        return Check(name="drill", outcome="warning", what="nobody has tried to recover from a backup yet", hint=hint)
    what = f"a backup was last recovered from on {held:%Y-%m-%d}"
    if datetime.now(UTC) - held > _DRILL_AGE:
        return Check(name="drill", outcome="warning", what=what, hint=hint)
    return Check(name="drill", outcome="ok", what=what)

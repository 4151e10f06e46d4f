"""The state of things: schema, servers, and a check of everything for whoever is called at night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.pipeline.stores import open_stores, open_workspace

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.model import Check
    from retail_brain.services import ServiceStatusResult, StopResult
    from retail_brain.store.migration import MigrationResult, MigrationState
    from retail_brain.store.role import RoleState


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaResult:
    """Every migration of this program, and when it was applied; the roles."""

    migrations: tuple[MigrationState, ...]
    roles: RoleState


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesResult:
    """The two servers; `started` names the embedded ones that this command started."""

    services: tuple[ServiceStatusResult, ...]
    started: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthResult:
    """Every check, and whether one failed."""

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """No check failed; warnings are allowed."""
        return all(check.outcome != "failed" for check in self.checks)

    @property
    def kind(self) -> str:
        """What failed first: "service" where a server is away, else "configuration"; empty where all is well."""
        failed = [check.name for check in self.checks if check.outcome == "failed"]
        if not failed:
            return ""
        return "service" if failed[0] in ("postgresql", "redis") else "configuration"


def migrate_schema(config: Configuration) -> MigrationResult:
    """Bring the schema up to date, and make the roles that are missing, as far as this login may."""
    from retail_brain.store.migration import migrate

    with open_stores(config, migrate=False) as stores:
        return migrate(stores.pg, with_roles=True)


def schema_status(config: Configuration) -> SchemaResult:
    """Say which migrations are applied, and whether the roles are there."""
    from retail_brain.store.migration import migration_status
    from retail_brain.store.role import role_state

    with open_stores(config, migrate=False) as stores:
        return SchemaResult(migrations=migration_status(stores.pg), roles=role_state(stores.pg))


def start_services(config: Configuration) -> ServicesResult:
    """Start the embedded servers that do not run."""
    from retail_brain.services import ensure_services, service_status

    folder = open_workspace(config).folder
    addresses = ensure_services(folder, config.services, postgres=config.postgres, redis=config.redis)
    status = service_status(folder, postgres=config.postgres, redis=config.redis)
    return ServicesResult(services=status, started=addresses.started)


def stop_services(config: Configuration) -> StopResult:
    """Stop the embedded servers."""
    from retail_brain.services import stop_services as stop

    return stop(config.workspace_folder, config.services)


def services_status(config: Configuration) -> ServicesResult:
    """Say what runs, without starting anything."""
    from retail_brain.services import service_status

    return ServicesResult(
        services=service_status(config.workspace_folder, postgres=config.postgres, redis=config.redis)
    )


def check(config: Configuration) -> HealthResult:
    """Check the machine, the versions, the servers, the schema and the invariants. Nothing is changed."""
    from retail_brain.desk.health import questions_about
    from retail_brain.services.doctor import check_everything

    checks = check_everything(
        config.workspace_folder, memory_limit_mb=config.resources.memory_limit_mb, questions=questions_about(config)
    )
    return HealthResult(checks=checks)

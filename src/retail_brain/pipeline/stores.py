"""Opening the four stores for a command: the servers, a PostgreSQL connection at the right schema, the workspace.

Apart from the night, because the desk needs the same doors opened in the same way.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.model import PostgresAddress, Progress, RedisAddress, no_progress
from retail_brain.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from retail_brain.config.file import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The open stores of one command."""

    config: Configuration
    workspace: Workspace
    postgres: PostgresAddress
    redis: RedisAddress
    pg: psycopg.Connection
    started: tuple[str, ...] = ()

    @property
    def has_published(self) -> bool:
        """Whether readers see anything yet."""
        from retail_brain.store.run import latest_published

        return latest_published(self.pg) is not None


def open_workspace(config: Configuration) -> Workspace:
    """Return the workspace of a configuration, created where it is missing."""
    workspace = Workspace(folder=config.workspace_folder)
    workspace.prepare()
    return workspace


@contextmanager
def open_stores(config: Configuration, progress: Progress = no_progress, *, migrate: bool = True) -> Iterator[Stores]:
    """Open the stores, starting the embedded servers where no external ones are named.

    Args:
        config: the configuration.
        progress: told when servers have to be started.
        migrate: bring the schema up to date first.

    Returns:
        The stores; the connection is closed when the block ends, the servers stay up.

    Raises:
        ServiceError: a server does not answer after retries.
        ConfigurationError: wrong credentials, or a database that is newer than this program.
    """
    from retail_brain.services import ensure_services
    from retail_brain.store.connection import connect
    from retail_brain.store.migration import migrate as apply_migrations

    workspace = open_workspace(config)
    progress("services", total=1)
    addresses = ensure_services(workspace.folder, config.services, postgres=config.postgres, redis=config.redis)
    with connect(addresses.postgres) as pg:
        if migrate:
            apply_migrations(pg)
        progress("services", done=1, total=1)
        yield Stores(
            config=config,
            workspace=workspace,
            postgres=addresses.postgres,
            redis=addresses.redis,
            pg=pg,
            started=addresses.started,
        )

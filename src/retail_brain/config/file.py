"""One TOML file and a few environment variables, read into models that refuse unknown keys.

Apart from the rooms that use it, so that every mistake in a file is found at once, before any work, with its line.
Addresses and secrets come from the environment and win over the file.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from retail_brain.config.audit import AuditSettings
from retail_brain.config.backup import BackupSettings
from retail_brain.config.ingest import IngestSettings, SourceSettings
from retail_brain.config.lines import line_of
from retail_brain.config.matching import MatchingSettings
from retail_brain.config.resources import ResourceSettings, WorkspaceSettings
from retail_brain.config.services import CacheSettings, PostgresSettings, RedisSettings, ServicesSettings
from retail_brain.config.survivorship import SurvivorshipSettings
from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "retail_brain.toml"
DEMO_FOLDER = Path(".retail-brain") / "demo"

_ENVIRONMENT: tuple[tuple[str, str, str], ...] = (
    ("POSTGRES_HOST", "postgres", "host"),
    ("POSTGRES_PORT", "postgres", "port"),
    ("POSTGRES_DB", "postgres", "dbname"),
    ("POSTGRES_USER", "postgres", "user"),
    ("POSTGRES_PASSWORD", "postgres", "password"),
    ("POSTGRES_SSLMODE", "postgres", "sslmode"),
    ("REDIS_HOST", "redis", "host"),
    ("REDIS_PORT", "redis", "port"),
    ("REDIS_PASSWORD", "redis", "password"),
)


class Configuration(BaseModel):
    """Everything that a run, or a person at a desk, needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home_region: str = Field(
        default="US",
        pattern="^[A-Z]{2}$",
        description="two-letter country whose phone numbers and date order are assumed where a value does not say",
    )
    workspace: WorkspaceSettings = WorkspaceSettings()
    resources: ResourceSettings = Field(default_factory=ResourceSettings)
    sources: dict[str, SourceSettings] = Field(
        default_factory=dict, description="one table for each system that delivers records"
    )
    ingest: IngestSettings = IngestSettings()
    matching: MatchingSettings = MatchingSettings()
    survivorship: SurvivorshipSettings = SurvivorshipSettings()
    audit: AuditSettings = AuditSettings()
    services: ServicesSettings = ServicesSettings()
    postgres: PostgresSettings = PostgresSettings()
    redis: RedisSettings = RedisSettings()
    cache: CacheSettings = CacheSettings()
    backup: BackupSettings = BackupSettings()

    _base_folder: Path = PrivateAttr(default_factory=Path.cwd)
    _file: Path | None = PrivateAttr(default=None)

    @property
    def base_folder(self) -> Path:
        """The folder of the configuration file; relative paths start there."""
        return self._base_folder

    @property
    def file(self) -> Path | None:
        """The configuration file; None where it was not read from one."""
        return self._file

    @property
    def workspace_folder(self) -> Path:
        """The workspace folder as an absolute path."""
        return (self._base_folder / self.workspace.folder).absolute()

    @property
    def backup_folder(self) -> Path:
        """The folder of the backups as an absolute path."""
        return (self._base_folder / self.backup.folder).absolute()

    def rules(self) -> dict[str, str]:
        """Return a hash of each set of rules by which the same records make profiles."""
        sections = {"matching": self.matching, "survivorship": self.survivorship}
        return {
            name: hashlib.sha256(rules.model_dump_json().encode()).hexdigest()[:16] for name, rules in sections.items()
        }

    def fingerprint(self) -> str:
        """Return a hash of what decides the result of a run (no addresses, no resources)."""
        relevant = self.model_dump_json(include={"home_region", "sources", "ingest", "matching", "survivorship"})
        return hashlib.sha256(relevant.encode()).hexdigest()


def find_configuration(start: Path | None = None) -> Path:
    """Return the path of the configuration file in a folder.

    Args:
        start: a folder or the file itself; by default the current folder, or the demo that was run in it.

    Raises:
        ConfigurationError: there is no such file.
    """
    place = start or Path.cwd()
    path = place if place.is_file() else place / FILE_NAME
    demo = place / DEMO_FOLDER / FILE_NAME
    if start is None and not path.is_file() and demo.is_file():
        return demo
    if not path.is_file():
        raise ConfigurationError(
            f"there is no {FILE_NAME} in {place}", hint="retail-brain init FOLDER writes one beside your exports"
        )
    return path


def load_configuration(path: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    """Read a configuration file and the environment.

    Args:
        path: the TOML file.
        environment: variables that win over the file; the process's own by default.

    Returns:
        The checked configuration.

    Raises:
        ConfigurationError: the file cannot be read, or it holds mistakes; all of them are told, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read", hint="it must be a UTF-8 text file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name} is not valid TOML: {error}") from error
    _refuse_secrets(path.name, text, data)
    _overlay(data, os.environ if environment is None else environment)
    try:
        configuration = Configuration.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(_all_mistakes(path.name, text, error)) from None
    configuration._base_folder = path.parent.absolute()
    configuration._file = path.absolute()
    return configuration


def _overlay(data: dict[str, Any], environment: Mapping[str, str]) -> None:
    for variable, section, key in _ENVIRONMENT:
        value = environment.get(variable)
        if value:
            data.setdefault(section, {})[key] = value


def _refuse_secrets(name: str, text: str, data: dict[str, Any]) -> None:
    for section in ("postgres", "redis"):
        if isinstance(data.get(section), dict) and "password" in data[section]:
            line = line_of(text, (section, "password"))
            raise ConfigurationError(
                f"{name}:{line}: {section}.password must not stand in the file",
                hint=f"set {section.upper()}_PASSWORD in the environment",
            )


def _all_mistakes(name: str, text: str, error: ValidationError) -> str:
    mistakes = []
    for mistake in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(str(part) for part in mistake["loc"])
        line = line_of(text, place)
        what = "unknown key" if mistake["type"] == "extra_forbidden" else mistake["msg"].lower()
        where = f"{name}:{line}" if line else name
        mistakes.append(f"{where}: {'.'.join(place)}: {what}")
    return "\n  ".join([f"{name} holds {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}", *mistakes])

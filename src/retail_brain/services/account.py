"""The operating-system account that runs the embedded servers, and how a child process is started under it.

PostgreSQL refuses to run as root, so root lends it the rights of an unprivileged account. Nothing of the caller's
environment reaches a server: no secrets, no locale, no home.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}
_LENT_ACCOUNTS = ("postgres", "nobody")
EXTERNAL_HINT = "or use servers of your own: set POSTGRES_HOST and REDIS_HOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccount:
    """The account of the servers: the caller's own, or for root an unprivileged one."""

    uid: int
    gid: int
    client_name: str
    """Name of the account that calls, the only one that PostgreSQL lets in."""

    @property
    def is_lent(self) -> bool:
        """Whether the servers run under another account than the caller's."""
        return self.uid != os.geteuid()

    def give(self, path: Path) -> None:
        """Make a file or folder the servers' own."""
        if self.is_lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _process_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"env": dict(_ENVIRONMENT), "umask": 0o077, "start_new_session": True}
        if self.is_lent:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def run(self, command: Sequence[str | Path], *, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program to its end under this account.

        Args:
            command: program and arguments.
            folder: where it runs; entered with the caller's rights, so the folders above may be closed to the account.
            options: further options of `subprocess.run`.

        Returns:
            The ended process with its exit code and what it wrote.

        Raises:
            ConfigurationError: this system does not let root lend its rights.
            OSError: the program cannot be started.
        """
        defaults: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "errors": "replace",
        }
        if "input" not in options:
            defaults["stdin"] = subprocess.DEVNULL
        arguments = [str(part) for part in command]
        try:
            return subprocess.run(arguments, cwd=folder, check=False, **defaults | self._process_options() | options)
        except PermissionError as error:
            if not self.is_lent or error.filename:
                raise
            raise ConfigurationError(
                "the embedded servers do not run as root, and this system lets root take no other account",
                hint=f"run retail-brain as an ordinary user, {EXTERNAL_HINT}",
            ) from error


def choose_account(made_before: Path) -> ServerAccount:
    """Choose the account for the servers of a workspace.

    Args:
        made_before: the data folder; where it exists its owner decides.

    Returns:
        The caller's account, or for root the owner of the data folder, `postgres` or `nobody`.

    Raises:
        ConfigurationError: the caller has no name, or root finds no unprivileged account.
    """
    uid = os.geteuid()
    try:
        caller = pwd.getpwuid(uid)
    except KeyError as error:
        raise ConfigurationError(
            f"the user id {uid} has no name on this system, and PostgreSQL needs one",
            hint=f"add the user to /etc/passwd, {EXTERNAL_HINT}",
        ) from error
    if uid != 0:
        return ServerAccount(uid=uid, gid=caller.pw_gid, client_name=caller.pw_name)
    if made_before.exists():
        owner = made_before.stat()
        return ServerAccount(uid=owner.st_uid, gid=owner.st_gid, client_name=caller.pw_name)
    for name in _LENT_ACCOUNTS:
        try:
            lent = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(uid=lent.pw_uid, gid=lent.pw_gid, client_name=caller.pw_name)
    raise ConfigurationError(
        "root cannot run PostgreSQL, and this system has no account postgres or nobody",
        hint=f"run retail-brain as an ordinary user, {EXTERNAL_HINT}",
    )

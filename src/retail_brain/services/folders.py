"""The folders of the embedded servers of one workspace, the locks that tell whether they run, and their sockets.

A server inherits a locked file from the process that starts it, so the lock is held exactly as long as the server or
one of its children lives. A process id in a file tells less: after a crash, a reboot or in a container it may be
nobody's, a zombie's or a stranger's. The sockets lie in a private folder with a short path, because a Unix socket's
path has room for 107 bytes only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, ResourceError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.services.account import ServerAccount

POLL_S = 0.01
_OWNER = "workspace"
_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFolders:
    """Where the embedded servers of one workspace keep what they need."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's working folder."""
        return self.root / "valkey"

    @property
    def start_lock(self) -> Path:
        """The lock of whoever starts or stops the servers."""
        return self.root / "start.lock"

    @property
    def sockets_note(self) -> Path:
        """The file that names the folder of the running servers' sockets."""
        return self.root / "sockets"

    def sockets(self) -> Path | None:
        """Return the folder of the running servers' sockets, where one was noted."""
        try:
            return Path(self.sockets_note.read_text(encoding="utf-8"))
        except OSError:
            return None

    def check_owner(self) -> None:
        """Refuse the servers of another user.

        Raises:
            ConfigurationError: the folder was made by somebody else.
        """
        try:
            owner = self.root.stat().st_uid
        except FileNotFoundError:
            return
        except PermissionError:
            owner = None
        if owner == os.geteuid():
            return
        who = "another user" if owner is None else f"the user {_user_name(owner)}"
        raise ConfigurationError(
            f"the embedded servers in {self.root} belong to {who}, not to {_user_name(os.geteuid())}",
            hint="run retail-brain as that user, or name another workspace folder",
        )

    def prepare(self) -> None:
        """Create the folder for its user alone.

        Raises:
            ConfigurationError: it belongs to somebody else.
            ResourceError: it cannot be created.
        """
        self.check_owner()
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            token = self.root / "token"
            if not token.exists():
                token.write_text(secrets.token_hex(16), encoding="utf-8")
        except OSError as error:
            raise ResourceError(
                f"the folder {self.root} cannot be written", hint="check its owner and the free disk"
            ) from error

    def make_sockets(self, account: ServerAccount) -> Path:
        """Create an empty private folder for the sockets and note it. Nothing may be running.

        Args:
            account: whose folder it shall be.

        Returns:
            The folder; its path leaves room for the names of the sockets.

        Raises:
            ServiceError: somebody else holds the folder's place.
        """
        token = (self.root / "token").read_text(encoding="utf-8")
        name = hashlib.sha256(f"{self.root.resolve()}\n{token}".encode()).hexdigest()[:20]
        base = _private_base(account)
        _remove_orphans(base)
        folder = base / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        (folder / _OWNER).write_text(f"{self.root}\n{token}", encoding="utf-8")
        account.give(folder)
        self.sockets_note.write_text(str(folder), encoding="utf-8")
        return folder

    def open_log(self, path: Path) -> int:
        """Open a server's log for appending and return its descriptor; a long log is set aside first."""
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def starting(self, timeout_s: float) -> Iterator[None]:
        """Hold the right to start and stop the servers.

        Args:
            timeout_s: how long to wait for another process that does so.

        Raises:
            ServiceError: it did not end in time.
        """
        with self.start_lock.open("a", encoding="utf-8") as file:
            if not _try_lock(file.fileno(), fcntl.LOCK_EX, timeout_s):
                raise ServiceError(
                    f"another command has been starting or stopping the embedded servers for {timeout_s:.0f} s",
                    hint="retail-brain services status",
                )
            yield


def service_folders(workspace_folder: Path) -> ServiceFolders:
    """Return the folders of a workspace's embedded servers, without creating them."""
    return ServiceFolders(root=workspace_folder.absolute() / "services")


def is_alive(lock: Path) -> bool:
    """Say whether a server lives, by the lock that it inherited."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH, 0)
    finally:
        os.close(descriptor)


def take_lock(lock: Path) -> int:
    """Take the lock that a new server shall inherit and return its descriptor.

    Raises:
        ServiceError: a server holds it.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _try_lock(descriptor, fcntl.LOCK_EX, 2.0):  # a look from `is_alive` is over at once
        return descriptor
    os.close(descriptor)
    raise ServiceError(f"the server that holds {lock} has not ended", hint="retail-brain services stop")


def _try_lock(descriptor: int, kind: int, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        else:
            return True


def _private_base(account: ServerAccount) -> Path:
    """Return a folder of the caller's own, with a short path, that nobody else can write.

    Not XDG_RUNTIME_DIR: it goes when the user logs out, and cron does not know it.
    """
    if account.is_lent and os.access("/run", os.W_OK):
        base, mode = Path("/run/retail-brain"), 0o755
    else:
        base, mode = Path(tempfile.gettempdir()) / f"retail-brain-{os.geteuid()}", 0o711 if account.is_lent else 0o700
        if len(os.fsencode(base)) > 60:
            base = Path("/tmp") / base.name  # ownership is checked below
    base.mkdir(mode=mode, exist_ok=True)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise ServiceError(
            f"{base} is not a folder of {_user_name(os.geteuid())} alone, so no socket can be put there",
            hint="remove it, or set TMPDIR to another folder with a short path",
        )
    base.chmod(mode)
    return base


def _remove_orphans(base: Path) -> None:
    """Remove the folders of sockets whose workspace has been deleted."""
    for folder in base.iterdir():
        try:
            root, token = (folder / _OWNER).read_text(encoding="utf-8").rsplit("\n", 1)
            is_orphan = (Path(root) / "token").read_text(encoding="utf-8") != token
        except FileNotFoundError as error:
            is_orphan = Path(error.filename).name == "token"
        except (OSError, ValueError):
            is_orphan = False
        if is_orphan:
            shutil.rmtree(folder, ignore_errors=True)


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

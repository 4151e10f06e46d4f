"""PostgreSQL's own programs: found for a server's version, started with nothing of ours but an address, heard out, ended with us.

Apart from dumping and restoring because both need the same care: a program of another major version writes or reads what the server
does not understand, a password on a command line is everybody's, and what a server says of an error holds customers' data.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from retail_brain.backup.failure import failure
from retail_brain.errors import ConfigurationError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retail_brain.model import PostgresAddress

PROGRAMS = ("pg_dump", "pg_dumpall", "pg_restore")
_SYSTEM = (
    "/usr/lib/postgresql/{}/bin",
    "/usr/pgsql-{}/bin",
    "/usr/local/pgsql-{}/bin",
    "/opt/homebrew/opt/postgresql@{}/bin",
)
_INHERITED = (
    "PATH",
    "HOME",
    "TMPDIR",
    "PGPASSFILE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCRL",
    "KRB5CCNAME",
)
_NEWEST = 30
_PR_SET_PDEATHSIG = 1
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)[.\w]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """PostgreSQL's programs of one major version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> Path:
        """Return the path of one of the programs."""
        return self.folder / name


def find_tools(major: int, *, embedded: Path | None = None, or_newer: bool = False) -> Tools:
    """Find the programs for a server's major version.

    Args:
        major: the server's major version, or that of the program that wrote a dump.
        embedded: the folder of the embedded server's programs, looked at first; None where they are not to be used.
        or_newer: a newer major version will do, as it does for reading a dump.

    Returns:
        Programs that were just asked for their version.

    Raises:
        ConfigurationError: there are none; nothing was started.
    """
    majors = range(major, _NEWEST if or_newer else major + 1)
    folders = [embedded] if embedded else []
    folders += [Path(pattern.format(number)) for number in majors for pattern in _SYSTEM]
    folders += [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part.startswith("/")]
    seen = []
    for folder in dict.fromkeys(folders):
        version = _version(folder)
        if version is None:
            continue
        tools = Tools(folder=folder, version=version)
        if tools.major in majors:
            return tools
        seen.append(version)
    found = f"; there is {', '.join(dict.fromkeys(seen))}" if seen else ""
    raise ConfigurationError(
        f"there is no pg_dump of PostgreSQL {major} on this machine{found}",
        hint=f"install PostgreSQL's client programs of that version (Debian: postgresql-client-{major}); nothing was started",
    )


def run(
    tools: Tools,
    name: str,
    arguments: Sequence[str | Path],
    *,
    address: PostgresAddress | None = None,
    heard: Callable[[str], None] | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    lock: int | None = None,
) -> None:
    """Run one of the programs to its end.

    Args:
        tools: the programs.
        name: which of them.
        arguments: what it is told; never a secret.
        address: the server to speak to.
        heard: gets each line that it says on the way.
        output: where its standard output goes.
        lock: a descriptor that it inherits, and so keeps locked as long as it lives.

    Raises:
        RetailBrainError: it failed; the kind says whether to try again, and the message holds no data.
    """
    with started(tools, name, arguments, address=address, heard=heard, output=output, lock=lock) as program:
        program.finish()


@dataclass(slots=True, kw_only=True)
class Program:
    """A program at work."""

    name: str
    process: subprocess.Popen[bytes]
    listener: threading.Thread
    said: list[str]

    def has_ended(self, *, within_s: float) -> bool:
        """Wait for a while, and say whether it has ended."""
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self) -> None:
        """Wait for its end.

        Raises:
            RetailBrainError: it failed.
        """
        code = self.process.wait()
        self.listener.join()
        if code:
            raise failure(self.name, code, self.said)


@contextmanager
def started(
    tools: Tools,
    name: str,
    arguments: Sequence[str | Path],
    *,
    address: PostgresAddress | None = None,
    heard: Callable[[str], None] | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    lock: int | None = None,
) -> Iterator[Program]:
    """Start one of the programs; it is ended where the block leaves before it has. See `run` for the arguments.

    It is told to end when the thread that started it does, so start it where that lives as long as it shall.

    Returns:
        The program at work; `finish` waits for it.

    Raises:
        ServiceError: it cannot be started.
    """
    said: list[str] = []
    try:
        process = subprocess.Popen(
            [str(tools.program(name)), *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, env=environment(address), cwd="/",
            umask=0o077, start_new_session=True, pass_fds=() if lock is None else (lock,), preexec_fn=_end_with_parent,  # noqa: PLW1509
        )  # fmt: skip
    except OSError as error:
        raise ServiceError(f"{name} cannot be started: {error.strerror}", hint="retail-brain doctor") from error
    assert process.stderr is not None
    listener = threading.Thread(target=_listen, args=(process.stderr, said, heard), daemon=True)
    listener.start()
    try:
        yield Program(name=name, process=process, listener=listener, said=said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)  # it cancels its queries and ends its helpers
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        listener.join()
        process.stderr.close()


def environment(address: PostgresAddress | None) -> dict[str, str]:
    """Return the environment of a program: what libpq needs to reach the server, and nothing else of ours.

    Args:
        address: the server; None where the program speaks to none.
    """
    names = ("PATH", "TMPDIR") if address is None else _INHERITED
    given = {name: os.environ[name] for name in names if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}
    if address is None:
        return given
    given |= {
        "PGHOST": address.host, "PGPORT": str(address.port), "PGDATABASE": address.dbname, "PGUSER": address.user,
        "PGAPPNAME": "retail-brain backup", "PGCONNECT_TIMEOUT": "10", "PGSSLMODE": address.sslmode or "prefer",
    }  # fmt: skip
    if address.password is not None:
        given["PGPASSWORD"] = address.password
    if address.sslmode == "verify-full" and "PGSSLROOTCERT" not in given and not _own_root().exists():
        given["PGSSLROOTCERT"] = "system"
    return given


def _listen(stream: IO[bytes], said: list[str], heard: Callable[[str], None] | None) -> None:
    for raw in stream:
        line = raw.decode(errors="replace").rstrip()
        if "error:" in line or "detail:" in line or "warning:" in line or "hint:" in line:
            said.append(line)
        elif heard is not None:
            heard(line)


def _version(folder: Path) -> str | None:
    """Return the version of the programs in a folder, if all of them are there."""
    if not all((folder / name).is_file() for name in PROGRAMS):
        return None
    try:
        asked = subprocess.run(
            [str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=False, timeout=30,
            env=environment(None), cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(asked.stdout)
    return found[0].partition(") ")[2] if asked.returncode == 0 and found else None


def _own_root() -> Path:
    return Path("~/.postgresql/root.crt").expanduser()


def _load_libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None


_LIBC = _load_libc()


def _end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the starter dies, on which pg_dump ends its helpers too. Runs between fork and exec."""
    if _LIBC is not None and hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

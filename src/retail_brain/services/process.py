"""Server processes: started so that they outlive the command, recognised, signalled, asked over their socket.

Apart from the two servers because both are treated alike. Process ids are taken from the servers' own files and
believed only after a look at the process.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.errors import ConfigurationError, ServiceError
from retail_brain.services.folders import is_alive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.services.account import ServerAccount

_CONNECT_TIMEOUT_S = 2.0


def launch(command: Sequence[str | Path], *, account: ServerAccount, folder: Path, log: int, lock: int) -> None:
    """Start a server that outlives this process.

    A shell starts it in the background and ends, so the server is nobody's child: it leaves no zombie in a long-lived
    caller.

    Args:
        command: program and arguments.
        account: who runs it.
        folder: where it runs, entered with the caller's rights.
        log: descriptor that gets all that it writes.
        lock: descriptor that it inherits and so keeps locked.

    Raises:
        ServiceError: the shell did not start it.
    """
    shell = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    ended = account.run(shell, folder=folder, stdout=log, stderr=log, pass_fds=(lock,))
    if ended.returncode != 0:
        raise ServiceError(f"{Path(command[0]).name} cannot be started", hint="retail-brain doctor")


def process_id(file: Path, name: str) -> int | None:
    """Return the process id in a file's first line, if a living process of that name has it."""
    try:
        number = int(file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0])
        status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    command, _, rest = status.partition("(")[2].rpartition(")")
    is_zombie = rest.split()[:1] == ["Z"]
    return number if command == name and not is_zombie else None


def started_at(number: int) -> float | None:
    """Return when a process started, in seconds since 1970."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    booted = next(float(line.split()[1]) for line in lines if line.startswith("btime "))
    return booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def send_signal(number: int, kind: signal.Signals) -> None:
    """Send a signal to a process that may have ended already.

    Raises:
        ConfigurationError: the process belongs to somebody else.
    """
    try:
        os.kill(number, kind)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ConfigurationError(
            f"process {number} belongs to another user", hint="run retail-brain as the user that started the servers"
        ) from error


def end_orphans(folder: Path, name: str) -> None:
    """End servers whose working folder was at this place and has been deleted under them."""
    gone = f"{folder} (deleted)"
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            is_orphan = str((place / "cwd").readlink()) == gone
            command = (place / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if is_orphan and command == name:
            send_signal(int(place.name), signal.SIGKILL)


def end_server(note: Path, name: str, *, lock: Path, kinds: Sequence[signal.Signals], timeout_s: float) -> bool:
    """End a server, with one signal after the other, and say whether it ended.

    Args:
        note: the file in the server's own folder that names its process; it may come late, or have been deleted.
        name: the process's name.
        lock: what it holds as long as it lives.
        kinds: the signals, from the gentle to the last.
        timeout_s: how long each may take.
    """
    for kind in kinds:
        signalled: set[int] = set()
        deadline = time.monotonic() + timeout_s
        while is_alive(lock):
            number = process_id(note, name)
            if number is None:
                end_orphans(note.parent, name)
            elif number not in signalled:
                send_signal(number, kind)
                signalled.add(number)
            if not pause(deadline):
                break
        else:
            return True
    return False


def answers(path: Path, question: bytes = b"", expected: bytes = b"") -> bool:
    """Say whether a server accepts a connection on its socket, and gives the expected answer to a question.

    Args:
        path: the Unix socket.
        question: what is sent; nothing where connecting is enough.
        expected: how the answer must begin.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_CONNECT_TIMEOUT_S)
            connection.connect(str(path))
            if not question:
                return True
            connection.sendall(question)
            return connection.recv(64).startswith(expected)
    except OSError:
        return False


def last_words(log: Path, marks: tuple[str, ...]) -> str:
    """Return the last line of a log that bears one of these marks, without its time stamp, or the last line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8_000))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "no word about it in its log"
    marked = [line[line.find(mark) :] for line in lines for mark in marks if mark in line]
    return (marked or lines or ["no word about it in its log"])[-1].strip()


def pause(deadline: float) -> bool:
    """Wait a moment and say whether there is time left."""
    time.sleep(0.01)
    return time.monotonic() < deadline

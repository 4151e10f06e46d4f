"""Run the commands that the pages show, and put their real output in place.

    python docs/screens.py

In a block marked `console`, a line that begins with `$ ` is a command, lines after it that begin with `> ` continue it,
and the rest is what it printed on stdout; a command that wants stderr as well says `2>&1`. The pages are taken in order and
share one folder, which starts with `exports/`, a copy of the sample data.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/tutorial.md",
    "docs/how-to/nightly-run.md",
    "docs/how-to/held-run.md",
    "docs/how-to/undo-a-merge.md",
    "docs/how-to/review-queue.md",
    "docs/how-to/measure-accuracy.md",
    "docs/how-to/schedule-backups.md",
)
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)


class Terminal:
    """A folder, and where in it the commands stand."""

    def __init__(self, home: Path) -> None:
        self.home = self.place = home

    def run(self, command: str) -> str:
        """Run a command where the last one left off and return what it printed, without names of this machine."""
        place = self.home / ".place"
        script = f"cd {shlex.quote(str(self.place))}\n{command}\npwd > {shlex.quote(str(place))}\n"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "COLUMNS": "100"}
        done = subprocess.run(
            ["bash", "-c", script],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        self.place = Path(place.read_text(encoding="utf-8").strip())
        print(f"$ {command}\n{done.stdout}", flush=True)
        return "\n".join(line.rstrip() for line in done.stdout.replace(str(self.home), "~").splitlines()).strip("\n")


def renew(text: str, terminal: Terminal) -> str:
    """Return a page with the output of its commands as it is today."""

    def block(found: re.Match[str]) -> str:
        lines = [
            f"$ {command}" + (f"\n{shown}" if (shown := terminal.run(command.replace("\n> ", "\n"))) else "")
            for command in commands_of(found[1])
        ]
        return "```console\n" + "\n\n".join(lines) + "\n```\n"

    return BLOCK.sub(block, text)


def commands_of(block: str) -> list[str]:
    """Return the commands of a block, continuation lines and all."""
    return re.findall(r"^\$ (.*(?:\n> .*)*)", block, re.MULTILINE)


def main() -> int:
    """Renew all pages."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-") as folder:
        terminal = Terminal(Path(folder))
        exports = terminal.home / "exports"
        exports.mkdir()
        for path in (ROOT / "sample_data").iterdir():
            if path.suffix != ".md":
                shutil.copy(path, exports)
                os.utime(exports / path.name, (0, 0))
        try:
            for name in PAGES:
                path = ROOT / name
                terminal.place = terminal.home
                path.write_text(renew(path.read_text(encoding="utf-8"), terminal), encoding="utf-8")
        finally:
            for place in (terminal.home, exports):
                subprocess.run(
                    [str(Path(sys.executable).with_name("retail-brain")), "services", "stop"],
                    cwd=place,
                    check=False,
                    stdout=subprocess.DEVNULL,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())

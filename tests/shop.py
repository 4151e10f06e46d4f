"""A shop to test with: a folder of exports, the commands run in it as a user would, their output and exit codes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retail_brain_cli.main import main

SAMPLE = Path(__file__).parent.parent / "sample_data"
COLUMNS = (
    "record_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "date_of_birth",
    "address",
    "city",
    "postal_code",
    "updated_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A folder with exports and a configuration."""

    folder: Path

    def call(self, *arguments: str) -> Answer:
        """Run one command in the folder."""
        out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(arguments))
        finally:
            os.chdir(before)
        return Answer(code=code, out=out.getvalue(), err=err.getvalue())

    def must(self, *arguments: str) -> Any:
        """Run one command that has to succeed, and return its JSON."""
        answer = self.call(*arguments, "--json")
        assert answer.code == 0, answer.err
        return answer.json

    def deliver(self, name: str, *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
        """Write a CSV file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        os.utime(path, (path.stat().st_mtime - 60,) * 2)
        return path

    def crosswalk(self) -> list[tuple[str, str, str]]:
        """Return the published crosswalk, sorted."""
        self.must("export", "crosswalk", "--to", "crosswalk.csv")
        with (self.folder / "crosswalk.csv").open(encoding="utf-8", newline="") as file:
            return [(row["source"], row["record_id"], row["profile_id"]) for row in csv.DictReader(file)]

    def groups(self) -> set[frozenset[str]]:
        """Return which records are together, whatever the profile ids."""
        found: dict[str, set[str]] = {}
        for source, record_id, profile_id in self.crosswalk():
            found.setdefault(profile_id, set()).add(f"{source}:{record_id}")
        return {frozenset(members) for members in found.values()}


def fill_with_sample(folder: Path) -> Path:
    """Copy the sample exports into a folder and return the truth beside it."""
    for path in SAMPLE.iterdir():
        if path.suffix in (".csv", ".gz", ".parquet"):
            shutil.copy(path, folder)
    return folder / "truth.csv"

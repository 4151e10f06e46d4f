"""The command that makes data up, as one types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from retail_brain_cli.main import main


def test_nights_and_noise_are_taken_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--records", "2e3", "--nights", "2", "--seed", "7", "--noise", "none", "--noise", "rows_with_bad_bytes=2"]
    assert main(["synth", str(tmp_path), *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["nights"] == 2
    assert told["folder"] == str(tmp_path)
    assert 1800 < told["records"] < 2200
    crm = (tmp_path / "night1" / "crm.csv").read_bytes()
    assert told["files"]["night1/crm.csv"] == crm.count(b"\n") - 1
    assert crm.count(b"\xeb") == 2
    assert set(told["files"]) == {
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file() and path.name != "truth.csv"
    }
    assert b"noreply@shop.example" not in crm


def test_the_command_in_its_readme_makes_the_sample_data(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "sample_data"
    (command,) = re.findall(r"^retail-brain synth sample_data (.*)$", (sample / "README.md").read_text(), re.MULTILINE)
    assert main(["synth", str(tmp_path), *command.split()]) == 0
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (sample / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    "words",
    [["--noise", "typos=0.1"], ["--noise", "twins=2"], ["--nights", "0"], ["--nights", "31"], ["--records", "many"]],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", str(tmp_path / "out"), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error:")
    assert not (tmp_path / "out").exists()

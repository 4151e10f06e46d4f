"""Exit codes, messages and help, as a scheduler and a newcomer meet them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer.main

from retail_brain.errors import RetailBrainError
from retail_brain_cli.app import make_app
from retail_brain_cli.ask import confirm
from retail_brain_cli.main import EXIT_CODES, main

if TYPE_CHECKING:
    from shop import Shop


def commands(group: object = None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group as the words that call it."""
    root = typer.main.get_command(make_app()) if group is None else group
    found = [path]
    for name, child in (getattr(root, "commands", None) or {}).items():
        found += commands(child, (*path, name))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    assert "Usage: retail-brain" in capsys.readouterr().out


def test_help_answers_without_loading_anything_heavy() -> None:
    code = "import sys; from retail_brain_cli.main import main; main(['--help']); print(sorted({'duckdb','splink','psycopg','redis','scipy','numpy','polars','pyarrow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", ["profile show", "profile history", "merge list --profile", "merge show"])
def test_a_look_up_loads_no_engine_and_only_the_command_that_was_called(words: str, sample_shop: Shop) -> None:
    profile_id = sample_shop.call("profile", "show", "pos:107934", "--json").json["profile_id"]
    merges = sample_shop.call("merge", "list", "--profile", profile_id, "--json").json["entries"]
    asked = str(merges[0]["merge_id"]) if words == "merge show" else profile_id
    code = "import sys; from retail_brain_cli.main import main; code = main(sys.argv[1:]); print(code, *sorted(sys.modules))"
    command = [sys.executable, "-c", code, *words.split(), asked]
    done = subprocess.run(command, cwd=sample_shop.folder, capture_output=True, text=True, check=True)
    code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert {"duckdb", "splink", "scipy", "numpy", "pyarrow", "polars", "structlog"}.isdisjoint(loaded)
    assert "retail_brain_cli.commands.night" not in loaded


def test_a_result_is_drawn_on_its_screen_wherever_that_stands() -> None:
    code = "from retail_brain.desk.result import MergeListResult; from retail_brain_cli.output import show; show(MergeListResult(entries=()), as_json=False)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "no merge\n"


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    assert set(EXIT_CODES) == set(RetailBrainError.__subclasses__())
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rum"]) == 2
    assert "No such command" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["run approve 1", "run discard 1", "merge decisions withdraw 1"])
def test_what_a_person_decides_needs_a_reason(words: str, shop: Shop) -> None:
    answer = shop.call(*words.split(), "--reason", " ")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: this needs a reason")


def test_words_that_are_no_text_are_a_mistake_and_no_bug(shop: Shop) -> None:
    answer = shop.call("profile", "show", "crm:\udcff")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: word 3 of the command is not text in UTF-8")


def test_a_missing_configuration_says_what_to_do(shop: Shop) -> None:
    answer = shop.call("run")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no retail_brain.toml" in answer.err
    assert "retail-brain init" in answer.err


def test_a_bug_is_one_line_and_no_traceback(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        canary = "maria@example.com"
        raise ZeroDivisionError(canary)

    monkeypatch.setattr("retail_brain.desk.setup.initialise", fail)
    answer = shop.call("init", ".")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert len(answer.err.strip().splitlines()) == 2
    log = (shop.folder / "retail_brain_error.log").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in log
    assert "maria@example.com" not in answer.err + log


def test_all_mistakes_of_a_configuration_are_told_with_exit_code_2(shop: Shop) -> None:
    (shop.folder / "retail_brain.toml").write_text('colour = "red"\n[resources]\nthreads = "many"\n', encoding="utf-8")
    answer = shop.call("run")
    assert answer.code == 2
    assert "retail_brain.toml:1: colour: unknown key" in answer.err
    assert "retail_brain.toml:3: resources.threads" in answer.err


def test_what_needs_a_yes_refuses_without_a_terminal(sample_shop: Shop) -> None:
    answer = sample_shop.call("run", "discard", "1", "--reason", "x")
    assert answer.code == 2
    assert "--yes" in answer.err


def test_who_says_no_is_told_that_nothing_was_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    with pytest.raises(typer.Exit) as end:
        confirm("Undo this?", yes=False)
    assert end.value.exit_code == 0
    assert capsys.readouterr().err == "nothing was changed\n"


def test_json_goes_to_stdout_and_progress_to_stderr(sample_shop: Shop) -> None:
    answer = sample_shop.call("run", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["status"] == "nothing new"
    assert all(json.loads(line)["event"] == "step" for line in answer.err.splitlines())


def test_a_second_run_is_refused_while_one_is_at_work(sample_shop: Shop) -> None:
    from retail_brain.workspace import Workspace

    with Workspace(folder=sample_shop.folder / ".retail-brain").lock("retail-brain run"):
        answer = sample_shop.call("run")
    assert answer.code == 7
    assert "retail-brain run" in answer.err

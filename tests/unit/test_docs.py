"""The pages and the project's own files keep their promises: what is shown is what the code does today."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from retail_brain.config.file import load_configuration
from retail_brain.config.matching import MatchingSettings

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
CONFIGURATIONS = sorted((ROOT / "configs").glob("*.toml"))


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _commands(command: Any, name: str) -> list[tuple[str, Any]]:
    children = getattr(command, "commands", None) or {}
    return [(name, command)] + [
        found for child, inner in children.items() for found in _commands(inner, f"{name} {child}".strip())
    ]


def _all_commands() -> list[tuple[str, Any]]:
    import typer.main

    from retail_brain_cli.app import make_app

    return _commands(typer.main.get_command(make_app()), "")[1:]


@pytest.mark.parametrize(
    "name",
    [
        "docs/reference/commands.md",
        "docs/reference/configuration.md",
        "docs/reference/tables.md",
        "docs/reference/exit-codes.md",
        "configs/matching.toml",
    ],
)
def test_generated_pages_are_what_the_code_makes_today(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == _script("generate").PAGES[name](), "run python docs/generate.py"


@pytest.mark.parametrize(("name", "command"), _all_commands(), ids=[name for name, _ in _all_commands()])
def test_every_command_and_option_is_explained_and_every_command_is_in_the_reference(name: str, command: Any) -> None:
    assert (command.help or "").strip()
    unexplained = [
        parameter.name for parameter in command.params if not (getattr(parameter, "help", None) or "").strip()
    ]
    assert not unexplained
    if not getattr(command, "commands", None):
        assert f"\n## `retail-brain {name}`\n" in (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_every_configuration_that_ships_loads(path: Path) -> None:
    load_configuration(path, {})


def test_the_matching_configuration_names_every_key_at_its_default() -> None:
    path = ROOT / "configs" / "matching.toml"
    assert load_configuration(path, {}).matching == MatchingSettings()
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))["matching"]) == set(MatchingSettings.model_fields)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_ci_runs_the_two_lines_of_the_readme() -> None:
    lines = [line for line in README.splitlines() if line.startswith(("python3 -m venv", ".venv/bin/pip"))]
    assert len(lines) == 2
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line.removesuffix(" || exit 1") for line in ci if line.endswith(" || exit 1")][1:] == lines


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_commands_that_the_pages_show_exist() -> None:
    known = {name for name, _ in _all_commands()}
    shown = {
        tuple(words.split())
        for path in PAGES
        for words in re.findall(
            r"^(?:\$ |\S*/bin/)?retail-brain((?: [a-z]+){1,2})\b", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert not [words for words in shown if " ".join(words) not in known and words[0] not in known]


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_the_lock_files_pin_every_requirement_with_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links", text)
    pins = {
        canonicalize_name(pin[0]): pin[1] for pin in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    }
    assert text.count("--hash=sha256:") >= len(pins)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += project["dependency-groups"]["dev"] if name == "dev.lock" else []
    unmet = [
        text
        for text in wanted
        if not (found := Requirement(text)).specifier.contains(pins.get(canonicalize_name(found.name), "0"))
    ]
    assert not unmet, "run nox -s relock"

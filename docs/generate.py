"""Write the reference pages that are made from the code: commands, configuration, exit codes, tables.

    python docs/generate.py            write them
    python docs/generate.py --check    end with 1 where a page is not what the code makes today
"""

from __future__ import annotations

import re
import sys
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

HERE = Path(__file__).parent / "reference"
SQL = Path(__file__).parent.parent / "src" / "retail_brain" / "sql" / "migrations"
NOTE = "<!-- Made by docs/generate.py; do not edit. -->"


def commands_page() -> str:
    """Every command with its help, arguments and options."""
    import typer.main

    from retail_brain_cli.app import app

    lines = ["# Commands", "", NOTE, "", "stdout is data, stderr is everything else; `--json` prints one JSON document.", ""]
    _describe_command(typer.main.get_command(app), "retail-brain", lines)
    return "\n".join(lines).rstrip() + "\n"


def _describe_command(command: Any, name: str, lines: list[str]) -> None:
    children = getattr(command, "commands", None) or {}
    lines += [f"{'#' * min(name.count(' ') + 2, 4)} `{name}`", "", (command.help or "").strip(), ""]
    parameters = [p for p in command.params if p.name not in ("help", "install_completion", "show_completion")]
    if parameters and name != "retail-brain":
        lines += ["| argument or option | |", "| --- | --- |"]
        for parameter in parameters:
            names = ", ".join(parameter.opts) if parameter.opts[0].startswith("-") else (parameter.metavar or parameter.name.upper())
            lines.append(f"| `{names}` | {_cell(getattr(parameter, 'help', None) or '')} |")
        lines.append("")
    for child_name, child in children.items():
        _describe_command(child, f"{name} {child_name}", lines)


def configuration_page() -> str:
    """Every key of retail_brain.toml with its default and meaning."""
    from retail_brain.config.file import _ENVIRONMENT, Configuration

    lines = ["# Configuration", "", NOTE, "", "One TOML file, `retail_brain.toml`. Unknown keys are refused; every mistake is told at once, with its line.", ""]
    _describe_model(Configuration, "", lines)
    lines += ["## Environment", "", "These win over the file; secrets come from here only.", "", "| variable | key |", "| --- | --- |"]
    lines += [f"| `{variable}` | `{section}.{key}` |" for variable, section, key in _ENVIRONMENT]
    return "\n".join(lines) + "\n"


def _describe_model(model: type[BaseModel], prefix: str, lines: list[str]) -> None:
    rows, sections = [], []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            key = f"{prefix}{name}" + (".NAME" if typing.get_origin(field.annotation) is dict else "")
            sections.append((key, inner))
        else:
            rows.append(f"| `{name}` | {_cell(_default(field))} | {_cell(field.description or '')} |")
    title = f"[{prefix[:-1]}]" if prefix else "top level"
    if rows:
        lines += [f"## `{title}`" if prefix else f"## {title}", "", (model.__doc__ or "").strip().splitlines()[0], "", "| key | default | meaning |", "| --- | --- | --- |", *rows, ""]
    for key, inner in sections:
        _describe_model(inner, f"{key}.", lines)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) is dict:
        return _model_in(typing.get_args(annotation)[1])
    return None


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "needed" if field.default_factory is None else "depends on the machine" if field.default_factory not in (dict, list) else "none"
    text = str(field.default) if not isinstance(field.default, tuple) else f"{len(field.default)} entries" if len(str(field.default)) > 80 else str(list(field.default))
    return f"`{text}`"


def tables_page() -> str:
    """Every PostgreSQL table and column, from the comments of the migrations."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SQL.glob("*.sql")))
    tables = dict(re.findall(r"comment on table (\w+) is '((?:[^']|'')*)'", text))
    columns = re.findall(r"comment on column (\w+)\.(\w+) is '((?:[^']|'')*)'", text)
    lines = ["# Tables", "", NOTE, "", "PostgreSQL is the truth; this is its schema.", ""]
    for table, meaning in tables.items():
        lines += [f"## `{table}`", "", meaning.replace("''", "'"), "", "| column | |", "| --- | --- |"]
        lines += [f"| `{column}` | {_cell(what.replace(chr(39) * 2, chr(39)))} |" for owner, column, what in columns if owner == table]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def exit_codes_page() -> str:
    """What an exit code tells the scheduler."""
    from retail_brain_cli.main import EXIT_CODES

    lines = ["# Exit codes", "", NOTE, "", "| code | meaning |", "| --- | --- |", "| 0 | done, or nothing to do |", "| 1 | a bug: one line on stderr, the place in a file |"]
    lines += [f"| {code} | {(kind.__doc__ or '').strip()} |" for kind, code in EXIT_CODES.items()]
    lines += ["| 130, 143 | interrupted |"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


PAGES = {"commands.md": commands_page, "configuration.md": configuration_page, "tables.md": tables_page, "exit-codes.md": exit_codes_page}


def main() -> int:
    """Write or check the pages."""
    check = "--check" in sys.argv[1:]
    stale = []
    HERE.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        text, path = make(), HERE / name
        if check and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not what the code makes today: {', '.join(stale)}; run python docs/generate.py", file=sys.stderr)  # noqa: T201
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

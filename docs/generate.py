"""Write the pages that are made from the code: commands, configuration, exit codes, tables, and configs/matching.toml.

python docs/generate.py            write them
python docs/generate.py --check    end with 1 where a page is not what the code makes today
"""

from __future__ import annotations

import json
import re
import sys
import types
import typing
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parents[1]
MIGRATIONS = ROOT / "src" / "retail_brain" / "sql" / "migrations"
NOTE = "<!-- Made by docs/generate.py; do not edit. -->"
COMMON = {"config", "as_json", "help", "install_completion", "show_completion", "version"}

SCHEDULER = {
    2: (
        "fix the command or the file",
        "a wrong option, an unknown key, no configuration, no such run, wrong credentials",
    ),
    3: (
        "look at the named file; nothing was changed",
        "a truncated gzip, a missing column, a full delivery that lost too many records",
    ),
    4: (
        "try again later",
        "PostgreSQL or Redis is down, a connection that is not trusted; the work is done, and its copy is not beside the backups yet",
    ),
    5: (
        "a person has to look: `run show`, then `run approve` or `run discard`",
        "a held run, a blocking rule that would explode, a stale lease",
    ),
    6: ("look at the message; do not go on", "a checksum or a count that does not fit"),
    7: ("nothing: the other run goes on", "a second `run` while one is at work"),
    8: ("free some disk or memory and repeat", "a full disk, a memory limit"),
}


# --- commands ---------------------------------------------------------------------------------------------------------


def commands_page() -> str:
    """Every command with its help, arguments and options."""
    import typer.main

    from retail_brain_cli.app import make_app

    root = typer.main.get_command(make_app())
    leaves = list(_leaves(root, "retail-brain"))
    lines = ["# Commands", "", NOTE, "", (root.help or "").strip(), ""]
    lines += [
        "stdout is data, stderr is everything else. On a terminal stderr shows progress bars, elsewhere one JSON line per step.",
        "",
    ]
    lines += ["Every command takes", "", "| option | |", "| --- | --- |"]
    lines += [
        "| `--json` | print one JSON document instead of a screen |",
        "| `--help`, `-h` | say what the command does and takes |",
        "",
    ]
    lines += [
        "and every command that reads a configuration (all but `demo`, `init` and `synth`)",
        "",
        "| option | |",
        "| --- | --- |",
    ]
    lines += [
        "| `--config PATH`, `-c` | the configuration file, or the folder that holds `retail_brain.toml`; by default this folder, or the demo that was run in it. `RETAIL_BRAIN_CONFIG` says the same |",
        "",
    ]
    lines += [
        "`retail-brain --install-completion` teaches your shell the commands, `--version` prints the version.",
        "",
    ]
    lines += ["| command | does |", "| --- | --- |"]
    lines += [f"| [`{name}`](#{_anchor(name)}) | {_cell(command.help)} |" for name, command in leaves]
    for name, command in leaves:
        lines += ["", f"## `{name}`", "", *_describe_command(command, name)]
    return "\n".join(lines).rstrip() + "\n"


def _leaves(command: Any, name: str) -> typing.Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None) or {}
    if not children or (command.invoke_without_command and name != "retail-brain"):
        yield name, command
    for child_name, child in children.items():
        yield from _leaves(child, f"{name} {child_name}")


def _describe_command(command: Any, name: str) -> list[str]:
    parameters = [parameter for parameter in command.params if parameter.name not in COMMON]
    arguments = [_metavar(p) for p in parameters if p.param_type_name == "argument"]
    usage = " ".join([name, *arguments, *(["[OPTIONS]"] if len(arguments) < len(parameters) else [])])
    lines = [(command.help or "").strip(), "", "```sh", usage, "```"]
    if parameters:
        lines += ["", "| argument or option | |", "| --- | --- |"]
        lines += [f"| `{_names(parameter)}` | {_cell(_meaning(parameter))} |" for parameter in parameters]
    return lines


def _metavar(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    name += "…" if parameter.nargs == -1 else ""
    return name if parameter.required else f"[{name}]"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _metavar(parameter)
    value = "" if parameter.is_flag else f" {parameter.metavar or 'TEXT'}"
    return "`, `".join(name + (value if name.startswith("--") else "") for name in parameter.opts)


def _meaning(parameter: Any) -> str:
    meaning = (getattr(parameter, "help", None) or "").strip()
    default = parameter.default
    told = default not in (None, False, (), []) and not callable(default) and str(default) not in (".",)
    needed = parameter.required and parameter.param_type_name == "option"
    return meaning + (f" Default: {default}." if told else "") + (" Needed." if needed else "")


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


# --- configuration ----------------------------------------------------------------------------------------------------


def configuration_page() -> str:
    """Every key of retail_brain.toml with its default and meaning."""
    from retail_brain.config.file import _ENVIRONMENT, Configuration
    from retail_brain.config.ingest import DELIVERED_FIELDS
    from retail_brain.config.matching import COMPARISON_NAMES, DEFAULT_RULES

    lines = ["# Configuration", "", NOTE, ""]
    lines += [
        "One TOML file, `retail_brain.toml`; `retail-brain init` writes it. Every key has a default but those marked *needed*.",
        "",
    ]
    lines += [
        "Unknown keys are refused, and all mistakes are told at once, each with its line. Complete files to start from are in",
        "[configs](../../configs/).",
        "",
    ]
    _describe_model(Configuration, "", lines)
    lines += [
        "## Fields that a source can deliver",
        "",
        "`record_id`, and: " + ", ".join(f"`{name}`" for name in DELIVERED_FIELDS) + ".",
        "",
    ]
    lines += [
        "## Default blocking rules",
        "",
        "A pair is compared if it shares all the columns of at least one rule. A rule marked *if affordable* is left out where",
        "it would make more pairs than `max_pairs_per_record` and `affordable_pairs` allow.",
        "",
    ]
    lines += [
        f"- {' + '.join(f'`{column}`' for column in rule.columns)}{' (if affordable)' if rule.when_affordable else ''}"
        for rule in DEFAULT_RULES
    ]
    lines += ["", "## Default comparisons", "", ", ".join(f"`{name}`" for name in COMPARISON_NAMES) + ".", ""]
    lines += [
        "## Environment",
        "",
        "These win over the file. Secrets come from here only; a password in the file is refused.",
        "",
        "| variable | stands for |",
        "| --- | --- |",
    ]
    lines += [f"| `{variable}` | `{section}.{key}` |" for variable, section, key in _ENVIRONMENT]
    lines += [
        "| `RETAIL_BRAIN_CONFIG` | the option `--config` |",
        "| `RETAIL_BRAIN_LOG` | the file that the place of a bug is written to; `retail_brain_error.log` by default |",
    ]
    lines += ["| `PGSSLROOTCERT`, `PGPASSFILE` … | libpq's own, for what Retail Brain does not set |"]
    return "\n".join(lines) + "\n"


def _describe_model(model: type[BaseModel], prefix: str, lines: list[str]) -> None:
    rows, sections = [], []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            key = f"{prefix}{name}" + (".NAME" if typing.get_origin(field.annotation) is dict else "")
            sections.append((key, inner))
        else:
            rows.append(f"| `{name}` | {_cell(_default(field))} | {_cell(_sentence(field))} |")
    if rows:
        title = f"## `[{prefix[:-1]}]`" if prefix else "## Top level"
        lines += [
            title,
            "",
            (model.__doc__ or "").strip().splitlines()[0],
            "",
            "| key | default | meaning |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    for key, inner in sections:
        _describe_model(inner, f"{key}.", lines)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, types.GenericAlias)
        and issubclass(annotation, BaseModel)
    ):
        return annotation
    if typing.get_origin(annotation) is dict:
        return _model_in(typing.get_args(annotation)[1])
    return None


def _sentence(field: Any) -> str:
    bounds = {
        type(item).__name__.lower(): getattr(item, type(item).__name__.lower())
        for item in field.metadata
        if type(item).__name__ in ("Ge", "Gt", "Le", "Lt")
    }
    signs = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
    told = ", ".join(signs[name].format(_toml(value)) for name, value in bounds.items())
    text = (field.description or "").rstrip(".")
    text = text[:1].upper() + text[1:] if not re.match(r"(csv|delta|libpq)\b|field =", text) else text
    choices = [value for value in _choices(field.annotation) if f"{value}" not in text]
    return ". ".join(filter(None, [text, f"One of {', '.join(choices)}" if choices else "", told.capitalize()]))


def _choices(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    return [
        choice
        for part in typing.get_args(annotation)
        if typing.get_origin(part) is typing.Literal
        for choice in typing.get_args(part)
    ]


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        if field.default_factory is None:
            return "*needed*"
        return "" if field.default_factory in (dict, list) else "by the machine"
    if field.default is None:
        return ""
    text = (
        _toml(field.default)
        if not isinstance(field.default, tuple) or all(isinstance(item, str) for item in field.default)
        else ""
    )
    return f"`{text}`" if 0 < len(text) <= 60 else "see below"


def _toml(value: Any) -> str:
    if isinstance(value, BaseModel):
        return (
            "{ "
            + ", ".join(
                f"{name} = {_toml(getattr(value, name))}"
                for name in type(value).model_fields
                if getattr(value, name) is not False
            )
            + " }"
        )
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}" if value >= 100_000 else str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# --- configs/matching.toml --------------------------------------------------------------------------------------------

MATCHING_HEAD = """\
# Who is one person: every key of the section `matching`, each with its default.
#
# Made by docs/generate.py from the code, so it is always complete. Copy what you want to change into your
# retail_brain.toml; what is left out keeps its default. How to find out whether a change is better:
# docs/how-to/measure-accuracy.md.
#
# Changed comparisons, blocking rules or training: the next run with new files trains a new model and scores everything
# again. A changed probability takes effect in that run, too; merges that stand already go first in it, so try a
# probability in a folder of its own.
"""
KEY_COLUMNS = """\
# What a pair must share to be compared at all. The columns are keys: folded values, empty where the value is missing, a
# placeholder, or shared by many people.
#
#   national_key, loyalty_key, email_key, phone_key, birth_date, postal_key, city_key, address_key    whole values
#   given_key, family_key            names in plain letters          given_root      Bob -> robert
#   given_initial, family_initial    their first letters             family_code     surname without its vowels and doubles
#   name_pair                        both names, sorted              house_key       house number
#   email_local                      before the @                    phone_tail      last seven digits
#   birth_year                       year of birth
"""


def matching_config() -> str:
    """The section `matching` with every key at its default, as a configuration."""
    from retail_brain.config.matching import MatchingSettings

    lines = [MATCHING_HEAD]
    _render_section(MatchingSettings(), "matching", lines)
    return "\n".join(lines).rstrip() + "\n"


def _render_section(settings: BaseModel, name: str, lines: list[str]) -> None:
    lines += [f"[{name}]", *_comment((type(settings).__doc__ or "").strip().splitlines()[0]), ""]
    sections = []
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        if isinstance(value, BaseModel):
            sections.append((f"{name}.{key}", value))
            continue
        lines += KEY_COLUMNS.splitlines() if key == "blocking_rules" else _comment(_sentence(field))
        lines += [
            f"{key} = {_toml(value)}"
            if not _is_long(value)
            else "\n".join([f"{key} = [", *(f"  {_toml(item)}," for item in value), "]"]),
            "",
        ]
    for inner, value in sections:
        _render_section(value, inner, lines)


def _is_long(value: Any) -> bool:
    return isinstance(value, tuple) and len(_toml(value)) > 100


def _comment(text: str) -> list[str]:
    return wrap(text, 118, initial_indent="# ", subsequent_indent="# ") if text else []


# --- tables and exit codes --------------------------------------------------------------------------------------------


ROLES_HEAD = """
`retail-brain db migrate` makes three roles in PostgreSQL and grants each what it needs. They cannot log in themselves; a login is a
member of one of them:

```sql
create role night login password '…' in role retail_brain_job;
create role anna login password '…' in role retail_brain_support;
create role dashboard login password '…' in role retail_brain_read;
```

`POSTGRES_USER` and `POSTGRES_PASSWORD` say which login a command works as. The embedded server has one login, which owns everything.

The owner of the tables migrates and belongs to nobody's daily work; the job cannot migrate. Making roles takes the privilege CREATEROLE: an
owner without it migrates all the same, `db migrate`, `db status` and `doctor` then say what an administrator has to do, and the next
`db migrate` grants the rights. Databases of one server share the roles; the rights are each database's own.

`backup create` reads everything, so it takes the owner of the tables, or a login of its own that PostgreSQL lets read everything:

```sql
create role keeper login password '…' createdb in role pg_read_all_data;
```

Such a login keeps no journal; `backup create` says so. With `createdb` it restores what it made into a scratch database of its own, to try it; without, `backup create`
says that it did not, and `backup restore` and `backup verify --restore` end with 2. `backup list`, `verify` without `--restore` and `prune` need no login at all.

A command without the right ends with exit code 2, names the table, and has changed nothing.

## Commands
"""

ROLES_TABLES = """
Nobody may update or delete a row of `identity_merge_log`, `identity_decision` or `log_seal`, or truncate any table; the three are closed to
their owner as well, by a trigger. Readers do not see the text of quarantined rows, which may hold anything that stood in a file.
"""

# command: who may run it, by first letter: job, support, read. A test runs each under each role.
ROLE_COMMANDS = {
    "run": "j", "warm": "js", "run revert": "j", "run list": "jsr", "run show": "jsr", "model list": "jsr", "model show": "jsr",
    "profile show": "jsr", "profile search": "jsr", "profile resolve": "jsr", "profile history": "jsr",
    "merge list": "jsr", "merge show": "jsr", "merge explain": "jsr", "merge verify": "jsr",
    "merge rollback --dry-run": "jsr", "merge rollback": "s", "merge join": "s",
    "merge decisions list": "jsr", "merge decisions stale": "jsr", "merge decisions withdraw": "s",
    "review list": "jsr", "review next": "jsr", "review decide": "s", "review export": "jsr", "review import": "s",
    "quarantine list": "jr", "quarantine list --with-rows": "j",
    "export crosswalk": "jsr", "export profiles": "jsr", "export merges": "jsr",
    "db status": "jsr", "doctor": "jsr", "backup create": "",
}  # fmt: skip


def tables_page() -> str:
    """Every PostgreSQL table and column, from the comments of the migrations."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))
    tables = dict(re.findall(r"comment on table (\w+) is '((?:[^']|'')*)'", text))
    columns = re.findall(r"comment on column (\w+)\.(\w+) is '((?:[^']|'')*)'", text)
    kinds = _column_types(text)
    lines = [
        "# Tables",
        "",
        NOTE,
        "",
        "PostgreSQL is the truth; this is its schema. `retail-brain db migrate` makes it, `retail-brain db status` says how far it is.",
        "",
    ]
    lines += ["| table | one row is |", "| --- | --- |"]
    lines += [
        f"| [`{table}`](#{table}) | {_cell(meaning.replace(chr(39) * 2, chr(39)).removeprefix('One row per '))} |"
        for table, meaning in tables.items()
    ]
    for table, meaning in tables.items():
        lines += ["", f"## `{table}`", "", meaning.replace("''", "'"), "", "| column | type | |", "| --- | --- | --- |"]
        lines += [
            f"| `{column}` | {kinds.get((table, column), '')} | {_cell(what.replace(chr(39) * 2, chr(39)))} |"
            for owner, column, what in columns
            if owner == table
        ]
    return "\n".join(lines).rstrip() + "\n"


def _column_types(text: str) -> dict[tuple[str, str], str]:
    kinds = {}
    for table, body in re.findall(r"create (?:unlogged )?table (\w+) \(\n(.*?)\n\);", text, re.DOTALL):
        for column, kind in re.findall(
            r"^  (\w+) (bigint|integer|smallint|text|json|uuid|date|jsonb|boolean|double precision|timestamptz|timestamp|bytea)\b",
            body,
            re.MULTILINE,
        ):
            kinds[table, column] = kind
    added = re.findall(r"alter table (\w+) add column (\w+) (\w+)", text)
    return kinds | {(table, column): kind for table, column, kind in added}


def roles_page() -> str:
    """Which PostgreSQL role may do what: commands, then tables."""
    from retail_brain.store.role import RIGHTS, ROLES

    lines = ["# Roles", "", NOTE, "", ROLES_HEAD.strip(), ""]
    lines += ["| command | job | support | read |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{command}` | {' | '.join('yes' if letter in who else '' for letter in 'jsr')} |"
        for command, who in ROLE_COMMANDS.items()
    ]
    lines += ["", "## Tables", "", ROLES_TABLES.strip(), ""]
    lines += [f"| table | {' | '.join(f'`{role}`' for role in ROLES)} |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{table}` | {' | '.join(_rights_cell(text) for text in rights)} |" for table, rights in RIGHTS.items()
    ]
    return "\n".join(lines) + "\n"


def _rights_cell(text: str) -> str:
    found = re.findall(r"(\w+)(?:\(([\w,]+)\))?", text)
    return ", ".join(f"{right} ({columns.replace(',', ', ')})" if columns else right for right, columns in found)


def exit_codes_page() -> str:
    """What an exit code tells the scheduler."""
    from retail_brain_cli.main import EXIT_CODES

    lines = [
        "# Exit codes",
        "",
        NOTE,
        "",
        "| code | meaning | what to do | for instance |",
        "| --- | --- | --- | --- |",
    ]
    lines += ["| 0 | Done, or nothing to do. | nothing | the same files again |"]
    lines += ["| 1 | A bug. | send the file that the message names: it holds no customer's data | |"]
    lines += [
        f"| {code} | {(kind.__doc__ or '').strip()} | {SCHEDULER[code][0]} | {SCHEDULER[code][1]} |"
        for kind, code in EXIT_CODES.items()
    ]
    lines += ["| 130, 143 | Interrupted: Ctrl-C, or a signal to end. | repeat it; nothing half-done is visible | |"]
    lines += [
        "",
        "With an exit code other than 0 stderr holds one line that begins with `error:` and says what happened, and most often one",
        "that says what to do next. It never holds a customer's data.",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


PAGES = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/configuration.md": configuration_page,
    "docs/reference/tables.md": tables_page,
    "docs/reference/roles.md": roles_page,
    "docs/reference/exit-codes.md": exit_codes_page,
    "configs/matching.toml": matching_config,
}


def main() -> int:
    """Write or check the pages."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        text, path = make(), ROOT / name
        if check and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not what the code makes today: {', '.join(stale)}; run python docs/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

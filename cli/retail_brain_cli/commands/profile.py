"""One customer: by id, by a source's record, by phone, e-mail or name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from retail_brain.errors import ConfigurationError
from retail_brain_cli.options import ConfigFile, Json, Limit, configuration
from retail_brain_cli.output import show

app = typer.Typer(help="Look a customer up.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="ID", help="A profile id (any ever issued) or SOURCE:RECORD_ID.")]


@app.command("show")
def show_profile(
    key: Key,
    records: Annotated[bool, typer.Option("--records", help="Show what each record says, too.")] = False,
    config: ConfigFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show a profile: its values, where each came from, and its records."""
    from retail_brain.desk.lookup import find_profile

    show(find_profile(configuration(config), key, with_members=records), as_json=as_json)


@app.command()
def search(
    text: Annotated[list[str], typer.Argument(help="A phone in any spelling, an e-mail address, a name (typing errors are forgiven), or part of a name and a postcode.")],
    config: ConfigFile = None, limit: Limit = 10, as_json: Json = False,
) -> None:  # fmt: skip
    """Find profiles by phone, e-mail, name, or part of a name and a postcode; the best come first."""
    from retail_brain.desk.search import search_profiles

    show(search_profiles(configuration(config), " ".join(text), limit=limit), as_json=as_json)


@app.command()
def history(key: Key, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show how a profile came to be: merges and splits, run by run, and the ids it had."""
    from retail_brain.desk.lookup import find_history

    show(find_history(configuration(config), key), as_json=as_json)


@app.command()
def resolve(
    given_name: Annotated[str | None, typer.Option(help="Given name.")] = None,
    family_name: Annotated[str | None, typer.Option(help="Surname.")] = None,
    full_name: Annotated[str | None, typer.Option(help="Whole name, where it is not split.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone number, in any spelling.")] = None,
    date_of_birth: Annotated[str | None, typer.Option(help="Date of birth.")] = None,
    address: Annotated[str | None, typer.Option(help="Street and house number.")] = None,
    city: Annotated[str | None, typer.Option(help="City.")] = None,
    postal_code: Annotated[str | None, typer.Option(help="Postcode.")] = None,
    loyalty_id: Annotated[str | None, typer.Option(help="Loyalty number.")] = None,
    national_id: Annotated[str | None, typer.Option(help="National or tax number.")] = None,
    person: Annotated[Path | None, typer.Option("--person", metavar="FILE", help="A JSON object with these fields instead; - for standard input.")] = None,
    config: ConfigFile = None, limit: Limit = 5, as_json: Json = False,
) -> None:  # fmt: skip
    """Say which profile a person is, how sure that is, and what else is close."""
    from retail_brain.desk.resolve import resolve_person

    options = {key: value for key, value in locals().copy().items() if key in _FIELDS and value}
    given = _read_person(person) if person else options
    show(resolve_person(configuration(config), given, limit=limit), as_json=as_json)


_FIELDS = (
    "given_name", "family_name", "full_name", "email", "phone", "date_of_birth", "address", "city", "postal_code",
    "loyalty_id", "national_id",
)  # fmt: skip


def _read_person(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "the person is not a readable JSON object", hint='such as {"given_name": "Maria"}'
        ) from error
    if not isinstance(data, dict):
        raise ConfigurationError("the person must be one JSON object")
    return data

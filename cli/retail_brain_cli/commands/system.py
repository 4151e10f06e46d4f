"""The schema, the embedded servers, and whether everything is well."""

from __future__ import annotations

import typer

from retail_brain_cli.options import ConfigFile, Json, configuration
from retail_brain_cli.output import show

db = typer.Typer(help="The PostgreSQL schema.", no_args_is_help=True)
services = typer.Typer(help="The embedded PostgreSQL and Valkey.", no_args_is_help=True)


@db.command()
def migrate(config: ConfigFile = None, as_json: Json = False) -> None:
    """Bring the schema up to date."""
    from retail_brain.desk.system import migrate_schema

    show(migrate_schema(configuration(config)), as_json=as_json)


@db.command("status")
def schema_status(config: ConfigFile = None, as_json: Json = False) -> None:
    """Say which migrations are applied, and which are not."""
    from retail_brain.desk.system import schema_status as find

    show(find(configuration(config)), as_json=as_json)


@services.command()
def start(config: ConfigFile = None, as_json: Json = False) -> None:
    """Start the embedded servers. Other commands do it by themselves."""
    from retail_brain.desk.system import start_services

    show(start_services(configuration(config)), as_json=as_json)


@services.command()
def stop(config: ConfigFile = None, as_json: Json = False) -> None:
    """Stop the embedded servers."""
    from retail_brain.desk.system import stop_services

    show(stop_services(configuration(config)), as_json=as_json)


@services.command("status")
def services_status(config: ConfigFile = None, as_json: Json = False) -> None:
    """Say what runs, and where."""
    from retail_brain.desk.system import services_status as find

    show(find(configuration(config)), as_json=as_json)


def doctor(config: ConfigFile = None, as_json: Json = False) -> None:
    """Check the machine, the versions, the servers, the schema and the invariants."""
    from retail_brain.desk.system import check

    result = check(configuration(config))
    show(result, as_json=as_json)
    if not result.healthy:
        raise typer.Exit(4 if result.kind == "service" else 2)

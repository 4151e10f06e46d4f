"""What the store decides without a server."""

from __future__ import annotations

import duckdb
import psycopg
import pytest
from psycopg import errors

from retail_brain.errors import ConfigurationError, RetailBrainError, ServiceError
from retail_brain.model import PostgresAddress
from retail_brain.store import connection, shape
from retail_brain.store.failure import DeniedError, TransientServiceError, translate
from retail_brain.store.migration import migrations
from retail_brain.store.search import fold_name


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.DeadlockDetected, TransientServiceError),
        (errors.SerializationFailure, TransientServiceError),
        (errors.AdminShutdown, TransientServiceError),
        (errors.LockNotAvailable, TransientServiceError),
        (errors.ReadOnlySqlTransaction, ServiceError),
        (errors.DiskFull, ServiceError),
        (errors.InsufficientPrivilege, DeniedError),
        (errors.UndefinedTable, ConfigurationError),
        (errors.UniqueViolation, RetailBrainError),
        (psycopg.OperationalError, TransientServiceError),
    ],
)
def test_each_failure_of_postgresql_has_its_kind(error: type[psycopg.Error], kind: type[RetailBrainError]) -> None:
    translated = translate(error("Key (email)=(maria@example.com) already exists"))
    assert type(translated) is kind
    assert "maria" not in f"{translated} {translated.hint}"


def test_a_server_elsewhere_must_prove_who_it_is_unless_the_check_is_lowered() -> None:
    def sslmode(host: str, chosen: str | None = None) -> str:
        return connection._parameters(PostgresAddress(host=host, sslmode=chosen))["sslmode"]

    assert sslmode("db.example.com") == "verify-full"
    assert sslmode("db.example.com", "require") == "require"
    assert sslmode("127.0.0.1") == "prefer"
    assert sslmode("/run/postgresql") == "prefer"


def test_a_password_is_never_shown() -> None:
    address = PostgresAddress(host="db.example.com", password="secret")
    assert "secret" not in repr(address)
    assert connection.describe(address) == "db.example.com:5432"


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("O'Brien", "obrien"), ("Lopez-García", "lopez garcia"), (" ", None), (None, None), ("St. John", "st john")],
)
def test_a_name_is_folded_for_searching(typed: str | None, folded: str | None) -> None:
    assert fold_name(typed) == folded


def test_a_name_is_folded_in_bulk_as_it_is_by_hand() -> None:
    names = ["Maria", "ÅSA", "O’Brien", "d'Arcy-Smith", "李小龙", "Nguyễn", "Ødegård", "Straße", "İpek", "-", "x y"]
    con = duckdb.connect()
    con.execute("create table typed as select unnest(?) as name", [names])
    rows = con.sql(f"select name, {shape.folded_sql('name')} from typed").fetchall()
    assert dict(rows) == {name: fold_name(name) for name in names}


def test_a_profile_of_one_record_is_copied_without_provenance() -> None:
    con = duckdb.connect()
    columns = ", ".join(
        f"null as {name}"
        for name in shape.PROFILE.types
        if name
        not in {
            "profile_id",
            "record_count",
            "given_name",
            "family_name",
            "provenance",
            "given_search",
            "family_search",
            "run_id",
        }
    )
    con.execute(
        f"create table profile_upsert as select uuid() as profile_id, unnest([1, 2]) as record_count, 'Ann' as given_name, 'Lee' as family_name, '{{}}' as provenance, {columns}"
    )
    rows = con.sql(
        f"select record_count, provenance, given_search, run_id from ({shape.PROFILE.select_sql(7)}) order by 1"
    ).fetchall()
    assert rows == [(1, None, "ann", 7), (2, "{}", "ann", 7)]

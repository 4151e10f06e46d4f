"""Who may do what in PostgreSQL: three roles for the logins of a deployment, and the rights that each needs and no others.

The roles belong to the whole server, so several databases share them; the rights are each database's own. Apart from the
migrations, because making a role takes a privilege that the owner of a database need not have: it can be done later.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql as pg

from retail_brain import sql
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.store.connection import Connection

ROLES = ("retail_brain_job", "retail_brain_support", "retail_brain_read")

RIGHTS: dict[str, tuple[str, str, str]] = {
    # table: what the nightly job, support and readers may do with it
    "schema_migration": ("select", "select", "select"),
    "run": ("select insert update", "select", "select"),
    "lease": ("select update", "select", "select"),
    "delivery": ("select insert update", "select", "select"),
    "quarantined_row": ("select insert", "", "select(quarantined_no,delivery_no,line,reason,run_id)"),
    "source_record": ("select insert update", "select update(profile_id)", "select"),
    "former_record": ("select insert delete", "", ""),
    "profile": ("select insert update delete", "select insert update delete", "select"),
    "name_part": ("select insert", "select insert", "select"),
    "profile_alias": ("select insert update delete", "select insert update", "select"),
    "identity_merge_log": ("select insert", "select insert", "select"),
    "identity_decision": ("select", "select insert", "select"),
    "log_seal": ("select insert", "select insert", "select"),
    "review_item": ("select insert update delete", "select insert update delete", "select"),
    "cache_state": ("select update", "select", "select"),
    "cache_outbox": ("select insert update delete", "select insert update delete", "select"),
    "arrival": ("select insert delete", "select", "select"),
    "waiting_record": ("select insert update delete", "", ""),
    "model": ("select insert", "select", "select"),
    "shared_value": ("select insert update delete", "select", "select"),
    "journal_state": ("select", "select", "select"),
    "journal_touched": ("select", "select", "select(table_name,touched_at)"),
}
"""The rights on each table. A table that is not named here belongs to its owner alone, and a test fails until it is named."""

_ELSEWHERE = ("usage temporary", "usage temporary", "usage")
"""What they need on the schema, and on the database for temporary tables; everybody has both unless it was revoked."""

_Right = tuple[str, str, str, str]  # role, table, column ('' for all), right


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleState:
    """The roles of this database's server: which are missing, and whether those that are there have all rights and no more."""

    missing: tuple[str, ...] = ()
    complete: bool = True

    @property
    def advice(self) -> str | None:
        """What an administrator has to do; None where all is well."""
        if self.missing:
            made = "; ".join(f"create role {name} nologin" for name in self.missing)
            return f"as an administrator: {made}. Then retail-brain db migrate as the owner of the tables grants the rights"
        return None if self.complete else "retail-brain db migrate as the owner of the tables"


def wanted_rights() -> set[_Right]:
    """Return every right that the roles shall have.

    Returns:
        Role, table ('' for schema and database), column ('' for all of them) and right.
    """
    return {
        (role, table, column, right)
        for table, rights in RIGHTS.items()
        for role, text in zip(ROLES, rights, strict=True)
        for right, column in _parse(text)
    } | {(role, "", "", right) for role, text in zip(ROLES, _ELSEWHERE, strict=True) for right in text.split()}


def role_state(conn: Connection) -> RoleState:
    """Tell whether the roles are there and have their rights. Nothing is changed.

    Args:
        conn: a connection.
    """
    with translated(), conn.transaction():
        missing, _, _ = _look(conn)
        too_few, too_many = _differences(conn, missing)
    return RoleState(missing=tuple(missing), complete=not too_few | too_many)


def ensure_roles(conn: Connection) -> RoleState:
    """Make the roles that are missing and grant what they lack, as far as this login may.

    Args:
        conn: a connection; nobody else may be granting rights in the same database.

    Returns:
        What is so now.
    """
    with translated(), conn.transaction():
        missing, may_create, may_grant = _look(conn)
        for role in missing if may_create else ():
            _create(conn, role)
        if may_grant:
            _grant(conn, *_differences(conn, _look(conn)[0]))
        return role_state(conn)


def _look(conn: Connection) -> tuple[list[str], bool, bool]:
    row = conn.execute(sql.load("store/role_state"), {"roles": list(ROLES), "tables": list(RIGHTS)}).fetchone()
    assert row is not None
    return row


def _differences(conn: Connection, missing: list[str]) -> tuple[set[_Right], set[_Right]]:
    """Return the rights that lack, and those that should not be there."""
    rows = conn.execute(sql.load("store/role_rights"), {"roles": list(ROLES), "tables": list(RIGHTS)}).fetchall()
    wanted = {right for right in wanted_rights() if right[0] not in missing}
    there = {(role, table, column, right) for role, table, column, right in rows}
    return wanted - there, {right for right in there - wanted if right[1]}


def _create(conn: Connection, role: str) -> None:
    """Make a role, unless somebody does it for another database of the server at the same moment."""
    try:
        with conn.transaction():
            conn.execute(pg.SQL("create role {} nologin").format(pg.Identifier(role)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return


def _grant(conn: Connection, too_few: set[_Right], too_many: set[_Right]) -> None:
    """Grant and revoke; on schema and database only where this login may, since everybody has those rights as a rule."""
    for verb, way, rights in (("revoke", "from", too_many), ("grant", "to", too_few)):
        for role, table, column, right in sorted(rights):
            what = pg.SQL("{} ({})").format(pg.SQL(right), pg.Identifier(column)) if column else pg.SQL(right)
            statement = pg.SQL("{} {} on {} {} {}").format(
                pg.SQL(verb), what, _object(conn, table, right), pg.SQL(way), pg.Identifier(role)
            )
            with suppress(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(statement)


def _object(conn: Connection, table: str, right: str) -> pg.Composable:
    if table:
        return pg.Identifier(table)
    if right == "temporary":
        return pg.SQL("database {}").format(pg.Identifier(conn.info.dbname))
    schema = conn.execute("select current_schema()").fetchone()
    assert schema is not None
    return pg.SQL("schema {}").format(pg.Identifier(schema[0]))


def _parse(text: str) -> Iterator[tuple[str, str]]:
    """Yield each right of "select update(a,b)" with its columns, '' for all."""
    for right, columns in re.findall(r"(\w+)(?:\(([\w,]+)\))?", text):
        for column in columns.split(","):
            yield right, column

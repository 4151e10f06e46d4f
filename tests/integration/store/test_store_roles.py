"""Who may do what: every action on every table and every command under every role, held against docs/reference/roles.md."""

from __future__ import annotations

import os
import re
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from night import first_night, publish
from psycopg import sql

from retail_brain.errors import ConfigurationError
from retail_brain.store import bulk, role
from retail_brain.store.connection import Connection, connect
from retail_brain.store.database import scratch_name
from retail_brain.store.migration import migrate
from retail_brain.store.seal import verify_log
from shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retail_brain.model import PostgresAddress
    from retail_brain.services import ServiceAddresses

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "roles.md"
WORDS = ("job", "support", "read")
CLOSED = {"identity_merge_log", "identity_decision", "log_seal"}
NAMES = ("Maria Lopez", "Robert Hale", "Xenia Pappas", "Tobias Lindqvist", "Agnes Okafor", "Hector Brandt")


def page_rows(title: str) -> dict[str, list[str]]:
    """Return the rows of the table below a heading of the page: first cell (without backticks) to the others."""
    part = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return {first.strip("`"): rest for first, *rest in rows[2:]}


@pytest.fixture(scope="module")
def logins(services: ServiceAddresses, template: PostgresAddress) -> Iterator[dict[str, str]]:
    """A login for each role, member of nothing else, one who owns a database and may make no roles, and one who may read all."""
    made = {word: f"rb_login_{word}_{uuid.uuid4().hex[:8]}" for word in (*WORDS, "owner", "keeper")}
    groups = {word: f"retail_brain_{word}" for word in WORDS} | {"keeper": "pg_read_all_data"}
    with connect(services.postgres, autocommit=True) as admin:
        for word, login in made.items():
            member = sql.SQL(" in role {}").format(sql.Identifier(groups[word])) if word in groups else sql.SQL("")
            admin.execute(sql.SQL("create role {} login password 'secret'{}").format(sql.Identifier(login), member))
        if not os.environ.get("POSTGRES_HOST"):  # the embedded server lets nobody but its owner in
            lines = f"values ('local all {','.join(made.values())} trust'), ('local all all peer map=owner')"
            admin.execute(f"copy ({lines}) to '/proc/self/cwd/pg_hba.conf'")  # type: ignore[arg-type]
            admin.execute("select pg_reload_conf()")
            time.sleep(0.3)
        yield made
        for login in made.values():
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@pytest.fixture
def as_login(database: PostgresAddress, logins: dict[str, str]) -> Callable[[str], PostgresAddress]:
    """Return the address of the test's database for the login of a role."""
    return lambda word: replace(database, user=logins[word], password="secret")


def attempt(conn: Connection, statement: str) -> str:
    """Return what becomes of a statement: done, denied, closed (by the trigger) or another state; it is taken back."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(statement)  # type: ignore[arg-type]
    except psycopg.Error as error:
        return {"42501": "denied", "RB001": "closed"}.get(error.sqlstate or "", str(error.sqlstate))
    return "done"


def columns_of(conn: Connection, table: str) -> tuple[list[str], list[str]]:
    """Return the columns of a table, and those of them that a statement can write."""
    rows = conn.execute(
        "select column_name, is_identity = 'YES' from information_schema.columns where table_schema = 'public' and table_name = %s order by ordinal_position",
        [table],
    ).fetchall()
    return [name for name, _ in rows], [name for name, generated in rows if not generated]


def rights_found(conn: Connection, table: str, readable: list[str], writable: list[str]) -> str:
    """Try everything on a table and write down what may be done, as the page does."""

    def granted(right: str, columns: list[str], statement: str) -> str | None:
        done = [name for name in columns if attempt(conn, statement.format(name)) == "done"]
        return (right if done == columns else f"{right} ({', '.join(done)})") if done else None

    found = [
        granted("select", readable, f"select {{0}} from {table} limit 0"),
        granted("insert", writable, f"insert into {table} ({{0}}) select null where false"),
        granted("update", writable, f"update {table} set {{0}} = null where false"),
        "delete" if attempt(conn, f"delete from {table} where false") == "done" else None,
        "truncate" if attempt(conn, f"truncate {table}") == "done" else None,
    ]
    return ", ".join(right for right in found if right)


def test_every_table_has_a_decision_on_every_role(conn: Connection) -> None:
    tables = {
        row[0]
        for row in conn.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') and relname !~ '_seq$'"
        )
    }
    assert tables == set(role.RIGHTS) == set(page_rows("Tables"))


@pytest.mark.parametrize("word", WORDS)
def test_every_action_on_every_table_is_as_documented(
    conn: Connection, as_login: Callable[[str], PostgresAddress], word: str
) -> None:
    documented = {table: cells[WORDS.index(word)] for table, cells in page_rows("Tables").items()}
    columns = {table: columns_of(conn, table) for table in documented}
    with connect(as_login(word)) as login:
        assert {table: rights_found(login, table, *columns[table]) for table in documented} == documented
        for beyond in (
            "create table more ()", "drop table run", "alter table identity_merge_log disable trigger append_only",
            "alter table log_seal drop column digest", "drop trigger append_only on log_seal", "create role another",
            "create or replace function refuse_change() returns trigger language sql as 'select null'",
            "set session_replication_role = replica", "set role retail_brain",
        ):  # fmt: skip
            assert attempt(login, beyond) == "denied", beyond
        for other in WORDS:
            if other != word:
                assert attempt(login, f"set role retail_brain_{other}") == "denied"


def test_logs_are_closed_to_their_owner_too_and_nothing_is_open_to_all(
    conn: Connection, database: PostgresAddress
) -> None:
    publish(database, first_night())
    for table in CLOSED:
        column = columns_of(conn, table)[1][1]
        for action in (f"update {table} set {column} = null where false", f"delete from {table} where false"):
            assert attempt(conn, action) == "closed"
    assert attempt(conn, "truncate identity_merge_log") == "closed"
    public = "select relname from pg_class, aclexplode(relacl) a where relnamespace = 'public'::regnamespace and a.grantee = 0"
    assert conn.execute(public).fetchall() == []  # type: ignore[arg-type]


def test_the_job_publishes_a_first_load_without_owning_a_table(
    conn: Connection, as_login: Callable[[str], PostgresAddress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_WORTHWHILE_ROWS", 1)
    result = publish(as_login("job"), first_night())
    assert result.rows["profile"] == 2
    assert verify_log(conn).digest == result.seal


@pytest.fixture
def other_roles(services: ServiceAddresses, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, ...]]:
    """Three names that no role of the server has yet."""
    names = tuple(f"rb_{uuid.uuid4().hex[:8]}_{word}" for word in WORDS)
    monkeypatch.setattr(role, "ROLES", names)
    yield names
    with connect(services.postgres, autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


def test_an_owner_who_may_make_no_roles_migrates_and_an_administrator_makes_them_later(
    services: ServiceAddresses, logins: dict[str, str], other_roles: tuple[str, ...], bare_database: PostgresAddress
) -> None:
    with connect(services.postgres, autocommit=True) as admin:
        admin.execute(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(bare_database.dbname), sql.Identifier(logins["owner"])
            )
        )
    owner = replace(bare_database, user=logins["owner"], password="secret")
    with connect(owner) as conn:
        done = migrate(conn)
        assert done.applied
        assert done.roles is not None
        assert done.roles.missing == other_roles
        assert f"create role {other_roles[0]} nologin" in (done.roles.advice or "")
    with connect(services.postgres, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} nologin").format(sql.Identifier(other_roles[0])))
    with connect(owner) as conn:
        assert role.role_state(conn) == role.RoleState(missing=other_roles[1:], complete=False)
        assert migrate(conn, with_roles=True).roles == role.RoleState(missing=other_roles[1:], complete=True)
    with connect(bare_database) as admin:
        assert migrate(admin, with_roles=True).roles == role.RoleState()
        admin.execute(sql.SQL("grant delete on identity_merge_log to {}").format(sql.Identifier(other_roles[0])))
        admin.execute(sql.SQL("revoke insert on run from {}").format(sql.Identifier(other_roles[0])))
        admin.commit()
        assert not role.role_state(admin).complete
        assert migrate(admin, with_roles=True).roles == role.RoleState()
        for name in other_roles:
            admin.execute(sql.SQL("drop owned by {}").format(sql.Identifier(name)))


def test_a_login_without_rights_is_told_what_it_lacks(as_login: Callable[[str], PostgresAddress]) -> None:
    with (
        connect(as_login("owner")) as conn,
        pytest.raises(ConfigurationError, match="lacks a right on table schema_migration") as caught,
    ):
        migrate(conn)
    assert "roles.md" in (caught.value.hint or "")


class Counter:
    """The shop, worked in as one login after another."""

    def __init__(self, folder: Path, addresses: ServiceAddresses, patch: pytest.MonkeyPatch) -> None:
        self.shop, self.patch = Shop(folder=folder), patch
        redis = addresses.redis
        patch.setenv("REDIS_HOST", redis.socket_path or redis.host)
        patch.setenv("REDIS_PORT", str(redis.port))

    def as_login(self, address: PostgresAddress) -> Shop:
        """Return the shop with the environment of a login."""
        for name, value in {
            "HOST": address.host, "PORT": str(address.port), "DB": address.dbname, "USER": address.user, "PASSWORD": address.password or "",
        }.items():  # fmt: skip
            self.patch.setenv(f"POSTGRES_{name}", value)
        return self.shop


def rows(prefix: str, first: int = 0, **values: str) -> list[dict[str, str]]:
    """Return one record for each of six people."""
    people = (name.split() for name in NAMES[first:])
    return [
        {
            "record_id": f"{prefix}{number}", "first_name": given, "last_name": family, "email": f"{given}.{family}@example.com".lower(),
            "phone": f"202-555-01{number:02}", "date_of_birth": f"19{60 + number}-0{number + 1}-1{number}", "address": f"{number + 1} Elm Street",
            "city": "Springfield", "postal_code": f"2000{number}", "updated_at": "2026-01-01",
        } | values
        for number, (given, family) in enumerate(people, first)
    ]  # fmt: skip


def arguments(shop: Shop, conn: Connection, command: str) -> list[str]:
    """Return a command as somebody would call it today."""

    def one(query: str) -> str:
        row = conn.execute(query).fetchone()  # type: ignore[arg-type]
        conn.commit()
        return str(row[0]) if row else "1"

    live = one(
        "select merge_id from identity_merge_log l where kind = 'merge' and not exists (select from identity_merge_log u where u.inverts = l.merge_id) order by 1 limit 1"
    )
    why = ["--reason", "asked for"]
    answer = {"left": "pos:p1", "right": "pos:p5", "decision": "different"}
    shop.deliver("answers.csv", answer, columns=("left", "right", "decision"))
    given: dict[str, list[str]] = {
        "profile show": ["pos:p1"], "profile search": ["Maria", "Lopez"], "profile resolve": ["--email", "robert.hale@example.com"],
        "profile history": ["pos:p1"], "merge show": [live], "merge explain": ["pos:p1", "crm:c1"], "run show": ["1"],
        "merge rollback --dry-run": [live], "merge rollback": [live, *why, "--yes"], "merge join": ["pos:p2", "pos:p3", *why, "--yes"],
        "merge decisions withdraw": [one("select max(decision_id) from identity_decision"), *why],
        "review next": ["--json"], "review decide": ["pos:p4", "pos:p5", "different", *why], "review export": ["--to", "review.csv"],
        "review import": ["answers.csv", *why], "export crosswalk": ["--to", "a.csv"], "export profiles": ["--to", "b.csv"], "export merges": ["--to", "c.csv"],
        "model show": [one("select model_id from model")],
        "run revert": [one("select max(run_id) from run where status = 'published'"), *why, "--yes"],
    }  # fmt: skip
    return [*command.split(), *given.get(command, [])]


def written(conn: Connection) -> Any:
    """Return what a command could have changed."""
    with conn.transaction():
        return [
            conn.execute(f"select count(*), max(xmin::text::bigint) from {table}").fetchone() for table in role.RIGHTS
        ]  # type: ignore[arg-type]


def test_every_command_under_every_role_is_as_documented(
    conn: Connection, as_login: Callable[[str], PostgresAddress], services: ServiceAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    counter = Counter(tmp_path, services, monkeypatch)
    shop = counter.as_login(as_login("job"))
    shop.deliver("pos.csv", *rows("p"))
    shop.deliver("crm.csv", *rows("c"))
    shop.must("init", ".")
    assert shop.must("run")["status"] == "published"
    wrong = []
    for command, cells in page_rows("Commands").items():
        for word, cell in sorted(zip(WORDS, cells, strict=True), key=lambda role: role[1] == "yes"):
            shop = counter.as_login(as_login(word))
            if command == "run":
                shop.deliver("pos.csv", *rows("p", updated_at="2026-02-01", city=f"Riverton {word}"))
            if command == "warm":
                conn.execute("insert into cache_outbox select profile_id from profile on conflict do nothing")
                conn.commit()
            before = written(conn) if cell != "yes" else None
            answer = shop.call(*arguments(shop, conn, command))
            denied = re.search(r"^error: the PostgreSQL login lacks a right on \w+ \w+", answer.err, re.MULTILINE)
            if (cell == "yes") != (answer.code == 0) or (cell != "yes" and (answer.code != 2 or not denied)):
                wrong.append(f"{command} as {word}: exit {answer.code}: {answer.err}")
            if cell != "yes" and written(conn) != before:
                wrong.append(f"{command} as {word} has written something")
            assert "Traceback" not in answer.err
    assert not wrong, "\n".join(wrong)
    assert shop.call("merge", "verify").code == 0


def test_a_login_that_may_read_everything_makes_backups_and_is_told_what_it_lacks(
    as_login: Callable[[str], PostgresAddress], services: ServiceAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    counter = Counter(tmp_path, services, monkeypatch)
    shop = counter.as_login(as_login("job"))
    shop.deliver("pos.csv", *rows("p"))
    shop.must("init", ".")
    shop.must("run")
    made = counter.as_login(as_login("keeper")).must("backup", "create")
    assert made["level"] == "decoded"
    assert [warning for warning in made["warnings"] if "journal" in warning]
    assert shop.call("backup", "verify", "--decode").code == 0

    keeper = as_login("keeper").user
    advice = f'alter role "{keeper}" createdb'
    assert [warning for warning in made["warnings"] if "not restored to try it" in warning and advice in warning]
    assert made["restore_check"] == ""
    denied = shop.call("backup", "verify", "--restore")
    assert (denied.code, advice in denied.err) == (2, True)
    with (shop.folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
        file.write('\n[backup]\nrestore_check = "always"\n')
    denied = shop.call("backup", "create")
    assert (denied.code, advice in denied.err, "nothing was started" in denied.err) == (2, True, True)
    assert [one["level"] for one in shop.must("backup", "list")["backups"]] == ["decoded"]

    with connect(services.postgres, autocommit=True) as admin:
        admin.execute(sql.SQL("alter role {} createdb").format(sql.Identifier(keeper)))
        foreign = scratch_name()  # of another login, which was killed
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(foreign)))
        try:
            made = shop.must("backup", "create")
        finally:
            admin.execute(sql.SQL("drop database {}").format(sql.Identifier(foreign)))
            admin.execute(sql.SQL("alter role {} nocreatedb").format(sql.Identifier(keeper)))
        left = admin.execute("select datname from pg_database where pg_get_userbyid(datdba) = %s", [keeper]).fetchall()
    assert (made["level"], made["restore_check"]) == ("restored", "passed")
    assert [warning for warning in made["warnings"] if "indexes were not read" in warning]
    assert left == []

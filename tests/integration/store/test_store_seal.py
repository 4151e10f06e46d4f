"""The seal of the log: whatever is changed, added or removed past Retail Brain is found, and the message says where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from night import first_night, publish

from retail_brain.errors import IntegrityError, RefusedError
from retail_brain.store.failure import translated
from retail_brain.store.run import show_run
from retail_brain.store.seal import seal_log, verify_log
from shop import Shop

if TYPE_CHECKING:
    from pathlib import Path

    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection

TABLES = ("identity_merge_log", "identity_decision", "log_seal")
KEYS = dict(zip(TABLES, ("merge_id", "decision_id", "seal_no"), strict=True))
MERGE = "insert into identity_merge_log (merge_id, kind, cause, record_no_l, record_no_r, match_weight, levels, run_id) values (%s, 'merge', 'match', %s, %s, 10.123456, '3,0,-1', %s)"
DECISION = "insert into identity_decision (decision_id, kind, record_no_l, record_no_r, reason, decided_by) overriding system value values (%s, 'cannot_link', %s, %s, %s, 'Ann')"
OTHER_VALUE = {
    "bigint": "coalesce({0}, 0) + 1000", "text": "coalesce({0}, '') || 'x'", "uuid": "gen_random_uuid()",
    "double precision": "coalesce({0}, 0) + 1e-9", "timestamp with time zone": "{0} + interval '1 microsecond'",
}  # fmt: skip


def write(conn: Connection, merges: int, decisions: int, run_id: int | None = None) -> str:
    """Write rows and seal them, as every transaction does that changes who belongs together."""
    with conn.transaction():
        last = conn.execute(
            "select (select coalesce(max(merge_id), 0) from identity_merge_log), (select coalesce(max(decision_id), 0) from identity_decision)"
        ).fetchone()
        assert last is not None
        for number in range(last[0] + 1, last[0] + merges + 1):
            conn.execute(MERGE, [number, number, number + 1, run_id])
        for number in range(last[1] + 1, last[1] + decisions + 1):
            conn.execute(DECISION, [number, number, number + 1, "two sisters\tand a tab"])
        return seal_log(conn, run_id=run_id)


def tamper(conn: Connection, *statements: str) -> None:
    """Change the database as somebody could who owns it: the triggers are put to sleep meanwhile."""
    with conn.transaction():
        for table in TABLES:
            conn.execute(f"alter table {table} disable trigger append_only")  # type: ignore[arg-type]
        for statement in statements:
            conn.execute(statement)  # type: ignore[arg-type]
        for table in TABLES:
            conn.execute(f"alter table {table} enable always trigger append_only")  # type: ignore[arg-type]


@pytest.fixture
def log(conn: Connection) -> Connection:
    """Three seals: run 1 (merges 1 to 5), by hand (merge 6, decisions 1 and 2), run 2 (merges 7 to 9)."""
    write(conn, 5, 0, run_id=1)
    write(conn, 1, 2)
    write(conn, 3, 0, run_id=2)
    return conn


def test_a_log_that_nobody_touched_is_verified_and_every_digest_is_found(log: Connection) -> None:
    digests = [row[0] for row in log.execute("select digest from log_seal order by seal_no")]
    log.commit()
    verified = verify_log(log)
    assert (verified.rows, verified.seals, verified.digest) == (11, 3, digests[-1])
    for digest in digests:
        assert verify_log(log, expect=digest.upper()) == verified
    with pytest.raises(IntegrityError, match="does not hold the expected digest"):
        verify_log(log, expect="0" * 64)


def test_a_transaction_that_wrote_nothing_adds_no_seal(log: Connection) -> None:
    digest = verify_log(log).digest
    assert write(log, 0, 0) == digest
    assert verify_log(log).seals == 3


def test_an_empty_log_has_no_seal(conn: Connection) -> None:
    assert write(conn, 0, 0) == ""
    assert (verify_log(conn).seals, verify_log(conn).digest) == (0, "")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("update identity_merge_log set match_weight = 9 where merge_id = 3", r"seal 1 \(run 1, .* merge ids 1–5\) covers a row that was changed"),
        ("update identity_decision set reason = 'x' where decision_id = 2", r"seal 2 \(by hand, .* merge ids 6–6, decisions 1–2\) covers a row that was changed"),
        ("delete from identity_merge_log where merge_id = 8", r"seal 3 \(run 2, .* merge ids 7–9\) covers 2 rows, 3 were sealed"),
        ("delete from identity_merge_log where merge_id = 9", r"seal 3 .* covers 2 rows, 3 were sealed"),
        ("insert into identity_merge_log select * from jsonb_populate_record((select l from identity_merge_log l where merge_id = 1), '{\"merge_id\": -4}')", r"seal 1 .* covers 6 rows, 5 were sealed"),
        ("insert into identity_decision (decision_id, kind, record_no_l, record_no_r, reason, decided_by) overriding system value values (-9223372036854775808, 'must_link', 1, 2, 'x', 'x')", r"seal 1 .* covers 6 rows, 5 were sealed"),
        ("insert into identity_merge_log (merge_id, kind, cause, record_no_l, record_no_r) values (9223372036854775807, 'merge', 'match', 1, 2)", r"1 rows \(merge ids from 10, decisions from 3\) were sealed by nobody"),
        ("insert into identity_decision (decision_id, kind, record_no_l, record_no_r, reason, decided_by) overriding system value select 2 + n, 'must_link', 1, 2, 'x', 'x' from generate_series(1, 3) n", r"3 rows .* were sealed by nobody"),
        ("delete from log_seal where seal_no = 2", r"seal 2 \(merge ids 6–6, decisions 1–2\) was removed"),
        ("delete from log_seal where seal_no = 3", r"3 rows \(merge ids from 7, decisions from 3\) were sealed by nobody"),
        ("delete from log_seal", r"11 rows \(merge ids from 1, decisions from 1\) were sealed by nobody"),
        ("update log_seal set sealed_at = 'infinity' where seal_no = 2", r"seal 2 .* was changed"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_named(log: Connection, damage: str, told: str) -> None:
    tamper(log, damage)
    with pytest.raises(IntegrityError, match=told):
        verify_log(log)


def test_no_column_of_a_row_or_a_seal_can_be_changed_unseen(log: Connection) -> None:
    columns = log.execute(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' and table_name = any(%s) order by 1, ordinal_position",
        [list(TABLES)],
    ).fetchall()
    checks = log.execute(
        "select conrelid::regclass::text, conname from pg_constraint where contype = 'c' and conrelid::regclass::text = any(%s)",
        [list(TABLES)],
    ).fetchall()
    log.commit()
    tamper(log, *(f"alter table {table} drop constraint {name}" for table, name in checks))
    tamper(log, "alter table identity_decision alter decision_id drop identity")
    for table, column, kind in columns:
        tamper(
            log,
            f"create table kept as select * from {table}",
            f"update {table} set {column} = {OTHER_VALUE[kind].format(column)} where {KEYS[table]} = 2",
        )
        with pytest.raises(IntegrityError):
            verify_log(log)
        tamper(log, f"delete from {table}", f"insert into {table} select * from kept", "drop table kept")
    assert verify_log(log).seals == 3


def test_values_are_read_alike_under_any_setting_of_the_database(log: Connection, database: PostgresAddress) -> None:
    with log.transaction():
        for setting in ("timezone = 'Asia/Tokyo'", "datestyle = 'German'", "extra_float_digits = -15"):
            log.execute(f"set {setting}")  # type: ignore[arg-type]
    assert verify_log(log).seals == 3


def test_a_rewritten_chain_is_found_by_a_digest_that_was_noted(log: Connection) -> None:
    noted = verify_log(log).digest
    tamper(log, "delete from log_seal", "update identity_merge_log set cause = 'must_link' where merge_id = 2")
    write(log, 0, 0)
    assert verify_log(log).seals == 1
    with pytest.raises(IntegrityError, match="does not hold the expected digest"):
        verify_log(log, expect=noted)


@pytest.mark.parametrize(("table", "column"), [*zip(TABLES, ("cause", "reason", "rows"), strict=True)])
@pytest.mark.parametrize("action", ["update {0} set {1} = {1} where false", "delete from {0}", "truncate {0} cascade"])
def test_not_even_the_owner_changes_a_row(log: Connection, table: str, column: str, action: str) -> None:
    with pytest.raises(RefusedError, match="never changed"), translated(), log.transaction():
        log.execute(action.format(table, column))  # type: ignore[arg-type]
    log.execute("set session_replication_role = replica")
    log.commit()
    with pytest.raises(psycopg.Error, match="append-only"), log.transaction():
        log.execute(action.format(table, column))  # type: ignore[arg-type]
    assert verify_log(log).rows == 11


def test_a_published_run_tells_the_seal_that_covers_it(database: PostgresAddress, conn: Connection) -> None:
    result = publish(database, first_night())
    run = show_run(conn, result.run_id)
    assert run is not None
    assert run.seal == result.seal == verify_log(conn, expect=result.seal).digest


BATCHES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from([None, 7])).filter(lambda batch: batch[0] + batch[1]),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, data=st.data())
def test_any_removed_row_or_seal_is_found_whatever_was_sealed(
    conn: Connection, batches: list[tuple[int, int, int | None]], data: st.DataObject
) -> None:
    tamper(conn, *(f"delete from {table}" for table in TABLES))
    for merges, decisions, run_id in batches:
        write(conn, merges, decisions, run_id)
    verified = verify_log(conn)
    assert verified.seals == len(batches)
    assert verified.rows == sum(merges + decisions for merges, decisions, _ in batches)
    with conn.transaction():
        present = [(table, row[0]) for table in TABLES for row in conn.execute(f"select {KEYS[table]} from {table}")]  # type: ignore[arg-type]
    table, key = data.draw(st.sampled_from(sorted(present)))
    tamper(conn, f"delete from {table} where {KEYS[table]} = {key}")
    with pytest.raises(IntegrityError):
        verify_log(conn)


def test_the_command_tells_the_chain_or_where_it_breaks_and_no_value(
    log: Connection, database: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "retail_brain.toml").write_text("", encoding="utf-8")
    for name, value in {"HOST": database.host, "PORT": str(database.port), "DB": database.dbname, "USER": database.user, "PASSWORD": database.password or ""}.items():  # fmt: skip
        monkeypatch.setenv(f"POSTGRES_{name}", value)
    monkeypatch.setenv("REDIS_HOST", "/nowhere.sock")
    shop = Shop(folder=tmp_path)
    told = shop.must("merge", "verify")
    assert set(told) == {"rows", "seals", "digest"}
    assert f"{told['rows']} rows under 3 seals are as they were written" in shop.call("merge", "verify").out
    assert shop.must("merge", "verify", "--expect", told["digest"]) == told
    assert shop.call("merge", "verify", "--expect", "0" * 64).code == 6
    tamper(log, "update identity_decision set reason = 'Secretia' where decision_id = 1")
    answer = shop.call("merge", "verify", "--json")
    assert (answer.code, answer.out) == (6, "")
    assert "merge ids 6–6, decisions 1–2" in answer.err
    assert "Secretia" not in answer.err
    assert "sisters" not in answer.err

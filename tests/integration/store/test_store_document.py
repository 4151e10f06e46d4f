"""All profiles as documents, page by page: the same bytes as PostgreSQL's JSON functions make of one profile after another."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from night import first_night, profile_id, publish

from retail_brain import sql
from retail_brain.store import document
from retail_brain.store.connection import connect
from retail_brain.store.document import stream_documents
from retail_brain.store.outbox import pending_changes

if TYPE_CHECKING:
    from retail_brain.model import PostgresAddress
    from retail_brain.store.connection import Connection

CONTROLS = "".join(chr(number) for number in range(1, 32)) + "\x7f\x80\u2028\ufeff"
ODD = (
    'a "quoted", comma', "back\\slash\\", "O'Neil \\N {}[],:", CONTROLS, "李小龍", "é e\u0301 \U0001f642", "", " ", "null", '"', "}",
    ',"records":[', "%s %(least)s", "\x1e", "\x1f",
)  # fmt: skip
TIED = uuid.UUID(int=(77 << 80) | (8 << 76) | (2 << 62))
GREATEST = uuid.UUID(int=2**128 - 1)


@pytest.fixture
def shop(database: PostgresAddress, conn: Connection) -> Connection:
    """The first night, and by hand: profiles of odd names, of many records, of none, with ids that share a half, and an alias."""
    publish(database, first_night())
    add(conn, profile_id(900), 1)
    for number, text in enumerate(ODD):
        add(conn, profile_id(1000 + number), 1 + number % 4, text)
    for number in range(40):
        add(conn, uuid.UUID(int=TIED.int + number * 5), 1 + number % 3)
    for other in (uuid.UUID(int=0), GREATEST):
        add(conn, other, 2)
    add(conn, uuid.UUID(int=TIED.int + 3), 0)
    add(conn, profile_id(2000), 300)
    with conn.transaction():
        conn.execute(
            "update profile set provenance = replace(provenance::text, ' ', '')::json"
        )  # as every night writes it
        conn.execute("update profile set version = 7, given_name = null where profile_id = %s", [profile_id(1)])
        conn.execute("update profile set updated_at = null, email = 'x' where profile_id = %s", [profile_id(900)])
        conn.execute("insert into profile_alias values (%s, %s, 1)", [uuid.uuid4(), profile_id(1)])
        conn.execute("update source_record set profile_id = null, gone_run = 1 where record_no % 50 = -11")
    return conn


def add(conn: Connection, key: uuid.UUID, records: int, text: str | None = None) -> None:
    """Add a profile with so many records, each of which is at the end of its table and numbered downwards."""
    with conn.transaction():
        row = conn.execute("select coalesce(min(record_no), 0) from source_record").fetchone()
        assert row is not None
        numbers = [row[0] - number for number in range(1, records + 1)]
        for number in numbers:
            conn.execute(
                "insert into source_record (record_no, source, record_id, profile_id, delivery_no, row_hash) values (%s, %s, %s, %s, 1, '')",
                [number, text or "pos", f"{text}{number}", key],
            )
        conn.execute(
            "insert into profile (profile_id, given_name, family_name, city, date_of_birth, record_count, first_record_no, provenance, updated_at, run_id)"
            " values (%s, %s, %s, %s, '1984-03-11', %s, %s, %s, %s, 1)",
            [
                key, text, "Lopez", text, max(1, records), min(numbers, default=0),
                '{"given_name":1,"city":2}' if records > 1 else None, datetime(2026, 1, 2, 3, 4, 5, records * 1000, UTC).replace(tzinfo=None),
            ],
        )  # fmt: skip


def plain(conn: Connection) -> dict[str, str]:
    """Each profile's document as the outbox tells it when it has changed."""
    with conn.transaction():
        ids = [key for (key,) in conn.execute("select profile_id from profile").fetchall()]
        conn.execute(sql.load("store/queue_profiles"), {"profile_ids": ids})
    return {key: text for key, text, _ in pending_changes(conn) if text is not None}


def streamed(database: PostgresAddress, readers: int = 1) -> dict[str, str]:
    with ExitStack() as opened:
        first, *helpers = (opened.enter_context(connect(database)) for _ in range(readers))
        told = stream_documents(first, helpers).read_all().to_pylist()
    found = {row["profile_id"]: row["document"] for row in told}
    assert len(found) == len(told)
    return found


def test_documents_are_byte_for_byte_what_the_outbox_tells_of_each_profile(
    database: PostgresAddress, shop: Connection
) -> None:
    found = streamed(database)
    assert found == plain(shop)
    assert all(json.loads(text)["profile_id"] == key for key, text in found.items())
    assert [one["record_no"] for one in json.loads(found[str(profile_id(1))])["records"]] == [1, 2]
    assert "records" not in json.loads(found[str(uuid.UUID(int=TIED.int + 3))])
    assert len(json.loads(found[str(profile_id(2000))])["records"]) in range(290, 300)


@pytest.mark.parametrize(
    ("readers", "passes", "pages"), [(1, 1, 1), (3, 1, 1), (2, 1, 3), (1, 100_000, 1), (3, 100_000, 2)]
)
def test_neither_readers_nor_passes_nor_pages_make_a_difference(
    database: PostgresAddress, shop: Connection, readers: int, passes: int, pages: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_PASS_PAGES", passes)
        patch.setattr(document, "_RECORD_PAGES", pages)
        patch.setattr(document, "_PROFILE_PAGES", pages)
        assert streamed(database, readers) == plain(shop)


def test_an_empty_shop_has_no_documents(database: PostgresAddress, conn: Connection) -> None:
    assert streamed(database, 2) == {}


def test_all_connections_see_one_moment(
    database: PostgresAddress, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_PASS_PAGES", 1)
    monkeypatch.setattr(document, "_PROFILE_PAGES", 1)
    before = plain(shop)
    with connect(database) as first, connect(database) as helper:
        reader = stream_documents(first, [helper])
        told = reader.read_next_batch().to_pylist()
        with shop.transaction():
            shop.execute("update profile set version = version + 1")
            shop.execute("update source_record set record_id = 'changed ' || record_id")
        told += reader.read_all().to_pylist()
    assert {row["profile_id"]: row["document"] for row in told} == before
    assert streamed(database) == plain(shop) != before


def test_a_reader_that_is_left_in_the_middle_lets_its_connections_be_closed(
    database: PostgresAddress, shop: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(document, "_PASS_PAGES", 1)
    with connect(database) as first, connect(database) as helper:
        reader = stream_documents(first, [helper])
        assert reader.read_next_batch().num_rows
    assert first.closed
    assert helper.closed
    del reader
    assert not caplog.records

"""A retailer small enough to read: the DuckDB tables that the pipeline would hand to publishing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import duckdb

from retail_brain.model import VALUE_FIELDS, PostgresAddress
from retail_brain.store.connection import connect
from retail_brain.store.publish import PublishResult, publish_run
from retail_brain.store.run import acquire_lease, begin_run, release_lease

SHA = "a" * 64
NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - the sources tell no time zone
_KINDS = {"date_of_birth": "date"}
_VALUES = ", ".join(f"{name} {_KINDS.get(name, 'varchar')}" for name in VALUE_FIELDS)
_TABLES = {
    "source_record_upsert": f"record_no bigint, source varchar, record_id varchar, profile_id uuid, delivery_id varchar, row_hash varchar, {_VALUES}, updated_at timestamp, attributes varchar",
    "source_record_gone": "record_no bigint",
    "profile_upsert": f"profile_id uuid, {_VALUES}, record_count integer, first_record_no bigint, provenance varchar, updated_at timestamp",
    "profile_gone": "profile_id uuid",
    "profile_alias_new": "alias_id uuid, profile_id uuid",
    "merge_log_new": "merge_id bigint, kind varchar, inverts bigint, cause varchar, record_no_l bigint, record_no_r bigint, match_weight double, match_probability double, levels varchar, blocking_rule varchar, model_id varchar, profile_id uuid, profile_id_l uuid, profile_id_r uuid",
    "review_item_new": "record_no_l bigint, record_no_r bigint, kind varchar, match_weight double, match_probability double, levels varchar, blocking_rule varchar, reason varchar, stake double",
    "review_item_gone": "record_no_l bigint, record_no_r bigint",
    "delivery_new": "delivery_id varchar, source varchar, file_name varchar, bytes bigint, rows bigint, accepted bigint, quarantined bigint, duplicates bigint",
    "quarantined_row_new": "delivery_id varchar, source varchar, file_name varchar, line bigint, reason varchar, raw varchar",
}


def profile_id(number: int) -> uuid.UUID:
    """Return the id of the test's n-th profile."""
    return uuid.UUID(int=(number << 80) | (8 << 76) | (2 << 62))


@dataclass
class Night:
    """The differences of one night, filled by hand."""

    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self) -> None:
        for name, columns in _TABLES.items():
            self.con.execute(f"create table {name} ({columns})")

    def put(self, table: str, **values: object) -> None:
        """Add one row."""
        names = ", ".join(values)
        self.con.execute(
            f"insert into {table} ({names}) values ({', '.join('?' * len(values))})", list(values.values())
        )

    def deliver(self, *, sha: str = SHA, source: str = "pos", rows: int = 1) -> None:
        """Add one delivered file."""
        self.put(
            "delivery_new",
            delivery_id=sha,
            source=source,
            file_name=f"{source}.csv",
            bytes=10,
            rows=rows,
            accepted=rows,
            quarantined=0,
            duplicates=0,
        )

    def record(self, number: int, profile: int, *, sha: str = SHA, **values: object) -> None:
        """Add a new or changed record."""
        person = {"given_name": "Maria", "family_name": "Lopez-García"} | values
        self.put(
            "source_record_upsert", record_no=number, source="pos", record_id=str(100 + number), profile_id=profile_id(profile), delivery_id=sha,
            row_hash=f"{number:016x}", updated_at=NEW_YEAR + timedelta(days=number), **person,
        )  # fmt: skip

    def profile(
        self,
        number: int,
        *,
        records: int = 1,
        first: int | None = None,
        provenance: str = '{"given_name": 1, "family_name": 1}',
        **values: object,
    ) -> None:
        """Add a new or changed profile."""
        person = {"given_name": "Maria", "family_name": "Lopez-García"} | values
        self.put(
            "profile_upsert", profile_id=profile_id(number), record_count=records, first_record_no=first or number, provenance=provenance,
            updated_at=NEW_YEAR + timedelta(days=number), **person,
        )  # fmt: skip

    def merge(self, merge_id: int, left: int, right: int, profile: int, *, inverts: int | None = None) -> None:
        """Add a row of the merge log."""
        self.put(
            "merge_log_new", merge_id=merge_id, kind="split" if inverts else "merge", inverts=inverts, cause="changed" if inverts else "match", record_no_l=left,
            record_no_r=right, match_weight=10.5, match_probability=0.9993, levels="3,0,-1", blocking_rule="email", model_id="default-1",
            profile_id=profile_id(profile), profile_id_l=profile_id(profile), profile_id_r=profile_id(profile),
        )  # fmt: skip


def first_night() -> Night:
    """Two people: Maria with two records, Robert with one."""
    night = Night()
    night.deliver(rows=3)
    night.record(
        1, 1, email="maria@example.com", phone="+12025550176", postal_code="94110", date_of_birth=date(1984, 3, 11)
    )
    night.record(2, 1, email="maria.lopez@example.com", postal_code="94110", date_of_birth=date(1984, 3, 11))
    night.record(3, 3, given_name="Robert", family_name="Hale", email="rhale@example.org", postal_code="94110")
    night.profile(
        1,
        records=2,
        provenance='{"given_name": 1, "family_name": 1, "email": 2, "phone": 1}',
        email="maria.lopez@example.com",
        phone="+12025550176",
        postal_code="94110",
    )
    night.profile(
        3,
        given_name="Robert",
        family_name="Hale",
        email="rhale@example.org",
        postal_code="94110",
        provenance='{"given_name": 3, "family_name": 3, "email": 3}',
    )
    night.merge(1, 1, 2, 1)
    night.put(
        "review_item_new",
        record_no_l=1,
        record_no_r=3,
        kind="borderline",
        match_weight=1.25,
        match_probability=0.7,
        levels="0,0,0",
        blocking_rule="postal_code",
        stake=0.7,
    )
    return night


def publish(address: PostgresAddress, night: Night) -> PublishResult:
    """Run a night as the pipeline does: lease, run, publish, release."""
    with connect(address) as conn:
        lease = acquire_lease(conn)
        run_id = begin_run(conn, lease)
        result = publish_run(address, night.con, run_id=run_id, lease_token=lease.token)
        release_lease(conn, lease)
    return result

"""The real identity code on a real PostgreSQL, for thousands of operations: nights, unmerges, joins, decisions.

Real are the changes of records, the walk, ids, golden values, differences, publishing and everything a person does. What a night
spends its seconds on is given instead of found: scored pairs, clashes and doubts stand in the tables that scoring would have filled.
Golden values are chosen by the real statement, over two of the fields.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from naive import pair
from naive_model import RefusedByHand, Tonight
from retail_brain import sql
from retail_brain.config.matching import BoundSettings, MatchingSettings
from retail_brain.config.resources import ResourceSettings
from retail_brain.config.survivorship import SurvivorshipSettings
from retail_brain.desk.join import join_in
from retail_brain.desk.revert import revert_in
from retail_brain.desk.unmerge import Selection, unmerge_in
from retail_brain.errors import RefusedError, StateMovedError
from retail_brain.matching import clash
from retail_brain.matching.model import default_model
from retail_brain.model import VALUE_FIELDS
from retail_brain.pipeline import identify
from retail_brain.pipeline.changes import apply_changes
from retail_brain.pipeline.layer import make_whole
from retail_brain.pipeline.lease import HeldLease
from retail_brain.pipeline.state import PreviousState
from retail_brain.store import state as stored
from retail_brain.store.change import NewDecision, append_decision, change_by_hand
from retail_brain.store.connection import connect
from retail_brain.store.publish import publish_run
from retail_brain.store.run import acquire_lease, adopt_run, begin_run, finish_run, release_lease
from retail_brain.survivorship import statement, survive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retail_brain.model import PostgresAddress

MOST_VALUES = 2
MATCHING = MatchingSettings(
    merge_probability=0.8,
    bounds=BoundSettings(loyalty_id=MOST_VALUES, national_id=0, date_of_birth=0, email=0, phone=0),
)
THRESHOLD = 2.0
"""Bits from which on a pair is a link: 2 bits are four chances in five."""

CONFIG: Any = SimpleNamespace(
    matching=MATCHING, survivorship=SurvivorshipSettings(default="newest"), resources=ResourceSettings()
)
GOLDEN = ("given_name", "email")
RULING = {"reason": "a law", "ticket": None, "decided_by": "laws"}
KEPT = {
    "record": "record_before", "crosswalk": "previous_crosswalk", "live_merge": "standing_merge",
    "review_item": "review_item_before",
}  # fmt: skip
_PAIR = "record_no_l bigint, record_no_r bigint"
_VALUES = ", ".join(f"{name} {'date' if name == 'date_of_birth' else 'varchar'}" for name in VALUE_FIELDS)


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    """Make a small table."""
    con.execute(f"create or replace table {table} ({columns})")
    if rows:
        values = ", ".join(f"({', '.join('null' if value is None else repr(value) for value in row)})" for row in rows)
        con.execute(f"insert into {table} values {values}")


@contextmanager
def given_scores() -> Iterator[None]:
    """Let clashes and doubts come from clash_given and doubt_given, and golden values be chosen for two fields."""
    scored = SimpleNamespace(physical_name="", drop_table_from_database_and_remove_from_cache=lambda: None)
    clashing = (
        "select given.* from clash_given as given"
        " join clash_block on join_key_l = record_no_l and join_key_r = record_no_r"
    )
    doubts = "create or replace table doubt as from doubt_given where $merge_probability > 0"
    columns = ", ".join(
        name if name in GOLDEN else f"null::{'date' if name == 'date_of_birth' else 'varchar'} as {name}"
        for name in VALUE_FIELDS
    )
    whole = statement.survivorship_sql

    def fewer_fields(*args: Any, **options: Any) -> str:
        chosen = whole(*args, **options)
        return f"select profile_id, {columns}, record_count, first_record_no, provenance, updated_at from ({chosen})"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            clash, "attach_terms", lambda con, *rest: con.execute("create or replace table clash_key (x int)")
        )
        patch.setattr(clash, "compare_pairs", lambda *rest: scored)
        patch.setattr(clash, "clash_sql", lambda *rest: clashing)
        patch.setattr(clash, "sql", SimpleNamespace(load=lambda name: doubts))
        patch.setattr(statement, "GOLDEN_FIELDS", GOLDEN)
        patch.setattr(statement, "SINGLE_FIELDS", GOLDEN)
        patch.setattr("retail_brain.survivorship.survivorship_sql", fewer_fields)
        yield


@dataclass
class Matched:
    """A run that was matched and is not published yet."""

    run_id: int
    tonight: Tonight
    previous: PreviousState


@dataclass
class Retailer:
    """A database of its own, and the workspace of a night: an engine and the tables kept from the last published run."""

    address: PostgresAddress
    con: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(config={"threads": 1}))
    desk: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(config={"threads": 1}))
    workspace_of: int | None = None
    published: Tonight = field(default_factory=Tonight)

    def __post_init__(self) -> None:
        self.pg = connect(self.address)
        for engine in (self.con, self.desk):  # tables of a few rows: planning well takes longer than running badly
            engine.execute("pragma disable_optimizer")
        self.model = default_model()

    def close(self) -> None:
        """Close every connection."""
        for connection in (self.pg, self.con, self.desk):
            connection.close()

    # nights

    def night(self, tonight: Tonight) -> None:
        """Match and publish."""
        self.publish(self.match(tonight))

    def match(self, tonight: Tonight, run_id: int | None = None) -> Matched:
        """Take what stands, find what changed, walk, and find the differences."""
        con = self.con
        model = replace(self.model, model_id=f"m{tonight.model}")
        lease = acquire_lease(self.pg)
        if run_id is None:
            run_id = begin_run(self.pg, lease)
        release_lease(self.pg, lease)
        same_model = tonight.model == self.published.model
        previous = self._load(same_model)
        self._deliver(tonight, run_id)
        apply_changes(con, max_loss_share={"pos": 1.0})
        con.execute("create or replace view live_record as select * exclude (gone) from record where not gone")
        complete = not previous.has_edges or previous.head.is_revert
        self._score(tonight, numbers=dict(con.execute("select record_id, record_no from live_record").fetchall()))
        con.execute(
            "create or replace table changed_key as select record_no from record_change semi join match_key using (record_no) where action <> 'unchanged'"
        )
        identify.resolve(con, CONFIG, model, previous, complete=complete)
        identify.survive(con, CONFIG, everything=previous.run_id is None)
        identify.find_differences(con, CONFIG, previous, model_id=model.model_id)
        return Matched(run_id=run_id, tonight=tonight.copied(), previous=previous)

    def _load(self, same_model: bool) -> PreviousState:
        """Load what stood before, from the kept tables or, where they are gone or old, from PostgreSQL."""
        con, head = self.con, stored.published_head(self.pg)
        con.execute(sql.load("pipeline/empty_state"))
        stored.read_decisions(self.pg, con)
        stored.read_new_decisions(self.pg, con)
        stored.read_arrivals(self.pg, con)
        if head.run_id is None:
            return PreviousState(head=head)
        kept = self.workspace_of == head.run_id
        if kept and head.untouched_since_publish:
            for name, into in KEPT.items():
                con.execute(f"create or replace table {into} as from kept_{name}")
        else:
            stored.read_records(self.pg, con, table="record_before")
            stored.read_identity(self.pg, con)
        if same_model and not kept:
            numbers = con.execute("select record_id, record_no from record_before where not gone").fetchall()
            self._score(self.published, numbers=dict(numbers))
        for name in ("edge", "clash") if same_model else ():
            scored = f"kept_{name}" if kept else {"edge": "edge", "clash": "clash_given"}[name]
            con.execute(f"create or replace table {name}_before as from {scored}")
        return PreviousState(head=head, folder=SimpleNamespace() if same_model else None)  # type: ignore[arg-type]

    def _deliver(self, tonight: Tonight, run_id: int) -> None:
        columns = f"source varchar, record_id varchar, {_VALUES}, updated_at timestamp, attributes varchar, delivery_id varchar, row_hash varchar"
        rows = [
            ("pos", key, f"name {version}", f"{key}@mail.example", "2026-01-01", f"d{run_id}", f"{version:016x}")
            for key, version in sorted(tonight.versions.items())
        ]
        chosen = "source, record_id, given_name, email, updated_at, delivery_id, row_hash"
        make_whole(self.con, "record_tonight")
        self.con.execute(f"create table record_tonight ({columns})")
        if rows:
            values = ", ".join(repr(row) for row in rows)
            self.con.execute(f"insert into record_tonight ({chosen}) values {values}")
        fill(
            self.con, "delivery_new",
            "delivery_id varchar, source varchar, file_name varchar, bytes bigint, rows bigint, accepted bigint, quarantined bigint, duplicates bigint",
            [(f"d{run_id}", "pos", "pos.csv", 1, len(rows), len(rows), 0, 0)],
        )  # fmt: skip

    def _score(self, tonight: Tonight, numbers: dict[str, int]) -> None:
        """Fill the tables that scoring fills."""
        con = self.con
        weights = {
            pair(*(numbers[key] for key in keys)): bits
            for keys, bits in tonight.weights.items()
            if keys <= set(numbers)
        }
        edges = [(*ends, bits, round(1 / (1 + 2.0**-bits), 9), "1", "email_key") for ends, bits in weights.items()]
        fill(
            con,
            "edge",
            f"{_PAIR}, match_weight double, match_probability double, levels varchar, blocking_rule varchar",
            edges,
        )
        for name, given in (("clash", tonight.clashes), ("doubt", tonight.doubts)):
            pairs = [pair(*(numbers[key] for key in keys)) for keys in given if keys <= set(numbers)]
            more, columns = (
                ((-9.0, "given_name"), f"{_PAIR}, clash_bits double, reason varchar")
                if name == "clash"
                else ((), _PAIR)
            )
            fill(con, f"{name}_given", columns, [(*ends, *more) for ends in pairs])
        keys = [(number, tonight.values.get(key)) for key, number in numbers.items()]
        fill(con, "key_given", "record_no bigint, loyalty_key varchar", keys)
        con.execute(
            "create or replace table match_key as select *, null::varchar as national_key, null::varchar as birth_date, null::varchar as email_key, null::varchar as phone_key from key_given"
        )
        fill(con, "shared_value", "field varchar, value varchar, kind varchar, records bigint, people bigint", [])

    def publish(self, matched: Matched) -> None:
        """Publish a matched run; where somebody changed something since, match it again, as a night does."""
        lease = acquire_lease(self.pg)
        adopt_run(self.pg, lease, matched.run_id)
        head = matched.previous.head
        seen = {"seen_merge_id": head.last_merge_id, "seen_decision_id": head.last_decision_id}
        (written,) = self.con.execute("select count(*) from merge_log_new").fetchone() or (0,)
        reached = {**seen, "seen_merge_id": head.last_merge_id + written}
        try:
            publish_run(
                self.address, self.con, run_id=matched.run_id, lease_token=lease.token,
                model_id=f"m{matched.tonight.model}", counts=reached, **seen,
            )  # fmt: skip
        except StateMovedError:
            release_lease(self.pg, lease)
            self.publish(self.match(matched.tonight, matched.run_id))
            return
        release_lease(self.pg, lease)
        self.published, self.workspace_of = matched.tonight, matched.run_id
        for name in (*KEPT, "edge", "clash"):
            self.con.execute(f"create or replace table kept_{name} as from {name}")

    def hold(self, matched: Matched) -> None:
        """Mark a matched run as held."""
        finish_run(self.pg, matched.run_id, "held", reason="a law")

    def discard(self, matched: Matched) -> None:
        """Drop a matched run."""
        finish_run(self.pg, matched.run_id, "discarded", reason="a law")

    # what a person does

    def unmerge(self, pairs: set[tuple[int, int]]) -> None:
        """Undo the merges that stand between these pairs."""
        live = {(left, right): number for number, left, right in self.rows(LIVE)}
        selection = Selection(merge_ids=tuple(live[ends] for ends in pairs))
        self._act(unmerge_in, selection)

    def join(self, left: str, right: str) -> None:
        """Join two records by hand."""
        self._act(join_in, f"pos:{left}", f"pos:{right}")

    def _act(self, action: Any, *what: Any) -> None:
        """Act at this desk: this database, an engine that is open already, a workspace without files."""
        folder = SimpleNamespace(read=lambda *args, **options: False)
        workspace = SimpleNamespace(run_folder=lambda run_id: folder)
        stores: Any = SimpleNamespace(config=CONFIG, workspace=workspace, postgres=self.address, pg=self.pg)
        try:
            action(stores, self.desk, *what, RULING)
        except RefusedError as error:
            raise RefusedByHand from error

    def revert(self, run_id: int, *, with_later: bool) -> bool:
        """Take a run back; say whether it was done, or refused because of what came later."""
        stores: Any = SimpleNamespace(config=CONFIG, postgres=self.address, pg=self.pg)
        try:
            with HeldLease(stores) as lease:
                result = revert_in(stores, self.desk, run_id, RULING, lease=lease, with_later=with_later)
        except RefusedError as error:
            if "--with-later" not in (error.hint or ""):
                raise
            return False
        assert result.status == "reverted"
        return True

    def rule_different(self, ends: tuple[int, int]) -> None:
        """Say that two records of different profiles are two people."""
        with change_by_hand(self.pg):
            append_decision(
                self.pg, NewDecision(kind="cannot_link", record_no_l=ends[0], record_no_r=ends[1], **RULING)
            )

    def withdraw(self, kind: str, ends: tuple[int, int]) -> None:
        """Take a decision back."""
        [number] = [row[0] for row in self.rows(IN_FORCE) if row[1:] == (kind, *ends)][:1]
        with change_by_hand(self.pg):
            append_decision(
                self.pg,
                NewDecision(kind="withdraw", record_no_l=ends[0], record_no_r=ends[1], withdraws=number, **RULING),
            )

    def golden_values(self) -> list[tuple[Any, ...]]:
        """What each profile's records alone make, chosen anew: as GOLDEN_VALUES tells them."""
        stored.read_records(self.pg, self.desk, table="record_now")
        stored.read_identity(self.pg, self.desk)
        stored.read_shared_values(self.pg, self.desk, "shared_value")
        tables = {"record": "record_now", "crosswalk": "previous_crosswalk", "into": "golden"}
        survive(self.desk, settings=CONFIG.survivorship, avoid="shared_value", **tables)
        chosen = "case when record_count > 1 then provenance end"
        query = f"select profile_id, given_name, email, record_count, first_record_no, {chosen} from golden order by 1"
        return self.desk.execute(query).fetchall()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What PostgreSQL answers."""
        with self.pg.transaction():
            return self.pg.execute(query).fetchall()  # type: ignore[call-overload]


LIVE = "select merge_id, record_no_l, record_no_r from identity_merge_log as made where kind = 'merge' and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)"
IN_FORCE = "select decision_id, kind, record_no_l, record_no_r from identity_decision as ruled where kind <> 'withdraw' and not exists (select from identity_decision as back where back.withdraws = ruled.decision_id) order by 1"

"""The seal of the log: a chain of hashes over every merge and every decision, written with them and computed again at will.

Each transaction that writes into the log ends with `seal_log`: one row of `log_seal` covers all rows that no seal covers
yet, and names the seal before. What is hashed is the text that COPY writes, so PostgreSQL prints it, nothing is kept in
memory, and anybody can repeat it with psql and sha256sum. Whoever can rewrite rows, seals and all is found out by a digest
that was noted elsewhere. Apart from the merge log's readers, because its only subject is whether they can be trusted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row

from retail_brain import sql
from retail_brain.errors import IntegrityError
from retail_brain.store.failure import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Cursor

    from retail_brain.store.connection import Connection

    _Range = tuple[int | None, int | None]  # the first and the last number; None: without bound

_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One link of the chain: one row of `log_seal`. A range whose first number is above its last is empty."""

    seal_no: int
    sealed_at: str
    run_id: int | None
    first_merge_id: int
    last_merge_id: int
    first_decision_id: int
    last_decision_id: int
    rows: int
    rows_digest: str
    previous_digest: str | None
    digest: str = ""

    def compute(self) -> str:
        """Return the digest that belongs to the other fields."""
        values = (getattr(self, field.name) for field in fields(self) if field.name != "digest")
        return hashlib.sha256("\n".join(str(value) for value in values).encode()).hexdigest()


_NOTHING = Seal(
    seal_no=0, sealed_at="", run_id=None, first_merge_id=1, last_merge_id=0, first_decision_id=1, last_decision_id=0,
    rows=0, rows_digest="", previous_digest=None,
)  # fmt: skip
"""What stands before the first seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """A log that is as it was sealed: rows and seals, and the newest digest (empty before the first seal)."""

    rows: int
    seals: int
    digest: str


def seal_log(conn: Connection, *, run_id: int | None = None) -> str:
    """Seal all rows of the merge log and all decisions that are not sealed yet.

    Args:
        conn: in the transaction that wrote the rows, as its last step, holding the lock under which identity changes.
        run_id: the run that wrote them; None where a person did.

    Returns:
        The newest digest: of the new seal, or of the last one where nothing is new; empty where nothing ever was.
    """
    with translated():
        with conn.pipeline():
            asked = ask_seal(conn)
        seal, digest = next_seal(conn, asked, run_id=run_id)
        if seal is not None:
            insert_seal(conn, seal)
    return digest


def ask_seal(conn: Connection) -> Cursor[dict[str, Any]]:
    """Ask where the chain ends and how far the log reaches, on the way with other statements.

    Args:
        conn: in a pipeline, in the transaction that wrote the rows.

    Returns:
        What `next_seal` takes once the pipeline has ended.
    """
    conn.execute(sql.load("store/seal_settings"))
    return conn.cursor(row_factory=dict_row).execute(sql.load("store/seal_head"))


def next_seal(
    conn: Connection, asked: Cursor[dict[str, Any]], *, run_id: int | None = None
) -> tuple[dict[str, Any] | None, str]:
    """Compute the seal of all rows that none covers yet.

    Args:
        conn: outside any pipeline, in the transaction that wrote the rows.
        asked: from `ask_seal`.
        run_id: the run that wrote them; None where a person did.

    Returns:
        The seal as `insert_seal` takes it, None where nothing is new; and the newest digest.
    """
    head = asked.fetchone()
    assert head is not None
    ranges = {
        "first_merge_id": head["sealed_merge_id"] + 1,
        "last_merge_id": max(head["last_merge_id"], head["sealed_merge_id"]),
        "first_decision_id": head["sealed_decision_id"] + 1,
        "last_decision_id": max(head["last_decision_id"], head["sealed_decision_id"]),
    }
    rows, rows_digest = _hash_rows(
        conn,
        merges=(ranges["first_merge_id"], ranges["last_merge_id"]),
        decisions=(ranges["first_decision_id"], ranges["last_decision_id"]),
    )
    if not rows:
        return None, head["digest"] or ""
    seal: dict[str, Any] = {
        "seal_no": (head["seal_no"] or 0) + 1, "sealed_at": head["now"], "run_id": run_id, **ranges, "rows": rows,
        "rows_digest": rows_digest, "previous_digest": head["digest"],
    }  # fmt: skip
    digest = Seal(**seal).compute()
    return {**seal, "digest": digest}, digest


def insert_seal(conn: Connection, seal: dict[str, Any]) -> None:
    """Add a seal to the chain.

    Args:
        conn: in the transaction that wrote the rows.
        seal: from `next_seal`.
    """
    conn.execute(sql.load("store/insert_seal"), seal)


def verify_log(conn: Connection, *, expect: str | None = None) -> VerifiedLog:
    """Compute every seal again.

    Args:
        conn: a connection outside any transaction.
        expect: a digest that was noted elsewhere and has to be in the chain.

    Returns:
        What was found to be as it was sealed.

    Raises:
        IntegrityError: a row or a seal was changed, added or removed; the message names where.
    """
    with translated(), conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute(sql.load("store/seal_settings"))
        with conn.cursor(row_factory=class_row(Seal)) as cursor:
            seals = cursor.execute(sql.load("store/list_seals")).fetchall()
        found = [*_check_chain(conn, seals), *_check_rest(conn, seals[-1] if seals else _NOTHING)]
    if found:
        more = f"; and {len(found) - _TOLD:,} more" if len(found) > _TOLD else ""
        raise IntegrityError(
            f"the log does not fit its seals: {'; '.join(found[:_TOLD])}{more}",
            hint="somebody changed the database past retail-brain; compare it with a backup",
        )
    if expect is not None and expect.lower() not in {seal.digest for seal in seals}:
        raise IntegrityError(
            "the chain of seals is sound, but does not hold the expected digest",
            hint="the log was replaced or cut off since the digest was noted, or it is another database's",
        )
    return VerifiedLog(
        rows=sum(seal.rows for seal in seals), seals=len(seals), digest=seals[-1].digest if seals else ""
    )


def _check_chain(conn: Connection, seals: list[Seal]) -> Iterator[str]:
    """Yield what does not fit, seal by seal."""
    before = _NOTHING
    for seal in seals:
        if seal.seal_no != before.seal_no + 1:
            yield f"{_gap(before, seal)} was removed"
        elif seal.digest != seal.compute() or not _follows(seal, before):
            yield f"{_place(seal)} was changed"
        start = seal.seal_no == 1
        rows, digest = _hash_rows(
            conn,
            merges=(None if start else seal.first_merge_id, seal.last_merge_id),
            decisions=(None if start else seal.first_decision_id, seal.last_decision_id),
        )
        if rows != seal.rows:
            yield f"{_place(seal)} covers {rows:,} rows, {seal.rows:,} were sealed"
        elif digest != seal.rows_digest:
            yield f"{_place(seal)} covers a row that was changed"
        before = seal


def _check_rest(conn: Connection, last: Seal) -> Iterator[str]:
    """Yield the rows after the last seal; there are none, since a row is sealed in the transaction that writes it."""
    rows, _ = _hash_rows(conn, merges=_after(last.last_merge_id), decisions=_after(last.last_decision_id))
    if rows:
        yield (
            f"{rows:,} rows (merge ids from {last.last_merge_id + 1}, decisions from {last.last_decision_id + 1}) "
            "were sealed by nobody"
        )


def _after(number: int) -> _Range:
    return (number + 1 if number else None, None)


def _hash_rows(conn: Connection, *, merges: _Range, decisions: _Range) -> tuple[int, str]:
    """Return how many rows lie in two ranges of numbers, and the hash of their text."""
    rows, digest = 0, hashlib.sha256()
    for name, (first, last) in (("store/copy_sealed_merges", merges), ("store/copy_sealed_decisions", decisions)):
        if first is not None and last is not None and first > last:
            continue
        with conn.cursor() as cursor:
            with cursor.copy(sql.load(name), {"first": first, "last": last}) as lines:
                for line in lines:
                    digest.update(line)
            rows += cursor.rowcount
    return rows, digest.hexdigest()


def _follows(seal: Seal, before: Seal) -> bool:
    return (
        seal.previous_digest == (before.digest or None)
        and seal.first_merge_id == before.last_merge_id + 1
        and seal.first_decision_id == before.last_decision_id + 1
    )


def _place(seal: Seal) -> str:
    run = f"run {seal.run_id}" if seal.run_id is not None else "by hand"
    ranges = _ranges(seal.first_merge_id, seal.last_merge_id, seal.first_decision_id, seal.last_decision_id)
    return f"seal {seal.seal_no} ({run}, {seal.sealed_at[:16]} UTC, {ranges})"


def _gap(before: Seal, after: Seal) -> str:
    which = f"seal {before.seal_no + 1}" + (f" to {after.seal_no - 1}" if after.seal_no > before.seal_no + 2 else "")
    ranges = _ranges(
        before.last_merge_id + 1, after.first_merge_id - 1, before.last_decision_id + 1, after.first_decision_id - 1
    )
    return f"{which} ({ranges})"


def _ranges(first_merge_id: int, last_merge_id: int, first_decision_id: int, last_decision_id: int) -> str:
    told = [
        f"{name} {first}–{last}"
        for name, first, last in (
            ("merge ids", first_merge_id, last_merge_id),
            ("decisions", first_decision_id, last_decision_id),
        )
        if first <= last
    ]
    return ", ".join(told) or "no rows"

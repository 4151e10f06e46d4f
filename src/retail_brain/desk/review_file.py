"""The review queue as a spreadsheet: questions written as CSV, answers read back, all of them applied or none.

One row a pair, both sides' fields beside each other, empty columns for the answer. A cell that a spreadsheet would take
for a formula gets a leading apostrophe, which reading takes away again. Spreadsheets save what they are given in their
own way, so any of their delimiters is read, and columns may come in any order.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from retail_brain.desk.lookup import open_store
from retail_brain.desk.result import ExportResult
from retail_brain.desk.review import read_questions, state_mark
from retail_brain.desk.review_result import ImportResult
from retail_brain.desk.ruling import decision_on, find_pair, make_ruling, rule_on
from retail_brain.desk.unmerge import tell_others
from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError, InputError, RefusedError
from retail_brain.model import VALUE_FIELDS
from retail_brain.pipeline.stores import open_stores
from retail_brain.store.change import change_by_hand
from retail_brain.store.failure import DeniedError
from retail_brain.store.review import fetch_records, list_questions
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.desk.review_result import DecideResult, ReviewItem
    from retail_brain.desk.ruling import Answer, Pair
    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.review import QuestionFilter

_ANSWERED = ("decision", "reason", "ticket")
_NEEDED = ("left", "right", "decision")
_TOLD = 20
_FORMULA = re.compile("^[=+\\-@\t\r＝＋－＠]")
_GUARDED = re.compile("^'[=+\\-@\t\r＝＋－＠]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One answered row of a file: where it begins, the two records, and the answer."""

    line: int
    left: str
    right: str
    decision: Answer
    reason: str
    ticket: str | None
    state: str


@dataclass(slots=True, kw_only=True)
class _Import:
    """A file while it is read and applied: its answers, what is wrong with it, and what came of each row."""

    rows: list[FileRow] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    undecided: int = 0


def export_review(config: Configuration, to: Path, wanted: QuestionFilter, *, limit: int) -> ExportResult:
    """Write questions as a CSV file with empty columns for the answers.

    Args:
        config: the configuration.
        to: the file, ending in .csv.
        wanted: which questions.
        limit: how many at most, most at stake first.

    Raises:
        ConfigurationError: the ending is another, or there is no such folder.
        ResourceError: the file cannot be written.
    """
    if to.suffix.lower() != ".csv":
        raise ConfigurationError(f"{to.name} must end in .csv")
    if not to.parent.is_dir():
        raise ConfigurationError(f"there is no folder {to.parent}")
    with open_store(config) as pg:
        items = read_questions(pg, list_questions(pg, wanted, limit=limit))
    replace_text(to, "\ufeff" + _as_csv(items))
    return ExportResult(path=str(to), rows=len(items))


def _as_csv(items: Iterable[ReviewItem]) -> str:
    text = io.StringIO()
    sides = [f"{name}_{side}" for name in VALUE_FIELDS for side in ("left", "right")]
    writer = csv.DictWriter(
        text,
        (
            *_ANSWERED,
            "kind",
            "match_probability",
            "differing",
            "left",
            "right",
            *sides,
            "records_left",
            "records_right",
            "state",
        ),
    )
    writer.writeheader()
    for item in items:
        row = {
            "kind": item.kind,
            "match_probability": item.match_probability,
            "differing": " ".join(item.differing),
            "state": item.state,
        }
        for name, side in (("left", item.left), ("right", item.right)):
            row |= {name: side.key, f"records_{name}": side.profile_records}
            row |= {f"{one}_{name}": value for one, value in side.values.items()}
        writer.writerow({name: _guard(value) for name, value in row.items()})
    return text.getvalue()


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _unguard(value: str | None) -> str:
    text = (value or "").strip()
    return text[1:] if _GUARDED.match(text) else text


def import_review(
    config: Configuration, path: Path, *, reason: str | None = None, ticket: str | None = None, by: str | None = None
) -> ImportResult:
    """Apply the answers of a CSV file in one transaction: all of them, or none.

    Args:
        config: the configuration.
        path: the file: columns left, right (SOURCE:RECORD_ID), decision (same, different or nothing), and where they are there
            reason, ticket and state.
        reason: why, for rows that do not say it themselves.
        ticket: where it was asked for, for rows that do not say it.
        by: who decides; by default the user of this process.

    Returns:
        How many rows did what.

    Raises:
        InputError: rows that cannot be applied, each named by its line and column; nothing was changed.
        LockedError: a run is being published.
    """
    found = _read(path, reason, ticket)
    _refuse(path, found)
    if not found.rows:
        return ImportResult(path=str(path), same=0, different=0, already_decided=0, undecided=found.undecided)
    with open_stores(config, migrate=False) as stores, open_engine(config.resources, stores.workspace.scratch) as con:
        with change_by_hand(stores.pg):
            _apply(stores, con, found, by)
            _refuse(path, found)
        warnings = tell_others(stores)
    return ImportResult(
        path=str(path), same=found.done["same"], different=found.done["different"],
        already_decided=found.done["already"], undecided=found.undecided, warnings=warnings,
    )  # fmt: skip


def _refuse(path: Path, found: _Import) -> None:
    if not found.wrong:
        return
    lines = [f"line {line}: {what}" for line, what in sorted(found.wrong)[:_TOLD]]
    more = [f"… and {len(found.wrong) - _TOLD:,} more"] if len(found.wrong) > _TOLD else []
    count = f"{len(found.wrong):,} row{'s' * (len(found.wrong) != 1)}"
    raise InputError(
        "\n  ".join([f"{path.name}: {count} cannot be applied", *lines, *more]),
        hint="nothing was changed: mend these rows, or empty their decision, and import again",
    )


def _read(path: Path, reason: str | None, ticket: str | None) -> _Import:
    found = _Import()
    for line, row in _rows(path):
        cell = {name: _unguard(value) for name, value in row.items() if isinstance(value, str)}
        decision = cell.get("decision", "").lower()
        missing = next((name for name in ("left", "right") if not cell.get(name)), None)
        why = cell.get("reason") or (reason or "").strip()
        if not decision:
            found.undecided += 1
        elif decision not in ("same", "different"):
            found.wrong.append((line, "column decision: neither same nor different"))
        elif missing:
            found.wrong.append((line, f"column {missing}: empty"))
        elif not why:
            found.wrong.append((line, "column reason: empty, and no --reason was given"))
        else:
            found.rows.append(FileRow(
                line=line, left=cell["left"], right=cell["right"], decision=cast("Answer", decision), reason=why,
                ticket=cell.get("ticket") or ticket, state=cell.get("state", ""),
            ))  # fmt: skip
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with the line on which it begins."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8", hint="save it as “CSV UTF-8”") from error
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count), restkey="", strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise InputError(
                f"{path.name} has no column {' and no column '.join(missing)}",
                hint="retail-brain review export writes them",
            )
        reader.fieldnames = names
        begins = reader.line_num + 1
        for row in reader:
            yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path.name} is no CSV file: line {reader.line_num} cannot be read") from error


def _apply(stores: Stores, con: duckdb.DuckDBPyConnection, found: _Import, by: str | None) -> None:
    """Apply row after row; what cannot be is noted, and the caller then takes everything back."""
    lines: dict[int, int] = {}
    for row in found.rows:
        try:
            pair = find_pair(stores.pg, row.left, row.right)
        except ConfigurationError as error:
            found.wrong.append((row.line, f"columns left, right: {error.message}"))
            continue
        if row.state and not decision_on(stores.pg, pair) and row.state != _state_of(stores, pair):
            found.wrong.append((row.line, "column state: a record has changed since the export"))
            continue
        try:
            result = _rule(stores, con, pair, row, by)
        except DeniedError:
            raise
        except (RefusedError, ConfigurationError) as error:
            found.wrong.append((row.line, f"column decision: {_with_lines(error.message, lines)}"))
            continue
        lines.setdefault(result.decision_id, row.line)
        found.done["already" if result.outcome == "already_decided" else row.decision] += 1


def _rule(stores: Stores, con: duckdb.DuckDBPyConnection, pair: Pair, row: FileRow, by: str | None) -> DecideResult:
    """Carry out one row in a savepoint of its own."""
    with stores.pg.transaction():
        return rule_on(stores, con, pair, row.decision, make_ruling(row.reason, row.ticket, by))


def _state_of(stores: Stores, pair: Pair) -> str:
    hashes = fetch_records(stores.pg, [record.record_no for record in pair])
    left, right = (hashes[record.record_no][1] for record in pair)
    return state_mark(left, right)


def _with_lines(message: str, lines: dict[int, int]) -> str:
    """Name decisions of the file itself by their lines: their numbers go when everything is taken back."""
    return re.sub(
        r"decision (\d+)",
        lambda one: f"the decision of line {lines[int(one[1])]}" if int(one[1]) in lines else one[0],
        message,
    )

"""Examples of what a run would do: the profiles that change most, and rows that hold what a finding speaks of.

Apart from the gate because these are records, for a person who asks: keys of records always, values only where asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from retail_brain import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

TABLES = ("record", "crosswalk_tonight", "touched_before", "delivered_row")
"""The artefacts of a run that examples are taken from."""
EXAMPLES, KEYS = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One thing that a run would do.

    `joined`: `records` records come together in a profile, from `profiles` profiles of before; `split`: a profile of
    before falls into `profiles`; `column`: rows behind a finding. `keys` are some of the records, `values` what they
    hold, in the same order, only where asked for.
    """

    kind: Literal["joined", "split", "column"]
    what: str
    keys: tuple[str, ...]
    records: int = 0
    profiles: int = 0
    values: tuple[str, ...] = ()


def find_examples(
    con: duckdb.DuckDBPyConnection, findings: Sequence[Mapping[str, Any]], *, with_values: bool
) -> Iterator[Example]:
    """Find the rows behind each finding and the profiles that would change most.

    Args:
        con: has the tables of `TABLES`.
        findings: the findings as they are stored with the run.
        with_values: tell the values of the records, too.
    """
    for finding in findings:
        if finding.get("source") and finding.get("field"):
            parameters = {"source": finding["source"], "field": finding["field"], "keys": KEYS}
            found = con.execute(sql.load("audit/example_column"), parameters).fetchall()
            keys, texts = tuple(key for key, _ in found), tuple(text or "" for _, text in found)
            what = str(finding["message"]).partition(":")[0]
            yield Example(kind="column", what=what, keys=keys, values=texts if with_values else ())
    for kind in ("joined", "split"):
        statement = "audit/example_joined" if kind == "joined" else "audit/example_split"
        for row in con.execute(sql.load(statement), {"examples": EXAMPLES, "keys": KEYS}).fetchall():
            profile, records, profiles, keys, texts = row
            yield Example(
                kind="joined" if kind == "joined" else "split", what=profile, keys=tuple(keys), records=int(records),
                profiles=int(profiles), values=tuple(texts) if with_values else (),
            )  # fmt: skip

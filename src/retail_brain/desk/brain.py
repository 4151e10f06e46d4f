"""What a desk knows while it is open: the model of the last published run, its term frequencies, and the values kept out.

Loaded once and renewed when another run is published. Single records are standardised, keyed, compared and survive here
by the functions that do so one by one; tests hold these against what a night does with all records.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.matching.compare import Comparer
from retail_brain.matching.model import Model
from retail_brain.matching.term_file import TermFile, open_terms
from retail_brain.model import VALUE_FIELDS
from retail_brain.pipeline.models import fetch_folder, made_by
from retail_brain.standardise.single_key import key_of
from retail_brain.standardise.single_value import SingleSettings, standardise_row
from retail_brain.store.desk_state import PublishedRun, five_digit_sources, published_run, shared_values
from retail_brain.survivorship.single import Avoided, SurvivedProfile, survive_single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from retail_brain.config.file import Configuration
    from retail_brain.matching.compare import PairResult
    from retail_brain.store.connection import Connection
    from retail_brain.workspace import Workspace

_TERMS = "term_frequency.parquet"
_DELIVERED = (
    "source", "record_id", "full_name", "given_name", "middle_name", "family_name", "name_suffix", "native_name", "gender",
    "email", "phone", "date_of_birth", "address", "city", "region", "postal_code", "country", "loyalty_id", "national_id",
    "updated_at", "attributes",
)  # fmt: skip


@dataclass(kw_only=True)
class Brain:
    """The knowledge of one published run."""

    config: Configuration
    run: PublishedRun
    comparer: Comparer
    terms: TermFile
    kept_out: frozenset[tuple[str, str]]
    avoided: Avoided
    single: SingleSettings
    deliveries: dict[str, int] = field(default_factory=dict)
    resources: ExitStack = field(default_factory=ExitStack)
    workspace: Workspace

    def standardise(self, row: Mapping[str, str | None]) -> dict[str, Any]:
        """Return the standardised values of a delivered row, and updated_at; empty ones are left out.

        Args:
            row: source, record_id and the delivered fields as text.
        """
        values = standardise_row(row, self.single)
        if values is None:
            values = self._by_sql(row)
        return {name: value for name, value in values.items() if value is not None}

    def key(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of standardised values, with how common each was in `terms`."""
        key = key_of(values, self.kept_out)
        key["terms"] = self.terms.of_key(key)
        return key

    def compare(self, one: int, key: Mapping[str, Any], two: int, other: Mapping[str, Any]) -> PairResult:
        """Compare two records by their numbers and keys; the smaller number stands left, as in a night."""
        return self.comparer.compare(key, other) if one < two else self.comparer.compare(other, key)

    def survive(self, members: Sequence[Mapping[str, Any]]) -> SurvivedProfile:
        """Choose the golden values of one profile."""
        return survive_single(members, self.config.survivorship, self.avoided)

    def _by_sql(self, row: Mapping[str, str | None]) -> dict[str, Any]:
        """Standardise one row by the statements of a night: slow, and right for every alphabet."""
        from retail_brain.standardise.values import standardise_values

        con = self._engine
        con.execute(f"create or replace table delivered_row ({', '.join(f'{name} varchar' for name in _DELIVERED)})")
        con.execute(
            f"insert into delivered_row values ({', '.join('?' * len(_DELIVERED))})",
            [row.get(name) for name in _DELIVERED],
        )
        standardise_values(con, into="single_value", sources=self.single.sources, home_region=self.single.home_region)
        cursor = con.execute("select * from single_value")
        names = [column[0] for column in cursor.description or ()]
        found = dict(zip(names, cursor.fetchall()[0], strict=True))
        return {name: found[name] for name in (*VALUE_FIELDS, "updated_at")}

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        from retail_brain.engine import open_engine

        return self.resources.enter_context(open_engine(self.config.resources, self.workspace.scratch / str(id(self))))


def open_brain(
    config: Configuration, pg: Connection, workspace: Workspace, run: PublishedRun, *, ahead: bool = False
) -> Brain:
    """Load what a published run knows.

    Args:
        config: the configuration.
        pg: a connection outside any transaction.
        workspace: holds the models.
        run: the run.
        ahead: read all term frequencies now.

    Raises:
        ConfigurationError: the model was trained by another version, or is damaged.
    """
    note = fetch_folder(workspace, pg, run.model_id)
    if note["made_by"] != made_by():
        raise ConfigurationError(
            f"model {run.model_id} was trained by another version of Retail Brain",
            hint="retail-brain model train, then retail-brain run",
        )
    folder = workspace.models / run.model_id
    shared = shared_values(pg)
    comparer, terms = Comparer(Model.load(folder)), open_terms(folder / _TERMS, note["model_hash"])
    if ahead:
        terms.read_ahead(comparer.term_columns)
    return Brain(
        config=config, run=run, workspace=workspace, comparer=comparer, terms=terms,
        kept_out=frozenset((name, value) for name, value, _kind in shared), avoided=Avoided(shared),
        single=SingleSettings(
            sources=config.sources, home_region=config.home_region,
            five_digit=frozenset(five_digit_sources(pg, list(config.sources))),
        ),
    )  # fmt: skip


def newest_run(pg: Connection) -> PublishedRun:
    """Return the run published last.

    Raises:
        RefusedError: nothing was published yet.
    """
    run = published_run(pg)
    if run is None:
        raise RefusedError("nothing was published yet", hint="retail-brain run")
    return run


def row_hash(values: Mapping[str, Any], attributes: str | None) -> str:
    """Return the hash of a record's values, as a night makes it.

    Args:
        values: the standardised values and updated_at.
        attributes: the columns that are passed through, as JSON text.
    """
    texts = [_text(values.get(name)) for name in (*VALUE_FIELDS, "updated_at")]
    return hashlib.md5("\x1f".join([*texts, attributes or ""]).encode(), usedforsecurity=False).hexdigest()[:16]


def _text(value: Any) -> str:
    """Return a value as DuckDB writes it."""
    if value is None:
        return ""
    if hasattr(value, "microsecond"):
        text = value.isoformat(sep=" ")
        return text.rstrip("0") if value.microsecond else text
    return str(value)

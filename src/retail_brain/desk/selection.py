"""Which merges a person means: by number, or all that stand of a run, a model, a blocking rule or an identifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retail_brain.desk.change_result import AlreadyUndone
from retail_brain.errors import ConfigurationError, RefusedError
from retail_brain.store.touched import find_standing, log_targets

if TYPE_CHECKING:
    from uuid import UUID

    import duckdb

    from retail_brain.pipeline.stores import Stores
    from retail_brain.store.touched import LogTarget

MOST = 100_000
"""More merges than this are not undone at once: that is no correction any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which merges: those with these numbers, or all standing ones that fit everything else that is given."""

    merge_ids: tuple[int, ...] = ()
    run_id: int | None = None
    identifier: str | None = None
    model_id: str | None = None
    blocking_rule: str | None = None

    @property
    def is_search(self) -> bool:
        """Whether merges are looked for by what they stand on."""
        return any(one is not None for one in (self.run_id, self.identifier, self.model_id, self.blocking_rule))


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The merges that stand, the profiles that they are in, and the ones that stand no more."""

    standing: frozenset[int]
    profile_ids: frozenset[UUID]
    already: tuple[AlreadyUndone, ...]


def find_targets(stores: Stores, con: duckdb.DuckDBPyConnection, selection: Selection) -> Targets:
    """Find the merges that are meant.

    Args:
        stores: the open stores, in the transaction of the change.
        con: an engine of its own.
        selection: which.

    Raises:
        ConfigurationError: nothing was selected, or a number is no merge.
        RefusedError: these are more than `MOST`.
    """
    if bool(selection.merge_ids) == selection.is_search:
        raise ConfigurationError(
            "say which merges: their numbers, or one of --run, --identifier, --model and --rule",
            hint="retail-brain merge list shows them",
        )
    merge_ids = _search(stores, con, selection) if selection.is_search else list(selection.merge_ids)
    found = log_targets(stores.pg, merge_ids)
    missing = sorted(set(merge_ids) - {one.merge_id for one in found})
    if missing:
        raise ConfigurationError(f"there is no merge {missing[0]}", hint="retail-brain merge list shows them")
    for one in found:
        if one.inverts is not None:
            raise ConfigurationError(f"{one.merge_id} is no merge: it ended merge {one.inverts}")
    standing = [one for one in found if one.undone_kind is None]
    return Targets(
        standing=frozenset(one.merge_id for one in standing),
        profile_ids=frozenset(one.profile_id_l for one in standing if one.profile_id_l),
        already=tuple(_ended(one) for one in found if one.undone_kind is not None),
    )


def _search(stores: Stores, con: duckdb.DuckDBPyConnection, selection: Selection) -> list[int]:
    among = None
    if selection.identifier is not None:
        from retail_brain.desk.identifier import merges_by_identifier

        among = merges_by_identifier(stores, con, selection.identifier)
    found = find_standing(
        stores.pg, run_id=selection.run_id, model_id=selection.model_id, blocking_rule=selection.blocking_rule,
        among=among, limit=MOST + 1,
    )  # fmt: skip
    if len(found) > MOST:
        raise RefusedError(
            f"more than {MOST:,} merges stand on that; nothing was undone",
            hint="narrow it: --run, --identifier, --model and --rule can be given together",
        )
    return found


def _ended(one: LogTarget) -> AlreadyUndone:
    assert one.undone_at is not None
    assert one.undone_cause is not None
    return AlreadyUndone(
        merge_id=one.merge_id, at=one.undone_at, by=one.undone_by, run_id=one.undone_run_id, cause=one.undone_cause
    )

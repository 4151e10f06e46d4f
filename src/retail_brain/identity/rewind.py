"""Groups and ids as they were at some place in the merge log: where a revert goes back to.

Pure, like the forest. A tree of standing merges bears one id, and an id changes only with a row of the log that names a
record of the tree; so the first row after that place which names one says what the id was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.errors import IntegrityError
from retail_brain.identity.cut import parts_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Mapping, Sequence

    from retail_brain.identity.cut import Edge


def rewind(
    records: Collection[int],
    edges: Sequence[Edge],
    *,
    named: Mapping[int, tuple[int, uuid.UUID]],
    former: Mapping[int, uuid.UUID],
    now: Mapping[int, uuid.UUID],
) -> dict[int, uuid.UUID]:
    """Return the profile that held each record.

    Args:
        records: the records that were delivered then: of each tree all or none.
        edges: the merges that stood then.
        named: for each record that the log names later, the first row that does, and its profile before that row.
        former: the profile of before, of records that a later run has written.
        now: the profile of each record that is delivered now.

    Raises:
        IntegrityError: nothing says which id a tree bore.
    """
    crosswalk: dict[int, uuid.UUID] = {}
    for part in parts_of(records, edges, ()):
        first = min((named[record_no] for record_no in part if record_no in named), default=None)
        told = (known[record_no] for known in (former, now) for record_no in part if record_no in known)
        profile_id = first[1] if first else next(told, None)
        if profile_id is None:
            raise IntegrityError(f"nothing says in which profile record {part[0]} was; nothing was changed")
        crosswalk |= dict.fromkeys(part, profile_id)
    if len(set(crosswalk.values())) != len(parts_of(records, edges, ())):
        raise IntegrityError("the log gives one id to two groups of records; nothing was changed")
    return crosswalk

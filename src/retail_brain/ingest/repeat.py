"""Whether the files of a source are full snapshots: whether a later one repeats the records of an earlier one.

Apart from recognising columns, because this compares deliveries: of one folder, and of the folders of later nights
beside it. Only the beginnings are compared; exports that are not in the order of their record ids look like changes.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retail_brain.ingest.mapping import Mapping
    from retail_brain.ingest.sample import Sample

_FEWEST_ROWS = 20
_REPEATED = 0.8


def repeats_all(samples: Sequence[Sample], mapping: Mapping) -> bool:
    """Tell whether each file holds nearly all records of the one before it.

    Args:
        samples: the beginnings of the files, oldest first; those with another header are passed over.
        mapping: says which column is the record id.
    """
    columns = mapping.columns.get("record_id", ())
    if len(columns) != 1:
        return False
    seen = [set(sample.column(sample.names.index(columns[0]))) for sample in samples if columns[0] in sample.names]
    return len(seen) > 1 and all(_repeats(later, earlier) for earlier, later in itertools.pairwise(seen))


def _repeats(later: set[str], earlier: set[str]) -> bool:
    if min(len(later), len(earlier)) < _FEWEST_ROWS:
        return False
    return len(later & earlier) >= _REPEATED * max(len(later), len(earlier))

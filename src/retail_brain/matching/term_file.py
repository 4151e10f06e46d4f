"""How common single values are, looked up in the file that is kept beside a model.

Apart from `terms`, which joins whole tables: here a few values are asked for, and the file of a large shop has millions.
It is ordered, so a value is found by halving; parts are read when they are first needed and shared by a process.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from retail_brain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LAST = "\U0010ffff"
"""Greater than every value."""

_Part = tuple[Any, Any]  # the values of one column in one row group, in order, and their counts


class TermFile:
    """The table term_frequency of one model: column_name, value, records; ordered by all three."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ConfigurationError: it is missing or damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path, memory_map=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise ConfigurationError(f"{path.name} cannot be read", hint="retail-brain model train") from error
        meta = self._file.metadata
        self._bounds = [_bounds(meta.row_group(number)) for number in range(meta.num_row_groups)]
        self._parts: dict[tuple[int, str], _Part] = {}

    def read_ahead(self, columns: Iterable[str]) -> None:
        """Read everything now, so that no question has to wait for it.

        Args:
            columns: the columns of match_key that are asked for.
        """
        for number, (first, last, _low, _high) in enumerate(self._bounds):
            for column in columns:
                if first <= column <= last:
                    self._part(number, column)

    def records(self, column: str, value: str) -> int:
        """Return on how many records a value stood when the model was trained; 1 where it stood on none or one."""
        for number, (first, last, low, high) in enumerate(self._bounds):
            if first <= column <= last and low <= value <= high:
                values, counts = self._part(number, column)
                place = bisect_left(range(len(values)), value, key=lambda i: values[i].as_py())
                if place < len(values) and values[place].as_py() == value:
                    return int(counts[place].as_py())
        return 1

    def of_key(self, key: Mapping[str, Any]) -> Mapping[str, int]:
        """Return the counts of a record's values, by column of match_key; each is looked up when it is asked for."""
        return _Counts(self, key)

    def _part(self, number: int, column: str) -> _Part:
        part = self._parts.get((number, column))
        if part is None:
            import pyarrow.compute as pc

            table = self._file.read_row_group(number)
            table = table.filter(pc.equal(table.column("column_name"), column)).combine_chunks()
            part = self._parts[number, column] = (
                (table.column("value").chunk(0), table.column("records").chunk(0)) if len(table) else ([], [])
            )
        return part


class _Counts(dict[str, int]):
    """The counts of one record's values, as far as they were asked for."""

    def __init__(self, file: TermFile, key: Mapping[str, Any]) -> None:
        super().__init__()
        self._source = file
        self._key = key

    def __missing__(self, column: str) -> int:
        count = self[column] = self._source.records(column, str(self._key[column]))
        return count


def _bounds(group: Any) -> tuple[str, str, str, str]:
    """Return the first and the last column of a row group, and, where it has but one, its least and its greatest value."""
    names, values = group.column(0).statistics, group.column(1).statistics
    first, last = (names.min, names.max) if names is not None and names.has_min_max else ("", _LAST)
    if first != last or values is None or not values.has_min_max:
        return first, last, "", _LAST
    return first, last, values.min, values.max + _LAST  # a long value may be cut off in there


@lru_cache(maxsize=2)
def open_terms(path: Path, _version: str) -> TermFile:
    """Open the file of a model once in a process.

    Args:
        path: the file.
        _version: what its bytes are known by.

    Raises:
        ConfigurationError: it is missing or damaged.
    """
    return TermFile(path)

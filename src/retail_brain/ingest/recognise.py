"""A folder of exports looked at for `init`: which files belong together, what shape they have, what their columns mean.

Apart from the run, which does what a configuration says. Nothing here raises for one bad file: it is left out and the
reason is told, because a person is about to read the result.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from retail_brain.errors import InputError
from retail_brain.ingest.claim import printable
from retail_brain.ingest.content import order_of_dates
from retail_brain.ingest.mapping import Mapping, map_columns
from retail_brain.ingest.repeat import repeats_all
from retail_brain.ingest.sample import Sample, take_sample
from retail_brain.ingest.synonyms import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

_ENDING = re.compile(r"\.(csv|tsv|txt|parquet|pq)(\.gz|\.gzip|\.zst|\.zstd)?$", re.IGNORECASE)
_SERIES = re.compile(
    r"[-_. ](?:(?:19|20)\d\d[-_.]?[01]\d(?:[-_.]?[0-3]\d(?:[T_-]?\d\d[-_:]?\d\d(?:[-_:]?\d\d)?Z?)?)?"
    r"|[0-3]\d[-_.][01]\d[-_.](?:19|20)\d\d|(?:part[-_. ]?|no|v)?(?!(?:19|20)\d\d$)\d{1,6})$",
    re.IGNORECASE,
)
_TRUTH_ID = frozenset(
    {"personid", "profileid", "clusterid", "cluster", "entityid", "trueid", "truthid", "truepersonid", "groupid"}
)
_REGIONS = {"44": "GB", "49": "DE", "33": "FR", "34": "ES", "39": "IT", "31": "NL", "32": "BE", "41": "CH", "43": "AT",
            "61": "AU", "64": "NZ", "351": "PT", "353": "IE", "45": "DK", "46": "SE", "47": "NO", "48": "PL", "52": "MX"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedSource:
    """One source as it will be configured."""

    name: str
    patterns: tuple[str, ...]
    file_names: tuple[str, ...]
    sample: Sample
    mapping: Mapping
    date_order: str | None
    date_order_sure: bool
    phone_region: str | None
    delivery: Literal["delta", "full"] = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Everything that was found in a folder: the sources, and the files that were left out with the reason."""

    sources: tuple[RecognisedSource, ...]
    left_out: tuple[tuple[str, str], ...]


def recognise(place: Path | Sequence[Path], con: duckdb.DuckDBPyConnection) -> Recognition:
    """Look at the exports in a folder.

    Args:
        place: a folder, or the files themselves. A folder without exports is searched one level deeper, so that
            night1/ and night2/ make one source of the files of the same name.
        con: the engine, for Parquet.

    Returns:
        What was recognised, in the order of the sources' names.

    Raises:
        InputError: there is no CSV or Parquet file about people.
    """
    folder = place if isinstance(place, Path) and place.is_dir() else None
    if folder:
        here, below = _exports(folder), [path for sub in _folders(folder) for path in _exports(sub)]
    else:
        here, below = sorted([place] if isinstance(place, Path) else place), []
    left_out: list[tuple[str, str]] = []
    kept = _sources(here, folder, con, left_out)
    if kept:
        later = [path for night in _next_nights(folder) for path in _exports(night)] if folder else []
        kept = tuple(_with_delivery(source, _later(source, later, con)) for source in kept)
    else:
        kept = _sources(below, folder, con, left_out)
    if not kept:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out[:5])
        raise InputError(
            f"no customer exports in {printable(str(folder or 'the files'))}",
            hint=reasons or "it must hold CSV or Parquet files, one or more for each source",
        )
    return Recognition(sources=kept, left_out=tuple(left_out))


def _next_nights(folder: Path) -> list[Path]:
    """Return the folders beside one whose names differ in their numbers alone and come after it: night2 after night1."""
    place = folder.absolute()
    alike = [path for path in _folders(place.parent) if _unnumbered(path.name) == _unnumbered(place.name)]
    return sorted(
        (path for path in alike if _numbers(path.name) > _numbers(place.name)), key=lambda p: _numbers(p.name)
    )


def _unnumbered(name: str) -> str:
    return re.sub(r"\d+", "0", name)


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


def _later(source: RecognisedSource, paths: Sequence[Path], con: duckdb.DuckDBPyConnection) -> list[Sample]:
    """Return the beginnings of a source's files of later nights."""
    fitting = [path for path in paths if any(fnmatchcase(path.name, pattern) for pattern in source.patterns)]
    return [sample for path in fitting if (sample := _try_sample(path, con, []))]


def _with_delivery(source: RecognisedSource, later: Sequence[Sample]) -> RecognisedSource:
    return replace(source, delivery="full") if repeats_all([source.sample, *later], source.mapping) else source


def _sources(
    paths: Sequence[Path], folder: Path | None, con: duckdb.DuckDBPyConnection, left_out: list[tuple[str, str]]
) -> tuple[RecognisedSource, ...]:
    """Return the sources that speak of people; what is left out is added to the list."""
    samples = [sample for path in paths if (sample := _try_sample(path, con, left_out))]
    sources = _share_date_order([_recognised(name, group, folder) for name, group in _group(samples)])
    for source in sources:
        if not source.mapping.about_people:
            left_out.extend((name, "no column about a person was recognised") for name in source.file_names)
    return tuple(source for source in sources if source.mapping.about_people)


def _folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _exports(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if _is_export(path)]


def _is_export(path: Path) -> bool:
    return bool(_ENDING.search(path.name)) and not path.name.startswith(".") and not path.is_dir()


def _try_sample(path: Path, con: duckdb.DuckDBPyConnection, left_out: list[tuple[str, str]]) -> Sample | None:
    name = printable(path.name)
    try:
        sample = take_sample(path, con)
    except InputError as error:
        left_out.append((name, error.message.removeprefix(name).strip()))
        return None
    doubles = [column for column, count in Counter(sample.names).items() if column and count > 1]
    if doubles:
        left_out.append((name, "a column name stands twice"))
    elif _is_answer(sample):
        left_out.append((name, "it says who is who (for model evaluate), it is no export"))
    elif not sample.rows:
        left_out.append((name, "it has no rows to look at"))
    else:
        return sample
    return None


def _is_answer(sample: Sample) -> bool:
    """Tell a truth file or a crosswalk from an export."""
    names = {"".join(words_of(name)) for name in sample.names}
    return len(names) <= 4 and bool(names & _TRUTH_ID) and bool(names & {"source", "recordid", "id", "recid"})


def _group(samples: Sequence[Sample]) -> list[tuple[str, list[Sample]]]:
    """Put the files of one source together: the same header, and names that differ in a number or date alone."""
    groups: dict[tuple[str, tuple[str, ...]], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((_stem(sample.path.name), sample.names), []).append(sample)
    named: list[tuple[str, list[Sample]]] = []
    for (stem, _), members in groups.items():
        whole_names = {_whole_stem(member.path.name) for member in members}
        if len(whole_names) == 1 or not _one_series(members):
            for whole in sorted(whole_names):
                named.append((whole, [m for m in members if _whole_stem(m.path.name) == whole]))
        else:
            named.append((stem, members))
    return _with_different_names(named)


def _one_series(members: Sequence[Sample]) -> bool:
    """Tell whether files with counters in their names speak of the same records, or of different ones."""
    seen: dict[str, tuple[str, ...]] = {}
    same, shared = 0, 0
    for member in members:
        place = member.names.index(ids[0]) if (ids := map_columns(member).columns.get("record_id")) else None
        if place is None:
            return True
        for row in member.rows:
            other = seen.setdefault(row[place], row)
            if other is not row:
                shared += 1
                same += 2 * sum(a == b for a, b in zip(row, other, strict=True)) > len(row)
    return shared == 0 or same >= 0.5 * shared


def _with_different_names(named: list[tuple[str, list[Sample]]]) -> list[tuple[str, list[Sample]]]:
    used: Counter[str] = Counter()
    result = []
    for stem, members in sorted(named, key=lambda pair: (pair[0], str(pair[1][0].path))):
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "source"
        used[name] += 1
        result.append((name if used[name] == 1 else f"{name}_{used[name]}", members))
    return result


def _whole_stem(name: str) -> str:
    return _ENDING.sub("", name)


def _stem(name: str) -> str:
    """Return a file's name without its ending and without the date or counter at its end (a lone year stays)."""
    whole = _whole_stem(name)
    return _SERIES.sub("", whole) or whole


def _patterns(stem: str, members: Sequence[Sample], folder: Path | None) -> tuple[str, ...]:
    endings = sorted({match[0] for m in members if (match := _ENDING.search(m.path.name))})
    below = folder is not None and any(m.path.parent != folder for m in members)
    plain = [f"{'*/' if below else ''}{escape(stem)}*{ending}" for ending in endings]
    packed = [f"{pattern}.gz" for pattern, ending in zip(plain, endings, strict=True) if ending.lower() == ".csv"]
    return tuple(dict.fromkeys((*plain, *packed)))


def _recognised(name: str, members: Sequence[Sample], folder: Path | None) -> RecognisedSource:
    newest = max(members, key=lambda member: (len(member.rows), member.path.name))
    mapping = map_columns(newest)
    stem = (
        _whole_stem(newest.path.name)
        if len({_whole_stem(m.path.name) for m in members}) == 1
        else _stem(newest.path.name)
    )
    order, sure = _date_order(mapping, newest)
    return RecognisedSource(
        name=name,
        patterns=_patterns(stem, members, folder),
        file_names=tuple(printable(member.path.name) for member in members),
        sample=newest,
        mapping=mapping,
        date_order=order,
        date_order_sure=sure,
        phone_region=_phone_region(mapping, newest),
    )


def _values(mapping: Mapping, sample: Sample, field: str) -> list[str]:
    columns = mapping.columns.get(field, ())
    return sample.column(sample.names.index(columns[0])) if len(columns) == 1 else []


def _date_order(mapping: Mapping, sample: Sample) -> tuple[str | None, bool]:
    if len(mapping.columns.get("date_of_birth", ())) == 3:
        return "ymd", True
    order, sure = order_of_dates(_values(mapping, sample, "date_of_birth"))
    return (order, sure) if order else order_of_dates(_values(mapping, sample, "updated_at"))


def _share_date_order(sources: list[RecognisedSource]) -> list[RecognisedSource]:
    """Give sources whose dates do not say their order that of the sources with the same header, when those agree."""
    orders: dict[tuple[str, ...], set[str]] = {}
    for source in sources:
        if source.date_order:
            orders.setdefault(source.sample.names, set()).add(source.date_order)
    shared = {names: next(iter(found)) for names, found in orders.items() if len(found) == 1}
    return [replace(s, date_order=s.date_order or shared.get(s.sample.names)) for s in sources]


def _phone_region(mapping: Mapping, sample: Sample) -> str | None:
    """Return the country that most numbers with a country code name, when it is not the default one."""
    codes: Counter[str] = Counter()
    values = [value for value in _values(mapping, sample, "phone") if value.strip()]
    for value in values:
        digits = re.sub(r"\D", "", value)
        if value.strip().startswith(("+", "00")):
            digits = digits.removeprefix("00")
            code = next((digits[:n] for n in (3, 2) if digits[:n] in _REGIONS), "other")
            codes[code] += 1
    if sum(codes.values()) < 5 or sum(codes.values()) < 0.1 * len(values):
        return None
    code, count = codes.most_common(1)[0]
    return _REGIONS.get(code) if count >= 0.6 * sum(codes.values()) else None

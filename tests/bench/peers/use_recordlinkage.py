"""recordlinkage as its guide to deduplication has it: `python use_recordlinkage.py EXPORTS OUT.csv`.

Values are cleaned by its own preprocessing, candidates come from blocks, fields are compared by Jaro-Winkler or exactly,
and the ECM classifier, which needs no labels, says which pairs are one person. Groups are connected components.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage
from recordlinkage.preprocessing import clean, phonenumbers
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BLOCKS: tuple[list[str], ...] = (
    ["email"], ["phone"], ["last_name", "date_of_birth"], ["first_name", "last_name", "postal_code"],
    ["date_of_birth", "postal_code"], ["address", "postal_code"],
)  # fmt: skip
LARGEST_SHARE = 50  # a value on more records than this is nobody's own


def main() -> None:
    """Read the exports, find the groups, write source, record_id and cluster."""
    records = read(Path(sys.argv[1]))
    pairs = candidates(records)
    vectors = compare(records, pairs)
    matches = recordlinkage.ECMClassifier(binarize=0.85).fit_predict(vectors)
    left, right = (matches.get_level_values(level).to_numpy() for level in (0, 1))
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(records), len(records)))
    _, cluster = connected_components(graph, directed=False)
    with Path(sys.argv[2]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "record_id", "cluster"))
        writer.writerows(zip(records["source"], records["record_id"], cluster, strict=True))


def read(exports: Path) -> pd.DataFrame:
    """Return all records, cleaned, numbered from 0."""
    parts = [pd.read_csv(path, dtype=str).assign(source=path.stem) for path in sorted(exports.glob("*.csv"))]
    records = pd.concat(parts, ignore_index=True)
    for name in ("first_name", "last_name", "address", "city"):
        records[name] = clean(records[name])
    records["email"] = records["email"].str.lower().str.strip()
    records["phone"] = phonenumbers(records["phone"]).str[-10:]
    for name in ("email", "phone"):
        shared = records[name].map(records[name].value_counts()) > LARGEST_SHARE
        records.loc[shared, name] = np.nan
    return records


def candidates(records: pd.DataFrame) -> pd.MultiIndex:
    """Return the pairs that share all values of one block."""
    found = None
    for names in BLOCKS:
        known = records[records[names].notna().all(axis=1)]
        indexer = recordlinkage.Index()
        indexer.block(names)
        pairs = indexer.index(known)
        found = pairs if found is None else found.union(pairs)
    return found


def compare(records: pd.DataFrame, pairs: pd.MultiIndex) -> pd.DataFrame:
    """Return one row per pair: how alike each field is, from 0 to 1."""
    comparison = recordlinkage.Compare(n_jobs=2)
    for name in ("first_name", "last_name", "address"):
        comparison.string(name, name, method="jarowinkler", label=name)
    for name in ("email", "phone", "date_of_birth", "city", "postal_code"):
        comparison.exact(name, name, label=name)
    return comparison.compute(pairs, records)


if __name__ == "__main__":
    main()

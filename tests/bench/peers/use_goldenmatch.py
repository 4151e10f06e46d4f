"""goldenmatch with nothing configured: `python use_goldenmatch.py EXPORTS OUT.csv`, in an environment that has it.

Its own configuration finder chooses everything. From 100,000 rows on it refuses to go on where it is not sure of its
choice; it is told to go on all the same, as its documentation says.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import goldenmatch
import pyarrow as pa
import pyarrow.csv as arrow_csv


def main() -> None:
    """Read the exports, find the clusters, write source, record_id and cluster."""
    exports, out = Path(sys.argv[1]), Path(sys.argv[2])
    tables, keys = [], []
    for path in sorted(exports.glob("*.csv")):
        names = arrow_csv.open_csv(path).schema.names
        options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
        tables.append(arrow_csv.read_csv(path, convert_options=options))
        keys += [(path.stem, record_id) for record_id in tables[-1]["record_id"].to_pylist()]
    result = goldenmatch.dedupe_df(pa.concat_tables(tables), confidence_required=False)
    cluster_of = {row: cluster for cluster, found in result.clusters.items() for row in found["members"]}
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "record_id", "cluster"))
        writer.writerows((*key, cluster_of.get(row, f"alone {row}")) for row, key in enumerate(keys))


if __name__ == "__main__":
    main()

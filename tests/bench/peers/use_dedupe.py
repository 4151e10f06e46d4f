"""dedupe with its active learning: `python use_dedupe.py EXPORTS OUT.csv TRUTH.csv LABELS`.

It needs somebody who says of some pairs whether they are one person. Here the truth says it of the pairs that it asks
about (LABELS of them): a patient person who is never wrong. It learns on all records of a thousand people, because what
it holds in memory while it looks for blocks grows with the square of the records. TRUTH.csv holds source, record_id and
person_id.
"""

from __future__ import annotations

import csv
import random
import re
import sys
from pathlib import Path
from typing import Any

import dedupe
from dedupe import variables

STRINGS = ("first_name", "last_name", "address")
EXACT = ("email", "phone", "date_of_birth", "city", "postal_code")
"""As strings these would share pieces with most other values (a century, a mail host), and learning which blocks to
use would hold all those pairs in memory: more than 12 GiB for 10,000 records."""
PEOPLE = 1_000


def main() -> None:
    """Read the exports, learn, find the clusters, write source, record_id and cluster."""
    exports, out, truth, labels = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    records = read(exports, truth)
    data = dict(enumerate(records))
    fields = [variables.String(name, has_missing=True) for name in STRINGS]
    learner = dedupe.Dedupe(fields + [variables.Exact(name, has_missing=True) for name in EXACT])
    people = random.Random(7).sample(sorted({record["person_id"] for record in records}), PEOPLE)
    known = set(people)
    learner.prepare_training({row: record for row, record in data.items() if record["person_id"] in known})
    for _ in range(labels):
        for pair in learner.uncertain_pairs():
            same = pair[0]["person_id"] == pair[1]["person_id"]
            learner.mark_pairs({"match": [pair] if same else [], "distinct": [] if same else [pair]})
    learner.train()
    learner.cleanup_training()
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "record_id", "cluster"))
        for cluster, (members, _) in enumerate(learner.partition(data, threshold=0.5)):
            writer.writerows((data[row]["source"], data[row]["record_id"], cluster) for row in members)


def read(exports: Path, truth: Path) -> list[dict[str, Any]]:
    """Return all records, cleaned as its examples do, with the person that each is of."""
    with truth.open(encoding="utf-8", newline="") as file:
        person = {(row["source"], row["record_id"]): row["person_id"] for row in csv.DictReader(file)}
    records = []
    for path in sorted(exports.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                known: dict[str, Any] = {name: _clean(row[name]) for name in STRINGS + EXACT}
                known["phone"] = re.sub(r"\D", "", row["phone"])[-10:] or None
                known["address"] = re.sub(r" st(reet)?$", "", known["address"] or "") or None
                key = (path.stem, row["record_id"])
                records.append({**known, "source": key[0], "record_id": key[1], "person_id": person[key]})
    return records


def _clean(text: str) -> str | None:
    return re.sub(r"\s+", " ", text).strip(" '\"").lower() or None


if __name__ == "__main__":
    main()

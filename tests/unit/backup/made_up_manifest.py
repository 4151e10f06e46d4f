"""A manifest to test with."""

from __future__ import annotations

from retail_brain.backup.manifest import FileEntry, Manifest, TableEntry

MANIFEST = Manifest(
    backup_id="2026-11-23T02-03-11Z", started_at="2026-11-23T02:03:11+00:00", ended_at="2026-11-23T02:04:00+00:00",
    program="0.1.0", client_version="18.6", server_version="18.6", database="größe", embedded=True, migration=8,
    snapshot="00000015-00000003-1", snapshot_at="2026-11-23T02:03:12+00:00", snapshot_xmin=906, wal_position="0/26D71F98",
    run_id=1, last_merge_id=529627, last_decision_id=3, seal="ab" * 32,
    tables=(TableEntry(schema="public", name="run", rows=3, digest="00ff", columns=12, file="dump/2796.dat.gz"),),
    files=(FileEntry(name="dump/2796.dat.gz", size=462, sha256="cd" * 32), FileEntry(name="dump/toc.dat", size=9, sha256="ef" * 32)),
)  # fmt: skip

"""Made-up exports, from the first draw to the last byte on disk.

Apart from the words that it draws from and from the formats of the files; here is the order of the statements. Only
the people are kept (their names and what changed in their lives); every file is one stream of them through the
statements, sorted at its end, so memory follows the engine's limit and not the size.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain import sql
from retail_brain.config.resources import ResourceSettings
from retail_brain.engine import open_engine
from retail_brain.errors import ConfigurationError
from retail_brain.model import Progress, no_progress
from retail_brain.synth.files import FILES, FileWriter
from retail_brain.synth.noise import NoiseSettings
from retail_brain.synth.people import FULL_SOURCES, RECORDS_PER_PERSON, SOURCES, load_tables, macros_sql, tonight_sql

if TYPE_CHECKING:
    import duckdb

MACROS = (
    "pick", "pick_even", "moment", "night_of", "night_moment", "mail_domain", "till_phone", "slip_at", "slip",
    "slip_digit", "slip_date", "street_line", "phone_text", "record_id",
)  # fmt: skip
_PEOPLE = ("number", "spelled", "mailbox", "person", "home_mail")
_DELIVERIES = ("presence", "revision", "tonight_changes", "record", "noisy_record")
# The one that is compressed comes first: its compression runs beside the others' statements.
_WRITTEN_FIRST_TO_LAST = ("ecommerce", "pos", "loyalty", "app", "crm")
# Small files are packed small, large ones quickly: a third of the time for a fifth more bytes.
_SMALL_RECORDS, _SMALL_LEVEL, _QUICK_LEVEL = 100_000, 6, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthResult:
    """What was written: rows per file (relative to the folder), records, people behind them, seconds."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    records: int = 0
    people: int = 0
    seconds: float = 0.0


def write_exports(
    out: Path,
    *,
    records: int,
    seed: int,
    nights: int = 1,
    noise: NoiseSettings | None = None,
    threads: int | None = None,
    memory_limit_mb: int = 2000,
    progress: Progress = no_progress,
) -> SynthResult:
    """Write made-up exports of five sources and the truth about who is who.

    Args:
        out: folder for pos.csv, ecommerce.csv.gz, loyalty.parquet, app.csv, crm.csv and truth.csv. With several nights
            they lie below it in night1, night2 and so on. After the first night pos, ecommerce and app deliver new
            and corrected records only, loyalty and crm every record that is still there. The truth.csv of a night
            names the records that are known after it, the one in `out` the records of all nights.
        records: about how many records in all nights, within a few percent.
        seed: the same seed, records, nights and noise give the same bytes.
        nights: how many nights.
        noise: how much goes wrong, and how much of the records is new, corrected or gone on a later night.
        threads: of DuckDB; the default is the number of cores. The files do not depend on it.
        memory_limit_mb: of DuckDB, which spills beyond it, into a hidden folder below `out` that is removed.
        progress: told how many files are written.

    Returns:
        What was written.

    Raises:
        ConfigurationError: sizes that make no sense.
        ResourceError: memory or disk ran out.
    """
    if records < 1 or nights < 1:
        raise ConfigurationError("made-up exports need at least one record and one night")
    noise = noise or NoiseSettings()
    noise.check_nights(nights)
    started = time.perf_counter()
    level = _SMALL_LEVEL if records <= _SMALL_RECORDS else _QUICK_LEVEL
    out.mkdir(parents=True, exist_ok=True)
    persons = max(2, round(records / (RECORDS_PER_PERSON * (1 + noise.second_records))))
    with (
        tempfile.TemporaryDirectory(dir=out, prefix=".synth-") as scratch,
        open_engine(_resources(threads, memory_limit_mb), Path(scratch) / "engine") as con,
        FileWriter(con, Path(scratch), gzip_level=level) as writer,
    ):
        progress("people", done=0, total=1, detail=f"{persons:,}")
        _make_people(con, persons=persons, seed=seed, nights=nights, noise=noise)
        progress("people", done=1, total=1, detail=f"{persons:,}")
        rows = _write_nights(con, writer, out, nights=nights, noise=noise, progress=progress)
        found = con.execute(sql.load("synth/count")).fetchone()
    count, people = found or (0, 0)
    seconds = round(time.perf_counter() - started, 3)
    return SynthResult(folder=out, rows=rows, records=count, people=people, seconds=seconds)


def _resources(threads: int | None, memory_limit_mb: int) -> ResourceSettings:
    given = {} if threads is None else {"threads": threads}
    return ResourceSettings(memory_limit_mb=memory_limit_mb, **given)


def _make_people(con: duckdb.DuckDBPyConnection, *, persons: int, seed: int, nights: int, noise: NoiseSettings) -> None:
    # Every join stands with its small side on the right. The optimiser knows little about what dice choose, and would
    # keep a whole source in memory as the small side.
    con.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    for statement in macros_sql(seed=seed, persons=persons, nights=nights, noise=noise):
        con.execute(statement)
    for name in MACROS:
        con.execute(sql.load(f"synth/macro_{name}"))
    load_tables(con)
    for step in _PEOPLE:
        con.execute(sql.load(f"synth/{step}"))
    for step in _DELIVERIES:
        con.execute(sql.load(f"synth/{step}"))


def _write_nights(
    con: duckdb.DuckDBPyConnection,
    writer: FileWriter,
    out: Path,
    *,
    nights: int,
    noise: NoiseSettings,
    progress: Progress,
) -> dict[str, int]:
    rows: dict[str, int] = {}
    total = nights * (len(SOURCES) + 1)
    for night in range(1, nights + 1):
        folder = out if nights == 1 else out / f"night{night}"
        folder.mkdir(exist_ok=True)
        con.execute(tonight_sql(night))
        for source in _WRITTEN_FIRST_TO_LAST:
            path = folder / FILES[source]
            progress("files", done=len(rows), total=total, detail=str(path.relative_to(out)))
            _choose(con, source, night)
            number = writer.write(sql.load(f"synth/{source}"), path, broken=noise if night == 1 else None)
            rows[str(path.relative_to(out))] = number
        writer.write(sql.load("synth/truth"), folder / "truth.csv")
    if nights > 1:
        writer.write(sql.load("synth/truth_of_all"), out / "truth.csv")
    progress("files", done=total, total=total)
    return rows


def _choose(con: duckdb.DuckDBPyConnection, source: str, night: int) -> None:
    """Let synth_tonight be what the source delivers: all of its records, or what is new since the night before."""
    if night > 1 and source in FULL_SOURCES:
        con.execute(sql.load("synth/current"), {"source": source})
        con.execute(sql.load("synth/tonight_snapshot"))
    else:
        con.execute(sql.load("synth/tonight_changes"))
    if FILES[source].endswith(".parquet"):
        con.execute(sql.load("synth/kept"), {"source": source})


def write_sample(out: Path) -> SynthResult:
    """Write the exports that `sample_data` holds: some 12,500 rows, eleven of them broken on purpose.

    Args:
        out: folder for the files.

    Returns:
        What was written.
    """
    noise = NoiseSettings(rows_with_too_many_fields=7, rows_with_bad_bytes=4)
    return write_exports(out, records=12_400, seed=2026, noise=noise)

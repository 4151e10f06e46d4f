"""Made-up exports, from the first draw to the last byte on disk.

Apart from the words that it draws from; here are the order of the statements and the formats of the files.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail_brain import sql
from retail_brain.engine import quote_text
from retail_brain.errors import ConfigurationError
from retail_brain.synth.noise import NoiseSettings
from retail_brain.synth.people import RECORDS_PER_PERSON, SOURCES, load_tables, macros_sql

if TYPE_CHECKING:
    import duckdb

MACROS = (
    "pick", "pick_even", "moment", "mail_domain", "till_phone", "slip_at", "slip", "slip_digit", "slip_date",
    "street_line", "phone_text", "record_id", "delivery_night",
)  # fmt: skip
FILES = {
    "pos": "pos.csv",
    "ecommerce": "ecommerce.csv.gz",
    "loyalty": "loyalty.parquet",
    "app": "app.csv",
    "crm": "crm.csv",
}
_DELIMITERS = {"app": ";"}


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
) -> SynthResult:
    """Write made-up exports of five sources and the truth about who is who.

    Args:
        out: folder for pos.csv, ecommerce.csv.gz, loyalty.parquet, app.csv, crm.csv and truth.csv; with several
            nights the exports lie in night1, night2 and so on. Later nights hold new and corrected records only.
        records: about how many records in all, within a few percent.
        seed: the same seed, records and noise give the same bytes.
        nights: how many nights.
        noise: how much goes wrong.
        threads: of DuckDB; the default is the number of cores. The files do not depend on it.
        memory_limit_mb: of DuckDB, which spills beyond it.

    Returns:
        What was written.

    Raises:
        ConfigurationError: sizes that make no sense.
    """
    if records < 1 or nights < 1:
        raise ConfigurationError("made-up exports need at least one record and one night")
    noise = noise or NoiseSettings()
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    persons = max(2, round(records / (RECORDS_PER_PERSON * (1 + noise.second_records))))
    with (
        tempfile.TemporaryDirectory(dir=out, prefix=".synth-") as scratch,
        _engine(scratch, threads, memory_limit_mb) as con,
    ):
        _make_records(con, persons=persons, seed=seed, nights=nights, noise=noise)
        rows: dict[str, int] = {}
        for night in range(1, nights + 1):
            folder = out if nights == 1 else out / f"night{night}"
            folder.mkdir(exist_ok=True)
            for source in SOURCES:
                path = folder / FILES[source]
                rows[str(path.relative_to(out))] = _write_source(con, source, night, path, noise)
        _copy(con, sql.load("synth/truth"), out / "truth.csv")
        found = con.execute("select count(*), count(distinct person_no) from synth_noisy where revision = 0").fetchone()
    count, people = found or (0, 0)
    seconds = round(time.perf_counter() - started, 3)
    return SynthResult(folder=out, rows=rows, records=count, people=people, seconds=seconds)


def _engine(scratch: str, threads: int | None, memory_limit_mb: int) -> duckdb.DuckDBPyConnection:
    import duckdb

    con = duckdb.connect(f"{scratch}/synth.duckdb")
    con.execute(f"set memory_limit = '{int(memory_limit_mb)}MB'")
    con.execute(f"set temp_directory = {quote_text(scratch)}")
    con.execute("set preserve_insertion_order = false")
    con.execute("set enable_progress_bar = false")
    if threads:
        con.execute(f"set threads = {int(threads)}")
    return con


def _make_records(
    con: duckdb.DuckDBPyConnection, *, persons: int, seed: int, nights: int, noise: NoiseSettings
) -> None:
    for statement in macros_sql(seed=seed, persons=persons, nights=nights):
        con.execute(statement)
    for name in MACROS:
        con.execute(sql.load(f"synth/macro_{name}"))
    load_tables(con)
    values = {**asdict(noise), "persons": persons, "modulus": _next_prime(2 * persons + 2)}
    for step in ("person", "record", "noisy_record"):
        _run(con, sql.load(f"synth/{step}"), values)
    con.execute("drop table synth_record")


def _run(con: duckdb.DuckDBPyConnection, statement: str, values: dict[str, Any]) -> None:
    """Run a statement with those of the values that it asks for."""
    import re

    wanted = set(re.findall(r"\$(\w+)", statement))
    con.execute(statement, {name: value for name, value in values.items() if name in wanted})


def _next_prime(number: int) -> int:
    """Return the first prime from a number on, so that multiplying modulo it gives each record a number of its own."""
    while any(number % divisor == 0 for divisor in range(2, int(number**0.5) + 1)):
        number += 1
    return number


def _write_source(con: duckdb.DuckDBPyConnection, source: str, night: int, path: Path, noise: NoiseSettings) -> int:
    con.execute(sql.load("synth/delivered"), {"source": source, "night": night})
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    _copy(con, sql.load(f"synth/{source}"), plain, delimiter=_DELIMITERS.get(source, ","))
    (rows,) = con.execute("select count(*) from synth_delivered").fetchone() or (0,)
    con.execute("drop table synth_delivered")
    if source == "pos" and night == 1:
        rows += _break_lines(plain, noise.rows_with_too_many_fields, _too_many_fields)
    if source == "crm" and night == 1:
        rows += _break_lines(plain, noise.rows_with_bad_bytes, _bad_bytes)
    if plain != path:
        _compress(plain, path)
    return rows


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, *, delimiter: str = ",") -> None:
    options = (
        "format parquet, compression zstd"
        if path.suffix == ".parquet"
        else (f"format csv, header true, delimiter {quote_text(delimiter)}")
    )
    con.execute("set preserve_insertion_order = true")
    con.execute(f"copy ({query}) to {quote_text(str(path))} ({options})")
    con.execute("set preserve_insertion_order = false")


def _compress(plain: Path, path: Path) -> None:
    """Compress without a time stamp or a name, so that the same rows are the same bytes."""
    with plain.open("rb") as source, path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    plain.unlink()


def _break_lines(path: Path, number: int, broken: Any) -> int:
    """Add broken copies of lines spread over a file, each with a record id of its own."""
    if not number:
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    step = max(2, len(lines) // (number + 1))
    for place in range(number, 0, -1):
        at = min(place * step, len(lines) - 1)
        lines.insert(at, broken(lines[at], place))
    path.write_bytes(b"".join(lines))
    return number


def _too_many_fields(line: bytes, place: int) -> bytes:
    return b"9999990%02d,%s,moved,no reply\n" % (place, line.rstrip().partition(b",")[2])


def _bad_bytes(line: bytes, place: int) -> bytes:
    return b"K99999%02d,%s" % (place, b'"Zo\xeb, Ren\xe9e"' + line.partition(b'"')[2].partition(b'"')[2])


def write_sample(out: Path) -> SynthResult:
    """Write the exports that `sample_data` holds: some 12,500 rows, eleven of them broken on purpose.

    Args:
        out: folder for the files.

    Returns:
        What was written.
    """
    noise = NoiseSettings(rows_with_too_many_fields=7, rows_with_bad_bytes=4)
    return write_exports(out, records=12_400, seed=2026, noise=noise)

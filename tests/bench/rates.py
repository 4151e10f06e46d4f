"""Hold publishing against plain COPY, and warming against `redis-cli --pipe`, on the same rows and servers, in turn.

    python tests/bench/rates.py DATA [--rounds 3] [--redis-cli PROGRAM]

DATA holds night1/ (five CSV exports). Every round is a fresh folder with embedded servers. Publishing is `publish` of a
first run; plain COPY takes the rows of every table that it filled from text files into tables of the same columns and
builds the same indexes, in one transaction. Warming is `warm` into an empty cache, which reads the documents from
PostgreSQL, and the cache's writer alone with the documents in memory, as in a first night; redis-cli gets the same SET
commands ready-made from a file. Prints Markdown.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import pyarrow as pa
import redis
from psycopg import sql
from watch import call

from retail_brain.cache import warm_all
from retail_brain.cache.keys import SPACES
from retail_brain.config.services import CacheSettings, PostgresSettings, RedisSettings
from retail_brain.services import find_services

TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like '%migration%'
order by relname
"""
INDEXES = "select pg_get_indexdef(indexrelid) from pg_index where indrelid = %s::regclass"
_BLOCK = 1 << 20


def main() -> None:
    """Measure in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--redis-cli", default="redis-cli")
    arguments = parser.parse_args()
    _print([_round(arguments.data, arguments.redis_cli) for _ in range(arguments.rounds)])


def _round(data: Path, redis_cli: str) -> dict[str, float]:
    """One first night by its stages, then the same rows and keys without the product."""
    with tempfile.TemporaryDirectory(prefix="retail-brain-rates-") as name:
        folder = Path(name)
        for path in sorted((data / "night1").iterdir()):
            shutil.copy(path, folder)
        try:
            call(folder, "init", ".")
            call(folder, "services", "start")
            call(folder, "ingest", "--json")
            call(folder, "match", "--json")
            published = call(folder, "publish", "--json")
            found = find_services(folder / ".retail-brain", postgres=PostgresSettings(), redis=RedisSettings())
            assert found is not None
            socket = found.redis.socket_path
            where = {"host": found.postgres.host, "dbname": found.postgres.dbname, "user": found.postgres.user}
            with psycopg.connect(**where) as pg, redis.Redis(unix_socket_path=socket, socket_timeout=600) as cache:
                rows, plain_s = _plain_copy(pg, folder)
                cache.flushall()
                warmed = call(folder, "warm", "--json")
                documents = _documents(cache)
                piped_s = _pipe(cache, documents, folder, [redis_cli, "-s", str(socket), "--pipe"])
                writer_s = _write(cache, documents, found.redis)
        finally:
            call(folder, "services", "stop")
    return {
        "rows": rows, "publish": published["seconds"]["publish"], "plain": plain_s,
        "keys": warmed["warmed"], "warm": warmed["seconds"]["warm"], "writer": writer_s, "pipe": piped_s,
    }  # fmt: skip


def _plain_copy(pg: psycopg.Connection[Any], folder: Path) -> tuple[int, float]:
    """Copy all rows out, and in again into tables without indexes, which are built afterwards; return rows, seconds."""
    tables, rows = [], 0
    for (table,) in pg.execute(TABLES).fetchall():
        with (folder / f"{table}.copy").open("wb") as file, pg.cursor() as cursor:
            with cursor.copy(sql.SQL("copy public.{} to stdout").format(sql.Identifier(table))) as copy:
                for chunk in copy:
                    file.write(chunk)
            rows += cursor.rowcount
            tables += [table] if cursor.rowcount else []
    pg.execute("drop schema if exists plain cascade")
    pg.execute("create schema plain")
    for table in tables:
        like = "create table plain.{0} (like public.{0} including defaults including generated including storage)"
        pg.execute(sql.SQL(like).format(sql.Identifier(table)))
    pg.commit()
    pg.autocommit = True
    pg.execute("checkpoint")
    pg.autocommit = False
    started = time.perf_counter()
    pg.execute("set local maintenance_work_mem = '1GB'")
    for table in tables:
        _copy_in(pg, table, folder / f"{table}.copy")
        for (definition,) in pg.execute(INDEXES, [f"public.{table}"]).fetchall():
            pg.execute(definition.replace(" ON public.", " ON plain.", 1))
    pg.commit()
    seconds = time.perf_counter() - started
    pg.execute("drop schema plain cascade")
    pg.commit()
    return rows, seconds


def _copy_in(pg: psycopg.Connection[Any], table: str, path: Path) -> None:
    statement = sql.SQL("copy plain.{} from stdin").format(sql.Identifier(table))
    with pg.cursor() as cursor, cursor.copy(statement) as copy, path.open("rb") as file:
        while block := file.read(_BLOCK):
            copy.write(block)


def _documents(cache: redis.Redis) -> dict[bytes, bytes]:
    """Return what the cache holds: key to document."""
    found: dict[bytes, bytes] = {}
    keys: list[bytes] = []
    for key in cache.scan_iter(match="rb:*:profile:*", count=10_000):
        keys.append(key)
        if len(keys) == 5_000:
            found |= zip(keys, cache.mget(keys), strict=True)
            keys = []
    return found | dict(zip(keys, cache.mget(keys) if keys else [], strict=True))


def _pipe(cache: redis.Redis, documents: dict[bytes, bytes], folder: Path, command: list[str]) -> float:
    """Feed redis-cli with one SET for each document; return the seconds."""
    path = folder / "commands.resp"
    with path.open("wb") as file:
        for key, document in documents.items():
            parts = (b"SET", key, document, b"EX", b"2592000")
            file.write(b"*5\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
    cache.flushall()
    with path.open("rb") as file:
        started = time.perf_counter()
        subprocess.run(command, stdin=file, stdout=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - started
    path.unlink()
    assert cache.dbsize() == len(documents)
    return seconds


def _write(cache: redis.Redis, documents: dict[bytes, bytes], address: Any) -> float:
    """Write the same documents by the product's own writer; return the seconds."""
    names = [key.rpartition(b":")[2].decode() for key in documents]
    table = pa.table({"profile_id": names, "document": pa.array(documents.values(), pa.binary()).cast(pa.string())})
    cache.flushall()
    started = time.perf_counter()
    done = warm_all(address, table.to_reader(20_000), generation=1, settings=CacheSettings())
    seconds = time.perf_counter() - started
    assert done.keys == len(documents)
    assert cache.scard(SPACES) == 1
    return seconds


def _print(rounds: list[dict[str, float]]) -> None:
    rows, keys = (int(rounds[-1][name]) for name in ("rows", "keys"))
    print("| what | rows or keys | seconds | a second | times the bare tool |\n| --- | --- | --- | --- | --- |")
    for what, count, name, bare in (
        ("publish", rows, "publish", "plain"),
        ("plain COPY and the same indexes", rows, "plain", "plain"),
        ("warm, documents from PostgreSQL", keys, "warm", "pipe"),
        ("warm, documents in memory as in a first night", keys, "writer", "pipe"),
        ("redis-cli --pipe, the same commands from a file", keys, "pipe", "pipe"),
    ):
        seconds = median(one[name] for one in rounds)
        ratio = median(one[name] / one[bare] for one in rounds)
        print(f"| {what} | {count:,} | {seconds:.2f} | {count / seconds:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

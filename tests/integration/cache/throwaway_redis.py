"""A Redis that a test may flush, fill up and kill, and documents to put into it."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import redis

from retail_brain.config.services import CacheSettings
from retail_brain.model import RedisAddress
from retail_brain.services.binaries import find_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = CacheSettings(batch_bytes=10_000, read_timeout_s=0.5, write_timeout_s=5)
PROGRAMS = {"valkey": str(find_binaries().valkey)}
if found := shutil.which("redis-server"):
    PROGRAMS["redis"] = found


@dataclass
class Server:
    """A server that can be killed and started again on the same socket."""

    program: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> RedisAddress:
        return RedisAddress(socket_path=str(self.folder / "socket"))

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=self.address.socket_path, decode_responses=True)

    def start(self) -> None:
        options = {"port": "0", "unixsocket": str(self.folder / "socket"), "save": "", "dir": str(self.folder)}
        command = [self.program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                with self.client() as client:
                    client.ping()
            except redis.RedisError:
                assert time.monotonic() < deadline, f"{self.program} does not start"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def profile_id(number: int) -> str:
    return f"00000000-0000-8000-8000-{number:012d}"


def documents(count: int, text: str = "one") -> pa.RecordBatchReader:
    """Documents of `count` profiles, a hundred a batch."""
    schema = pa.schema([("profile_id", pa.string()), ("document", pa.string())])

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, count, 100):
            numbers = range(start, min(start + 100, count))
            ids = [profile_id(number) for number in numbers]
            texts = [f'{{"text": "{text}", "name": "Zoë {number}", "more": "{"x" * 300}"}}' for number in numbers]
            yield pa.record_batch([ids, texts], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())

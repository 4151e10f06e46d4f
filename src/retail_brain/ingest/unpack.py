"""Packed and differently encoded files turned into plain UTF-8 bytes, a chunk at a time.

Apart from reading records, so that the caps against bombs hold for every format. Nothing trusts a declared size: what
counts is the bytes that come out.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any, cast

from retail_brain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from retail_brain.config.ingest import IngestSettings
    from retail_brain.ingest.claim import Claim

_STEP_BYTES = 1024 * 1024
_RATIO_COUNTS_FROM_BYTES = 10_000_000
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def is_packed(first: bytes) -> bool:
    """Tell from a file's first bytes whether it has to be unpacked."""
    return first.startswith((_GZIP, _ZSTD))


def unpack(claim: Claim, settings: IngestSettings) -> Iterator[bytes]:
    """Yield the unpacked bytes of a gzip or Zstandard file.

    Raises:
        InputError: the file is cut off or damaged, it grows beyond the caps, or it holds another packed file.
    """
    claim.handle.seek(0)
    first = claim.handle.read(4)
    claim.handle.seek(0)
    stream = _open_packed(claim, first)
    total = 0
    while chunk := _read(claim, stream):
        if total == 0:
            _refuse_nested(claim, chunk)
        total += len(chunk)
        _hold_caps(claim, total, settings)
        yield chunk


def refuse_archive(claim: Claim, first: bytes) -> None:
    """Refuse a zip archive.

    Raises:
        InputError: the file is one.
    """
    if first.startswith(_ZIP):
        raise InputError(f"{claim.name} is a zip archive", hint="deliver CSV, CSV packed by gzip or zstd, or Parquet")


def _open_packed(claim: Claim, first: bytes) -> io.BufferedIOBase:
    buffered = io.BufferedReader(_Unclosed(claim), _STEP_BYTES)
    if first.startswith(_GZIP):
        return gzip.GzipFile(fileobj=buffered)
    import pyarrow as pa

    return cast("io.BufferedIOBase", pa.input_stream(buffered, compression="zstd", buffer_size=None))


class _Unclosed(io.RawIOBase):
    """The claim's handle for libraries that close what they were given."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._claim.handle.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _read(claim: Claim, stream: io.BufferedIOBase) -> bytes:
    try:
        return stream.read(_STEP_BYTES)
    except (EOFError, OSError, zlib.error):
        raise InputError(
            f"{claim.name} is cut off or damaged: it cannot be unpacked to its end", hint="deliver it again"
        ) from None


def _refuse_nested(claim: Claim, chunk: bytes) -> None:
    if chunk.startswith((_GZIP, _ZSTD, _ZIP)):
        raise InputError(f"{claim.name} is packed twice", hint="deliver CSV, or CSV packed once by gzip or zstd")


def _hold_caps(claim: Claim, total: int, settings: IngestSettings) -> None:
    if total > settings.max_unpacked_bytes:
        raise InputError(
            f"{claim.name} unpacks to more than {settings.max_unpacked_bytes:,} bytes",
            hint="split it, or raise ingest.max_unpacked_bytes",
        )
    if total > _RATIO_COUNTS_FROM_BYTES and total > settings.max_unpacked_ratio * claim.handle.tell():
        raise InputError(
            f"{claim.name} unpacks to more than {settings.max_unpacked_ratio:g} times its size",
            hint="if that is right, raise ingest.max_unpacked_ratio",
        )


def encoding_of(first: bytes, declared: str) -> str:
    """Return the encoding of plain bytes: the byte order mark's, else the declared one."""
    return next((name for mark, name in _MARKS if first.startswith(mark)), declared)


def recode(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield bytes of another encoding as UTF-8.

    What is no character in that encoding comes out as bytes that are no UTF-8, so that its row is found later.

    Raises:
        InputError: the bytes end in the middle of a character or are not in this encoding at all.
    """
    errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError:
        raise InputError(f"{name} cannot be read as {encoding}", hint="set its encoding in retail_brain.toml") from None

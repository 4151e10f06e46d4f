"""A delivery looked at before it is read: hash, plain UTF-8 bytes, and a count of its records that owes nothing to a CSV parser.

Apart from the readers, because this count is what they are held against: an unclosed quote that swallows rows, or a
reader that drops some, shows as a difference. The same pass notices everything that makes a file less than well behaved.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from retail_brain.ingest.claim import read_chunks
from retail_brain.ingest.header import BLANKS, INVISIBLE
from retail_brain.ingest.unpack import encoding_of, is_packed, recode, refuse_archive, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from retail_brain.config.ingest import IngestSettings, SourceSettings
    from retail_brain.ingest.claim import Claim

_HEAD_BYTES = 1024 * 1024
_UNALIGNED_BYTES = 8 * 1024 * 1024
_INVISIBLE = tuple(c.encode() for c in INVISIBLE if not c.isascii())
_NEWLINE, _BLANK = b"\n "
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_WIDE_BLANKS = tuple({c.encode()[:2] for c in BLANKS if c not in INVISIBLE and not c.isascii()})
"""How the blanks of other scripts begin; other characters may begin so, too."""


@dataclass(slots=True, kw_only=True)
class Survey:
    """What one pass over the plain bytes of a file has seen.

    `blanks`: some value may have a blank at its begin or end. `invisible`: so may tabs or characters that nobody sees.
    """

    path: str = ""
    head: bytes = b""
    plain_bytes: int = 0
    records: int = 0
    delimiters: int = 0
    quote_open: bool = False
    invisible: bool = False
    blanks: bool = False
    odd: set[str] = field(default_factory=set)


def survey_file(claim: Claim, source: SourceSettings, settings: IngestSettings, copy: Path) -> Survey:
    """Look through a CSV delivery once.

    Args:
        claim: the open file.
        source: its delimiter, quote and declared encoding.
        settings: the caps against bombs.
        copy: where plain UTF-8 bytes are written when the file is packed or in another encoding.

    Returns:
        The survey; its path leads to the plain bytes, and `odd` names what keeps them from the fast reader.

    Raises:
        InputError: the file cannot be unpacked or decoded, or is beyond a cap.
    """
    first = claim.handle.read(8)
    refuse_archive(claim, first)
    packed = is_packed(first)
    chunks: Iterator[bytes] = unpack(claim, settings) if packed else read_chunks(claim)
    start = next(chunks, b"")
    encoding = encoding_of(start, source.encoding)
    chunks = _chain(start, chunks)
    counter = _Counter(source)
    if not packed and encoding == "utf-8":
        counter.survey.path = claim.readable_path
        counter.count(chunks)
        return counter.survey
    counter.survey.path = str(copy)
    counter.count(_copied(chunks if encoding == "utf-8" else recode(chunks, encoding, claim.name), copy))
    return counter.survey


def _chain(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from rest


def _copied(chunks: Iterable[bytes], copy: Path) -> Iterator[bytes]:
    with copy.open("xb") as target:
        for chunk in chunks:
            target.write(chunk)
            yield chunk


class _Counter:
    """Counts record ends and delimiters outside quotes by their parity alone."""

    def __init__(self, source: SourceSettings) -> None:
        self.survey = Survey()
        self._quote = source.quote.encode()
        self._delimiter = source.delimiter.encode()
        self._spaced = re.compile(re.escape(self._quote) + b" +(?:" + re.escape(self._delimiter) + rb"|[\r\n]|\Z)")
        self._other = bytes(set(range(256)) - set(self._quote + self._delimiter + b"\n"))
        self._edges = _table(b"\n\r" + self._quote + self._delimiter)
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._invisible = tuple(mark for mark in (b"\t", b"\v", b"\f") if mark != self._delimiter)
        self._returns = 0
        self._newlines = 0
        self._embedded = 0
        self._last = b"\n"

    def count(self, chunks: Iterable[bytes]) -> None:
        """Look at all chunks."""
        import numpy as np

        survey = self.survey
        for chunk in _aligned(chunks):
            if len(survey.head) < _HEAD_BYTES:
                survey.head += chunk[:_HEAD_BYTES]
            values = np.frombuffer(chunk, np.uint8)
            ends = np.flatnonzero(values == _NEWLINE)
            quoted = bool(self._quote) and self._quote in chunk
            self._look(chunk, ends, quoted=quoted)
            survey.blanks = survey.blanks or self._has_blank_edge(values)
            self._newlines += len(ends)
            if quoted or survey.quote_open:
                self._count_quoted(chunk, len(ends))
            else:
                survey.records += len(ends)
                survey.delimiters += sum(int(np.count_nonzero(values == byte)) for byte in self._delimiter)
        if self._last != b"\n":
            survey.records += 1
        if self._returns not in {0, self._newlines}:
            survey.odd.add("mixed line ends")
        if self._embedded:
            survey.odd.add("line breaks inside quotes")
        if survey.quote_open:
            survey.odd.add("unclosed quote")

    def _look(self, chunk: bytes, ends: np.ndarray, *, quoted: bool) -> None:
        survey = self.survey
        survey.plain_bytes += len(chunk)
        self._last = chunk[-1:]
        if b"\0" in chunk:
            survey.odd.add("NUL")
        if any(mark in chunk for mark in self._invisible):
            survey.invisible = True
        if not chunk.isascii():
            self._check_text(chunk)
        blank_line = chunk.startswith((b"\n", b"\r\n")) or bool((ends[1:] - ends[:-1] == 1).any())
        if b"\r" in chunk:
            blank_line = blank_line or b"\n\r\n" in chunk
            self._returns += chunk.count(b"\r\n")
            if chunk.count(b"\r") != chunk.count(b"\r\n"):
                survey.odd.add("lone carriage return")
        if blank_line:
            survey.odd.add("blank line")
        if quoted and self._quote + b" " in chunk and self._spaced.search(chunk):
            survey.odd.add("blank after a quote")

    def _check_text(self, chunk: bytes) -> None:
        if any(mark in chunk for mark in _NONCHARACTERS):
            self.survey.odd.add("noncharacter")
        if any(mark in chunk for mark in _INVISIBLE):
            self.survey.invisible = True
        if not self.survey.blanks and any(mark in chunk for mark in _WIDE_BLANKS):
            self.survey.blanks = True
        try:
            self._decoder.decode(chunk, final=chunk.endswith(b"\n"))
        except UnicodeDecodeError:
            self.survey.odd.add("bad bytes")
            self._decoder.reset()

    def _has_blank_edge(self, values: np.ndarray) -> bool:
        """Tell whether a blank stands beside a delimiter, a quote or the end of a line, or at an end of the bytes."""
        import numpy as np

        places = np.flatnonzero(values == _BLANK)
        if not places.size:
            return False
        if places[0] == 0 or places[-1] == len(values) - 1:
            return True
        return bool(self._edges[values[places - 1]].any() or self._edges[values[places + 1]].any())

    def _count_quoted(self, chunk: bytes, newlines: int) -> None:
        survey = self.survey
        kept = chunk.translate(None, self._other)
        left = ((self._quote if survey.quote_open else b"") + kept).replace(self._quote * 2, b"")
        pieces = left.split(self._quote)
        outside = b"".join(pieces[::2])
        survey.quote_open = len(pieces) % 2 == 0
        ends = outside.count(b"\n")
        survey.records += ends
        self._embedded += newlines - ends
        survey.delimiters += len(outside) - ends


def _table(marks: bytes) -> np.ndarray:
    """Return for each byte whether it is one of some marks."""
    import numpy as np

    table = np.zeros(256, np.bool_)
    table[list(marks)] = True
    return table


def _aligned(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks that end with a line, unless a line is very long."""
    rest = b""
    for chunk in chunks:
        joined = rest + chunk
        cut = joined.rfind(b"\n") + 1
        if not cut and len(joined) >= _UNALIGNED_BYTES:
            cut = len(joined)
        if cut:
            yield joined[:cut]
        rest = joined[cut:]
    if rest:
        yield rest

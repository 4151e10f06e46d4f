"""A double of an S3 store: buckets in memory on a loopback port, and faults on demand.

It speaks as much of the protocol as uploads in one or many parts, reads of ranges, listings and deletions need. It checks no
signatures. A fault is a function that looks at each request before it is answered.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Fault = "Callable[[Handler], bool]"


@dataclass(slots=True)
class Double:
    """The store and what it was asked."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    """By bucket/key."""
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Method, path and all headers of each request."""
    fault: Callable[[Handler], bool] | None = None
    """Looks at a request first; True where it has answered it itself."""

    def names(self) -> list[str]:
        """Keys of all objects."""
        return sorted(self.objects)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    double: Double

    def handle(self) -> None:
        """Answer requests until the caller hangs up, whenever that is."""
        with suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer."""
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_one(self) -> None:
        """Answer a request, unless a fault does."""
        parts = urlsplit(self.path)
        self.key = unquote(parts.path).lstrip("/")
        self.query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.double.requests.append(f"{self.command} {self.path}\n{self.headers}")
        if self.double.fault is not None and self.double.fault(self):
            return
        getattr(self, f"_{self.command.lower()}")()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815 - the base class asks for these names

    def body(self) -> bytes:
        """Read what was sent."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _put(self) -> None:
        data = self.body()
        if "uploadId" in self.query:
            self.double.uploads[self.query["uploadId"]][int(self.query["partNumber"])] = data
        else:
            self.double.objects[self.key] = data
        self.answer(200, ETag=f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"')

    def _post(self) -> None:
        data = self.body().decode()
        if "uploads" in self.query:
            upload = uuid.uuid4().hex
            self.double.uploads[upload] = {}
            self._xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
        elif "uploadId" in self.query:
            parts = self.double.uploads.pop(self.query["uploadId"])
            self.double.objects[self.key] = b"".join(parts[number] for number in sorted(parts))
            self._xml("CompleteMultipartUploadResult", '<ETag>"made-of-parts"</ETag>')
        else:  # a bulk deletion
            gone = re.findall(r"<Key>(.*?)</Key>", data)
            for key in gone:
                self.double.objects.pop(f"{self.key.split('/')[0]}/{key}", None)
            self._xml("DeleteResult", "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone))

    def _delete(self) -> None:
        if "uploadId" in self.query:
            self.double.uploads.pop(self.query["uploadId"], None)
        else:
            self.double.objects.pop(self.key, None)
        self.answer(204)

    def _get(self) -> None:
        if self.query.get("list-type") == "2":
            self._list()
            return
        data = self.double.objects.get(self.key)
        if data is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        shared = {"ETag": '"x"', "Last_Modified": "Mon, 23 Nov 2026 02:03:11 GMT"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.answer(200, data, **shared)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        self.answer(206, data[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(data)}", **shared)

    _head = _get

    def _list(self) -> None:
        bucket, prefix = self.key.split("/")[0], self.query.get("prefix", "")
        found = {
            name.removeprefix(f"{bucket}/"): data
            for name, data in self.double.objects.items()
            if name.startswith(f"{bucket}/{prefix}")
        }
        shared = "<LastModified>2026-11-23T02:03:11.000Z</LastModified><StorageClass>STANDARD</StorageClass>"
        delimiter = self.query.get("delimiter")
        folders = {
            prefix + key.removeprefix(prefix).split("/")[0] + "/"
            for key in found
            if delimiter and "/" in key.removeprefix(prefix)
        }
        files = {key: data for key, data in found.items() if not (delimiter and "/" in key.removeprefix(prefix))}
        body = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size><ETag>x</ETag>{shared}</Contents>"
            for key, data in sorted(files.items())
        ) + "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders))
        self._xml("ListBucketResult", f"<IsTruncated>false</IsTruncated>{body}")

    def _xml(self, name: str, body: str) -> None:
        self.answer(200, f'<?xml version="1.0" encoding="UTF-8"?><{name}>{body}</{name}>'.encode())


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Double]:
    """Run a double on a free loopback port, with TLS where a context is given."""
    double = Double()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"double": double}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    double.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

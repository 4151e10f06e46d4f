"""The place of off-site copies: an S3 store or another folder, behind the few things that copies need.

The only importer of obstore. Apart from the copies, so that what a store answers, and how often it is asked again, is
told in one place. Keys come from the environment alone, and no message repeats what a store said.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from retail_brain.errors import ConfigurationError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from obstore.store import ObjectStore, S3Config

    from retail_brain.config.backup import OffsiteSettings

_PART_BYTES = 8 * 2**20
_PARTS = 9_000
"""A store takes 10,000 parts of one object."""
_AT_ONCE = 2
_RETRIES = 10
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An open place of off-site copies."""

    where: str
    """Its address, to be shown."""
    folder: Path | None
    """The folder, where it is one."""
    store: ObjectStore

    def put(self, path: Path, key: str, tell: Callable[[int], None]) -> str:
        """Send a file, in parts where it is large.

        Args:
            path: the file.
            key: its name here.
            tell: told how many bytes were read.

        Returns:
            SHA-256 of what was sent.

        Raises:
            ServiceError: the store did not take it.
        """
        import obstore

        if self.folder is not None:
            (self.folder / key.partition("/")[0]).mkdir(exist_ok=True, mode=0o700)
            (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size
        with path.open("rb") as file, _asked(self.where):
            source: Any = _Source(file, tell)
            obstore.put(
                self.store, key, source, chunk_size=max(_PART_BYTES, size // _PARTS + 1), max_concurrency=_AT_ONCE
            )
        return source.digest.hexdigest()

    def read(self, key: str, size: int) -> Iterator[bytes]:
        """Yield what an object holds, in pieces.

        Args:
            key: the object.
            size: its size in bytes.

        Raises:
            ServiceError: it is not there, shorter, or the store does not answer.
        """
        import obstore

        for start in range(0, size, _PART_BYTES):
            with _asked(self.where):
                piece = bytes(obstore.get_range(self.store, key, start=start, length=min(_PART_BYTES, size - start)))
            yield piece

    def size(self, key: str) -> int:
        """Return the size of an object in bytes.

        Raises:
            ServiceError: it is not there, or the store does not answer.
        """
        import obstore

        with _asked(self.where):
            return obstore.head(self.store, key)["size"]

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Return the size of each object below a folder.

        Raises:
            ServiceError: the store does not answer.
        """
        import obstore

        with _asked(self.where):
            return {one["path"]: one["size"] for page in obstore.list(self.store, folder or None) for one in page}

    def unchanged_since(self, folder: str, moment: datetime) -> list[str]:
        """Return the objects below a folder that were last written before a moment, by the store's clock.

        Raises:
            ServiceError: the store does not answer.
        """
        import obstore

        with _asked(self.where):
            found = [one for page in obstore.list(self.store, folder) for one in page]
        return [one["path"] for one in found if one["last_modified"] < moment]

    def remove(self, keys: list[str]) -> None:
        """Remove objects. One that is gone already is none of them.

        Raises:
            ServiceError: the store did not do it.
        """
        import obstore

        with _asked(self.where):
            obstore.delete(self.store, keys)

    def settle(self) -> None:
        """Wait until what was put is on the disk, where this is a folder."""
        if self.folder is not None:
            os.sync()


def open_bucket(settings: OffsiteSettings, base: Path, environment: Mapping[str, str] | None = None) -> Bucket | None:
    """Return the configured place; None where there is none. Nothing is sent yet.

    Args:
        settings: where it is.
        base: the folder in which relative paths start.
        environment: holds the keys; the process's own by default.

    Raises:
        ConfigurationError: the keys are missing, or a certificate cannot be read.
        ServiceError: the folder is not there.
    """
    if settings.url is None:
        return None
    from obstore.store import LocalStore, S3Store

    parts = urlsplit(settings.url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        if not folder.is_dir():
            raise ServiceError(f"the off-site folder {folder} is not there", hint="is its disk mounted?")
        return Bucket(where=settings.url, folder=folder, store=LocalStore(prefix=folder))
    store = S3Store(
        parts.netloc, prefix=parts.path.strip("/") or None,
        config=_s3_config(settings, os.environ if environment is None else environment),
        client_options=_client_options(settings, base), retry_config=_retry_config(settings.patience_s),
    )  # fmt: skip
    return Bucket(where=settings.url, folder=None, store=store)


def _client_options(settings: OffsiteSettings, base: Path) -> Any:
    longest = timedelta(seconds=settings.patience_s / 2)
    options: dict[str, Any] = {
        "allow_http": (settings.endpoint or "").startswith("http://"), "user_agent": "retail-brain",
        "timeout": longest, "connect_timeout": min(longest, timedelta(seconds=5)),
    }  # fmt: skip
    if settings.tls_ca_file is not None:
        try:
            options["root_certificate"] = (base / settings.tls_ca_file).read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"backup.offsite.tls_ca_file cannot be read: {os.strerror(error.errno or 0).lower()}"
            ) from error
    return options


def _retry_config(patience_s: float) -> Any:
    pauses = {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=15), "base": 2}
    return {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=patience_s), "backoff": pauses}


def _s3_config(settings: OffsiteSettings, environment: Mapping[str, str]) -> S3Config:
    found = {name: environment.get(name, "") for name in _KEYS}
    if not all(found.values()):
        raise ConfigurationError(
            "the keys of the off-site store are not in the environment", hint=f"set {' and '.join(_KEYS)}"
        )
    config: S3Config = {
        "access_key_id": found[_KEYS[0]], "secret_access_key": found[_KEYS[1]], "region": settings.region,
        "skip_signature": False,  # whatever the environment says
    }  # fmt: skip
    if token := environment.get("AWS_SESSION_TOKEN"):
        config["session_token"] = token
    if settings.endpoint is not None:
        config["aws_endpoint_url_s3"] = settings.endpoint
    return config


class _Source:
    """A file as obstore reads it, hashed on the way."""

    def __init__(self, file: IO[bytes], tell: Callable[[int], None]) -> None:
        self._file, self._tell = file, tell
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self._tell(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@contextmanager
def _asked(where: str) -> Iterator[None]:
    """Turn what goes wrong with the store into one error, without the text that the store sent."""
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise ServiceError(
            f"the off-site store {where} refuses these keys{_code(error)}",
            hint="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do in the bucket",
        ) from None
    except FileNotFoundError:
        raise ServiceError(f"the off-site store {where} has no such bucket or object") from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise ServiceError(
            f"the off-site store {where} {_reason(error)}", hint="retail-brain backup copy tries again"
        ) from None


def _code(error: Exception) -> str:
    found = re.search(r"status code: (\d{3})", str(error))
    return f" ({found[1]})" if found else ""


def _reason(error: Exception) -> str:
    text = str(error)
    if code := _code(error):
        return f"fails{code}"
    if re.search(r"kind: Timeout|TimedOut|timed out", text):
        return "does not answer in time"
    if re.search(r"[Cc]ertificate", text):
        return "shows a certificate that is not trusted"
    if re.search(r"BadScheme|URL scheme is not allowed", text):
        return "would be reached without TLS"
    if isinstance(error, OSError) and error.errno:
        return f"fails: {os.strerror(error.errno).lower()}"
    return "breaks the connection, or cannot be reached"

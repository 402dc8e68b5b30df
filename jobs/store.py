"""One bucket API over ``gs://`` and plain paths, on obstore, which repeats what fails with 429 or 5xx.

Every write is atomic: an object is absent or whole, never half there. obstore stages a local
file beside its target and renames or links it; GCS shows an object once its upload ended.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from jobs.errors import ConfigurationError, DamagedError, MissingObjectError, StoreError, StoreUnreachableError
from jobs.validation import parsed

R = TypeVar("R")

REPEAT = "the same command continues it once the bucket answers"

DELIMITER = "/"
EMULATOR = "STORAGE_EMULATOR_HOST"
"""Environment variable: a test server that ``gs://`` stands for, as Google's own clients have it."""
READ_AHEAD = 8 << 20
"""Bytes that one request of an opened object fetches."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    path: str
    size: int
    """Bytes."""
    modified: float = field(default=0.0, compare=False)
    """When it was last written, by the store's clock, in seconds since the epoch."""


class Store:
    """A bucket, or a prefix of one: ``gs://bucket/prefix`` or a directory.

    A directory that does not exist is made when something is first written, and empty until then; with
    ``create=False``, for what can only be read, it is a ``ConfigurationError``.
    """

    def __init__(self, location: str, *, create: bool = True) -> None:
        self.location = location
        self._directory, self._store = _open(location, create)

    def _readable(self) -> ObjectStore:
        """Another process may have made the directory meanwhile."""
        if (directory := self._directory) and directory.is_dir():
            self._store, self._directory = LocalStore(directory), None
        return self._store

    def _writable(self) -> ObjectStore:
        if directory := self._directory:
            self._store, self._directory = _make_directory(directory), None
        return self._store

    def put(self, path: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        try:
            obstore.put(self._writable(), path, data)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless it exists; says whether this call wrote it."""
        try:
            obstore.put(self._writable(), path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as error:
            self._fail(path, error)
        return True

    def get(self, path: str) -> bytes:
        """The whole object. Raises ``MissingObjectError``."""
        try:
            return bytes(obstore.get(self._readable(), path).bytes())
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def find(self, path: str) -> bytes | None:
        """The whole object, or None where there is none."""
        try:
            return self.get(path)
        except MissingObjectError:
            return None

    def find_record(self, record: type[R], path: str) -> R | None:
        """The object's JSON as a ``record``, or None where there is none.

        Raises ``DamagedError`` when it is something else, and is so when it is read again.
        """
        data = self.find(path)
        if data is None:
            return None
        try:
            return parsed(record, data)
        except ValueError as error:
            if self.find(path) != data:
                raise StoreUnreachableError(self.where(path), "it was read differently twice", REPEAT) from error
            raise self.damaged(path, str(error)) from error

    def where(self, path: str) -> str:
        """The object's place, for people."""
        return f"{self.location.rstrip(DELIMITER)}/{path}"

    def damaged(self, path: str, reason: str) -> DamagedError:
        """The error for an object that is there but not what was written."""
        remedy = "make its step again under another name: covid-ctl submit ... --fresh"
        return DamagedError(self.where(path), reason, remedy)

    def size(self, path: str) -> int:
        """The object's size in bytes. Raises ``MissingObjectError``."""
        try:
            return int(obstore.head(self._readable(), path)["size"])
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def exists(self, path: str) -> bool:
        try:
            self.size(path)
        except MissingObjectError:
            return False
        return True

    def objects(self, prefix: str = "") -> list[ObjectInfo]:
        """Every object below ``prefix`` (a folder, not a name's beginning), sorted by path."""
        try:
            found = [
                ObjectInfo(m["path"], m["size"], m["last_modified"].timestamp())
                for page in obstore.list(self._readable(), prefix or None)
                for m in page
            ]
        except (BaseError, OSError) as error:
            self._fail(prefix, error)
        return sorted(found, key=lambda o: o.path)

    def folders(self, prefix: str = "") -> list[str]:
        """The names directly below ``prefix`` that have objects below them, sorted."""
        try:
            found = obstore.list_with_delimiter(self._readable(), prefix or None)
        except (BaseError, OSError) as error:
            self._fail(prefix, error)
        return sorted(p.rstrip(DELIMITER).rsplit(DELIMITER, 1)[-1] for p in found["common_prefixes"])

    def upload(self, path: str, source: Path) -> None:
        """Write an object from a local file, in parts when it is large."""
        try:
            obstore.put(self._writable(), path, source)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def stream(self, path: str, parts: Iterable[bytes]) -> None:
        """Write an object from memory, part by part: as large as it likes, and no file in between."""
        try:
            obstore.put(self._writable(), path, iter(parts))
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def download(self, path: str, target: Path) -> None:
        """Write an object to a local file, streaming."""
        try:
            found = obstore.get(self._readable(), path)
            with target.open("wb") as file:
                for chunk in found.stream():
                    file.write(chunk)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def open(self, path: str) -> io.BufferedReader:
        """The object as a seekable file, fetched piece by piece. Raises ``MissingObjectError``."""
        try:
            found = obstore.open_reader(self._readable(), path, buffer_size=READ_AHEAD)
        except (BaseError, OSError) as error:
            self._fail(path, error)
        return io.BufferedReader(_Reader(self, path, found), 1 << 20)

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            obstore.delete(self._readable(), path)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def _fail(self, path: str, error: Exception) -> NoReturn:
        thing = self.where(path)
        if "<Code>NoSuchBucket</Code>" in str(error):
            # Else it would pass for an object that is not there, and a misspelt bucket for an empty one.
            bucket = DELIMITER.join(self.location.split(DELIMITER)[:3])
            remedy = f"check its name, or make it: gcloud storage buckets create {bucket}"
            raise StoreError(bucket, "there is no such bucket", remedy) from error
        if isinstance(error, NotFoundError | FileNotFoundError):
            remedy = "check the path, or run the step that writes it again"
            raise MissingObjectError(thing, "there is no such object", remedy) from error
        reason = _first_line(error)
        status = _status(error)
        # Where there are no credentials obstore ends by asking the metadata server, which only Google's machines have.
        no_identity = "/computeMetadata/" in reason
        if isinstance(error, UnauthenticatedError) or status == 401 or no_identity:
            raise StoreError(thing, "no Google credentials found", "gcloud auth application-default login") from error
        if isinstance(error, PermissionDeniedError | PermissionError) or status == 403:
            raise StoreError(thing, f"permission denied ({reason})", "check who has access there") from error
        raise StoreError(thing, reason, "check the bucket's free space and your access, then repeat") from error


class _Reader(io.RawIOBase):
    """An obstore reader as Python's files are: its errors become ours."""

    def __init__(self, store: Store, path: str, found: Any) -> None:
        self._bucket = store
        self._path = path
        self._found = found

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return int(self._found.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._found.seek(offset, whence))

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._found.read(len(buffer))
        except (BaseError, OSError) as error:
            self._bucket._fail(self._path, error)
        buffer[: len(data)] = memoryview(data)
        return len(data)


def _open(location: str, create: bool) -> tuple[Path | None, ObjectStore]:
    """The store, and the directory that is to be made before the first write if there is none yet."""
    remedy = "name a bucket as gs://BUCKET/PREFIX or as a directory"
    if not location:
        raise ConfigurationError("bucket", "its name is empty", remedy)
    if "://" in location:
        try:
            return None, from_url(location, **_emulator(location))
        except (BaseError, ValueError) as error:
            raise ConfigurationError(location, _first_line(error), remedy) from error
    path = Path(location).expanduser().absolute()
    # In this order: another process may make it meanwhile.
    if (path.exists() or path.is_symlink()) and not path.is_dir():
        raise ConfigurationError(location, "not a directory", remedy)
    if path.is_dir():
        return None, LocalStore(path)
    if not create:
        raise ConfigurationError(location, "no such directory", "check the path")
    return path, MemoryStore()


def emulator_url() -> str:
    """Of the server that ``gs://`` stands for; empty, Google's own."""
    host = os.environ.get(EMULATOR, "")
    return host if not host or "://" in host else f"http://{host}"


def _emulator(location: str) -> dict[str, Any]:
    url = emulator_url() if location.startswith("gs://") else ""
    return {"base_url": url, "bearer_token": "none", "client_options": {"allow_http": True}} if url else {}


def _make_directory(path: Path) -> ObjectStore:
    try:
        return LocalStore(path, mkdir=True)
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(str(path), _first_line(error), "choose a directory that you may write to") from error


def _first_line(error: Exception) -> str:
    """obstore appends a many-line debug dump to its messages: only the first says something."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _status(error: Exception) -> int | None:
    """The HTTP status of an answer: of a listing obstore tells it in words only."""
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found[1]) if found else None

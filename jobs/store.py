"""One bucket API over ``gs://`` and plain paths, on obstore.

Every write is atomic: an object is absent or whole, never half there. obstore stages a local
file beside its target and renames or links it; GCS shows an object once its upload ended.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PermissionDeniedError
from obstore.store import LocalStore, ObjectStore, from_url

from jobs.errors import ConfigurationError, MissingObjectError, StoreError

DELIMITER = "/"
READ_AHEAD = 8 << 20
"""Bytes that one request of an opened object fetches."""


@dataclass(frozen=True)
class ObjectInfo:
    path: str
    size: int
    """Bytes."""


class Store:
    """A bucket, or a prefix of one: ``gs://bucket/prefix`` or a directory.

    ``create=False`` is for reading: a directory that does not exist is then an error
    (``ConfigurationError``) instead of being made.
    """

    def __init__(self, location: str, *, create: bool = True) -> None:
        self.location = location
        self._store = _open(location, create)

    def put(self, path: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        try:
            obstore.put(self._store, path, data)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless it exists; says whether this call wrote it."""
        try:
            obstore.put(self._store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as error:
            self._fail(path, error)
        return True

    def get(self, path: str) -> bytes:
        """The whole object. Raises ``MissingObjectError``."""
        try:
            return bytes(obstore.get(self._store, path).bytes())
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def find(self, path: str) -> bytes | None:
        """The whole object, or None where there is none."""
        try:
            return self.get(path)
        except MissingObjectError:
            return None

    def size(self, path: str) -> int:
        """The object's size in bytes. Raises ``MissingObjectError``."""
        try:
            return int(obstore.head(self._store, path)["size"])
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
            found = obstore.list(self._store, prefix or None).collect()
        except (BaseError, OSError) as error:
            self._fail(prefix, error)
        return sorted((ObjectInfo(m["path"], m["size"]) for m in found), key=lambda o: o.path)

    def folders(self, prefix: str = "") -> list[str]:
        """The names directly below ``prefix`` that have objects below them, sorted."""
        try:
            found = obstore.list_with_delimiter(self._store, prefix or None)
        except (BaseError, OSError) as error:
            self._fail(prefix, error)
        return sorted(p.rstrip(DELIMITER).rsplit(DELIMITER, 1)[-1] for p in found["common_prefixes"])

    def upload(self, path: str, source: Path) -> None:
        """Write an object from a local file, in parts when it is large."""
        try:
            obstore.put(self._store, path, source)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def download(self, path: str, target: Path) -> None:
        """Write an object to a local file, streaming."""
        try:
            found = obstore.get(self._store, path)
            with target.open("wb") as file:
                for chunk in found.stream():
                    file.write(chunk)
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def open(self, path: str) -> io.BufferedReader:
        """The object as a seekable file, fetched piece by piece. Raises ``MissingObjectError``."""
        try:
            found = obstore.open_reader(self._store, path, buffer_size=READ_AHEAD)
        except (BaseError, OSError) as error:
            self._fail(path, error)
        return io.BufferedReader(_Reader(self, path, found), 1 << 20)

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            obstore.delete(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            self._fail(path, error)

    def _fail(self, path: str, error: Exception) -> NoReturn:
        thing = f"{self.location.rstrip(DELIMITER)}/{path}"
        if isinstance(error, NotFoundError | FileNotFoundError):
            raise MissingObjectError(thing, "there is no such object") from error
        reason = _first_line(error)
        if isinstance(error, PermissionDeniedError | PermissionError):
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


def _open(location: str, create: bool) -> ObjectStore:
    if "://" in location:
        try:
            return from_url(location)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(
                location, _first_line(error), "name a bucket as gs://BUCKET/PREFIX or as a directory"
            ) from error
    path = Path(location).expanduser().absolute()
    if not create and not path.is_dir():
        reason = "not a directory" if path.exists() else "no such directory"
        raise ConfigurationError(location, reason, "check the path")
    try:
        return LocalStore(path, mkdir=create)
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(location, _first_line(error), "choose a directory that you may write to") from error


def _first_line(error: Exception) -> str:
    """obstore appends a many-line debug dump to its messages: only the first says something."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

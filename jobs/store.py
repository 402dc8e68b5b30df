"""One bucket API over ``gs://`` and plain paths, on obstore.

Every write is atomic: an object is absent or whole, never half there. obstore stages a local
file beside its target and renames or links it; GCS shows an object once its upload ended.
A request to a bucket on the network that fails in passing is repeated as long as the store's ``Patience`` lasts.
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from jobs.errors import ConfigurationError, DamagedError, MissingObjectError, StoreError, StoreUnreachableError
from jobs.layout import STAGED
from jobs.parallel import interruptibly
from jobs.patience import PASSING, WORKING, Outage, Patience
from jobs.seal import is_intact
from jobs.store_errors import REPEAT, CutError, first_line, translated
from jobs.validation import parsed

if TYPE_CHECKING:
    from obstore import ObjectMeta

R = TypeVar("R")
T = TypeVar("T")

DELIMITER = "/"
EMULATOR = "STORAGE_EMULATOR_HOST"
"""Environment variable: a test server that ``gs://`` stands for, as Google's own clients have it."""
READ_AHEAD = 8 << 20
"""Bytes that one request of an opened object fetches."""
PIECE = 8 << 20
"""Bytes that one request of a large object fetches: what has a limit in time should have one in size."""
BULK_RETRIES = 1000
"""Repeats of a part that is sent; what ends them is the store's patience."""
UPLOADS = 4
"""Parts that are sent at a time; more would slow each other down on a narrow line."""

_TEMPORARY = re.compile(r"#[0-9]+$")
"""How obstore's file names end while it writes them."""


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

    All methods raise ``StoreUnreachableError`` when a bucket does not answer for so long as ``patience`` allows, and
    ``StoreError`` for what waiting does not mend.
    """

    def __init__(self, location: str, *, create: bool = True, patience: Patience = WORKING) -> None:
        self.location = location
        self._patience = patience
        self._remote = "://" in location
        self._directory, self._store = _open(location, create, patience)
        self._sending: ObjectStore | None = None

    @cached_property
    def hasty(self) -> Store:
        """The same bucket for what may be lost: given up within seconds."""
        return Store(self.location, patience=PASSING)

    def _readable(self) -> ObjectStore:
        """Another process may have made the directory meanwhile."""
        if (directory := self._directory) and directory.is_dir():
            self._store, self._directory = LocalStore(directory), None
        return self._store

    def _writable(self) -> ObjectStore:
        if directory := self._directory:
            self._store, self._directory = _make_directory(directory), None
        return self._store

    def _bulk(self) -> ObjectStore:
        """For what is sent in parts: a part that fails is sent again alone."""
        if not self._remote:
            return self._writable()
        if self._sending is None:
            self._sending = _connect(self.location, self._patience, retries=BULK_RETRIES)
        return self._sending

    def _request(self, path: str, request: Callable[[], T], *, creating: bool = False) -> T:
        """The request's answer, however often it has to be made for that."""
        outage = Outage(self._patience)
        while True:
            try:
                return interruptibly(request) if self._remote else request()
            except (BaseError, OSError, CutError) as caught:
                error = translated(self.location, path, caught, creating=creating)
                if not isinstance(error, StoreUnreachableError):
                    raise error from caught
                outage.wait(error)

    def put(self, path: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        self._request(path, lambda: obstore.put(self._writable(), path, data))

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless it exists; says whether this call wrote it."""
        tries = 0

        def once() -> bool:
            nonlocal tries
            tries += 1
            try:
                obstore.put(self._writable(), path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        written = self._request(path, once, creating=True)
        # The answer to an earlier try may have been lost after the object was written.
        return written or (tries > 1 and self.find(path) == data)

    def create_from(self, path: str, source: Path) -> bool:
        """Write an object from a local file of any size unless it exists; says whether it may be this call's."""
        if source.stat().st_size <= PIECE:
            return self.create(path, source.read_bytes())  # memory for one piece
        # Only whole objects can be created with a precondition: one sent in parts is copied to its place by the bucket.
        staged = f"{STAGED}/{uuid.uuid4().hex}"
        try:
            self.upload(staged, source)
            return self._copy(staged, path)
        finally:
            self.delete(staged)

    def _copy(self, source: str, path: str) -> bool:
        def once() -> bool:
            try:
                obstore.copy(self._writable(), source, path, overwrite=False)
            except AlreadyExistsError:
                return False
            return True

        return self._request(path, once, creating=True)

    def get(self, path: str) -> bytes:
        """The whole object. Raises ``MissingObjectError``."""
        size, data = self._request(path, lambda: self._begin(path))
        return data if len(data) == size else b"".join(self._pieces(path, size))

    def _begin(self, path: str) -> tuple[int, bytes]:
        """The object's size, and the whole of it unless it is to be fetched in pieces."""
        found = obstore.get(self._readable(), path)
        size = int(found.meta["size"])
        if self._remote and size > PIECE:
            return size, b""
        data = bytes(found.bytes())
        if len(data) != size:
            raise CutError(f"{len(data)} of {size} bytes arrived")
        return size, data

    def pieces(self, path: str) -> Iterator[bytes]:
        """The object, a piece at a time."""
        return self._pieces(path, self.size(path))

    def _pieces(self, path: str, size: int) -> Iterator[bytes]:
        for start in range(0, size, PIECE):
            yield self._piece(path, start, min(PIECE, size - start))

    def _piece(self, path: str, start: int, length: int) -> bytes:
        def fetched() -> bytes:
            data = bytes(obstore.get_range(self._readable(), path, start=start, length=length))
            if len(data) != length:
                raise CutError(f"{len(data)} of {length} bytes arrived")
            return data

        return self._request(path, fetched)

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
            found = parsed(record, data)
            if not is_intact(data):
                raise ValueError("its checksum is that of other contents: it was changed after it was written")
            return found
        except ValueError as error:
            if self.find(path) != data:
                raise StoreUnreachableError(self.where(path), "two reads of it gave different bytes", REPEAT) from error
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
        return int(self._head(path)["size"])

    def modified(self, path: str) -> float | None:
        """When the object was written, in seconds since the epoch; None where there is none."""
        try:
            return float(self._head(path)["last_modified"].timestamp())
        except MissingObjectError:
            return None

    def _head(self, path: str) -> ObjectMeta:
        return self._request(path, lambda: obstore.head(self._readable(), path))

    def exists(self, path: str) -> bool:
        try:
            self.size(path)
        except MissingObjectError:
            return False
        return True

    def objects(self, prefix: str = "") -> list[ObjectInfo]:
        """Every object below ``prefix`` (a folder, not a name's beginning), sorted by path."""

        def listed() -> list[ObjectInfo]:
            return [
                ObjectInfo(m["path"], m["size"], m["last_modified"].timestamp())
                for page in obstore.list(self._readable(), prefix or None)
                for m in page
            ]

        return sorted(self._request(prefix, listed), key=lambda o: o.path)

    def folders(self, prefix: str = "") -> list[str]:
        """The names directly below ``prefix`` that have objects below them, sorted."""
        found = self._request(prefix, lambda: obstore.list_with_delimiter(self._readable(), prefix or None))
        return sorted(p.rstrip(DELIMITER).rsplit(DELIMITER, 1)[-1] for p in found["common_prefixes"])

    def files(self, prefix: str) -> list[str]:
        """The names of the objects directly below ``prefix``, sorted. One request."""
        found = self._request(prefix, lambda: obstore.list_with_delimiter(self._readable(), prefix))
        return sorted(m["path"].rsplit(DELIMITER, 1)[-1] for m in found["objects"])

    def upload(self, path: str, source: Path) -> None:
        """Write an object from a local file, in parts when it is large, replacing what is there."""
        self._request(path, lambda: obstore.put(self._bulk(), path, source, max_concurrency=UPLOADS))

    def stream(self, path: str, parts: Callable[[], Iterable[bytes]]) -> None:
        """Write an object from memory, part by part: as large as it likes, and no file in between.

        ``parts`` is called again when the object has to be sent again.
        """
        self._request(path, lambda: obstore.put(self._bulk(), path, iter(parts()), max_concurrency=UPLOADS))

    def download(self, path: str, target: Path) -> None:
        """Write an object to a local file, piece by piece."""
        if self._remote:
            size = self.size(path)
            with target.open("wb") as file:
                for piece in self._pieces(path, size):
                    file.write(piece)
            return

        def copy() -> None:
            with target.open("wb") as file:
                for chunk in obstore.get(self._readable(), path).stream():
                    file.write(chunk)

        self._request(path, copy)

    def open(self, path: str) -> io.BufferedReader:
        """The object as a seekable file, fetched piece by piece. Raises ``MissingObjectError``."""
        return io.BufferedReader(
            _Reader(lambda start, length: self._piece(path, start, length), self.size(path)), 1 << 20
        )

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            self._request(path, lambda: obstore.delete(self._readable(), path))
        except MissingObjectError:
            return

    def settle(self, paths: Iterable[str]) -> None:
        """Return once the objects would outlive a power cut; on the network they do already.

        Raises ``StoreError``.
        """
        if self._remote:
            return
        root = Path(self.location).expanduser().absolute()
        files = [root / path for path in paths]
        folders = {folder for file in files for folder in file.parents if folder == root or root in folder.parents}
        for path in (*files, *folders):
            try:
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise StoreError(str(path), error.strerror or repr(error), "check the disk, then repeat") from error

    def temporary_files(self) -> list[ObjectInfo]:
        """What writers that were killed left beside their objects in a directory; listings do not show it."""
        root = Path(self.location).expanduser().absolute()
        if self._remote or not root.is_dir():
            return []
        found = []
        for folder, _, names in os.walk(root):
            for name in filter(_TEMPORARY.search, names):
                file = Path(folder, name)
                try:
                    stat = file.stat()
                except OSError:
                    continue  # its writer has just finished
                found.append(ObjectInfo(file.relative_to(root).as_posix(), stat.st_size, stat.st_mtime))
        return sorted(found, key=lambda o: o.path)

    def delete_temporary(self, path: str) -> None:
        """Remove one of the ``temporary_files``. Raises ``StoreError``."""
        if not _TEMPORARY.search(path):
            raise ValueError(path)
        try:
            (Path(self.location).expanduser().absolute() / path).unlink(missing_ok=True)
        except OSError as error:
            raise translated(self.location, path, error) from error


class _Reader(io.RawIOBase):
    """An object as Python's files are; fetches ``READ_AHEAD`` bytes from where it is read."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._at = 0
        self._piece, self._piece_at = b"", 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        if not self._piece_at <= self._at < self._piece_at + len(self._piece):
            self._piece_at = self._at
            self._piece = self._fetch(self._at, min(READ_AHEAD, self._size - self._at))
        begin = self._at - self._piece_at
        data = memoryview(self._piece)[begin : begin + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _open(location: str, create: bool, patience: Patience) -> tuple[Path | None, ObjectStore]:
    """The store, and the directory that is to be made before the first write if there is none yet."""
    remedy = "name a bucket as gs://BUCKET/PREFIX or as a directory"
    if not location:
        raise ConfigurationError("bucket", "its name is empty", remedy)
    if "://" in location:
        try:
            return None, _connect(location, patience)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(location, first_line(error), remedy) from error
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
    """The server that ``gs://`` stands for; empty, Google's own."""
    host = os.environ.get(EMULATOR, "")
    return host if not host or "://" in host else f"http://{host}"


def _connect(location: str, patience: Patience, retries: int = 0) -> ObjectStore:
    url = emulator_url() if location.startswith("gs://") else ""
    limits = {"timeout": timedelta(seconds=patience.request_seconds), "connect_timeout": timedelta(seconds=10)}
    # ``Store`` repeats requests itself: obstore does not repeat all, and would not tell that a creation was repeated.
    repeat = {"max_retries": retries, "retry_timeout": timedelta(seconds=patience.seconds)}
    if url:
        client = {**limits, "allow_http": True}
        return from_url(location, base_url=url, bearer_token="none", client_options=client, retry_config=repeat)  # type: ignore[call-overload,no-any-return]
    return from_url(location, client_options=limits, retry_config=repeat)  # type: ignore[call-overload,no-any-return]


def _make_directory(path: Path) -> ObjectStore:
    try:
        return LocalStore(path, mkdir=True)
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(str(path), first_line(error), "choose a directory that you may write to") from error

"""One bucket API over ``gs://`` and plain paths, on obstore.

Every write is atomic: an object is absent or whole, never half there. obstore stages a local
file beside its target and renames or links it; GCS shows an object once its upload ended.
A request to a bucket on the network that fails in passing is repeated as long as the store's ``Patience`` lasts.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore

from jobs.directory_bucket import (
    copied_plainly,
    directory_of,
    flush,
    is_temporary,
    linked,
    read_plainly,
    temporary_files,
)
from jobs.errors import DamagedError, MissingObjectError, StoreUnreachableError
from jobs.layout import STAGED
from jobs.object_reader import ObjectReader
from jobs.parallel import interruptibly
from jobs.patience import PASSING, WORKING, Outage, Patience
from jobs.seal import is_intact
from jobs.store_connection import connect, make_directory, open_store
from jobs.store_errors import REPEAT, CutError, translated
from jobs.validation import parsed

if TYPE_CHECKING:
    from obstore import ObjectMeta

R = TypeVar("R")
T = TypeVar("T")

DELIMITER = "/"
PIECE = 8 << 20
"""Bytes that one request of a large object fetches: what has a limit in time should have one in size."""
BULK_RETRIES = 1000
"""Repeats of a part that is sent; what ends them is the store's patience."""
UPLOADS = 4
"""Parts that are sent at a time; more would slow each other down on a narrow line."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    path: str
    size: int
    """Bytes."""
    modified: float = field(default=0.0, compare=False)
    """When it was last written, by the store's clock, in seconds since the epoch."""
    e_tag: str = field(default="", compare=False)
    """Changes whenever the contents do; empty if the store gives none."""

    @classmethod
    def of(cls, meta: ObjectMeta) -> ObjectInfo:
        return cls(meta["path"], meta["size"], meta["last_modified"].timestamp(), meta.get("e_tag") or "")


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
        self._root = "" if self._remote else str(directory_of(location))
        self._directory, self._store = open_store(location, create=create, patience=patience)
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
            self._store, self._directory = make_directory(directory), None
        return self._store

    def _bulk(self) -> ObjectStore:
        """For what is sent in parts: a part that fails is sent again alone."""
        if not self._remote:
            return self._writable()
        if self._sending is None:
            self._sending = connect(self.location, self._patience, retries=BULK_RETRIES)
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

    def adopt(self, path: str, source: Path) -> bool:
        """As ``create_from``, of a file that is not written to any more: a directory on its disk takes it as it is."""
        adopted = not self._remote and linked(directory_of(self.location), path, source)
        return adopted or self.create_from(path, source)

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
        plain = None if self._remote else read_plainly(self._root, path)
        return self.fetch(path)[0] if plain is None else plain

    def fetch(self, path: str) -> tuple[bytes, str]:
        """The whole object and its e-tag, empty if it had to be fetched in pieces. Raises ``MissingObjectError``."""
        size, data, e_tag = self._request(path, lambda: self._begin(path))
        return (data, e_tag) if len(data) == size else (b"".join(self._pieces(path, size)), "")

    def _begin(self, path: str) -> tuple[int, bytes, str]:
        """The object's size, the whole of it unless it is to be fetched in pieces, and its e-tag."""
        found = obstore.get(self._readable(), path)
        size, e_tag = int(found.meta["size"]), found.meta.get("e_tag") or ""
        if self._remote and size > PIECE:
            return size, b"", e_tag
        data = bytes(found.bytes())
        if len(data) != size:
            raise CutError(f"{len(data)} of {size} bytes arrived")
        return size, data, e_tag

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
            pages = obstore.list(self._readable(), prefix or None, chunk_size=1000)
            return [ObjectInfo.of(meta) for page in pages for meta in page]

        return sorted(self._request(prefix, listed), key=lambda o: o.path)

    def entries(self, prefix: str = "") -> tuple[list[ObjectInfo], list[str]]:
        """The objects directly below ``prefix`` and the names of its folders, both sorted.

        One request per thousand of them.
        """
        found = self._request(prefix, lambda: obstore.list_with_delimiter(self._readable(), prefix or None))
        objects = sorted(map(ObjectInfo.of, found["objects"]), key=lambda info: info.path)
        return objects, sorted(p.rstrip(DELIMITER).rpartition(DELIMITER)[2] for p in found["common_prefixes"])

    def folders(self, prefix: str = "") -> list[str]:
        """The names directly below ``prefix`` that have objects below them, sorted."""
        return self.entries(prefix)[1]

    def files(self, prefix: str) -> list[str]:
        """The names of the objects directly below ``prefix``, sorted. One request."""
        return [info.path.rpartition(DELIMITER)[2] for info in self.entries(prefix)[0]]

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

        if copied_plainly(self._root, path, target):
            return

        def copy() -> None:
            with target.open("wb") as file:
                for chunk in obstore.get(self._readable(), path).stream():
                    file.write(chunk)

        self._request(path, copy)

    def open(self, path: str) -> io.BufferedReader:
        """The object as a seekable file, fetched piece by piece. Raises ``MissingObjectError``."""
        return io.BufferedReader(
            ObjectReader(lambda start, length: self._piece(path, start, length), self.size(path)), 1 << 20
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
        if not self._remote:
            flush(directory_of(self.location), paths)

    def temporary_files(self) -> list[ObjectInfo]:
        """What writers that were killed left beside their objects in a directory; listings do not show it."""
        found = () if self._remote else temporary_files(directory_of(self.location))
        return sorted((ObjectInfo(p, stat.st_size, stat.st_mtime) for p, stat in found), key=lambda o: o.path)

    def delete_temporary(self, path: str) -> None:
        """Remove one of the ``temporary_files``. Raises ``StoreError``."""
        if not is_temporary(path):
            raise ValueError(path)
        try:
            (directory_of(self.location) / path).unlink(missing_ok=True)
        except OSError as error:
            raise translated(self.location, path, error) from error

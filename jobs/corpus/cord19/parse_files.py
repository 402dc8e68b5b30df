"""The parse files of an opened release, by path, wherever each of them lies."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol

from jobs.corpus.cord19.layouts import absolute_from, relative_to
from jobs.corpus.documents.quarantine import MalformedError
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.files.packing import GZIP_MAGIC
from jobs.files.zips import ZIP_ERRORS
from jobs.store import ObjectInfo, Store


class FilePlace(Protocol):
    """Path -> size in bytes, and the content; ``KeyError`` and ``MalformedError`` for what cannot be read."""

    def __contains__(self, path: object) -> bool: ...
    def __getitem__(self, path: str) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def get_bytes(self, path: str) -> bytes: ...


class ParseFiles(Mapping[str, int]):
    """Sizes by path, sorted; paths are relative to metadata.csv's folder. A view: a release has a million files."""

    def __init__(self, places: Sequence[FilePlace], root: str) -> None:
        self._places = places
        self._root = root

    def __getitem__(self, path: str) -> int:
        return self._place(path)[absolute_from(self._root, path)]

    def __iter__(self) -> Iterator[str]:
        return (relative_to(self._root, path) for path in sorted(chain(*self._places)))

    def __len__(self) -> int:
        return sum(map(len, self._places))

    def get_bytes(self, path: str) -> bytes:
        """Unpacked, if gzipped. Raises ``MalformedError`` for a file that is too large or damaged."""
        size = self[path]
        if size > MAX_DOCUMENT_BYTES:
            raise MalformedError(f"{size:,} bytes, more than the {MAX_DOCUMENT_BYTES:,} that a parse may have")
        data = self._place(path).get_bytes(absolute_from(self._root, path))
        return gunzipped(data) if data.startswith(GZIP_MAGIC) else data

    def _place(self, path: str) -> FilePlace:
        absolute = absolute_from(self._root, path)
        for place in self._places:
            if absolute in place:
                return place
        raise KeyError(path)


class StoreFiles(dict[str, int]):
    """Files that are read where they lie, in a directory or bucket."""

    def __init__(self, store: Store, files: Iterable[ObjectInfo]) -> None:
        super().__init__((file.path, file.size) for file in files)
        self._store = store

    def get_bytes(self, path: str) -> bytes:
        return self._store.get(path)


class ZipFiles(Mapping[str, int]):
    """Members that are read out of their zips."""

    def __init__(self) -> None:
        self._members: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}

    def add(self, path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._members[path] = archive, info

    def __getitem__(self, path: str) -> int:
        return self._members[path][1].file_size

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def get_bytes(self, path: str) -> bytes:
        archive, info = self._members[path]
        try:
            # Reads no further than the size that the directory declares.
            return archive.read(info)
        except ZIP_ERRORS as error:
            raise MalformedError(f"it cannot be unpacked ({error})") from error


def gunzipped(data: bytes) -> bytes:
    """Raises ``MalformedError`` for gzip that is damaged, cut short or larger inside than a parse may be."""
    parts: list[bytes] = []
    left = MAX_DOCUMENT_BYTES
    while data:
        stream = zlib.decompressobj(31)
        try:
            parts.append(stream.decompress(data, left + 1))
        except zlib.error as error:
            raise MalformedError(f"damaged gzip ({error})") from error
        left -= len(parts[-1])
        if left < 0:
            raise MalformedError(f"it unpacks to more than the {MAX_DOCUMENT_BYTES:,} bytes that a parse may have")
        if not stream.eof:
            raise MalformedError("its gzip stream is cut short")
        data = stream.unused_data
    return b"".join(parts)

"""A bucket for commands that look at many steps: lists each folder once, fetches each object once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import TypeVar

from controller.bucket.object_cache import ObjectCache
from jobs.errors import DamagedError, MissingObjectError
from jobs.layout import LEDGER, MANIFEST, SHARDS, SPEC
from jobs.patience import PASSING, WORKING, Patience
from jobs.store import DELIMITER, ObjectInfo, Store
from jobs.store_errors import translated

R = TypeVar("R")

READERS = 32
"""Requests at the same time: of a bucket far away, each takes its while."""
MAX_BYTES = 4 << 20
"""Larger objects are not kept."""

_LASTING = re.compile(rf"{LEDGER}/.*|.*/(?:{SPEC}|{MANIFEST}|{SHARDS}/[^/]+)")
"""Objects that are created once and never written over; only they are worth a place on the disk."""


class CachedStore(Store):
    """What it reads is as old as its last ``refresh``, and never older.

    A folder is listed once between two refreshes: the listing says what is there, how large, and under which e-tag.
    Contents are kept by e-tag: in memory, and on this machine's disk if they never change. Writing is as in ``Store``,
    and is not seen before the next refresh.

    A step is finished by its manifest before its ledger says so. Who reads both lists the ledger first.
    """

    def __init__(self, location: str, *, patience: Patience = WORKING, cache: ObjectCache | None = None) -> None:
        super().__init__(location, patience=patience)
        self._cache = cache or ObjectCache.of_bucket(location)
        self._seen = _Seen()
        self._contents: dict[str, tuple[str, bytes]] = {}

    @cached_property
    def hasty(self) -> Store:
        """The same view for what may be lost: given up within seconds."""
        hasty = CachedStore(self.location, patience=PASSING, cache=self._cache)
        hasty._seen, hasty._contents = self._seen, self._contents
        return hasty

    def refresh(self) -> None:
        """Forget what was listed."""
        self._seen.clear()
        self._cache.save()
        if not self._remote:
            self._contents.clear()  # e-tags of files are as coarse as their clock

    def objects(self, prefix: str = "") -> list[ObjectInfo]:
        if not self._seen.covers(prefix):
            self._seen.add_all(prefix, super().objects(prefix))
        return self._seen.below(prefix)

    def entries(self, prefix: str = "") -> tuple[list[ObjectInfo], list[str]]:
        if self._seen.covers(prefix):
            return self._seen.entries(prefix)
        if prefix not in self._seen.direct:
            objects, folders = super().entries(prefix)
            self._seen.add_direct(prefix, objects, folders)
        return self._seen.direct[prefix]

    def fetch(self, path: str) -> tuple[bytes, str]:
        lasting = _LASTING.fullmatch(path)
        if lasting:
            self.entries(path.rpartition(DELIMITER)[0])  # one request, as for the object itself, for all beside it
        listed = self._listed(path)
        e_tag = listed.e_tag if listed else ""
        known = self._contents.get(path)
        if known and (known[0] == e_tag or (listed is None and path in self._seen.fetched)):
            return known[1], known[0]
        if e_tag and (kept := self._cache.get(path, e_tag)) is not None:
            self._contents[path] = (e_tag, kept)
            return kept, e_tag
        data, e_tag = super().fetch(path)
        if len(data) <= MAX_BYTES:
            self._contents[path] = (e_tag, data)
            self._seen.fetched.add(path)
            if e_tag and lasting:
                self._cache.put(path, e_tag, data)
        return data, e_tag

    def find_record(self, record: type[R], path: str) -> R | None:
        try:
            return super().find_record(record, path)
        except DamagedError:
            # Only the bucket itself can say so.
            self._contents.pop(path, None)
            self._cache.forget(path)
            return Store(self.location, patience=self._patience).find_record(record, path)

    def size(self, path: str) -> int:
        listed = self._listed(path)
        return listed.size if listed else super().size(path)

    def modified(self, path: str) -> float | None:
        try:
            listed = self._listed(path)
        except MissingObjectError:
            return None
        return listed.modified if listed else super().modified(path)

    def _listed(self, path: str) -> ObjectInfo | None:
        """What a listing says of the object; None if its folder was not listed.

        Raises ``MissingObjectError`` if it was, without the object.
        """
        folder = path.rpartition(DELIMITER)[0]
        if not (self._seen.covers(folder) or folder in self._seen.direct):
            return None
        if found := self._seen.infos.get(path):
            return found
        raise translated(self.location, path, FileNotFoundError(path))


class _Seen:
    """The listings since the last refresh."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.infos: dict[str, ObjectInfo] = {}
        self.direct: dict[str, tuple[list[ObjectInfo], list[str]]] = {}
        """Objects and folders by the folder that was listed alone."""
        self.fetched: set[str] = set()
        self._whole: set[str] = set()
        """Folders that were listed with all that is below them."""
        self._below: dict[str, list[ObjectInfo]] = {}
        self._folders: dict[str, set[str]] = {}

    def covers(self, folder: str) -> bool:
        return bool(self._whole) and any(one in self._whole for one in _upwards(folder))

    def below(self, folder: str) -> list[ObjectInfo]:
        return list(self._below.get(folder, ()))

    def entries(self, folder: str) -> tuple[list[ObjectInfo], list[str]]:
        start = len(folder) + 1 if folder else 0
        objects = [info for info in self._below.get(folder, ()) if DELIMITER not in info.path[start:]]
        return objects, sorted(self._folders.get(folder, ()))

    def add_direct(self, folder: str, objects: Iterable[ObjectInfo], folders: list[str]) -> None:
        objects = list(objects)
        self.infos.update((info.path, info) for info in objects)
        self.direct[folder] = (objects, folders)

    def add_all(self, folder: str, objects: Iterable[ObjectInfo]) -> None:
        """``objects`` are sorted by path. What was listed of a folder before stays as it is."""
        infos: dict[str, ObjectInfo] = {}
        below: dict[str, list[ObjectInfo]] = {}
        folders: dict[str, set[str]] = {}
        earlier = {one for one in self._whole if folder in _upwards(one)}
        fresh = [info for info in objects if earlier.isdisjoint(_upwards(info.path))]
        before = [info for one in earlier for info in self._below.get(one, ())]
        for info in sorted((*fresh, *before), key=lambda info: info.path):
            infos[info.path] = info
            child = info.path
            for parent in _upwards(info.path.rpartition(DELIMITER)[0]):
                below.setdefault(parent, []).append(info)
                if child != info.path:
                    folders.setdefault(parent, set()).add(child.rpartition(DELIMITER)[2])
                child = parent
                if parent == folder:
                    break
        self.infos |= infos
        self._below |= below
        self._folders |= folders
        self._whole = self._whole - earlier | {folder}


def _upwards(folder: str) -> Iterable[str]:
    """The folder and those that hold it, up to the bucket itself."""
    while folder:
        yield folder
        folder = folder.rpartition(DELIMITER)[0]
    yield ""

"""A cache of small objects on this machine, so that a command fetches only what is new in the bucket.

It is never the truth: an object is found only by the e-tag that the bucket itself has just listed, and only if its
checksum is right. Whatever goes wrong with the file, the object is fetched again. Several processes may share it.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import zlib
from pathlib import Path
from weakref import finalize

from jobs.cache_directory import cache_directory
from jobs.store_connection import emulator_url

FORMAT = 1
"""Part of the file's name; raised when its tables or checksums change."""
MAX_BYTES = 256 << 20
"""A larger file is begun anew: it also holds objects that the bucket no longer has."""
LOCKED_SECONDS = 0.5
"""How long another process may keep the file locked before this one does without it."""
UNSAVED = 500
"""Objects that are kept in memory before they are saved."""

_TABLE = "CREATE TABLE IF NOT EXISTS objects (path TEXT PRIMARY KEY, e_tag TEXT, checksum BLOB, data BLOB)"


class ObjectCache:
    """The newest contents seen of each path. Its methods never fail; without a usable file it holds nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._unsaved: dict[str, tuple[str, bytes]] = {}
        self._database: sqlite3.Connection | None = None
        if file:
            self._open(file)
        finalize(self, _end, self._database, self._unsaved)

    @classmethod
    def of_bucket(cls, location: str) -> ObjectCache:
        """The cache of a bucket on the network. Objects in a directory need none."""
        if "://" not in location:
            return cls(None)
        key = f"{emulator_url()} {location.rstrip('/')}"
        name = f"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{FORMAT}.sqlite3"
        try:
            return cls(cache_directory() / "buckets" / name)
        except RuntimeError:  # no home directory
            return cls(None)

    def get(self, path: str, e_tag: str) -> bytes | None:
        """The object's contents, if they were seen under this e-tag."""
        with self._lock:
            if (unsaved := self._unsaved.get(path)) and unsaved[0] == e_tag:
                return unsaved[1]
            if self._database is None:
                return None
            try:
                query = "SELECT checksum, data FROM objects WHERE path = ? AND e_tag = ?"
                row = self._database.execute(query, (path, e_tag)).fetchone()
                if row is None:
                    return None
                data = zlib.decompress(row[1])
                if row[0] == _checksum(path, e_tag, data):
                    return data
                raise ValueError(f"{path} has a wrong checksum")
            except (sqlite3.Error, zlib.error, ValueError, TypeError) as error:
                self._give_up(error)
                return None

    def put(self, path: str, e_tag: str, data: bytes) -> None:
        """Remember an object that never changes under this e-tag."""
        with self._lock:
            if self._database is None:
                return
            self._unsaved[path] = (e_tag, data)
            due = len(self._unsaved) >= UNSAVED
        if due:
            self.save()

    def forget(self, path: str) -> None:
        """Drop an object that turned out not to be what it should be."""
        with self._lock:
            self._unsaved.pop(path, None)
            try:
                if self._database:
                    with self._database:
                        self._database.execute("DELETE FROM objects WHERE path = ?", (path,))
            except sqlite3.Error as error:
                self._give_up(error)

    def save(self) -> None:
        """Write what is new to the file. The end of the process does so, too."""
        with self._lock:
            if self._database:
                _save(self._database, self._unsaved)

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if file.exists() and file.stat().st_size > MAX_BYTES:
                _remove(file)
            self._database = _connect(file)
        except sqlite3.OperationalError as error:  # locked, or in a place that cannot be written
            _log(error)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Go on without the file, which the next process begins anew."""
        _log(error)
        self._database = None
        if self._file and not isinstance(error, sqlite3.OperationalError):
            _remove(self._file)


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=LOCKED_SECONDS, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = OFF")  # what a power cut takes is fetched again
        with database:
            database.execute(_TABLE)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _save(database: sqlite3.Connection, unsaved: dict[str, tuple[str, bytes]]) -> None:
    rows = [(path, tag, _checksum(path, tag, data), zlib.compress(data, 1)) for path, (tag, data) in unsaved.items()]
    unsaved.clear()
    try:
        with database:
            database.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", rows)
    except sqlite3.Error as error:
        _log(error)


def _end(database: sqlite3.Connection | None, unsaved: dict[str, tuple[str, bytes]]) -> None:
    if database:
        _save(database, unsaved)
        database.close()


def _remove(file: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        try:
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            _log(error)


def _checksum(path: str, e_tag: str, data: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((path.encode(), e_tag.encode(), data))).digest()


def _log(error: Exception) -> None:
    logging.getLogger("covid-ctl").debug("cache of the bucket: %s", error)

"""SHA-256 of files while they are read, as ``sha256sum`` prints it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_PIECE = 1 << 20


@dataclass(frozen=True)
class FileDigest:
    name: str
    size: int
    """In bytes."""
    sha256: str


class Hashed(io.RawIOBase):
    """Passes on what is read of a file, and hashes it; it cannot seek."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._sha256.update(data)
        self._size += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def finish(self, name: str) -> FileDigest:
        """Reads what is left; the digest of the whole file."""
        while self.read(_PIECE):
            pass
        return FileDigest(name, self._size, self._sha256.hexdigest())


def digest_of(path: Path, name: str) -> FileDigest:
    with path.open("rb") as file:
        return FileDigest(name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())

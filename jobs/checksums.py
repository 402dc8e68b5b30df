"""Castagnoli's CRC, by which outputs are verified: as eight hex digits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def crc32c(data: bytes) -> str:
    """The checksum of bytes in memory."""
    import google_crc32c  # imported where it is needed: most commands are not

    return f"{google_crc32c.value(data):08x}"


class RunningChecksum:
    """The checksum of bytes that arrive a piece at a time."""

    def __init__(self) -> None:
        import google_crc32c

        self._checksum = google_crc32c.Checksum()
        self.size = 0

    def update(self, piece: bytes) -> None:
        self._checksum.update(piece)
        self.size += len(piece)

    def hexdigest(self) -> str:
        return str(self._checksum.hexdigest().decode())


def crc32c_of(pieces: Iterable[bytes]) -> str:
    running = RunningChecksum()
    for piece in pieces:
        running.update(piece)
    return running.hexdigest()


def file_crc32c(path: Path) -> str:
    with path.open("rb") as file:
        return crc32c_of(iter(lambda: file.read(1 << 20), b""))

"""Tells how much of a file was read, while it is read. Light."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

OnBytes = Callable[[int, int], None]
"""Called now and then with the packed bytes read so far and in all; may raise to stop."""


def unwatched(done: int, total: int) -> None:
    """An ``OnBytes`` for nobody."""


Tell = Callable[[int], None]
"""Called now and then with the bytes read so far; may raise to stop."""


class Metered(io.RawIOBase):
    """Counts what is read of a file, and tells."""

    def __init__(self, file: IO[bytes], tell: Tell | None = None) -> None:
        self._file = file
        self._tell = tell
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.count += len(data)
        if self._tell:
            self._tell(self.count)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

"""Presents an object in the bucket as one of Python's files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

READ_AHEAD = 8 << 20
"""Bytes that one request of an opened object fetches."""


class ObjectReader(io.RawIOBase):
    """An object as a seekable file. ``fetch(start, length)`` returns that many of its bytes."""

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

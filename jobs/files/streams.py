"""Files read once from front to end, gzipped or not: damage becomes a clear error with its place."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, Any, cast

from isal import igzip, isal_zlib

from jobs.errors import ConfigurationError
from jobs.files.limits import Budget
from jobs.files.metered import Metered, Tell
from jobs.files.packing import GZIP_MAGIC, LONGEST_MAGIC, refuse_other_packing

_BUFFER = 1 << 20
_DAMAGE = (gzip.BadGzipFile, zlib.error, cast("type[Exception]", isal_zlib.error), OverflowError)
"""``OverflowError`` is how igzip says that a header is too long."""


class _Gunzip(io.RawIOBase):
    """igzip has twice zlib's speed and the same results."""

    def __init__(self, packed: IO[bytes], source: str, budget: Budget) -> None:
        self._packed = Metered(packed)
        self._gzip = igzip.IGzipFile(  # type: ignore[no-untyped-call]
            fileobj=io.BufferedReader(self._packed, _BUFFER), mode="rb"
        )
        self._source = source
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._gzip.read(len(buffer))
        except EOFError as error:
            raise ConfigurationError(
                self._source,
                f"truncated: the file ends at byte {self._packed.count:,}, in the middle of its gzip stream",
                "get it again and compare its size with the original's",
            ) from error
        except _DAMAGE as error:
            raise ConfigurationError(
                self._source,
                f"damaged: what is before byte {self._packed.count:,} is not what was packed ({error})",
                "get it again and compare its checksum with the original's",
            ) from error
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


def unpacked(file: IO[bytes], source: str, budget: Budget, tell: Tell | None = None) -> IO[bytes]:
    """The bytes of ``file``, gunzipped if they are gzip; ``source`` is what errors call it.

    Raises ``ConfigurationError`` for a file that is packed otherwise, and when it is read for a gzip stream that is
    truncated, damaged or beyond ``budget``.
    """
    packed = io.BufferedReader(Metered(file, tell), _BUFFER)
    head = packed.peek(LONGEST_MAGIC)
    if not head.startswith(GZIP_MAGIC):
        refuse_other_packing(head, source)
        return packed
    return io.BufferedReader(_Gunzip(packed, source, budget), _BUFFER)


def drain(file: IO[bytes]) -> None:
    """Reads what is left: only its end proves a gzip stream whole."""
    while file.read(_BUFFER):
        pass

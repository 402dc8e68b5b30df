"""Random access to TFRecord files: their framing is checked once, then records are read by number.

A record is: its length (little-endian uint64), the masked CRC32C of those 8 bytes, the data, the
masked CRC32C of the data (tensorflow/core/lib/io/record_writer.h).
"""

from __future__ import annotations

import mmap
import struct
from array import array
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

import google_crc32c

from jobs.errors import ConfigurationError

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MASK_DELTA = 0xA282EAD8


class Records:
    """The records of several files, numbered through from 0; the files stay on disk.

    ``files`` are (name, path): errors call a file by its name. Raises ``ConfigurationError`` naming
    file and byte when one is cut short or its checksums do not fit.
    """

    def __init__(self, files: list[tuple[str, Path]]) -> None:
        self._names = [name for name, _ in files]
        self._maps = [_map(path) for _, path in files]
        self._offsets = [_offsets(data, name) for name, data in zip(self._names, self._maps, strict=True)]
        self._ends = list(accumulate(len(offsets) for offsets in self._offsets))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> bytes:
        file, record = self._locate(index)
        data, offset = self._maps[file], self._offsets[file][record]
        length, _ = HEADER.unpack_from(data, offset)
        start = offset + HEADER.size
        return data[start : start + length]

    def firsts(self) -> list[int]:
        """The number of each file's first record; files without records have none."""
        return [end - len(offsets) for end, offsets in zip(self._ends, self._offsets, strict=True) if offsets]

    def where(self, index: int) -> str:
        """A record's file and number in it, for messages."""
        file, record = self._locate(index)
        return f"{self._names[file]}, record {record}"

    def _locate(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        file = bisect_right(self._ends, index)
        return file, index - (self._ends[file] - len(self._offsets[file]))


def masked_crc32c(data: bytes) -> int:
    """TFRecord's checksum: rotated and shifted, so that CRCs of data that holds CRCs stay strong."""
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def _map(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        # An empty file cannot be mapped; it is a shard that had no example.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def _offsets(data: mmap.mmap | bytes, name: str) -> array[int]:
    """Where each record of a file begins, all of them checked."""
    offsets = array("Q")
    offset = 0
    while offset < len(data):
        if offset + HEADER.size > len(data):
            raise _broken(name, offset, "the file ends within a record's header")
        length, crc = HEADER.unpack_from(data, offset)
        if masked_crc32c(data[offset : offset + 8]) != crc:
            raise _broken(name, offset, "the checksum of a record's length does not fit")
        start, end = offset + HEADER.size, offset + HEADER.size + length
        if end + FOOTER.size > len(data):
            raise _broken(name, offset, "the file ends within a record")
        if masked_crc32c(data[start:end]) != FOOTER.unpack_from(data, end)[0]:
            raise _broken(name, offset, "the checksum of a record does not fit")
        offsets.append(offset)
        offset = end + FOOTER.size
    return offsets


def _broken(name: str, offset: int, reason: str) -> ConfigurationError:
    return ConfigurationError(name, f"{reason} (byte {offset})", "make the examples again: covid-ctl submit preprocess")

"""TFRecord files: framing is checked once, then every record can be read by its number.

A record is: its length (little-endian uint64), the masked CRC32C of those 8 bytes, the data, the
masked CRC32C of the data (tensorflow/core/lib/io/record_writer.h).
"""

from __future__ import annotations

import mmap
import struct
from array import array
from pathlib import Path

import google_crc32c

from jobs.errors import ConfigurationError

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MASK_DELTA = 0xA282EAD8


class RecordFile:
    """The records of one file, which stays on disk and is mapped into memory.

    Raises ``ConfigurationError`` naming the file, by ``name``, and the byte when it is cut short or its
    checksums do not fit.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._data = _map(path)
        self._offsets, self._sizes = _frames(self._data, name)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, record: int) -> bytes:
        offset = self._offsets[record]
        return self._data[offset : offset + self._sizes[record]]


def masked_crc32c(data: bytes) -> int:
    """TFRecord's checksum: rotated and shifted, so that CRCs of data that holds CRCs stay strong."""
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def _map(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        # An empty file cannot be mapped; it is a shard that had no example.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def _frames(data: mmap.mmap | bytes, name: str) -> tuple[array[int], array[int]]:
    """Where each record's data begins and how long it is, all of them checked."""
    offsets, sizes = array("q"), array("q")
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
        offsets.append(start)
        sizes.append(length)
        offset = end + FOOTER.size
    return offsets, sizes


def _broken(name: str, offset: int, reason: str) -> ConfigurationError:
    return ConfigurationError(name, f"{reason} (byte {offset})", "make the examples again: covid-ctl submit preprocess")

"""Reads back examples that were written, without tensorflow: a few, to be looked at."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

INTEGERS = 3
"""``Feature``'s field of an ``Int64List``: https://github.com/tensorflow/tensorflow, core/example/feature.proto."""

Example = dict[str, list[int]]


def first_examples(path: Path, count: int) -> list[Example]:
    """The whole-number features of the first ``count`` records of a TFRecord file, or of all that it has."""
    found: list[Example] = []
    with path.open("rb") as file:
        while len(found) < count and (head := file.read(12)):
            (length,) = struct.unpack("<Q", head[:8])
            found.append(_example(file.read(length)))
            file.read(4)  # its checksum
    return found


def _example(record: bytes) -> Example:
    features: Example = {}
    for _, part in _fields(record):  # Example.features
        for _, entry in _fields(part):  # Features.feature, a map: each entry a key and a Feature
            fields = dict(_fields(entry))
            (kind, values), *_ = _fields(fields[2])
            if kind == INTEGERS:
                features[fields[1].decode()] = [n for _, packed in _fields(values) for n in _varints(packed)]
    return features


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of a message's fields, all of which have a length."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        length, at = _varint(message, at)
        yield tag >> 3, message[at : at + length]
        at += length


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7

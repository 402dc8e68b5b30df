"""Examples to TFRecord bytes without tensorflow.

A record is the protocol buffer ``tensorflow.train.Example`` (tensorflow/core/example/example.proto),
framed as in tensorflow/core/lib/io/record_writer.h: length, its masked CRC-32C, data, its masked CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import google_crc32c

from jobs.examples.masking import Example

_MASK_DELTA = 0xA282EAD8
_LENGTH_DELIMITED = 2
_INT64_LIST, _FLOAT_LIST = 3, 2
_ONE = struct.pack("<f", 1.0)
_ZERO = struct.pack("<f", 0.0)


def serializer(
    *, vocabulary_size: int, max_seq_length: int, max_predictions_per_seq: int
) -> Callable[[Example], bytes]:
    """A function from an example to its serialised ``tensorflow.train.Example``.

    Features, padded with zeros: ``input_ids``, ``input_mask``, ``segment_ids`` [max_seq_length],
    ``masked_lm_positions``, ``masked_lm_ids`` [max_predictions_per_seq] and ``next_sentence_labels`` [1]
    as int64; ``masked_lm_weights`` [max_predictions_per_seq] as float, as the original writes it.
    """
    varints = [_varint(value) for value in range(max(vocabulary_size, max_seq_length))]

    def integers(values: list[int], length: int) -> bytes:
        return b"".join([varints[value] for value in values]) + bytes(length - len(values))

    def serialize(example: Example) -> bytes:
        length, masked = len(example.input_ids), len(example.masked_ids)
        second = length - example.first_length
        return _field(
            1,
            b"".join(
                (
                    _feature("input_ids", _INT64_LIST, integers(example.input_ids, max_seq_length)),
                    _feature("input_mask", _INT64_LIST, b"\x01" * length + bytes(max_seq_length - length)),
                    _feature("masked_lm_ids", _INT64_LIST, integers(example.masked_ids, max_predictions_per_seq)),
                    _feature(
                        "masked_lm_positions", _INT64_LIST, integers(example.masked_positions, max_predictions_per_seq)
                    ),
                    _feature(
                        "masked_lm_weights", _FLOAT_LIST, _ONE * masked + _ZERO * (max_predictions_per_seq - masked)
                    ),
                    _feature("next_sentence_labels", _INT64_LIST, b"\x01" if example.is_random_next else b"\x00"),
                    _feature(
                        "segment_ids",
                        _INT64_LIST,
                        bytes(example.first_length) + b"\x01" * second + bytes(max_seq_length - length),
                    ),
                )
            ),
        )

    return serialize


def frame(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF)


def _feature(name: str, kind: int, packed: bytes) -> bytes:
    """One entry of ``Features.feature``, a map: key 1, value 2, the value a list of packed numbers."""
    return _field(1, _field(1, name.encode()) + _field(2, _field(kind, _field(1, packed))))


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | _LENGTH_DELIMITED,)) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

"""What of the examples' code is compiled: see the C files."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_void_p
from random import Random

import numpy as np
from numpy.typing import NDArray

from jobs.native import compiled

MAX_SEQ_LENGTH = 4096
"""``MAX_LENGTH`` of creation.c."""


class Corpus(Structure):
    """``Corpus`` of creation.c."""

    _fields_ = [
        ("ids", c_void_p),
        ("sentence_ends", c_void_p),
        ("document_ends", c_void_p),
        ("order", c_void_p),
        ("documents", c_int64),
        ("ids_file", c_int32),
    ]


class Settings(Structure):
    """``Settings`` of creation.c."""

    _fields_ = [
        ("masked_lm_prob", c_double),
        ("short_seq_prob", c_double),
        ("roles", c_void_p),
        ("packed", c_void_p),
        ("cls_id", c_int32),
        ("sep_id", c_int32),
        ("mask_id", c_int32),
        ("vocabulary_size", c_int32),
        ("max_seq_length", c_int32),
        ("max_predictions_per_seq", c_int32),
        ("corrected", c_int32),
        ("id_size", c_int32),
    ]


def random_stream(seed: int) -> NDArray[np.uint32]:
    """``random.Random(seed)`` as the C code draws from it: ``Random`` of random.h."""
    state = Random(seed).getstate()[1]
    return np.array([*state, *state[:-1]], dtype=np.uint32)  # the C code overwrites the second half


def _load() -> ctypes.CDLL:
    loaded = compiled("jobs.examples._native")
    arrays = c_void_p
    for name, result, arguments in (
        ("vocabulary_new", c_void_p, [arrays, arrays, c_int32, c_int32]),
        ("vocabulary_free", None, [c_void_p]),
        ("encode_lines", c_int64, [c_void_p, arrays, arrays, c_int64, arrays, arrays]),
        ("pack_ids", None, [arrays, c_int32]),
        ("draft_size", c_int64, [POINTER(Settings)]),
        ("draft_document", c_int64, [POINTER(Corpus), POINTER(Settings), arrays, c_int64, arrays]),
        ("write_records", c_int64, [POINTER(Corpus), POINTER(Settings), arrays, arrays, c_int64, arrays, arrays]),
        ("record_limit", c_int64, [POINTER(Settings)]),
        ("shuffle", None, [arrays, c_int64, arrays]),
        ("prepare_crc", None, [c_int32]),
    ):
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.prepare_crc(True)
    return loaded


library = _load()

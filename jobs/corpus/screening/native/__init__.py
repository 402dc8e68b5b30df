"""The compiled parts of screening: see the C files."""

from __future__ import annotations

from ctypes import CDLL, POINTER, Structure, c_int32, c_int64, c_void_p

from jobs.native import compiled


class Model(Structure):
    """``Model`` of language.c."""

    _fields_ = [
        *((name, c_void_p) for name in ("rows", "words", "ends", "slots", "row_of_run", "output", "children")),
        *((name, c_int32) for name in ("entries", "words_count", "labels", "slots_count", "runs")),
    ]


def _load() -> CDLL:
    loaded = compiled("jobs.corpus.screening._native")
    arrays = c_void_p
    loaded.hash_words.restype = c_int64
    loaded.hash_words.argtypes = [arrays, c_int64, c_int64, arrays, c_int32, arrays, arrays]
    loaded.keep_letters.restype = c_int64
    loaded.keep_letters.argtypes = [arrays, c_int64, arrays, arrays]
    loaded.smallest_hashes.restype = None
    loaded.smallest_hashes.argtypes = [arrays, c_int64, arrays, c_int32, arrays, arrays, arrays]
    loaded.index_entries.restype = None
    loaded.index_entries.argtypes = [POINTER(Model), arrays]
    loaded.most_likely.restype = c_int32
    loaded.most_likely.argtypes = [POINTER(Model), arrays, c_int64, arrays, arrays]
    return loaded


library = _load()

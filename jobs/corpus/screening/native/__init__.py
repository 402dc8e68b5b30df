"""The compiled part of screening: see the C file."""

from __future__ import annotations

from ctypes import CDLL, c_int32, c_int64, c_void_p

from jobs.native import compiled


def _load() -> CDLL:
    loaded = compiled("jobs.corpus.screening._native")
    arrays = c_void_p
    loaded.hash_words.restype = c_int64
    loaded.hash_words.argtypes = [arrays, c_int64, arrays, arrays, arrays]
    loaded.keep_letters.restype = c_int64
    loaded.keep_letters.argtypes = [arrays, c_int64, arrays, arrays]
    loaded.smallest_hashes.restype = None
    loaded.smallest_hashes.argtypes = [arrays, c_int64, arrays, c_int32, arrays, arrays, arrays]
    return loaded


library = _load()

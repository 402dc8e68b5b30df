"""The compiled part of cleaning: see the C file."""

from __future__ import annotations

from ctypes import CDLL, c_int32, c_int64, c_void_p

from jobs.native import compiled


def _load() -> CDLL:
    loaded = compiled("jobs.corpus.cleaning._native")
    arrays = c_void_p
    loaded.patterns_met.restype = None
    loaded.patterns_met.argtypes = [arrays, c_int64, arrays, arrays, arrays, arrays, c_int32, arrays]
    return loaded


library = _load()

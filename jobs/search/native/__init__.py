"""The compiled part of search: see scan.c."""

from __future__ import annotations

from ctypes import CDLL, c_size_t, c_void_p

from jobs.native import compiled

KERNELS = ("nearest", "nearest_anywhere", "nearest_f16c", "nearest_avx512")
"""The last two must not be called where the processor lacks their instructions."""


def _load() -> CDLL:
    loaded = compiled("jobs.search._native")
    for nearest in (getattr(loaded, name) for name in KERNELS if hasattr(loaded, name)):
        nearest.restype = None
        nearest.argtypes = [
            c_void_p, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_size_t,
            c_void_p, c_void_p, c_void_p,
        ]  # fmt: skip
    return loaded


library = _load()

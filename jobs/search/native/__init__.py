"""The compiled part of search: see scan.c."""

from __future__ import annotations

from ctypes import CDLL, c_size_t, c_void_p

from jobs.native import compiled


def _load() -> CDLL:
    loaded = compiled("jobs.search._native")
    for nearest in (loaded.nearest, loaded.nearest_anywhere):
        nearest.restype = None
        nearest.argtypes = [
            c_void_p, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_size_t,
            c_void_p, c_void_p, c_void_p,
        ]  # fmt: skip
    return loaded


library = _load()

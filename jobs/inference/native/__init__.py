"""The compiled part of inference: see panels.c."""

from __future__ import annotations

from ctypes import CDLL, c_size_t, c_void_p

from jobs.native import compiled

PANEL = 32
"""As in panels.c."""


def _load() -> CDLL:
    loaded = compiled("jobs.inference._native")
    for multiply in (loaded.multiply_panels, loaded.multiply_panels_anywhere):
        multiply.restype = None
        multiply.argtypes = [c_void_p, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p]
    return loaded


library = _load()

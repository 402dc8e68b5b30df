"""The compiled part of inference: see layers.c and panels.c."""

from __future__ import annotations

from ctypes import CDLL, c_float, c_int, c_size_t, c_void_p

from jobs.native import compiled

PANEL = 32
"""As in panels.h."""
LANES = 16
"""As in layers.c."""
KERNELS = ("multiply_panels", "multiply_panels_anywhere", "multiply_panels_avx2", "multiply_panels_avx512")
"""The last two must not be called where the processor lacks their instructions."""


def _load() -> CDLL:
    loaded = compiled("jobs.inference._native")
    for multiply in (getattr(loaded, name) for name in KERNELS if hasattr(loaded, name)):
        multiply.restype = None
        multiply.argtypes = [c_void_p, c_size_t, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p, c_size_t]
    loaded.through_layers.restype = None
    loaded.through_layers.argtypes = [
        c_void_p, c_size_t, c_size_t, c_size_t, c_size_t, c_float, c_int, c_void_p, c_size_t, c_size_t, c_void_p,
        c_void_p, c_size_t,
    ]  # fmt: skip
    return loaded


library = _load()

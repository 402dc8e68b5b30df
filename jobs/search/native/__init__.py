"""The compiled part of search: see scan.c."""

from __future__ import annotations

from ctypes import CDLL, c_size_t, c_void_p

from jobs.native import compiled


def _load() -> CDLL:
    loaded = compiled("jobs.search._native")
    for products in (loaded.inner_products, loaded.inner_products_anywhere):
        products.restype = None
        products.argtypes = [c_void_p, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p]
    return loaded


library = _load()

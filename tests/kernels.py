"""Which of the compiled kernels for particular processors can be called here."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import CDLL
from pathlib import Path

_NEEDS = {"f16c": {"avx2", "fma", "f16c"}, "avx2": {"avx2", "fma"}, "avx512": {"avx512f"}}
"""The processor's features, as Linux calls them, by the end of a kernel's name."""


def callable_here(library: CDLL, kernels: Sequence[str]) -> list[str]:
    """Those of ``kernels`` that were compiled, and that this machine has the instructions for."""
    file = Path("/proc/cpuinfo")
    flags = set(file.read_text().split()) if file.exists() else set()
    return [name for name in kernels if hasattr(library, name) and _NEEDS.get(name.rpartition("_")[2], set()) <= flags]

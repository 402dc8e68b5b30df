"""Arrays that stay in files: memory holds what of them is in use, whatever their size."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

IN_SIGHT = 256 << 20
"""Bytes of files that a process maps before it lets go of them."""

_AROUND = 64 << 10
"""Bytes that Linux maps around the one that is read (``fault_around_bytes``)."""


def mapped(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """The file's numbers, read as they are needed."""
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.empty(0, dtype=dtype)


class Sight:
    """Keeps what a process maps of ``arrays`` below ``IN_SIGHT``, wherever in them it reads."""

    def __init__(self, *arrays: NDArray[Any]) -> None:
        self._maps: list[Any] = [array.base for array in arrays if isinstance(array.base, mmap.mmap)]
        self._fits = sum(len(each) for each in self._maps) <= IN_SIGHT
        self._seen = 0

    def seen(self, reads: int) -> None:
        """Says that about ``reads`` more places were read. The files stay in the system's cache."""
        self._seen += reads * _AROUND
        if self._seen > IN_SIGHT and not self._fits:
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED)
            self._seen = 0

"""Arrays that stay in files: memory holds the part that is in use, whatever their size."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

RESIDENT = 512 << 20
"""Bytes of files that a process keeps mapped. What is larger is read at random with system calls instead: mapping a
page costs five times as much, and it must be unmapped again soon."""

_AROUND = 64 << 10
"""Bytes that Linux maps around the one that is read (``fault_around_bytes``)."""


def mapped(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """The file's numbers, read as they are needed."""
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.empty(0, dtype=dtype)


@contextmanager
def far_file(array: NDArray[Any]) -> Iterator[int]:
    """A descriptor of the file that holds a mapped array, to be read at random; -1 where its pages may be mapped."""
    if not isinstance(array, np.memmap) or array.nbytes <= RESIDENT:
        yield -1
        return
    descriptor = os.open(str(array.filename), os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class ResidentPages:
    """Keeps the pages of ``arrays`` that a process has mapped below ``RESIDENT`` bytes, wherever it reads."""

    def __init__(self, *arrays: NDArray[Any]) -> None:
        self._maps: list[Any] = [array.base for array in arrays if isinstance(array.base, mmap.mmap)]
        self._fits = sum(len(each) for each in self._maps) <= RESIDENT
        self._read = 0

    def read(self, size: int) -> None:
        """Notes that another ``size`` bytes in a row were read. Unmapped pages stay in the system's cache."""
        self._read += size + _AROUND
        if self._read > RESIDENT and not self._fits:
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED)
            self._read = 0

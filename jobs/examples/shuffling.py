"""Reads a file's rows in any order, in bounded memory and a time that does not follow the size of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.examples.mapped import mapped

IN_MEMORY = 256 << 20
"""Bytes of rows that are read at random: mapping a page costs as much as reading it a hundred times in a row."""

_ROWS_AT_ONCE = 1 << 14


def in_order(
    path: Path, size: int, numbers: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint32]]]:
    """The rows of ``size`` bytes in ``path``, in the order of ``numbers``, which has each once.

    Yields bytes of rows, and the numbers among these in the order that is asked for, until all were named. Removes the
    file. One that is too large is first dealt out to files beside it, each with the rows of a part of the order.
    """
    rows = max(1, IN_MEMORY // size)
    if len(numbers) <= rows:
        yield mapped(path, np.uint8), numbers
        path.unlink()
        return
    parts = _deal(path, size, numbers, rows)
    path.unlink()
    for part, first in zip(parts, range(0, len(numbers), rows), strict=True):
        wanted = numbers[first : first + rows]
        places = np.empty(len(wanted), dtype=np.uint32)
        places[np.argsort(wanted)] = np.arange(len(wanted), dtype=np.uint32)
        yield mapped(part, np.uint8), places
        part.unlink()


def _deal(path: Path, size: int, numbers: NDArray[np.uint32], rows: int) -> list[Path]:
    """Files with the rows that are asked for among the first ``rows``, the second, and so on, each as in ``path``."""
    asked_in = np.empty(len(numbers), dtype=np.uint32)
    asked_in[numbers] = np.arange(len(numbers), dtype=np.uint32) // np.uint32(rows)
    paths = [path.with_suffix(f".part{part}") for part in range(-(-len(numbers) // rows))]
    with ExitStack() as stack:
        files = [stack.enter_context(part.open("wb")) for part in paths]
        source = stack.enter_context(path.open("rb"))
        for first in range(0, len(numbers), _ROWS_AT_ONCE):
            parts = asked_in[first : first + _ROWS_AT_ONCE]
            found = np.frombuffer(source.read(size * len(parts)), dtype=np.uint8).reshape(len(parts), size)
            sorted_rows = found[np.argsort(parts, kind="stable")]
            ends = np.cumsum(np.bincount(parts, minlength=len(files))).tolist()
            for file, begin, end in zip(files, [0, *ends], ends, strict=False):
                file.write(sorted_rows[begin:end].data)
    return paths

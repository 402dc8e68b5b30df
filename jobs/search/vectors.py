"""Exact nearest neighbours by inner product: vectors in half precision, every one compared.

A flat index is deterministic and is the concatenation of its shards; graphs such as HNSW depend on the order of
insertion and take fifty times as long to build, for a speed that is not needed below some millions of vectors.

The file is faiss' own of an ``IndexScalarQuantizer`` with ``QT_fp16`` and ``METRIC_INNER_PRODUCT``, which faiss opens.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.native import address
from jobs.search.native import library

Array = NDArray[Any]
Mask = NDArray[np.bool_]

_HEADER = struct.Struct("<4s i q 2q B i 2i f 2Q Q Q")
_NO_SCALE = 1 << 20
"""What faiss writes in two fields of old that nothing reads."""
_FP16 = 4
"""QT_fp16."""


def write_index(path: Path, width: int, parts: Iterable[Array]) -> int:
    """Write the vectors of all ``parts`` [N, width], in order, as one index; returns how many there are."""
    count = 0
    with path.open("wb") as file:
        file.write(_header(width, 0))
        for part in parts:
            if part.shape[1:] != (width,):
                raise ValueError(f"vectors of shape {part.shape} for an index of width {width}")
            file.write(np.ascontiguousarray(part, np.float16).data)
            count += len(part)
        file.seek(0)
        file.write(_header(width, count))
    return count


def _header(width: int, count: int) -> bytes:
    size = 2 * width
    return _HEADER.pack(b"IxSQ", width, count, _NO_SCALE, _NO_SCALE, 1, 0, _FP16, 0, 0.0, width, size, 0, size * count)


@dataclass(frozen=True)
class Wanted:
    """One query."""

    query: Array
    """[width]"""
    count: int
    """How many rows are wanted."""
    among: Mask | None = None
    """[rows] Where it is given: only rows for which it is true."""


class VectorIndex:
    """An index that ``write_index`` wrote, mapped into memory as it is read. Raises ``ConfigurationError`` for none."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            width, count = struct.unpack_from("<iq", data, 4)
            if data[: _HEADER.size] != _header(width, count):
                raise ValueError("it is no flat index of half-precision vectors")
            codes = np.frombuffer(data, np.uint8, 2 * width * count, _HEADER.size)
        except (OSError, ValueError, struct.error) as error:
            raise ConfigurationError(str(path), f"no vector index: {error}", "index again") from error
        self._codes = codes.reshape(count, 2 * width)
        self.width = int(width)

    def __len__(self) -> int:
        return len(self._codes)

    def search(self, wanted: Sequence[Wanted], threads: int = 1) -> list[list[tuple[int, float]]]:
        """For each query the rows with the largest inner products, best first; ties by row.

        All queries share one pass over the vectors. The answer to each is the same whatever queries are beside it, on
        any number of threads.
        """
        counts = np.array([min(one.count, len(self)) for one in wanted], np.uintp)
        most = int(counts.max(initial=0))
        if not most:
            return [[] for _ in wanted]
        queries = np.ascontiguousarray([one.query for one in wanted], np.float32)
        masks = [None if one.among is None else np.ascontiguousarray(one.among, np.bool_) for one in wanted]
        among = np.array([0 if mask is None else address(mask) for mask in masks], np.uintp)
        shape = threads, len(wanted), most
        scores, rows, found = np.empty(shape, np.float32), np.empty(shape, np.int64), np.zeros(shape[:2], np.uintp)
        library.nearest(
            address(self._codes), len(self), self.width, address(queries), len(wanted), address(among),
            address(counts), most, threads, address(scores), address(rows), address(found),
        )  # fmt: skip
        return [self._ranked(scores[:, q], rows[:, q], found[:, q], int(counts[q])) for q in range(len(wanted))]

    def _ranked(self, scores: Array, rows: Array, found: Array, count: int) -> list[tuple[int, float]]:
        """The best of what several threads found."""
        scores = np.concatenate([one[:number] for one, number in zip(scores, found, strict=True)])
        rows = np.concatenate([one[:number] for one, number in zip(rows, found, strict=True)])
        order = np.lexsort((rows, -scores))[:count]
        return list(zip(rows[order].tolist(), scores[order].tolist(), strict=True))

    def vector(self, row: int) -> Array:
        """One vector [width], float32."""
        vector: Array = self._codes[row].copy().view(np.float16).astype(np.float32)
        return vector

